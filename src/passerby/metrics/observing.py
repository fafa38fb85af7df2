"""When places were observed: what tells "nobody came" from "nobody looked".

A sensor observed during the union of its `uptime` intervals. On a local day of its site that no uptime of it
touches, it observed during each five-minute slot that holds any observation of it. A site observed while any of the
sensors that count for it did; a brand while any of its sites did; a zone or line while its sensor did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from passerby.calendar import DAY_MS, Calendar, calendar
from passerby.catalogue.model import Catalogue
from passerby.metrics import scope
from passerby.metrics.people import numbers
from passerby.metrics.places import Flags, Integers, Place
from passerby.store.contract import Parameter, Store

SLOT_MS = 300_000
# Days of sensors whose intervals are held at one time; a sensor that reports every five minutes has 288 a day.
_SENSOR_DAYS = 20_000

Intervals = tuple[Integers, Integers]
"""(starts, ends) in ms, of equal length."""
_NOTHING: Intervals = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


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
    sensors_of = [_sensors(catalogue, place, every=every_sensor) for place in places]
    sensors = sorted({sensor for each in sensors_of for sensor in each})
    if not sensors:
        return totals
    for window in scope.windows_with_facts(store, scope.Frames(calendars).span(), len(sensors), _SENSOR_DAYS):
        intervals = _observing(store, catalogue, sensors, window)
        for index, place in enumerate(places):
            covered = _union(intervals[sensor] for sensor in sensors_of[index])
            if len(covered[0]):
                totals[index] += _overlaps(covered, calendars[place.calendar], window)
    return totals


def _sensors(catalogue: Catalogue, place: Place, *, every: bool) -> list[int]:
    """The sensors whose observing makes a place observed."""
    if place.level in {"zone", "line"} and isinstance(place.key, tuple):
        return [place.key[0]]
    return [sensor.id for sensor in scope.sensors_of(catalogue, place, every=every)]


def _observing(
    store: Store, catalogue: Catalogue, sensors: Sequence[int], window: scope.Window
) -> Mapping[int, Intervals]:
    """When each sensor observed in the window."""
    # Whether a day has any uptime is known only from the whole of the local days that the window touches.
    days = {
        zone: calendar("1d", zone, window.start, window.end, clip=False)
        for zone in {catalogue.site_of(catalogue.sensors[sensor]).timezone for sensor in sensors}
    }
    start = int(min(each.starts[0] for each in days.values())) - 2 * DAY_MS
    end = int(max(each.ends[-1] for each in days.values()))
    start -= start % SLOT_MS
    tables = {"sensors": pa.table({"sensor_id": pa.array(sensors, pa.int64())})}
    bounds: dict[str, Parameter] = {"start_ms": start, "end_ms": end}
    found = store.query("metrics/uptimes", bounds, tables)
    uptime = _by_sensor(
        numbers(found, "sensor_id"), (numbers(found, "started_ms"), numbers(found, "ended_ms")), sensors
    )
    dark = {}
    for sensor in sensors:
        each = days[catalogue.site_of(catalogue.sensors[sensor]).timezone]
        without = ~_touched(uptime[sensor], each)
        if without.any():
            dark[sensor] = (each.starts[without], each.ends[without])
    if not dark:
        return uptime
    tables = {"sensors": pa.table({"sensor_id": pa.array(sorted(dark), pa.int64())})}
    found = store.query("metrics/activity", bounds, tables)
    slots = numbers(found, "slot") * SLOT_MS + start
    active = _by_sensor(numbers(found, "sensor_id"), (slots, slots + SLOT_MS), sensors)
    return {
        sensor: _joined([uptime[sensor], _within(active[sensor], dark[sensor])]) if sensor in dark else uptime[sensor]
        for sensor in sensors
    }


def _by_sensor(sensor: Integers, intervals: Intervals, sensors: Sequence[int]) -> dict[int, Intervals]:
    order = np.argsort(sensor, kind="stable")
    sensor, starts, ends = sensor[order], intervals[0][order], intervals[1][order]
    edges = np.searchsorted(sensor, np.append(np.array(sensors), np.iinfo(np.int64).max))
    return {
        each: (starts[first:last], ends[first:last])
        for each, first, last in zip(sensors, edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    }


def _touched(intervals: Intervals, days: Calendar) -> Flags:
    """Which days an interval lies in, with any of its length, or with its start when it has none."""
    starts, ends = intervals
    first = np.searchsorted(days.ends, starts, side="right")
    last = np.searchsorted(days.starts, np.maximum(ends - 1, starts), side="right")
    inside = first < last
    changes = np.zeros(len(days) + 1, dtype=np.int64)
    np.add.at(changes, first[inside], 1)
    np.add.at(changes, last[inside], -1)
    touched: Flags = np.cumsum(changes)[:-1] > 0
    return touched


def _within(slots: Intervals, days: Intervals) -> Intervals:
    """The parts of slots (at most one day boundary inside each) that lie in the days."""
    parts = []
    for side in (slots[0], slots[1] - 1):  # the day of a slot's first and of its last instant
        day = np.searchsorted(days[0], side, side="right") - 1
        inside = (day >= 0) & (side < days[1][day])
        day = day[inside]
        parts.append((np.maximum(slots[0][inside], days[0][day]), np.minimum(slots[1][inside], days[1][day])))
    return _joined(parts)


def _joined(parts: Iterable[Intervals]) -> Intervals:
    starts, ends = zip(*parts, strict=True)
    return np.concatenate(starts), np.concatenate(ends)


def _union(parts: Iterable[Intervals]) -> Intervals:
    """Disjoint ascending intervals that cover what the parts cover."""
    starts, ends = _joined([_NOTHING, *parts])
    lasting = starts < ends
    starts, ends = starts[lasting], ends[lasting]
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    begins = np.ones(len(starts), dtype=np.bool_)
    begins[1:] = starts[1:] > reach[:-1]
    first = np.flatnonzero(begins)
    return starts[first], reach[np.append(first[1:], len(starts)) - 1] if len(first) else reach


def _overlaps(covered: Intervals, each: Calendar, window: scope.Window) -> Integers:
    """How much of each bucket, cut to what is asked for and to the window, the disjoint intervals cover."""
    low, high = max(each.range_start_ms, window.start), min(each.range_end_ms, window.end)
    begin = np.clip(each.starts, low, max(low, high))
    end = np.clip(each.ends, low, max(low, high))
    return _covered_before(covered, end) - _covered_before(covered, begin)


def _covered_before(covered: Intervals, instant: Integers) -> Integers:
    """How much of the time before each instant the disjoint intervals cover."""
    starts, ends = covered
    total = np.concatenate([[0], np.cumsum(ends - starts)])
    index = np.searchsorted(starts, instant, side="right")
    last = np.maximum(index - 1, 0)
    beyond = np.where(index > 0, np.maximum(ends[last] - instant, 0), 0)
    before: Integers = total[index] - beyond
    return before
