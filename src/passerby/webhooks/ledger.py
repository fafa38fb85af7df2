"""How far each webhook has got, what it is to repeat, and every attempt: rows of the catalogue database.

They are written before and after each message, so a process that is killed repeats at most the message that was under
way, with the same boundaries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Table

from passerby.catalogue import schema
from passerby.catalogue.database import reading, writing
from passerby.catalogue.model import Webhook
from passerby.errors import NotFoundError

# Attempts kept of each webhook.
LOG_ROWS = 1000
# The log is cut now and then, not with every attempt.
_CUT_EVERY = 50


class SupersededError(Exception):
    """A person changed the state, or removed the webhook, since it was read."""


@dataclass(slots=True)
class State:
    """Where a webhook stands. Times are UTC ms. `pending`: the message under way reaches up to this row."""

    webhook_id: int
    cursor: int
    address: str
    pending: int | None = None
    last_body: bytes | None = field(default=None, repr=False)
    failures: int = 0
    failing_since_ms: int | None = None
    next_attempt_ms: int | None = None
    disabled_ms: int | None = None
    disabled_why: str | None = None
    revision: int = 0


@dataclass(slots=True)
class Replay:
    """A range of time that is sent again: events in [start_ms, end_ms) among the rows after `cursor` up to `until`."""

    id: int
    webhook_id: int
    asked_ms: int
    start_ms: int
    end_ms: int
    cursor: int
    pending: int | None
    until: int
    sent: int
    finished_ms: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the delivery log."""

    webhook_id: int
    at_ms: int
    message: str
    events: int
    replay_id: int | None
    delivered: bool
    status: int | None
    outcome: str
    took_ms: int


class Ledger:
    """The rows, in the database behind an engine. Safe to use from several threads, and beside other processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._written = 0

    # -- for those who deliver

    def open(self, webhooks: Iterable[Webhook], last_seq: int) -> dict[int, State]:
        """The state of each webhook; a new one begins after row `last_seq`.

        A state that is ahead of the journal (its backup is older) is put back to the journal's end; one whose webhook
        got another address forgets the failures of the old one.
        """
        states: dict[int, State] = {}
        with writing(self._engine) as connection:
            kept = {state.webhook_id: state for state in _states(connection)}
            for webhook in webhooks:
                address = hashlib.sha256(webhook.url.encode()).hexdigest()
                state = kept.get(webhook.id)
                if state is None:
                    state = State(webhook.id, last_seq, address)
                    connection.execute(sqlalchemy.insert(schema.webhook_states), asdict(state))
                elif state.address != address or state.cursor > last_seq:
                    if state.address != address:
                        _enable(state)
                        state.address = address
                    if state.cursor > last_seq:
                        state.cursor, state.pending = last_seq, None
                    _update(connection, state)
                states[webhook.id] = state
        return states

    def save(self, state: State, attempts: Sequence[Attempt] = (), replay: Replay | None = None) -> None:
        """Write a state, what was tried and how far a replay got, in one transaction. Raises SupersededError."""
        with writing(self._engine) as connection:
            if not _update(connection, state):
                raise SupersededError
            if replay is not None:
                table = schema.webhook_replays
                values = {name: getattr(replay, name) for name in ("cursor", "pending", "until", "sent")}
                connection.execute(sqlalchemy.update(table).where(table.c.id == replay.id).values(values))
            if attempts:
                connection.execute(sqlalchemy.insert(schema.webhook_attempts), [asdict(one) for one in attempts])
                self._written += len(attempts)
                if self._written >= _CUT_EVERY:
                    self._written = 0
                    _cut_log(connection)

    def finish(self, replay: Replay, now_ms: int) -> None:
        """Note that nothing of a replay is left to send."""
        replay.finished_ms = now_ms
        table = schema.webhook_replays
        values = {"cursor": replay.cursor, "pending": None, "finished_ms": now_ms}
        with writing(self._engine) as connection:
            connection.execute(sqlalchemy.update(table).where(table.c.id == replay.id).values(values))

    def unfinished(self) -> dict[int, list[Replay]]:
        """Replays that are not done, oldest first, by webhook."""
        table = schema.webhook_replays
        query = sqlalchemy.select(table).where(table.c.finished_ms.is_(None)).order_by(table.c.id)
        found: dict[int, list[Replay]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query).mappings():
                found.setdefault(row["webhook_id"], []).append(Replay(**row))
        return found

    def revisions(self) -> dict[int, int]:
        """What a person changed since: the revision of each state."""
        table = schema.webhook_states
        with reading(self._engine) as connection:
            return {
                row[0]: row[1] for row in connection.execute(sqlalchemy.select(table.c.webhook_id, table.c.revision))
            }

    # -- for people

    def states(self) -> dict[int, State]:
        """Every state there is; a webhook that no server has met yet has none."""
        with reading(self._engine) as connection:
            return {state.webhook_id: state for state in _states(connection)}

    def attempts(self, webhook_id: int, *, before: int | None = None, limit: int = 100) -> list[tuple[int, Attempt]]:
        """The delivery log of a webhook, newest first, each line with its number; with `before`, older ones."""
        table = schema.webhook_attempts
        query = sqlalchemy.select(table).where(table.c.webhook_id == webhook_id)
        if before is not None:
            query = query.where(table.c.id < before)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(table.c.id.desc()).limit(limit)).mappings()
            return [(row["id"], Attempt(**{name: row[name] for name in _ATTEMPT})) for row in rows]

    def replays(self, webhook_id: int) -> list[Replay]:
        """The last hundred replays of a webhook, newest first."""
        table = schema.webhook_replays
        query = sqlalchemy.select(table).where(table.c.webhook_id == webhook_id).order_by(table.c.id.desc()).limit(100)
        with reading(self._engine) as connection:
            return [Replay(**row) for row in connection.execute(query).mappings()]

    def ask_replay(self, webhook_id: int, start_ms: int, end_ms: int, last_seq: int, now_ms: int) -> Replay:
        """Have the events of [start_ms, end_ms) that had arrived by row `last_seq` sent again."""
        values: dict[str, Any] = {
            "webhook_id": webhook_id,
            "asked_ms": now_ms,
            "start_ms": start_ms,
            "end_ms": end_ms,
            "cursor": 0,
            "pending": None,
            "until": last_seq,
            "sent": 0,
            "finished_ms": None,
        }
        table = schema.webhook_replays
        with writing(self._engine) as connection:
            number = connection.execute(sqlalchemy.insert(table).values(values).returning(table.c.id)).scalar_one()
        return Replay(id=int(number), **values)

    def resume(self, webhook_id: int, *, skip_to: int | None = None) -> State:
        """Begin to deliver again at once, from where it stopped or, skipping what was missed, after row `skip_to`."""
        with writing(self._engine) as connection:
            state = next((one for one in _states(connection) if one.webhook_id == webhook_id), None)
            if state is None:
                raise NotFoundError(f"no server has delivered to webhook {webhook_id} yet")
            _enable(state)
            if skip_to is not None and skip_to > state.cursor:
                state.cursor, state.pending = skip_to, None
            known, state.revision = state.revision, state.revision + 1
            _update(connection, state, known)
        return state


def _enable(state: State) -> None:
    state.failures = 0
    state.failing_since_ms = state.next_attempt_ms = state.disabled_ms = state.disabled_why = None


def _states(connection: Connection) -> list[State]:
    return [State(**row) for row in connection.execute(sqlalchemy.select(schema.webhook_states)).mappings()]


def _update(connection: Connection, state: State, revision: int | None = None) -> bool:
    """Whether there was such a state, of that revision, to be replaced."""
    table: Table = schema.webhook_states
    same = sqlalchemy.and_(
        table.c.webhook_id == state.webhook_id,
        table.c.revision == (state.revision if revision is None else revision),
    )
    return connection.execute(sqlalchemy.update(table).where(same).values(asdict(state))).rowcount == 1


def _cut_log(connection: Connection) -> None:
    table = schema.webhook_attempts
    for (webhook_id,) in connection.execute(sqlalchemy.select(schema.webhook_states.c.webhook_id)).all():
        mine = table.c.webhook_id == webhook_id
        oldest = (
            sqlalchemy.select(table.c.id).where(mine).order_by(table.c.id.desc()).offset(LOG_ROWS).limit(1)
        ).scalar_subquery()
        connection.execute(sqlalchemy.delete(table).where(mine, table.c.id <= oldest))


_ATTEMPT = tuple(one.name for one in fields(Attempt))
