"""`counts-csv`: in and out of a line over intervals: columns start, in, out, and optionally duration_s, line, class.

What the file lacks, options say: `--every` the length of an interval, `--line` the line, `--timezone` the zone of
times without offset. An empty class is a person.

**Local times.** A time that occurs twice (clocks go back) means its first occurrence, unless the rows before it of
the same line and class have already reached the second pass: files write the two passes one after the other. A
time that does not exist moves forward by the gap. No row is lost either way, so each local day keeps its sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import xxhash

from passerby import calendar
from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Format, Options, Parcel, Tally, parcels, sensor_of
from passerby.ingest.files.classes import road_user
from passerby.ingest.files.text import CellError, number, records
from passerby.observations import MAX_COUNT, MAX_DURATION_MS, CountInterval, Observation, RoadUser, milliseconds

_REQUIRED = ("start", "in", "out")
_OPTIONAL = ("duration_s", "line", "class")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Series = tuple[int | str, RoadUser]


def read(path: Path, options: Options, tally: Tally) -> Iterator[Parcel]:
    """The observations of a count file."""
    return parcels(counts(path, options, tally))


def counts(path: Path, options: Options, tally: Tally) -> Iterator[tuple[str, Observation]]:
    """(place, count) of each row that is right and does not contradict an earlier one."""
    clock = Clock(options.timezone)
    seen: dict[tuple[Series, str, int], tuple[str, CountInterval]] = {}
    for place, cells in records(path, tally, _REQUIRED, _OPTIONAL, options.columns):
        try:
            count = _count(cells, options, clock)
        except CellError as error:
            tally.reject(place, str(error))
            continue
        except InvalidInputError as error:
            raise InvalidInputError(error.message, place) from None
        key = ((count.line, count.class_), count.id or "", milliseconds(count.start))
        first_place, first = seen.setdefault(key, (place, count))
        if first != count:
            tally.reject(place, f"the same interval was given other numbers in {first_place}")
            continue
        yield place, count


def _count(cells: list[str], options: Options, clock: Clock) -> CountInterval:
    start_text, in_text, out_text, duration_text, line_text, class_text = cells
    class_ = road_user(class_text)
    if class_ is None:
        raise CellError(f"class: expected person, car, bus, truck, van, bike or unknown, found {class_text[:40]!r}")
    line = _line(line_text, options)
    naive_or_not = _time(start_text)
    instant = clock.instant(naive_or_not, (line, class_))
    return CountInterval(
        sensor=sensor_of(options),
        id=_id(line, class_, clock.moved(naive_or_not, instant)),
        line=line,
        start=_EPOCH + timedelta(milliseconds=instant),
        duration_ms=_duration(duration_text, options),
        in_=_amount(in_text, "in"),
        out=_amount(out_text, "out"),
        class_=class_,
    )


def _line(text: str, options: Options) -> int | str:
    if text:
        return int(text) if text.isascii() and text.isdigit() else text
    if options.line is None:
        raise InvalidInputError("the file does not name the line; give --line")
    return options.line


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise CellError(
            f"start: expected a time such as 2026-03-29T01:30:00 or 2026-03-29T01:30:00+01:00, found {text[:40]!r}"
        ) from None


def _duration(text: str, options: Options) -> int:
    if text:
        duration = round(number(text, "duration_s") * 1000)
        if not 0 <= duration <= MAX_DURATION_MS:
            raise CellError(f"duration_s: expected 0 to {MAX_DURATION_MS // 1000}, found {text[:40]!r}")
        return duration
    if options.every_ms is None:
        raise InvalidInputError("the file does not say how long the intervals are; give --every, such as --every 30m")
    return options.every_ms


def _amount(text: str, column: str) -> float:
    amount = number(text, column)
    if not 0 <= amount <= MAX_COUNT:
        raise CellError(f"{column}: expected a number from 0 to {MAX_COUNT}, found {text[:40]!r}")
    return amount


def _id(line: int | str, class_: RoadUser, moved: str) -> str:
    # One count per line, class and start. Two wall times may share an instant only where one of them does not
    # exist: that one carries its wall time, or it would pass for a repetition of the other.
    name = f"count-{line}/{class_}{moved}"
    return name if len(name) <= 128 else f"count-{xxhash.xxh3_128_hexdigest(name.encode())}"


@dataclass(slots=True)
class Clock:
    """Turns the times of a file into instants (UTC milliseconds), row by row."""

    timezone: str | None
    _last: dict[Series, tuple[int, bool]] = field(default_factory=dict)
    _taken: set[tuple[Series, int]] = field(default_factory=set)

    def instant(self, time: datetime, series: Series) -> int:
        """The instant of a row's time, given the rows of the same series before it.

        Raises:
            InvalidInputError: a local time, and no zone is known.
        """
        if time.tzinfo is not None:
            return milliseconds(time)
        if self.timezone is None:
            raise InvalidInputError("start has no offset; give the zone of the times with --timezone")
        first = calendar.to_utc(time, self.timezone)
        second = calendar.to_utc(time, self.timezone, second=True)
        chosen = self._pass(first, second, series) if second != first else first
        self._last[series] = (chosen, second != first)
        return chosen

    def _pass(self, first: int, second: int, series: Series) -> int:
        last, twice = self._last.get(series, (0, False))
        # The rows before have reached this hour already: the file is in its second pass.
        chosen = second if twice and first <= last < first + 2 * (second - first) else first
        if (series, chosen) in self._taken:  # as in files that run backwards
            chosen = first + second - chosen
        self._taken.add((series, chosen))
        return chosen

    def moved(self, time: datetime, instant: int) -> str:
        """`@` and the wall time when it does not exist in the zone, else nothing."""
        if time.tzinfo is not None or self.timezone is None:
            return ""
        shown = datetime.fromtimestamp(instant / 1000, ZoneInfo(self.timezone)).replace(tzinfo=None)
        return "" if shown == time.replace(microsecond=time.microsecond // 1000 * 1000) else f"@{time.isoformat()}"


FORMAT = Format(
    name="counts-csv",
    description="interval counts: columns start, in, out, optionally duration_s, line, class",
    read=read,
    needs=frozenset({"sensor"}),
    columns=(*_REQUIRED, *_OPTIONAL),
)
