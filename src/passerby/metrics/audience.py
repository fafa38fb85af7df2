"""The metrics of screens: who could see, who looked, for how long, and how long anybody would have been seen.

For authors of dialects. Everything here is asked for by `compute.compute` with names of the registry:

    compute(store, catalogue, ["ots", "watchers", "dwell", "attention", "conversion_ratio", "duration"], places,
            calendars)

Places are sensors, sites or brands; a site is the sum over all of its sensors, entry points or not. The answer holds
values other than 0 only; what was not observed at all is told by `observing.observed(..., every_sensor=True)`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from passerby.catalogue.model import Catalogue
from passerby.metrics.grid import Grid
from passerby.metrics.observing import observed_ms
from passerby.metrics.people import Asked, numbers
from passerby.metrics.places import Place
from passerby.metrics.scope import SensorUnits, Window, sensor_units

SUMS = ("ots", "watchers", "ots_dwell", "dwell", "attention")
_MS = 1000


def add(asked: Asked, catalogue: Catalogue, places: Sequence[Place], grid: Grid, wanted: frozenset[str]) -> None:
    """Whatever of the metrics of screens is wanted."""
    sums = [name for name in SUMS if name in wanted]
    if not sums and "duration" not in wanted:
        return
    units = sensor_units(catalogue, places, asked.frames, every=True)
    if units is None:
        return
    if sums:
        found = asked.sums("views", Window(*asked.frames.span()), {"scope": units.scope}, **asked.roles())
        unit, bucket = numbers(found, "unit"), numbers(found, "bucket")
        for name in sums:
            grid.add(name, units, unit, bucket, numbers(found, name))
    if "duration" in wanted:
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
