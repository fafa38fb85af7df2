"""Export jobs as rows of the catalogue database.

A job is known by what was asked (`digest`), not by who asked: the same request for the same data is one job. It is
claimed and finished in one transaction each, so at any instant it is waiting, running, finished or failed, also
after a crash. One process works on a data directory (its lock sees to that), so whatever is `running` when a process
begins was left by one that ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy
from sqlalchemy import Engine, RowMapping, and_, delete, func, insert, or_, select, update

from passerby.catalogue.database import reading, writing
from passerby.catalogue.schema import export_jobs as jobs

State = Literal["waiting", "running", "finished", "failed"]
_UNDER_WAY = ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Job:
    """One export. Times in UTC milliseconds; `file` is set once it is finished, `fail_reason` once it has failed.

    `length` is that of the answer, `bytes` that of the compressed file.
    """

    id: int
    kind: str
    owner: str
    digest: str
    request: Mapping[str, Any]
    state: State
    created_ms: int
    expires_ms: int | None
    file: str | None
    bytes: int | None
    length: int | None
    fail_reason: str | None


class JobTable:
    """Every change of export jobs, each in one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def requeue(self) -> int:
        """What ran when the process ended waits again; how many."""
        with writing(self._engine) as connection:
            done = connection.execute(update(jobs).where(jobs.c.state == "running").values(state="waiting"))
            return done.rowcount

    def current(self, kind: str, digest: str, now_ms: int) -> Job | None:
        """The job of a request, unless its time is over."""
        with reading(self._engine) as connection:
            return _current(connection, kind, digest, now_ms)

    def ask(  # noqa: PLR0913  # the columns of a new row, by name
        self, *, kind: str, owner: str, digest: str, request: Mapping[str, Any], now_ms: int, at_most: int, renew: bool
    ) -> tuple[Job | None, bool]:
        """(the job of a request, whether it is new); (None, False) when `owner` has `at_most` others under way.

        With `renew` a job that exists already is forgotten first.
        """
        with writing(self._engine) as connection:
            found = None if renew else _current(connection, kind, digest, now_ms)
            if found is not None:
                return found, False
            same = and_(jobs.c.kind == kind, jobs.c.digest == digest)
            others = and_(jobs.c.owner == owner, jobs.c.state.in_(_UNDER_WAY), ~same)
            if connection.execute(select(func.count()).where(others)).scalar_one() >= at_most:
                return None, False
            connection.execute(delete(jobs).where(same))
            row = {
                "kind": kind,
                "owner": owner,
                "digest": digest,
                "request": dict(request),
                "state": "waiting",
                "created_ms": now_ms,
            }
            number = connection.execute(insert(jobs).values(row).returning(jobs.c.id)).scalar_one()
            return _job(connection.execute(select(jobs).where(jobs.c.id == number)).mappings().one()), True

    def claim(self) -> Job | None:
        """The job to do next, now running: of the owner who has least under way the one that waits longest."""
        with writing(self._engine) as connection:
            running = (
                select(jobs.c.owner, func.count().label("running"))
                .where(jobs.c.state == "running")
                .group_by(jobs.c.owner)
                .subquery()
            )
            query = (
                select(jobs.c.id)
                .outerjoin(running, running.c.owner == jobs.c.owner)
                .where(jobs.c.state == "waiting")
                .order_by(func.coalesce(running.c.running, 0), jobs.c.id)
                .limit(1)
            )
            number = connection.execute(query).scalar()
            if number is None:
                return None
            connection.execute(update(jobs).where(jobs.c.id == number).values(state="running"))
            return _job(connection.execute(select(jobs).where(jobs.c.id == number)).mappings().one())

    def give_back(self, number: int) -> None:
        """A job that was stopped half-way waits again."""
        self._end(number, {"state": "waiting"})

    def finish(self, number: int, *, file: str, size: int, length: int, expires_ms: int) -> bool:
        """The result is in `file`; False when nobody wants it any more (it was asked for anew)."""
        return self._end(
            number, {"state": "finished", "file": file, "bytes": size, "length": length, "expires_ms": expires_ms}
        )

    def fail(self, number: int, *, reason: str, expires_ms: int) -> bool:
        """The job cannot be done; why, for a person."""
        return self._end(number, {"state": "failed", "fail_reason": reason, "expires_ms": expires_ms})

    def _end(self, number: int, values: Mapping[str, object]) -> bool:
        with writing(self._engine) as connection:
            mine = and_(jobs.c.id == number, jobs.c.state == "running")
            return connection.execute(update(jobs).where(mine).values(values)).rowcount == 1

    def forget(self, number: int) -> None:
        """Delete a job."""
        with writing(self._engine) as connection:
            connection.execute(delete(jobs).where(jobs.c.id == number))

    def expire(self, now_ms: int) -> int:
        """Delete the jobs whose time is over; how many."""
        with writing(self._engine) as connection:
            return connection.execute(delete(jobs).where(jobs.c.expires_ms <= now_ms)).rowcount

    def finished(self) -> list[Job]:
        """Finished jobs, the oldest result first."""
        with reading(self._engine) as connection:
            query = select(jobs).where(jobs.c.state == "finished").order_by(jobs.c.expires_ms, jobs.c.id)
            return [_job(row) for row in connection.execute(query).mappings()]

    def under_way(self) -> int:
        """How many jobs wait or run."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).where(jobs.c.state.in_(_UNDER_WAY))).scalar_one())


def _current(connection: sqlalchemy.Connection, kind: str, digest: str, now_ms: int) -> Job | None:
    alive = or_(jobs.c.expires_ms.is_(None), jobs.c.expires_ms > now_ms)
    query = select(jobs).where(jobs.c.kind == kind, jobs.c.digest == digest, alive)
    row = connection.execute(query).mappings().first()
    return None if row is None else _job(row)


def _job(row: RowMapping) -> Job:
    return Job(**{name: row[name] for name in Job.__slots__})
