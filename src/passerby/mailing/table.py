"""Reports that are mailed, and what came of each time: rows of the catalogue database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, and_, delete, func, insert, or_, select, update

from passerby.catalogue import schema
from passerby.catalogue.database import reading, writing
from passerby.catalogue.model import Target
from passerby.catalogue.targets import read_target, written
from passerby.errors import InvalidInputError, NotFoundError, Problem
from passerby.mailing.letter import check_address
from passerby.mailing.schedule import Schedule

FORMATS = ("png", "pdf", "csv")
MOST_RECIPIENTS = 50
# Times kept of each report.
LOG_ROWS = 100
_SCHEDULE = ("every", "at", "zone", "weekday")
_mailings = schema.mailings
_sends = schema.mailing_sends


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report as a person asks for it: a page of a place, its formats, its recipients, and when.

    `page` is the name of a dashboard page, `place` what it is of, `formats` some of `FORMATS`.
    """

    name: str
    page: str
    place: Target
    recipients: Sequence[str]
    formats: Sequence[str]
    schedule: Schedule

    def checked(self) -> Wanted:
        """The same with its texts trimmed; raises InvalidInputError naming each field that is wrong."""
        problems: list[Problem] = []
        name = " ".join(self.name.split())
        if not 1 <= len(name) <= 200:
            problems.append(Problem("name", "expected 1 to 200 characters"))
        recipients = list(dict.fromkeys(_addresses(self.recipients, problems)))
        if not 1 <= len(recipients) <= MOST_RECIPIENTS and not problems:
            problems.append(Problem("recipients", f"expected 1 to {MOST_RECIPIENTS} e-mail addresses"))
        unknown = [one for one in self.formats if one not in FORMATS]
        if unknown or not self.formats:
            problems.append(Problem("formats", f"expected one or more of {', '.join(FORMATS)}"))
        try:
            self.schedule.check()
        except InvalidInputError as error:
            problems += error.problems
        if problems:
            raise InvalidInputError(problems)
        formats = [one for one in FORMATS if one in self.formats]
        return Wanted(name, self.page, self.place, recipients, formats, self.schedule)


@dataclass(frozen=True, slots=True)
class Mailing:
    """A report that is mailed. Times in UTC milliseconds.

    `person_id` is who made it: it shows what that person may see. `due_ms` is when it is sent next, or the time that is
    being sent; `retry_ms` is set after a failure, `left` then are the recipients who still have to get it; `asked_ms`:
    somebody wants it now.
    """

    id: int
    account_id: int
    person_id: int
    wanted: Wanted
    due_ms: int
    failures: int
    retry_ms: int | None
    asked_ms: int | None
    left: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Send:
    """One attempt of sending a report. `done`: nothing of it is tried again."""

    id: int
    mailing_id: int
    due_ms: int
    at_ms: int
    done: bool
    recipients: int
    outcome: str


class MailingTable:
    """Every change of mailed reports, each in one transaction. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- for people

    def create(self, account_id: int, person_id: int, wanted: Wanted, now_ms: int) -> Mailing:
        """A new report; raises InvalidInputError naming each field that is wrong."""
        checked = wanted.checked()
        row = {"account_id": account_id, "person_id": person_id, "failures": 0, **_columns(checked, now_ms)}
        with writing(self._engine) as connection:
            number = connection.execute(insert(_mailings).values(row).returning(_mailings.c.id)).scalar_one()
        return self.one(number)

    def change(self, number: int, wanted: Wanted, now_ms: int) -> Mailing:
        """Another form of a report; what was under way of the old one is dropped."""
        values = _columns(wanted.checked(), now_ms) | {"failures": 0, "retry_ms": None, "left": None}
        self._update(number, values)
        return self.one(number)

    def ask_now(self, number: int, now_ms: int) -> None:
        """Send a report once more, now, without waiting for its time."""
        self._update(number, {"asked_ms": now_ms})

    def remove(self, number: int) -> None:
        """End a report and forget what came of it."""
        with writing(self._engine) as connection:
            if not connection.execute(delete(_mailings).where(_mailings.c.id == number)).rowcount:
                raise NotFoundError("there is no such report")

    def one(self, number: int) -> Mailing:
        """A report; NotFoundError when there is none."""
        found = self._select(_mailings.c.id == number)
        if not found:
            raise NotFoundError("there is no such report")
        return found[0]

    def of_account(self, account_id: int) -> list[Mailing]:
        """The reports of an account, in the order in which they were made."""
        return self._select(_mailings.c.account_id == account_id)

    def sends(self, number: int) -> list[Send]:
        """What came of a report, the latest attempt first."""
        with reading(self._engine) as connection:
            query = select(_sends).where(_sends.c.mailing_id == number).order_by(_sends.c.id.desc())
            return [Send(**row) for row in connection.execute(query).mappings()]

    # -- for who sends

    def next_due(self) -> int | None:
        """The earliest instant at which there is something to send; None when there is nothing ever."""
        at = func.min(func.coalesce(_mailings.c.asked_ms, _mailings.c.retry_ms, _mailings.c.due_ms))
        with reading(self._engine) as connection:
            return connection.execute(select(at)).scalar()

    def due(self, now_ms: int) -> list[Mailing]:
        """What is to be sent at an instant, whoever asked for it first."""
        at = func.coalesce(_mailings.c.retry_ms, _mailings.c.due_ms)
        return self._select(or_(_mailings.c.asked_ms.is_not(None), at <= now_ms))

    def settle(self, before: Mailing, send: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Note what came of an attempt and what is next, unless the report was changed or removed meanwhile."""
        same = and_(
            _mailings.c.id == before.id,
            _mailings.c.due_ms == before.due_ms,
            # A report that somebody asks for a second time meanwhile is sent a second time.
            _mailings.c.asked_ms == before.asked_ms if before.asked_ms is not None else _mailings.c.id == before.id,
        )
        with writing(self._engine) as connection:
            if not connection.execute(update(_mailings).where(same).values(values)).rowcount:
                return
            connection.execute(insert(_sends).values(mailing_id=before.id, **send))
            kept = select(_sends.c.id).where(_sends.c.mailing_id == before.id).order_by(_sends.c.id.desc())
            oldest = connection.execute(kept.offset(LOG_ROWS - 1).limit(1)).scalar()
            if oldest is not None:
                connection.execute(delete(_sends).where(_sends.c.mailing_id == before.id, _sends.c.id < oldest))

    def _update(self, number: int, values: Mapping[str, Any]) -> None:
        with writing(self._engine) as connection:
            if not connection.execute(update(_mailings).where(_mailings.c.id == number).values(values)).rowcount:
                raise NotFoundError("there is no such report")

    def _select(self, condition: sqlalchemy.ColumnElement[bool]) -> list[Mailing]:
        with reading(self._engine) as connection:
            query = select(_mailings).where(condition).order_by(_mailings.c.id)
            return [_mailing(row) for row in connection.execute(query).mappings()]


def _addresses(texts: Sequence[str], problems: list[Problem]) -> list[str]:
    found = []
    for text in texts:
        try:
            found.append(check_address(text, "recipients"))
        except InvalidInputError as error:
            problems += error.problems
    return found


def _columns(wanted: Wanted, now_ms: int) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "page": wanted.page,
        "place": written(wanted.place),
        "recipients": list(wanted.recipients),
        "formats": list(wanted.formats),
        "due_ms": wanted.schedule.after(now_ms),
        **{name: getattr(wanted.schedule, name) for name in _SCHEDULE},
    }


def _mailing(row: sqlalchemy.RowMapping) -> Mailing:
    schedule = Schedule(**{name: row[name] for name in _SCHEDULE})
    wanted = Wanted(row["name"], row["page"], read_target(row["place"]), row["recipients"], row["formats"], schedule)
    own = {name: row[name] for name in Mailing.__slots__ if name != "wanted"}
    return Mailing(wanted=wanted, **own)
