"""Which days a page is about, in which buckets, and what they are compared with.

Days are those of each site's own clock: "today" of a brand is each site's own today. A period that is not over yet
ends now, and whatever it is compared with ends at the same time of day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from passerby.calendar import SIZES, to_utc, zone
from passerby.errors import InvalidInputError, Problem

PERIODS: Mapping[str, str] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "week": "This week",
    "month": "This month",
    "days": "Other days",
}
COMPARISONS: Mapping[str, str] = {
    "usual": "Same weekdays: last time, and the median of four",
    "week": "Same weekdays before",
    "before": "The days just before",
    "year": "52 weeks before",
    "days": "Other days",
    "none": "Nothing",
}
BUCKETS: Mapping[str, str] = {
    "5m": "5 minutes",
    "10m": "10 minutes",
    "15m": "15 minutes",
    "30m": "30 minutes",
    "1h": "hour",
    "1d": "day",
    "1w": "week",
    "1M": "month",
    "1y": "year",
}
MEDIAN_OF = 4
# Longer periods are compared with one other: four of them would be years of facts for one number.
LONGEST_USUAL_DAYS = 31
MAX_DAYS = 3_660
# A chart with more points than this shows less than one with fewer.
MAX_BUCKETS = 2_500
_ROLLING = {"7d": 7, "30d": 30, "90d": 90}
_NAMES = ("period", "from", "to", "bucket", "compare", "against")
_BUCKET_DAYS = {"5m": 1 / 288, "10m": 1 / 144, "15m": 1 / 96, "30m": 1 / 48, "1h": 1 / 24, "1d": 1.0, "1w": 7.0}


class Span(NamedTuple):
    """The instants [start_ms, end_ms), UTC."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Shift:
    """How far back on the wall clock: a number of days, or one month."""

    days: int = 0
    month: bool = False

    def of(self, at: datetime) -> datetime:
        """The local time that is compared with `at`."""
        if not self.month:
            return at - timedelta(days=self.days)
        first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return min((first - timedelta(days=1)).replace(day=1) + (at - first), first)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a period is compared with: one earlier time, or the median of several.

    `key` is "last" for the one that charts and tables show, "median" for the median.
    """

    key: str
    title: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody chose, as it stands in the address of a page. `start` and `until` are whole local days."""

    period: str = "today"
    start: date | None = None
    until: date | None = None
    bucket: str | None = None
    compare: str = "usual"
    against: date | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Choice:
        """The choice of an address; what is left out is as it usually is.

        Raises:
            InvalidInputError: naming each parameter that is wrong, and what it may be.
        """
        problems: list[Problem] = []
        found = {name: query[name] for name in _NAMES if query.get(name)}
        days = {name: _day(name, found.get(name), problems) for name in ("from", "to", "against")}
        period = found.get("period") or ("days" if days["from"] else "today")
        compare = found.get("compare") or ("days" if days["against"] else "usual")
        bucket = found.get("bucket")
        _among("period", period, PERIODS, problems)
        _among("compare", compare, COMPARISONS, problems)
        if bucket is not None:
            _among("bucket", bucket, SIZES, problems)
        start, until = days["from"], days["to"] or days["from"]
        if period == "days" and not problems:
            if start is None or until is None:
                problems.append(Problem("from", "choose the first day"))
            elif until < start:
                problems.append(Problem("to", "the last day comes before the first"))
            elif (until - start).days >= MAX_DAYS:
                problems.append(Problem("to", f"at most {MAX_DAYS} days at a time"))
        if compare == "days" and days["against"] is None and not problems:
            problems.append(Problem("against", "choose the day that the comparison begins with"))
        if problems:
            raise InvalidInputError(problems)
        made = cls(period, start, until, bucket, compare, days["against"])
        return made if period == "days" else replace(made, start=None, until=None)

    def query(self, **changes: str | None) -> str:
        """The address of this choice with changes, such as `bucket="1h"`; None leaves a parameter out."""
        values: dict[str, str | None] = {
            "period": self.period if self.period != "today" else None,
            "from": self.start.isoformat() if self.start else None,
            "to": self.until.isoformat() if self.until else None,
            "bucket": self.bucket,
            "compare": self.compare if self.compare != "usual" else None,
            "against": self.against.isoformat() if self.against else None,
        }
        values.update(changes)
        return urlencode({name: value for name, value in values.items() if value is not None})

    # -- days

    def days(self, today: date) -> tuple[date, date]:
        """[first day, the day after the last), where it is `today`."""
        tomorrow = today + timedelta(days=1)
        if self.period == "days" and self.start is not None and self.until is not None:
            return self.start, self.until + timedelta(days=1)
        if self.period == "yesterday":
            return today - timedelta(days=1), today
        if self.period == "week":
            return today - timedelta(days=today.weekday()), tomorrow
        if self.period == "month":
            return today.replace(day=1), tomorrow
        return today - timedelta(days=_ROLLING.get(self.period, 1) - 1), tomorrow

    def bucket_for(self, today: date) -> str:
        """The bucket that was chosen, or one that suits the length; longer where the chosen one gives too many."""
        first, end = self.days(today)
        length = (end - first).days
        if self.bucket is not None and length / _BUCKET_DAYS.get(self.bucket, 30.0) <= MAX_BUCKETS:
            return self.bucket
        if self.bucket is not None:
            return next((size for size, days in _BUCKET_DAYS.items() if length / days <= MAX_BUCKETS), "1M")
        return "1h" if length <= 2 else "1d" if length <= 120 else "1w" if length <= 730 else "1M"

    # -- instants

    def span(self, zone_name: str, now_ms: int, shift: Shift | None = None) -> Span | None:
        """The instants at a place of that zone, or those `shift` earlier; None while the period has not begun."""
        now = local(now_ms, zone_name)
        first, end = self.days(now.date())
        start, stop = _midnight(first), _midnight(end)
        if to_utc(start, zone_name) >= now_ms:
            return None
        if shift is None:
            return Span(to_utc(start, zone_name), min(to_utc(stop, zone_name), now_ms))
        cut = min(stop, now)
        begin = to_utc(shift.of(start), zone_name)
        return Span(begin, max(to_utc(shift.of(cut), zone_name), begin + 1))

    def unfinished(self, today: date) -> bool:
        """Whether the period goes on."""
        return self.days(today)[1] > today

    # -- comparisons

    def comparisons(self, today: date) -> tuple[Comparison, ...]:
        """What the period is compared with; the first is what charts and tables show."""
        first, end = self.days(today)
        length = (min(end, max(today, first) + timedelta(days=1)) - first).days
        weeks = 7 * -(-length // 7)
        kind = self.compare
        if kind == "none":
            return ()
        if kind == "usual":
            last = self._one(first, end, Shift(weeks))
            if length > LONGEST_USUAL_DAYS:
                return (last,)
            shifts = tuple(Shift(weeks * number) for number in range(1, MEDIAN_OF + 1))
            return last, Comparison("median", f"the median of {_four(first, length, weeks)}", shifts)
        if kind == "days" and self.against is not None:
            return (self._one(first, end, Shift((first - self.against).days)),)
        if kind == "before":
            shift = Shift(month=True) if self.period == "month" else Shift(length)
            return (self._one(first, end, shift),)
        return (self._one(first, end, Shift(weeks if kind == "week" else 364 * -(-length // 364))),)

    def _one(self, first: date, end: date, shift: Shift) -> Comparison:
        begin = shift.of(_midnight(first)).date()
        last = shift.of(_midnight(end) - timedelta(days=1)).date()
        return Comparison("last", days_text(begin, max(begin, last)), (shift,))


def local(instant_ms: int, zone_name: str) -> datetime:
    """What the clock on the wall shows, to the millisecond."""
    return datetime.fromtimestamp(instant_ms / 1000, UTC).astimezone(zone(zone_name)).replace(tzinfo=None)


def days_text(first: date, last: date) -> str:
    """Days for people: `Sat 14 Nov 2026`, or from the first to the last."""
    if first == last:
        return f"{first:%a} {first.day} {first:%b %Y}"
    begin = f"{first.day} {first:%b}" if first.year == last.year else f"{first.day} {first:%b %Y}"
    return f"{begin} to {last.day} {last:%b %Y}"


def _four(first: date, length: int, weeks: int) -> str:
    if length == 1:
        names = [first - timedelta(days=weeks * number) for number in range(1, MEDIAN_OF + 1)]
        return f"the four {first:%A}s before, {names[-1].day} {names[-1]:%b} to {names[0].day} {names[0]:%b}"
    return f"the four times {length} days before"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # a wall clock


def _day(name: str, text: str | None, problems: list[Problem]) -> date | None:
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(name, "expected a day, such as 2026-03-29"))
        return None
    if not 1970 <= found.year < 2190:
        problems.append(Problem(name, "expected a day between the years 1970 and 2189"))
        return None
    return found


def _among(name: str, value: str, known: Mapping[str, str] | tuple[str, ...], problems: list[Problem]) -> None:
    if value not in known:
        problems.append(Problem(name, f"expected one of {', '.join(known)}"))
