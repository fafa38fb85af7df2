"""Sums by day that are kept in memory: nothing is added up twice while no fact of its day is added.

Long questions are mostly about days that are over, and about the same ones again: by the next reader, or tomorrow, when
all but one of them are the same. So what the facts of some sensors add up to over a whole local day is kept, with the
`Store.version` of those facts, asked for before they were read. It counts only while that is still their version: facts
that come late, again or by an import raise it. Everything else that decides on the sums is part of the name under which
they are kept: the query, whom to count, the sensors with their settings, and the instants at which the day begins and
ends. Days that the question cuts, such as a today that is not over, are added up each time.

Only what adds up may be kept so. Groups, peaks and distinct people do not: what a day has depends on others.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

import numpy as np
import pyarrow as pa

from passerby.calendar import Calendar, calendar, zone_names
from passerby.metrics.people import Asked, floats, numbers
from passerby.metrics.places import Flags, Floats, Integers
from passerby.metrics.scope import Frames, Units, Window, frame_columns
from passerby.store.contract import Parameter, Store

_Group = tuple[object, ...]
"""What decides on the sums of a day, but for the day itself."""
_Bounds = tuple[int, int]
"""A local day: [start, end) in ms."""
_Spot = tuple[int, int]
"""A calendar's index, and that of a day in it."""


@dataclass(frozen=True, slots=True)
class Summed:
    """A query whose sums are kept: the kinds of facts that it chooses by their starts, and what it adds up."""

    kinds: tuple[str, ...]
    columns: tuple[str, ...]


QUERIES: Mapping[str, Summed] = {
    "visits": Summed(("visit",), ("all_visits", "bounces", "dwell_time", "timed_visits")),
    "passages": Summed(("passage",), ("walk_bys",)),
    "doors": Summed(("crossing", "count"), ("all_visits",)),
}
_LONG = {"1d", "1w", "1M", "1y", "all"}
# Numbers held, 8 bytes each.
_ROOM = 8_000_000
# Days that are missing are read in at most so many stretches of time; where they are more scattered, in one.
_MOST_STRETCHES = 4


@dataclass(frozen=True, slots=True)
class _Kept:
    """A day's sums: a line of places among the units of their calendar, and one for each column of the query."""

    version: int
    sums: Floats


@dataclass(frozen=True, slots=True)
class _Known:
    """The sums of days that are there, the versions of those to keep, and by calendar which days have to be read."""

    found: list[tuple[_Spot, Floats]]
    versions: dict[_Spot, int]
    missing: list[Flags]


class KeptSums:
    """Keeps the sums of queries over the facts of one store. Safe to use from several threads."""

    def __init__(self, store: Store, room: int = _ROOM) -> None:
        self._store = store
        self._room = room
        self._lock = threading.Lock()
        self._groups: OrderedDict[_Group, dict[_Bounds, _Kept]] = OrderedDict()
        self._size = 0
        self._turns: WeakValueDictionary[tuple[_Group, ...], threading.Lock] = WeakValueDictionary()

    def sums(
        self, asked: Asked, units: Units, name: str, tables: dict[str, pa.Table], parameters: Mapping[str, Parameter]
    ) -> pa.Table:
        """As `asked.sums` over all that is asked for; here a unit and bucket may have several rows, which add up.

        `tables` is the one that joins facts to units, under the name that the query has for it.
        """
        if not all(each.size in _LONG and each.zone in zone_names() for each in asked.frames.calendars):
            return asked.sums(name, Window(*asked.frames.span()), tables, **parameters)
        ((table_name, table),) = tables.items()
        days = _Days(asked.frames, units, table)
        groups: list[_Group] = [(name, *sorted(parameters.items()), each) for each in days.fingerprints]
        within = replace(asked, frames=days.frames)

        def read(window: Window, slots: pa.Table) -> pa.Table:
            return replace(within, slots=slots).sums(name, window, {table_name: days.table}, **parameters)

        known = self._known(days, groups, QUERIES[name])
        if not known.versions:
            return self._read(days, groups, known, QUERIES[name], read)
        with self._turn(groups):
            # Whoever had the turn before may have read them.
            return self._read(days, groups, self._known(days, groups, QUERIES[name]), QUERIES[name], read)

    @contextmanager
    def _turn(self, groups: Sequence[_Group]) -> Iterator[None]:
        """One reader of the same sums at a time: after a start everybody wants them, and one scan does for all."""
        key = tuple(groups)
        with self._lock:
            turn = self._turns.get(key)
            if turn is None:
                turn = self._turns[key] = threading.Lock()
        with turn:
            yield

    def _known(self, days: _Days, groups: Sequence[_Group], query: Summed) -> _Known:
        known = _Known([], {}, [np.zeros(len(each), dtype=np.bool_) for each in days.frames.calendars])
        for spot, whole in days.spots():
            if whole:
                bounds = days.bounds(spot)
                # Before the facts are read: what comes meanwhile makes it out of date at once.
                version = self._store.version(query.kinds, *bounds)
                kept = self._kept(groups[spot[0]], bounds)
                if kept is not None and kept.version == version:
                    known.found.append((spot, kept.sums))
                    continue
                known.versions[spot] = version
            known.missing[spot[0]][spot[1]] = True
        return known

    def _read(
        self,
        days: _Days,
        groups: Sequence[_Group],
        known: _Known,
        query: Summed,
        read: Callable[[Window, pa.Table], pa.Table],
    ) -> pa.Table:
        """Read what is missing, keep the whole days of it, and answer."""
        slots = days.frames.slots(known.missing)
        for stretch in days.stretches(known.missing):
            of_days = days.sums_by_day(read(stretch, slots), query.columns)
            known.found.extend(of_days.items())
            for spot, version in known.versions.items():
                if days.holds(stretch, spot):
                    sums = of_days.get(spot, np.zeros((1 + len(query.columns), 0)))
                    self._keep(groups[spot[0]], days.bounds(spot), _Kept(version, sums))
        return days.table_of(known.found, query.columns)

    def _kept(self, group: _Group, day: _Bounds) -> _Kept | None:
        with self._lock:
            held = self._groups.get(group)
            if held is None:
                return None
            self._groups.move_to_end(group)
            return held.get(day)

    def _keep(self, group: _Group, day: _Bounds, kept: _Kept) -> None:
        """Keep a day's sums; where there is no room, those that nobody asked for the longest are forgotten."""
        with self._lock:
            held = self._groups.setdefault(group, {})
            before = held.get(day)
            held[day] = kept
            self._size += _size(kept) - (0 if before is None else _size(before))
            while self._size > self._room:
                _, forgotten = self._groups.popitem(last=False)
                self._size -= sum(map(_size, forgotten.values()))


def _size(kept: _Kept) -> int:
    # What Python itself needs for an array without numbers is about as much as 32 of them.
    return 32 + int(kept.sums.size)


class _Days:
    """A question taken apart into local days: `frames` has a calendar of days in place of each that was asked for.

    `table` joins facts to units, and through `frames` to days. `fingerprints` say by calendar what the units are.
    """

    def __init__(self, asked: Frames, units: Units, table: pa.Table) -> None:
        self.frames = Frames(
            [calendar("1d", each.zone, each.range_start_ms, each.range_end_ms) for each in asked.calendars]
        )
        self._calendar_of = units.calendar
        self._members = [np.flatnonzero(units.calendar == index) for index in range(len(asked.calendars))]
        self._place = np.zeros(len(units), dtype=np.int64)
        for each in self._members:
            self._place[each] = np.arange(len(each))
        self._buckets = [_buckets(*pair) for pair in zip(asked.calendars, self.frames.calendars, strict=True)]
        self.fingerprints = self._fingerprints(table)
        of_frames = frame_columns(self.frames, units.calendar[numbers(table, "unit")])
        self.table = pa.table({name: of_frames.get(name, table.column(name)) for name in table.column_names})

    def _fingerprints(self, table: pa.Table) -> list[bytes]:
        unit = numbers(table, "unit")
        # What the calendars add to it is in the bounds of the days.
        names = set(table.column_names) - set(frame_columns(self.frames, unit[:0])) - {"unit"}
        columns = np.stack([self._place[unit], *(numbers(table, name) for name in sorted(names))])
        chosen = (self._calendar_of[unit] == index for index in range(len(self._members)))
        return [hashlib.sha256(columns[:, each].tobytes()).digest() for each in chosen]

    def bounds(self, spot: _Spot) -> _Bounds:
        """When a day begins and when it is over."""
        each = self.frames.calendars[spot[0]]
        return int(each.starts[spot[1]]), int(each.ends[spot[1]])

    def spots(self) -> Iterator[tuple[_Spot, bool]]:
        """Every day of every calendar that has units, and whether all of it is asked for."""
        for index, each in enumerate(self.frames.calendars):
            if len(self._members[index]):
                whole = (each.range_start_ms <= each.starts) & (each.ends <= each.range_end_ms)
                yield from (((index, day), flag) for day, flag in enumerate(whole.tolist()))

    def stretches(self, missing: Sequence[Flags]) -> list[Window]:
        """A few stretches of time, apart from each other, that hold the missing days, each in one of them."""
        pairs = list(zip(self.frames.calendars, missing, strict=True))
        starts = np.concatenate([each.starts[flags] for each, flags in pairs])
        ends = np.concatenate([each.ends[flags] for each, flags in pairs])
        if not len(starts):
            return []
        order = np.argsort(starts, kind="stable")
        starts, reach = starts[order], np.maximum.accumulate(ends[order])
        first = np.flatnonzero(np.append(True, starts[1:] > reach[:-1]))
        if len(first) > _MOST_STRETCHES:
            first = first[:1]
        last = np.append(first[1:], len(starts)) - 1
        return [Window(*each) for each in zip(starts[first].tolist(), reach[last].tolist(), strict=True)]

    def holds(self, stretch: Window, spot: _Spot) -> bool:
        """Whether a day lies in a stretch."""
        return stretch.start <= self.bounds(spot)[0] < stretch.end

    def sums_by_day(self, rows: pa.Table, columns: Sequence[str]) -> dict[_Spot, Floats]:
        """The rows of a query by day, as `_Kept.sums` has them."""
        unit, day = numbers(rows, "unit"), numbers(rows, "bucket")
        index = self._calendar_of[unit]
        order = np.lexsort((unit, day, index))
        unit, day, index = unit[order], day[order], index[order]
        sums = np.stack([self._place[unit], *(floats(rows, name)[order] for name in columns)])
        first = np.flatnonzero(np.append(True, (np.diff(index) != 0) | (np.diff(day) != 0))) if len(unit) else unit
        spots = zip(index[first].tolist(), day[first].tolist(), strict=True)
        edges = zip(first.tolist(), [*first[1:].tolist(), len(unit)], strict=False)
        # Copied, because a part of an array keeps all of it.
        return {spot: sums[:, begin:end].copy() for spot, (begin, end) in zip(spots, edges, strict=True)}

    def table_of(self, found: Sequence[tuple[_Spot, Floats]], columns: Sequence[str]) -> pa.Table:
        """Sums of days as the rows of the query, by the buckets that were asked for."""
        parts = [np.zeros((2 + len(columns), 0))]
        for (index, day), sums in found:
            unit = self._members[index][sums[0].astype(np.int64)]
            parts.append(np.vstack([unit, np.full(len(unit), self._buckets[index][day]), sums[1:]]))
        whole = np.concatenate(parts, axis=1)
        return pa.table(dict(zip(("unit", "bucket", *columns), whole, strict=True)))


def _buckets(asked: Calendar, days: Calendar) -> Integers:
    """By day the asked bucket that it lies in."""
    begins = np.maximum(days.starts, days.range_start_ms)
    return np.searchsorted(asked.starts, begins, side="right") - 1
