"""The metrics of screens: who could see, who looked, for how long, and how long anybody would have been seen.

For authors of dialects. Everything here is asked for by `compute.compute` with names of the registry:

    compute(store, catalogue, ["ots", "watchers", "dwell", "attention", "conversion_ratio", "duration"], places,
            calendars)

By gender and age group they are `demographics(store, catalogue, places, calendars)`.

Places are sensors, sites or brands; a site is the sum over all of its sensors, entry points or not. Answers hold values
other than 0 only; what was not observed at all is told by `observing.observed(..., every_sensor=True)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from passerby.calendar import Calendar
from passerby.catalogue.model import Catalogue
from passerby.metrics.grid import Grid
from passerby.metrics.observing import observed_ms
from passerby.metrics.people import Asked, counted_roles, numbers
from passerby.metrics.places import Integers, Place
from passerby.metrics.scope import Frames, SensorUnits, Window, place_scope, portions, sensor_units
from passerby.store.contract import Store

SUMS = ("ots", "watchers", "ots_dwell", "dwell", "attention")
GENDERS = ("unknown", "male", "female")
"""Genders by number, as in `Cells`."""
AGE_GROUPS = ("unknown", "child", "young", "adult", "senior")
"""Age groups by number, as in `Cells`."""
WATCHERS_OF_GENDER = ("watchers_unknown_gender", "watchers_male", "watchers_female")
WATCHERS_OF_AGE = ("watchers_unknown_age", "watchers_child", "watchers_young", "watchers_adult", "watchers_senior")
_MS = 1000
# Cells of an answer held at one time: a dozen columns of 8 bytes each.
_CELLS = 2_000_000


def add(asked: Asked, catalogue: Catalogue, places: Sequence[Place], grid: Grid, wanted: frozenset[str]) -> None:
    """Whatever of the views of screens is wanted."""
    sums = [name for name in SUMS if name in wanted]
    kinds = wanted.intersection(WATCHERS_OF_GENDER + WATCHERS_OF_AGE)
    if not (sums or kinds):
        return
    units = sensor_units(catalogue, places, asked.frames, every=True)
    if units is None:
        return
    if sums:
        found = asked.sums("views", Window(*asked.frames.span()), {"scope": units.scope}, **asked.roles())
        unit, bucket = numbers(found, "unit"), numbers(found, "bucket")
        for name in sums:
            grid.add(name, units, unit, bucket, numbers(found, name))
    if kinds:
        found = asked.sums("view_cells", Window(*asked.frames.span()), {"scope": units.scope}, **asked.roles())
        unit, bucket, watchers = (numbers(found, name) for name in ("unit", "bucket", "watchers"))
        for names, number in zip((WATCHERS_OF_GENDER, WATCHERS_OF_AGE), _kinds(found), strict=True):
            for index, name in enumerate(names):
                chosen = number == index
                grid.add(name, units, unit[chosen], bucket[chosen], watchers[chosen])


def add_observed(
    asked: Asked, catalogue: Catalogue, places: Sequence[Place], grid: Grid, wanted: frozenset[str]
) -> None:
    """How long the screens observed, if that is wanted."""
    if "duration" in wanted and (units := sensor_units(catalogue, places, asked.frames, every=True)) is not None:
        add_duration(asked, catalogue, units, grid)


def add_duration(asked: Asked, catalogue: Catalogue, units: SensorUnits, grid: Grid) -> None:
    """How long each sensor observed, in seconds; sensors of one place that observe at the same time all count."""
    each = [
        Place("sensor", sensor, calendar)
        for sensor, calendar in zip(units.sensors.tolist(), units.calendar.tolist(), strict=True)
    ]
    times = observed_ms(asked.store, catalogue, each, asked.frames.calendars)
    buckets = [np.flatnonzero(time) for time in times]
    unit = np.repeat(np.arange(len(units)), [len(bucket) for bucket in buckets])
    time = np.concatenate([time[bucket] for time, bucket in zip(times, buckets, strict=True)])
    grid.add("duration", units, unit, np.concatenate(buckets), time / _MS)


def _kinds(found: pa.Table) -> tuple[Integers, Integers]:
    """(gender, age group) of each cell, as numbers."""
    gender, age_group = np.divmod(numbers(found, "cell"), len(AGE_GROUPS))
    return gender, age_group


def view_extent(store: Store, sensors: Sequence[int], *, role: str | None = None) -> tuple[int, int] | None:
    """The starts of the first and the last view of these sensors, UTC ms; None without any. `role` as in `compute`."""
    scope = pa.table({"sensor_id": pa.array(sensors, pa.int64())})
    (found,) = store.query("metrics/view_extent", counted_roles(role), {"scope": scope}).to_pylist()
    return None if found["first_ms"] is None else (found["first_ms"], found["last_ms"])


@dataclass(frozen=True, slots=True)
class Cells:
    """Views by kind of viewer: arrays of equal length, ordered by place, bucket, gender and age group.

    `place` and `bucket` are indexes as in `Computed`; `gender` and `age_group` are numbers of `GENDERS` and
    `AGE_GROUPS`. Only cells with views are here; times in ms.
    """

    place: Integers
    bucket: Integers
    gender: Integers
    age_group: Integers
    ots: Integers
    watchers: Integers
    ots_dwell: Integers
    dwell: Integers
    attention: Integers


def demographics(
    store: Store,
    catalogue: Catalogue,
    places: Sequence[Place],
    calendars: Sequence[Calendar],
    *,
    role: str | None = None,
) -> Iterator[Cells]:
    """The sums of views by gender and age group, some places at a time, so that memory does not grow with them."""
    frames = Frames(calendars)
    asked = Asked(store, frames, frames.slots(), role, 0)
    most = len(GENDERS) * len(AGE_GROUPS)
    for first, last in portions([most * len(calendars[place.calendar]) for place in places], _CELLS):
        scope = place_scope(catalogue, places[first:last], frames)
        if not scope.num_rows:
            continue
        found = asked.sums("view_cells", Window(*frames.span()), {"scope": scope}, **asked.roles())
        place, bucket, cell = numbers(found, "unit"), numbers(found, "bucket"), numbers(found, "cell")
        found = found.take(pa.array(np.lexsort((cell, bucket, place))))
        sums = [numbers(found, name) for name in SUMS]
        yield Cells(numbers(found, "unit") + first, numbers(found, "bucket"), *_kinds(found), *sums)
