"""The query of a request: what all methods read the same way.

The vendor's clients are generous with what they send, so reading is: spaces may be `%20` or `+`, line breaks
inside a value are dropped, flags count by mere presence, and parameters that a method does not have are ignored, as are
those, but for flags, whose value is empty. Of a parameter given twice the first counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal
from urllib.parse import parse_qsl

from passerby.errors import InvalidInputError, Problem

Query = Mapping[str, str]
# How far `last_week` reaches: back from the next full hour, or from the last Monday 00:00.
Week = Literal["rolling", "calendar"]
HOUR = timedelta(hours=1)
# Instants outside these years mean nothing to anybody who counts people.
YEARS = range(1970, 2200)

_FORM = "YYYY/MM/DD HH:mm:ss"
_TIME = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,2}(\.\d{1,6})?", re.ASCII)
_BREAKS = re.compile(r"[\r\n\t]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_MAX_PARAMETERS = 100


@dataclass(frozen=True, slots=True)
class Span:
    """The range asked for, begin <= t < end, both at the offset that the request names."""

    begin: datetime
    end: datetime

    @property
    def zone(self) -> timezone:
        """The offset of the request."""
        found = self.begin.tzinfo
        assert isinstance(found, timezone)  # noqa: S101  # `span` makes no others
        return found

    @property
    def begin_ms(self) -> int:
        """UTC milliseconds."""
        return instant_ms(self.begin)

    @property
    def end_ms(self) -> int:
        """UTC milliseconds; not in the range any more."""
        return instant_ms(self.end)


def instant_ms(moment: datetime) -> int:
    """UTC milliseconds of an aware time."""
    return (moment - _EPOCH) // _MS


def moment_of(instant: int, zone: timezone) -> datetime:
    """The time at an offset of UTC milliseconds."""
    return (_EPOCH + instant * _MS).astimezone(zone)


def written(moment: datetime) -> str:
    """A time as this API writes it: `2017/09/08 11:00:00`."""
    return moment.strftime("%Y/%m/%d %H:%M:%S")


def read_query(raw: bytes) -> Query:
    """The parameters of a query string as it came over the wire."""
    try:
        pairs = parse_qsl(raw.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise InvalidInputError(f"expected at most {_MAX_PARAMETERS} parameters") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(_BREAKS.sub("", name).strip(), _BREAKS.sub("", value).strip())
    return found


def flag(query: Query, name: str) -> bool:
    """Whether a flag is set: by its presence, unless its value says no."""
    return name in query and query[name].lower() not in {"0", "false"}


def number(query: Query, name: str, default: int, minimum: int = 0, maximum: int = 10**9) -> int:
    """A whole number; raises InvalidInputError."""
    text = query.get(name)
    if not text:
        return default
    found = whole_number(text)
    if found is None or not minimum <= found <= maximum:
        raise InvalidInputError(f"expected a whole number from {minimum} to {maximum}", name)
    return found


def whole_number(text: str) -> int | None:
    """A whole number, such as an id; nobody's million digits are converted."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None


def offset(query: Query) -> timezone:
    """`tzo`: hours ahead of UTC, fractions allowed, taken to the nearest minute; 0 when left out."""
    text = query.get("tzo") or "0"
    hours = float(text) if _NUMBER.fullmatch(text) else math.inf
    if not -24 < hours < 24:
        raise InvalidInputError("expected hours between -24 and 24, such as 3, -5 or 5.5", "tzo")
    minutes = math.floor(abs(hours) * 60 + 0.5)
    return timezone(timedelta(minutes=min(minutes, 24 * 60 - 1) * (-1 if hours < 0 else 1)))


def span(query: Query, now: datetime, week: Week = "rolling") -> Span:
    """The range that `b` and `e` name, local to `tzo`, or `last_week`, which goes before them.

    Raises InvalidInputError.
    """
    zone = offset(query)
    if flag(query, "last_week"):
        return last_week(now, zone, week)
    problems: list[Problem] = []
    begin, end = (_time(query, name, zone, problems) for name in ("b", "e"))
    if begin is not None and end is not None and end < begin:
        problems.append(Problem("e", "it lies before b"))
    if begin is None or end is None or problems:
        raise InvalidInputError(problems)
    return Span(begin, end)


def last_week(now: datetime, zone: timezone, week: Week) -> Span:
    """The last 7 x 24 hours or the current week; both end with the hour that has begun."""
    local = now.astimezone(zone)
    end = local.replace(minute=0, second=0, microsecond=0) + HOUR
    if week == "rolling":
        return Span(end - timedelta(days=7), end)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return Span(midnight - timedelta(days=local.weekday()), end)


def _time(query: Query, name: str, zone: timezone, problems: list[Problem]) -> datetime | None:
    text = query.get(name)
    if not text:
        problems.append(Problem(name, f"required: {_FORM}; or give last_week instead of b and e"))
        return None
    found = _TIME.fullmatch(text)
    try:
        moment = datetime(*(int(part or 0) for part in found.groups()), tzinfo=zone) if found else None  # type: ignore[arg-type, misc]  # six integers
    except ValueError:
        moment = None
    if moment is None:
        problems.append(Problem(name, f"expected {_FORM}, such as 2017/09/12 12:00:00"))
    elif moment.year not in YEARS:
        problems.append(Problem(name, f"expected a year from {YEARS[0]} to {YEARS[-1]}"))
        return None
    return moment
