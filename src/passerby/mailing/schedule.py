"""When a report is sent, and which days it tells of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args

from passerby.calendar import to_utc, zone
from passerby.errors import InvalidInputError, Problem

Every = Literal["day", "week", "month"]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
# Twice through February finds the next of any schedule.
_SEARCHED_DAYS = 64


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every day, every week on `weekday` (1 Monday to 7 Sunday), or on the first of every month, at a local time.

    `at` is HH:MM on the clock of `zone`. A time that a change of the clock leaves out is moved forward by the gap; one
    that comes twice is the first.
    """

    every: Every
    at: str
    zone: str
    weekday: int = 1

    def check(self) -> None:
        """Raise InvalidInputError naming each field that is wrong."""
        problems: list[Problem] = []
        if self.every not in get_args(Every):
            problems.append(Problem("every", f"expected one of {', '.join(get_args(Every))}"))
        if not _TIME.fullmatch(self.at):
            problems.append(Problem("at", "expected a time of day such as 07:00"))
        if not 1 <= self.weekday <= 7:
            problems.append(Problem("weekday", "expected a number from 1 (Monday) to 7 (Sunday)"))
        try:
            zone(self.zone)
        except InvalidInputError as error:
            problems += [Problem("zone", problem.message) for problem in error.problems]
        if problems:
            raise InvalidInputError(problems)

    def after(self, instant_ms: int) -> int:
        """The first time to send that is later than an instant; UTC milliseconds."""
        # A day earlier: where a clock jumps over midnight, yesterday's time may be later than now.
        first = self._date(instant_ms) - timedelta(days=1)
        for days in range(_SEARCHED_DAYS):
            day = first + timedelta(days=days)
            if self._is_due_on(day):
                due = to_utc(datetime.combine(day, time.fromisoformat(self.at)), self.zone)
                if due > instant_ms:
                    return due
        raise AssertionError("a schedule comes at least once a month")

    def latest(self, instant_ms: int, due_ms: int) -> int:
        """Of the times to send from `due_ms` up to an instant the last: whoever was away is not sent the older ones."""
        while (following := self.after(due_ms)) <= instant_ms:
            due_ms = following
        return due_ms

    def period(self, due_ms: int) -> tuple[date, date]:
        """[first day, day after the last): the whole day, week from Monday, or month that was over at `due_ms`."""
        today = self._date(due_ms)
        if self.every == "day":
            return today - timedelta(days=1), today
        if self.every == "week":
            monday = today - timedelta(days=today.weekday())
            return monday - timedelta(days=7), monday
        first = today.replace(day=1)
        return (first - timedelta(days=1)).replace(day=1), first

    def _date(self, instant_ms: int) -> date:
        return datetime.fromtimestamp(instant_ms / 1000, zone(self.zone)).date()

    def _is_due_on(self, day: date) -> bool:
        if self.every == "week":
            return day.isoweekday() == self.weekday
        return self.every == "day" or day.day == 1
