"""When places were observed: what tells "nobody came" from "nobody looked".

A sensor observed during the union of its `uptime` intervals. On a local day of its site that no uptime of it
touches, it observed during each five-minute slot that holds any observation of it. A site observed while any of the
sensors that count for it did; a brand while any of its sites did; a zone or line while its sensor did.

The intervals of all sensors, or of all places, are computed together: an instant of one of them is a key of `kernels`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from passerby.calendar import DAY_MS, Calendar, calendar
from passerby.catalogue.model import Catalogue
from passerby.metrics import kernels, scope
from passerby.metrics.people import numbers
from passerby.metrics.places import Flags, Integers, Place
from passerby.store.contract import Parameter, Store

SLOT_MS = 300_000
# Days of sensors whose intervals are held at one time; a sensor that reports every five minutes has 288 a day.
_SENSOR_DAYS = 20_000


@dataclass(frozen=True, slots=True)
class _Intervals:
    """Stretches [start, end) of ms, each of an owner: the number of a sensor, or of a place."""

    owner: Integers
    start: Integers
    end: Integers

    @classmethod
    def joined(cls, parts: Iterable[_Intervals]) -> _Intervals:
        """All of them."""
        columns = zip(*((each.owner, each.start, each.end) for each in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def of(self, chosen: Flags | Integers) -> _Intervals:
        """Some of them."""
        return _Intervals(self.owner[chosen], self.start[chosen], self.end[chosen])


class _Covered:
    """What intervals cover, by owner; no instant of them is before `origin`."""

    def __init__(self, intervals: _Intervals, origin: int) -> None:
        self._origin = origin
        intervals = intervals.of(intervals.start < intervals.end)
        starts = kernels.keys(intervals.owner, intervals.start, origin)
        order = np.argsort(starts, kind="stable")
        starts = starts[order]
        # Another owner's instants are further away than any interval is long.
        reach = np.maximum.accumulate(kernels.keys(intervals.owner, intervals.end, origin)[order])
        first = np.flatnonzero(np.append(True, starts[1:] > reach[:-1])[: len(starts)])
        self._starts, self._ends = starts[first], reach[np.append(first[1:], len(starts))[: len(first)] - 1]
        self._total = np.concatenate([[0], np.cumsum(self._ends - self._starts)])

    def between(self, owner: Integers, instants: Integers) -> Integers:
        """How much of the time between each two neighbours among `instants` is covered: a row for each owner."""
        key = kernels.keys(owner[:, np.newaxis], instants, self._origin)
        after = np.searchsorted(self._starts, key, side="right")
        beyond = np.append(self._ends, 0)[after - 1] - key  # 0 for what has none before it
        found: Integers = np.diff(self._total[after] - np.maximum(beyond, 0), axis=1)
        return found


class _Sensors:
    """The sensors of a computation, ordered by id, those of each time zone together."""

    def __init__(self, catalogue: Catalogue, ids: Iterable[int]) -> None:
        self.ids = np.array(sorted(ids), dtype=np.int64)
        zone_of = [catalogue.site_of(catalogue.sensors[sensor]).timezone for sensor in self.ids.tolist()]
        self.zones = sorted(set(zone_of))
        self.zone_of = np.array([self.zones.index(zone) for zone in zone_of], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ids)

    def of_places(self, sensors_of: Sequence[Sequence[int]]) -> tuple[Integers, Integers]:
        """(how many places each sensor counts for, these places sensor after sensor)."""
        sensor = np.array([sensor for each in sensors_of for sensor in each], dtype=np.int64)
        place = np.repeat(np.arange(len(sensors_of)), [len(each) for each in sensors_of])
        number = np.searchsorted(self.ids, sensor)
        return np.bincount(number, minlength=len(self)), place[np.argsort(number, kind="stable")]


def observed(
    store: Store,
    catalogue: Catalogue,
    places: Sequence[Place],
    calendars: Sequence[Calendar],
    *,
    every_sensor: bool = False,
) -> list[Flags]:
    """For each place, whether each bucket of its calendar was observed at all within the asked range.

    `every_sensor`: for metrics that count sensors which are no entry points too (`Metric.every_sensor`).
    """
    return [each > 0 for each in observed_ms(store, catalogue, places, calendars, every_sensor=every_sensor)]


def observed_ms(
    store: Store,
    catalogue: Catalogue,
    places: Sequence[Place],
    calendars: Sequence[Calendar],
    *,
    every_sensor: bool = False,
) -> list[Integers]:
    """For each place, how long each bucket of its calendar was observed, in ms, split exactly over buckets.

    Where several sensors observe a place at the same time, that time counts once.
    """
    totals = [np.zeros(len(calendars[place.calendar]), dtype=np.int64) for place in places]
    sensors_of = [_sensors_of(catalogue, place, every=every_sensor) for place in places]
    sensors = _Sensors(catalogue, {sensor for each in sensors_of for sensor in each})
    if not len(sensors):
        return totals
    count, places_of = sensors.of_places(sensors_of)
    first = np.cumsum(count) - count
    for window in scope.windows_with_facts(store, scope.Frames(calendars).span(), len(sensors), _SENSOR_DAYS):
        found, origin = _observing(store, sensors, window)
        runs = count[found.owner]
        each = np.repeat(np.arange(len(runs)), runs)
        owner = places_of[first[found.owner][each] + kernels.places_in_runs(runs)]
        covered = _Covered(_Intervals(owner, found.start[each], found.end[each]), origin)
        _add(totals, covered, places, calendars, window)
    return totals


def _sensors_of(catalogue: Catalogue, place: Place, *, every: bool) -> list[int]:
    """The sensors whose observing makes a place observed."""
    if place.level in {"zone", "line"} and isinstance(place.key, tuple):
        return [place.key[0]]
    return [sensor.id for sensor in scope.sensors_of(catalogue, place, every=every)]


def _observing(store: Store, sensors: _Sensors, window: scope.Window) -> tuple[_Intervals, int]:
    """(when each sensor observed in the window, an instant before all of it)."""
    # Whether a day has any uptime is known only from the whole of the local days that the window touches.
    days = [calendar("1d", zone, window.start, window.end, clip=False) for zone in sensors.zones]
    start = int(min(each.starts[0] for each in days)) - 2 * DAY_MS
    end = int(max(each.ends[-1] for each in days))
    start -= start % SLOT_MS
    bounds: dict[str, Parameter] = {"start_ms": start, "end_ms": end}
    found = store.query("metrics/uptimes", bounds, {"sensors": pa.table({"sensor_id": sensors.ids})})
    uptime = _Intervals(
        np.searchsorted(sensors.ids, numbers(found, "sensor_id")),
        np.clip(numbers(found, "started_ms"), start, end),
        np.clip(numbers(found, "ended_ms"), start, end),
    )
    dark = [_dark(uptime, sensors, zone, each) for zone, each in enumerate(days)]
    without = np.flatnonzero(np.logical_or.reduce([each.any(axis=1) for each in dark]))
    if not len(without):
        return uptime, start
    found = store.query("metrics/activity", bounds, {"sensors": pa.table({"sensor_id": sensors.ids[without]})})
    slot = numbers(found, "slot") * SLOT_MS + start
    active = _Intervals(np.searchsorted(sensors.ids, numbers(found, "sensor_id")), slot, slot + SLOT_MS)
    parts = [
        _within(active.of(sensors.zone_of[active.owner] == zone), each, dark[zone]) for zone, each in enumerate(days)
    ]
    return _Intervals.joined([uptime, *parts]), start


def _dark(uptime: _Intervals, sensors: _Sensors, zone: int, days: Calendar) -> Flags:
    """By sensor and day, for the sensors of a zone: whether no uptime touches the day.

    An interval touches it with any of its length, or with its start when it has none.
    """
    uptime = uptime.of(sensors.zone_of[uptime.owner] == zone)
    first = np.searchsorted(days.ends, uptime.start, side="right")
    last = np.searchsorted(days.starts, np.maximum(uptime.end - 1, uptime.start), side="right")
    inside = first < last
    changes = np.zeros((len(sensors), len(days) + 1), dtype=np.int64)
    np.add.at(changes, (uptime.owner[inside], first[inside]), 1)
    np.add.at(changes, (uptime.owner[inside], last[inside]), -1)
    untouched: Flags = np.cumsum(changes, axis=1)[:, :-1] == 0
    untouched[sensors.zone_of != zone] = False
    return untouched


def _within(slots: _Intervals, days: Calendar, dark: Flags) -> _Intervals:
    """The parts of slots (at most one day boundary inside each) that lie in dark days."""
    parts = []
    for side in (slots.start, slots.end - 1):  # the day of a slot's first and of its last instant
        day = np.searchsorted(days.starts, side, side="right") - 1
        inside = (day >= 0) & (side < days.ends[-1])
        inside[inside] = dark[slots.owner[inside], day[inside]]
        chosen, day = slots.of(inside), day[inside]
        start, end = np.maximum(chosen.start, days.starts[day]), np.minimum(chosen.end, days.ends[day])
        parts.append(_Intervals(chosen.owner, start, end))
    return _Intervals.joined(parts)


def _add(
    totals: Sequence[Integers],
    covered: _Covered,
    places: Sequence[Place],
    calendars: Sequence[Calendar],
    window: scope.Window,
) -> None:
    """Add how much of each bucket, cut to what is asked for and to the window, is covered."""
    calendar_of = np.array([place.calendar for place in places], dtype=np.int64)
    for index, each in enumerate(calendars):
        low, high = max(each.range_start_ms, window.start), min(each.range_end_ms, window.end)
        owner = np.flatnonzero(calendar_of == index)
        if low >= high or not len(owner):
            continue
        first = int(np.searchsorted(each.ends, low, side="right"))
        last = int(np.searchsorted(each.starts, high, side="left"))
        bounds = np.clip(np.append(each.starts[first:last], each.ends[last - 1]), low, high)
        for place, times in zip(owner.tolist(), covered.between(owner, bounds), strict=True):
            totals[place][first:last] += times
