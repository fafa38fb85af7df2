"""The metrics of the street: vehicles, pedestrians, and how many of them there are in front of a screen on average.

For authors of dialects. Everything here is asked for by `compute.compute` with names of the registry, for sensors,
sites and brands; `vehicle_...` and `footfall_...` in buckets of any calendar, `im...` in those of hours only. The
whole row of an impression multiplier is

    compute(store, catalogue, IM_ROW, places, calendars)

where `im_backup` > 0 says that it is the row of one week before. Numbers are unrounded, times in ms.

A row is taken from one week before when, of a sensor, the multiplier of an hour that lies within the site's opening
hours (06:00 to 24:00 where none are given) is 0, less than half of the hour was observed, and there is such a row: in
the hour with the same local time in the calendar's zone, seven dates earlier, the sensor observed at any time. What has
not happened yet is not looked for: of an hour that is not over only what is over must have been observed. Backups are
not taken from backups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from passerby.calendar import DAY_MS, HOUR_MS, MINUTE_MS, Calendar, calendar
from passerby.catalogue.model import Catalogue, Site
from passerby.metrics import kernels
from passerby.metrics.grid import Grid
from passerby.metrics.observing import observed_ms
from passerby.metrics.people import Asked, numbers
from passerby.metrics.places import Flags, Floats, Integers, Place
from passerby.metrics.ratios import IM_PARTS
from passerby.metrics.scope import Frames, SensorUnits, Window, sensor_units, single_sensors

FACTORS = {"car": 1.6, "bus": 9.5, "truck": 1.2, "van": 3.5, "bike": 1.1, "unknown": 1.0}
"""Persons in a vehicle of each class, unless the site's `vehicle_factors` say otherwise."""
CLASSES = tuple(f"vehicle_{name}" for name in FACTORS)
SUMS = (*CLASSES, "vehicle_count", "vehicle_presence", "vehicle_impressions", "footfall_count", "footfall_presence")
IM_ROW = ("im", "im_footfall", "im_vehicle", "im_impressions_per_vehicle", *IM_PARTS, "im_backup")

_DAYTIME = ("06:00", "24:00")
_WEEK_MS = 7 * DAY_MS
# Hours of sensors held at one time, in a handful of arrays of 8 bytes each.
_CELLS = 1_000_000


def add(asked: Asked, catalogue: Catalogue, places: Sequence[Place], grid: Grid, wanted: frozenset[str]) -> None:
    """Whatever of the metrics of the street is wanted. Passages have no role: none counts when one is asked for."""
    sums = [name for name in SUMS if name in wanted]
    multiplier = bool(wanted.intersection(IM_ROW))
    if not (sums or multiplier) or not asked.with_roleless:
        return
    units = sensor_units(catalogue, places, asked.frames, every=False)
    if units is None:
        return
    found = _passages(asked, catalogue, units)
    for name in sums:
        if name == "vehicle_impressions":
            grid.add_scaled(name, units, found.unit, found.bucket, kernels.scaled(found.values[name]))
        else:
            grid.add(name, units, found.unit, found.bucket, found.values[name])
    if multiplier:
        _add_multipliers(asked, catalogue, units, found, grid)


@dataclass(frozen=True, slots=True)
class _Passages:
    """Sums by unit and bucket; `values` has all of `SUMS`."""

    unit: Integers
    bucket: Integers
    values: dict[str, Floats]

    def of_units(self, first: int, last: int) -> _Passages:
        """Those of the units [first, last), numbered from 0."""
        some = (self.unit >= first) & (self.unit < last)
        values = {name: each[some] for name, each in self.values.items()}
        return _Passages(self.unit[some] - first, self.bucket[some], values)


def _passages(asked: Asked, catalogue: Catalogue, units: SensorUnits) -> _Passages:
    found = asked.sums("streets", Window(*asked.frames.span()), {"scope": units.scope})
    unit = numbers(found, "unit")
    names = (*CLASSES, "vehicle_presence", "footfall_count", "footfall_presence")
    values = {name: numbers(found, name).astype(np.float64) for name in names}
    factors = np.array([_factors(catalogue, sensor) for sensor in units.sensors.tolist()])
    by_class = np.stack([values[name] for name in CLASSES], axis=1)
    values["vehicle_count"] = by_class.sum(axis=1)
    values["vehicle_impressions"] = (by_class * factors[unit]).sum(axis=1)
    return _Passages(unit, numbers(found, "bucket"), values)


def _factors(catalogue: Catalogue, sensor: int) -> list[float]:
    own = catalogue.site_of(catalogue.sensors[sensor]).vehicle_factors
    return [own.get(name, default) for name, default in FACTORS.items()]


def _add_multipliers(asked: Asked, catalogue: Catalogue, units: SensorUnits, found: _Passages, grid: Grid) -> None:
    calendars = asked.frames.calendars
    if any(each.size != "1h" for each in calendars):
        raise ValueError("an impression multiplier is that of an hour")
    step = max(1, _CELLS // max(len(each) for each in calendars))
    for first in range(0, len(units), step):
        some = single_sensors(asked.frames, units.sensors[first : first + step], units.calendar[first : first + step])
        rows = _Hours(asked, catalogue, some, found.of_units(first, first + step))
        rows.fill()
        for part in (*IM_PARTS, "im_backup"):
            unit, bucket = np.nonzero(rows.parts[part])
            values = rows.parts[part][unit, bucket]
            if part == "im_vehicle_impressions":
                grid.add_scaled(part, units, unit + first, bucket, kernels.scaled(values))
            else:
                grid.add(part, units, unit + first, bucket, values)


class _Hours:
    """The rows of impression multipliers, dense by unit and bucket (calendars may have different numbers of them)."""

    def __init__(self, asked: Asked, catalogue: Catalogue, units: SensorUnits, found: _Passages) -> None:
        self._asked, self._catalogue, self._units = asked, catalogue, units
        self._shape = (len(units), max(len(each) for each in asked.frames.calendars))
        self.parts = {part: self._dense(found, part.removeprefix("im_")) for part in IM_PARTS}
        self.parts["im_backup"] = np.zeros(self._shape)

    def _dense(self, found: _Passages, name: str) -> Floats:
        dense = np.zeros(self._shape)
        dense[found.unit, found.bucket] = found.values[name]
        return dense

    def fill(self) -> None:
        """Put the rows of one week before in place of those that nobody looked for, where there are any."""
        unit, bucket = self._unobserved()
        if not len(unit):
            return
        calendars = self._asked.frames.calendars
        earlier = [_week_before(each) for each in calendars]
        before = self._of_other_hours(np.unique(unit), earlier)
        exists = before.exist()
        row = np.searchsorted(np.unique(unit), unit)
        hour = np.full(len(unit), -1, dtype=np.int64)
        for number, (now, then) in enumerate(zip(calendars, earlier, strict=True)):
            chosen = self._units.calendar[unit] == number
            hour[chosen] = _same_hours(now, then)[bucket[chosen]]
        taken = (hour >= 0) & exists[row, hour]
        unit, bucket, row, hour = unit[taken], bucket[taken], row[taken], hour[taken]
        for part in IM_PARTS:
            self.parts[part][unit, bucket] = before.parts[part][row, hour]
        self.parts["im_backup"][unit, bucket] = 1

    def _of_other_hours(self, chosen: Integers, calendars: Sequence[Calendar]) -> _Hours:
        """The rows of some of the units in other calendars of the same numbers."""
        frames = Frames(calendars)
        asked = replace(self._asked, frames=frames, slots=frames.slots())
        units = single_sensors(frames, self._units.sensors[chosen], self._units.calendar[chosen])
        return _Hours(asked, self._catalogue, units, _passages(asked, self._catalogue, units))

    def exist(self) -> Flags:
        """Which rows there are: somebody passed, or would have been seen."""
        exist: Flags = self.parts["im_footfall_count"] + self.parts["im_vehicle_count"] > 0
        for row, seen in zip(exist, self._observed(), strict=True):
            row[: len(seen)] |= seen > 0
        return exist

    def _unobserved(self) -> tuple[Integers, Integers]:
        """(unit, bucket) of the daytime hours of multiplier 0 of which less than half was observed."""
        dark = np.zeros(self._shape, dtype=np.bool_)
        daytimes: dict[tuple[int, str, tuple[str, str] | None], Flags] = {}
        pairs = zip(self._units.sensors.tolist(), self._units.calendar.tolist(), self._observed(), strict=True)
        for row, (sensor, number, seen) in zip(dark, pairs, strict=True):
            site, each = self._catalogue.site_of(self._catalogue.sensors[sensor]), self._asked.frames.calendars[number]
            key = (number, site.timezone, site.opening_hours)
            if key not in daytimes:
                daytimes[key] = _daytime(each, site)
            begin = np.maximum(each.starts, each.range_start_ms)
            end = np.minimum(np.minimum(each.ends, each.range_end_ms), self._asked.now_ms)
            row[: len(each)] = daytimes[key] & (2 * seen < end - begin)
        # A multiplier is 0 when nobody was present: neither persons nor vehicles with anybody in them.
        vehicles = (self.parts["im_vehicle_impressions"] > 0) & (self.parts["im_vehicle_presence"] > 0)
        unit, bucket = np.nonzero(dark & ~vehicles & (self.parts["im_footfall_presence"] == 0))
        return unit, bucket

    def _observed(self) -> list[Integers]:
        pairs = zip(self._units.sensors.tolist(), self._units.calendar.tolist(), strict=True)
        places = [Place("sensor", sensor, number) for sensor, number in pairs]
        return observed_ms(self._asked.store, self._catalogue, places, self._asked.frames.calendars)


def _daytime(each: Calendar, site: Site) -> Flags:
    """Which hours lie wholly within the opening hours on the site's own wall, whatever the calendar's zone is."""
    walls = each.floors_ms if each.zone == site.timezone else _walls(each, site.timezone)
    opens, closes = (_minutes(text) * MINUTE_MS for text in site.opening_hours or _DAYTIME)
    begin = walls % DAY_MS
    end = begin + HOUR_MS
    if opens < closes:
        found: Flags = (begin >= opens) & (end <= closes)
    else:  # open past midnight
        found = (begin >= opens) & (end <= DAY_MS) | (end <= closes)
    return found


def _walls(each: Calendar, zone: str) -> Integers:
    """What the wall clock of another zone shows when each bucket begins, as `Calendar.floors_ms`."""
    there = calendar("5m", zone, int(each.starts[0]), int(each.ends[-1]))
    index = np.searchsorted(there.starts, each.starts, side="right") - 1
    walls: Integers = each.starts + there.offsets_s[index] * 1000
    return walls


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _week_before(each: Calendar) -> Calendar:
    """The whole hours around those that the walls showed a week before; clocks may have changed between."""
    start, end = int(each.starts[0]) - _WEEK_MS - DAY_MS, int(each.ends[-1]) - _WEEK_MS + DAY_MS
    return calendar("1h", each.zone, start, end, clip=False)


def _same_hours(now: Calendar, then: Calendar) -> Integers:
    """For each hour the one of a week before with the same local time: its first when it occurs twice, -1 if never."""
    labels, first = np.unique(then.floors_ms, return_index=True)
    wanted = now.floors_ms - _WEEK_MS
    index = np.minimum(np.searchsorted(labels, wanted), len(labels) - 1)
    return np.where(labels[index] == wanted, first[index], -1)
