"""Local time buckets as rows of UTC instants: the only place that knows how a clock on a wall behaves.

The engines never compute a local bucket: they join facts to a `Calendar` by an integer slot. So every answer,
whichever engine or dialect gives it, agrees about clock changes.

**Shorter than a day.** The UTC time line is cut wherever the zone's UTC offset changes (a change of the zone's
name or daylight flag alone cuts nothing), and inside each stretch of one offset at the local wall-clock
multiples of the size. A local hour that occurs twice is therefore two buckets; both carry the same naive label,
their labels with offset differ. At Lord Howe, where clocks move by 30 minutes, the hour 01 of that night is a
bucket of 60 and one of 30 minutes.

**A day and longer.** A local date begins once the dates before it are over for good: at the instant after the
last instant whose local date is earlier. Where midnight is skipped (Sao Paulo until 2018) that is the first
instant after the gap; where midnight occurs twice but the earlier date does not come back (Havana) the first
midnight; where clocks went back from 00:01 to 23:01 (Newfoundland until 2011) the second. A date that never was
(Apia, 2011-12-30) has no bucket. Weeks begin on Monday.

**Which zone data.** `zone` builds each `ZoneInfo` from the files of the `tzdata` package, whose version
`pyproject.toml` pins, and never looks at the machine's own zone files (`ZoneInfo.from_file` does not consult
`zoneinfo.TZPATH`). Two machines, two containers or a machine before and after a system upgrade agree. Everything
in Passerby gets its zones here.

`zoneinfo` does not tell when a zone's offset changes, so the changes are searched: offsets are probed every two
days (the shortest time between two changes in any zone since 1900 is 6.9 days; a test holds this against the
zone files) and each difference is narrowed down to the second by bisection. Found changes are kept per zone and year.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from passerby.errors import InvalidInputError

Milliseconds = npt.NDArray[np.int64]

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

SUB_DAY_MS = {"5m": 5 * MINUTE_MS, "10m": 10 * MINUTE_MS, "15m": 15 * MINUTE_MS, "30m": 30 * MINUTE_MS, "1h": HOUR_MS}
# numpy's calendar units; a week of numpy begins on Thursday, so weeks are counted in days here.
_DATE_UNITS = {"1M": "M", "1y": "Y"}
SIZES = (*SUB_DAY_MS, "1d", "1w", *_DATE_UNITS)
_MONDAY = 4  # 1970-01-05, in days since 1970-01-01

# Zone data before 1900 is local mean time, and after 2200 nobody's plan; a limit also bounds what a request costs.
FIRST_MS = -2_208_988_800_000  # 1900-01-01T00:00:00Z
LAST_MS = 7_258_118_400_000  # 2200-01-01T00:00:00Z
MAX_BUCKETS = 2_000_000
MAX_SLOTS = 50_000_000
MAX_FIXED_DAYS = 3660

_PROBE_S = 2 * 86_400
# No zone is further from UTC, and no clock was ever moved by more.
_MARGIN_MS = 2 * DAY_MS
_UTC_NAMES = {"UTC", "UCT", "Universal", "Zulu", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu"}


@dataclass(frozen=True, eq=False)
class Calendar:
    """Contiguous whole buckets of one size in one zone, ascending.

    Attributes:
        size: One of `SIZES`, or `<n>d` for fixed days.
        zone: The IANA name.
        starts: UTC milliseconds at which each bucket begins (int64).
        ends: UTC milliseconds at which it is over, exclusive; `ends[i] == starts[i + 1]`.
        floors_ms: The naive local wall-clock floor of each bucket, as milliseconds since 1970-01-01T00:00:00 local.
        offsets_s: The UTC offset in force at each start, in seconds.
        range_start_ms: Facts before it do not count, even in a first bucket that begins earlier.
        range_end_ms: Facts from here on do not count, even in a last bucket that ends later.
        slot_ms: The greatest common divisor of all boundaries: `instant // slot_ms` lies in exactly one bucket.
    """

    size: str
    zone: str
    starts: Milliseconds
    ends: Milliseconds
    floors_ms: Milliseconds
    offsets_s: Milliseconds
    range_start_ms: int
    range_end_ms: int
    slot_ms: int

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def labels(self) -> list[str]:
        """Each bucket's floor on the wall clock, `YYYY-MM-DDTHH:MM:SS`; a repeated hour repeats its label."""
        labels: list[str] = np.datetime_as_string(self.floors_ms.astype("datetime64[ms]"), unit="s").tolist()
        return labels

    @cached_property
    def offset_labels(self) -> list[str]:
        """Each bucket's start as an RFC 3339 instant with the offset in force, `Z` for UTC; all differ."""
        # RFC 3339 knows no seconds of offset (local mean time had them): the whole minutes below name the same instant.
        minutes = self.offsets_s // 60
        local = (self.starts + minutes * MINUTE_MS).astype("datetime64[ms]")
        texts = np.datetime_as_string(local, unit="s").tolist()
        if self.zone in _UTC_NAMES:
            return [f"{text}Z" for text in texts]
        suffixes = {minute: _offset_text(minute) for minute in np.unique(minutes).tolist()}
        return [text + suffixes[minute] for text, minute in zip(texts, minutes.tolist(), strict=True)]

    def label(self, i: int, offset: bool = True) -> str:
        """Bucket `i` as a text: with `offset` its real start instant, else its naive wall-clock floor."""
        return self.offset_labels[i] if offset else self.labels[i]

    def slots(self, slot_ms: int | None = None) -> tuple[Milliseconds, npt.NDArray[np.int32]]:
        """(slot numbers, bucket of each slot): the equi-join from `instant // slot_ms` to a bucket.

        Args:
            slot_ms: A divisor of this calendar's `slot_ms`, for calendars that share one; default its own.

        Raises:
            InvalidInputError: More than `MAX_SLOTS` slots: the zone's clock was once set by odd minutes or seconds.
        """
        slot = self.slot_ms if slot_ms is None else slot_ms
        if self.slot_ms % slot:
            raise ValueError(f"{slot} ms does not divide the slots of {self.slot_ms} ms")
        first, last = int(self.starts[0]) // slot, int(self.ends[-1]) // slot
        if last - first > MAX_SLOTS:
            raise InvalidInputError(f"the range is too long for {self.zone} at that time; ask for a shorter one")
        counts = (self.ends - self.starts) // slot
        return np.arange(first, last, dtype=np.int64), np.repeat(np.arange(len(self), dtype=np.int32), counts)

    def bucket_of(self, instants_ms: Milliseconds) -> npt.NDArray[np.int32]:
        """The bucket of each instant, -1 outside the asked range."""
        inside = (instants_ms >= self.range_start_ms) & (instants_ms < self.range_end_ms)
        return np.where(inside, np.searchsorted(self.starts, instants_ms, side="right") - 1, -1).astype(np.int32)


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, from the pinned `tzdata` package.

    Raises:
        InvalidInputError: Not exactly one of the package's names (so never a path).
    """
    if name not in zone_names():
        close = difflib.get_close_matches(name[:64], sorted(zone_names()), n=1)
        hint = f"; did you mean {close[0]}?" if close else ", such as Europe/Zurich"
        raise InvalidInputError(f"unknown time zone {name[:64]!r}: expected an IANA name{hint}")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def zone_names() -> frozenset[str]:
    """Every zone name of the pinned data, links included; `Factory` is no zone of any place."""
    names = files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    return frozenset(names) - {"Factory"}


def calendar(size: str, zone: str, start_ms: int, end_ms: int, *, clip: bool = True) -> Calendar:
    """The whole buckets that hold any instant of [start_ms, end_ms).

    Args:
        size: 5m 10m 15m 30m 1h 1d 1w 1M 1y.
        zone: An IANA name.
        start_ms: First instant, UTC milliseconds.
        end_ms: First instant no longer asked for.
        clip: Whether only facts inside the asked range count; false: the whole of the first and last bucket counts.

    Raises:
        InvalidInputError: Unknown size or zone, an empty range, one outside the years 1900 to 2199, too many buckets.
    """
    if size in SUB_DAY_MS:
        length = SUB_DAY_MS[size]
        _check_range(start_ms, end_ms, length)
        return _finish(size, zone, _cut_wall_clock(length, zone, start_ms, end_ms), _Asked(start_ms, end_ms, clip))
    if size not in SIZES:
        raise InvalidInputError(f"unknown bucket {size[:32]!r}: expected one of {', '.join(SIZES)}")
    _check_range(start_ms, end_ms, DAY_MS)
    first, last = _local_days_around(start_ms, end_ms)
    if size in _DATE_UNITS:
        unit = _DATE_UNITS[size]
        span = np.array([first, last], dtype="datetime64[D]").astype(f"datetime64[{unit}]")
        days = np.arange(span[0], span[1] + 2).astype("datetime64[D]").astype(np.int64)
    elif size == "1w":
        days = _multiples(first, last, 7, origin=_MONDAY)
    else:
        days = _multiples(first, last, 1)
    return _of_dates(size, zone, days, _Asked(start_ms, end_ms, clip))


def fixed_days(days: int, zone: str, start_ms: int, end_ms: int, *, clip: bool = True) -> Calendar:
    """Buckets of `days` local dates each, counted from 1970-01-01; arguments and errors as `calendar`."""
    if not 1 <= days <= MAX_FIXED_DAYS:
        raise InvalidInputError(f"expected a number of days from 1 to {MAX_FIXED_DAYS}")
    _check_range(start_ms, end_ms, DAY_MS)
    first, last = _local_days_around(start_ms, end_ms)
    return _of_dates(f"{days}d", zone, _multiples(first, last, days), _Asked(start_ms, end_ms, clip))


def at_offset(size: str, offset_s: int, start_ms: int, end_ms: int, *, clip: bool = True) -> Calendar:
    """The buckets of a clock that is always `offset_s` ahead of UTC, whole minutes; else as `calendar`."""
    offset_ms = offset_s * 1000
    if offset_ms % MINUTE_MS or abs(offset_ms) >= DAY_MS:
        raise InvalidInputError("expected an offset in whole minutes, of less than a day")
    found = calendar(size, "UTC", start_ms + offset_ms, end_ms + offset_ms, clip=clip)
    return replace(
        found,
        zone=f"UTC{_offset_text(offset_s // 60)}" if offset_s else "UTC",
        starts=found.starts - offset_ms,
        ends=found.ends - offset_ms,
        offsets_s=np.full(len(found), offset_s, dtype=np.int64),
        range_start_ms=found.range_start_ms - offset_ms,
        range_end_ms=found.range_end_ms - offset_ms,
        slot_ms=int(np.gcd(found.slot_ms, offset_ms)),
    )


def whole_range(start_ms: int, end_ms: int, zone: str = "UTC") -> Calendar:
    """One bucket with everything in [start_ms, end_ms), for places of `zone`; errors as `calendar`."""
    _check_range(start_ms, end_ms, DAY_MS)
    starts = np.array([start_ms // DAY_MS * DAY_MS], dtype=np.int64)
    ends = np.array([-(-end_ms // DAY_MS) * DAY_MS], dtype=np.int64)
    return Calendar("all", zone, starts, ends, starts, np.zeros(1, dtype=np.int64), start_ms, end_ms, DAY_MS)


def to_utc(naive: datetime, zone: str, *, second: bool = False) -> int:
    """The instant, in UTC milliseconds, at which the clock on the wall shows `naive`.

    A time that occurs twice means its first occurrence, or with `second` its second. A time that does not exist
    moves forward by the gap: 02:30 where clocks jump from 02:00 to 03:00 means 03:30 of the new offset.

    Raises:
        InvalidInputError: An unknown zone, or a time outside the years 1900 to 2199.
    """
    if naive.tzinfo is not None:
        raise ValueError("expected a local time without offset")
    if not 1900 <= naive.year < 2200:
        raise InvalidInputError("expected a time between the years 1900 and 2199")
    information = _zone(zone)
    first, last = (_utc_ms(naive, naive.replace(tzinfo=information, fold=fold)) for fold in (0, 1))
    # Inside a gap zoneinfo answers the other way round: fold 0 is the later instant, the one moved forward.
    return max(first, last) if second or last < first else first


def offset_changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """(instant in UTC seconds, offset in seconds from then on) of each change of offset in a UTC year, ascending."""
    return _offset_changes(zone, year)


def stretches(zone: str, start_ms: int, end_ms: int) -> tuple[Milliseconds, Milliseconds, Milliseconds]:
    """(starts, ends, UTC offsets), all in milliseconds, of the stretches of one offset that make up [start, end).

    Raises:
        InvalidInputError: An unknown zone.
    """
    return _stretches(zone, start_ms, end_ms)


class _Asked(NamedTuple):
    """The range asked for, and whether only its facts count."""

    start_ms: int
    end_ms: int
    clip: bool


class _Cut(NamedTuple):
    """Boundaries over a little more than the range; between some of them no time may pass."""

    starts: Milliseconds
    end_ms: int
    floors: Milliseconds


# The public functions have a parameter called `zone`, as their callers would; this is the function of that name.
_zone = zone


def _check_range(start_ms: int, end_ms: int, bucket_ms: int) -> None:
    if end_ms <= start_ms:
        raise InvalidInputError("the end must be later than the start")
    if start_ms < FIRST_MS or end_ms > LAST_MS:
        raise InvalidInputError("expected a range between the years 1900 and 2199")
    if (end_ms - start_ms) // bucket_ms > MAX_BUCKETS:
        raise InvalidInputError("too many buckets: ask for a shorter range or a longer bucket")


def _offset_at(information: ZoneInfo, second: int) -> int:
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(information).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one; narrows the type
    return offset.days * 86_400 + offset.seconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=65_536)
def _offset_changes(name: str, year: int) -> tuple[tuple[int, int], ...]:
    information = zone(name)
    # A change at the very first second of the year belongs to the year, so the search begins one second before it.
    begin = int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) - 1
    end = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp()) - 1
    changes = []
    low, before = begin, _offset_at(information, begin)
    while low < end:
        high = min(low + _PROBE_S, end)
        after = _offset_at(information, high)
        if after != before:
            changes.append((_bisect(information, low, high, before), after))
        low, before = high, after
    return tuple(changes)


def _bisect(information: ZoneInfo, low: int, high: int, before: int) -> int:
    """The first second in (low, high] whose offset is no longer `before`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_at(information, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _stretches(name: str, start_ms: int, end_ms: int) -> tuple[Milliseconds, Milliseconds, Milliseconds]:
    """(starts, ends, offsets), all in milliseconds, of the stretches of one offset that make up the range."""
    years = range(_year(start_ms), _year(end_ms) + 1)
    changes = [change for year in years for change in _offset_changes(name, year)]
    inside = [(at * 1000, offset) for at, offset in changes if start_ms < at * 1000 < end_ms]
    first = _offset_at(zone(name), start_ms // 1000)
    starts = np.array([start_ms, *(at for at, _ in inside)], dtype=np.int64)
    ends = np.append(starts[1:], end_ms)
    return starts, ends, np.array([first, *(offset for _, offset in inside)], dtype=np.int64) * 1000


def _year(instant_ms: int) -> int:
    return (_EPOCH + timedelta(milliseconds=instant_ms)).year


def _cut_wall_clock(length: int, name: str, start_ms: int, end_ms: int) -> _Cut:
    """Buckets of `length` ms."""
    begins, finishes, offsets = _stretches(name, start_ms - _MARGIN_MS, end_ms + _MARGIN_MS)
    starts, floors = [], []
    for begin, finish, offset in zip(begins.tolist(), finishes.tolist(), offsets.tolist(), strict=True):
        # Whole days far from the range are not worth cutting; a change of offset is never more than a day away.
        low, high = max(begin, start_ms - DAY_MS), min(finish, end_ms + DAY_MS)
        if low >= high:
            continue
        floor = np.arange((low + offset) // length * length, high + offset, length, dtype=np.int64)
        floors.append(floor)
        starts.append(np.maximum(floor - offset, begin))
    return _Cut(np.concatenate(starts), end_ms + DAY_MS, np.concatenate(floors))


def _local_days_around(start_ms: int, end_ms: int) -> tuple[int, int]:
    """Local dates surely before and surely after the range, as days since 1970-01-01, whatever the zone."""
    return (start_ms - _MARGIN_MS) // DAY_MS, (end_ms + _MARGIN_MS) // DAY_MS


def _multiples(first: int, last: int, step: int, origin: int = 0) -> Milliseconds:
    low = (first - origin) // step * step + origin
    return np.arange(low, last + 2 * step, step, dtype=np.int64)


def _of_dates(size: str, zone: str, days: Milliseconds, asked: _Asked) -> Calendar:
    floors = days * DAY_MS
    begins = _date_begins(zone, floors)
    return _finish(size, zone, _Cut(begins[:-1], int(begins[-1]), floors[:-1]), asked)


def _date_begins(name: str, floors: Milliseconds) -> Milliseconds:
    """The instant after the last instant whose wall clock shows an earlier time than each floor (ascending)."""
    begins, finishes, offsets = _stretches(name, int(floors[0]) - _MARGIN_MS, int(floors[-1]) + _MARGIN_MS)
    # Inside a stretch the wall clock only rises, and the wall clocks at which stretches begin rise too: a stretch
    # lasts for days, a clock is never moved by more than one. So the last instant that shows an earlier time lies
    # in the last stretch that begins with an earlier time.
    last = np.maximum(np.searchsorted(begins + offsets, floors, side="left") - 1, 0)
    instants: Milliseconds = np.minimum(finishes[last], floors - offsets[last])
    return instants


def _finish(size: str, zone: str, cut: _Cut, asked: _Asked) -> Calendar:
    """Keep the buckets that hold any of the asked range, and describe them."""
    start_ms, end_ms, clip = asked
    starts, floors = cut.starts, cut.floors
    ends = np.append(starts[1:], cut.end_ms)
    keep = (ends > starts) & (ends > start_ms) & (starts < end_ms)
    starts, ends, floors = starts[keep], ends[keep], floors[keep]
    begins, _, offsets = _stretches(zone, int(starts[0]), int(ends[-1]))
    offsets_s = offsets[np.searchsorted(begins, starts, side="right") - 1] // 1000
    for array in (starts, ends, floors, offsets_s):
        array.flags.writeable = False
    slot_ms = int(np.gcd(np.gcd.reduce(starts), ends[-1]))
    low, high = (start_ms, end_ms) if clip else (int(starts[0]), int(ends[-1]))
    return Calendar(size, zone, starts, ends, floors, offsets_s, low, high, slot_ms)


def _utc_ms(naive: datetime, aware: datetime) -> int:
    offset = aware.utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one; narrows the type
    return (naive - _NAIVE_EPOCH - offset) // timedelta(milliseconds=1)


_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no offset


def _offset_text(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


__all__ = [
    "SIZES",
    "Calendar",
    "at_offset",
    "calendar",
    "fixed_days",
    "offset_changes",
    "stretches",
    "to_utc",
    "whole_range",
    "zone",
    "zone_names",
]
