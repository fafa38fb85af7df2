"""The metrics of zones and lines."""

from __future__ import annotations

import numpy as np

from passerby.metrics import kernels
from passerby.metrics.grid import Grid
from passerby.metrics.people import Asked, counted, floats, numbers
from passerby.metrics.scope import PartUnits, Window
from passerby.store.contract import Parameter


def add_zone_sums(asked: Asked, units: PartUnits, grid: Grid, window: Window) -> None:
    """zone_visits and zone_dwell_time, added up by the engine."""
    found = asked.sums("zones", window, {"scope": units.scope}, **asked.roles())
    unit, bucket = numbers(found, "unit"), numbers(found, "bucket")
    for name in ("zone_visits", "zone_dwell_time"):
        grid.add(name, units, unit, bucket, numbers(found, name))


def add_zone_peaks(asked: Asked, units: PartUnits, grid: Grid, window: Window, *, sums: bool) -> None:
    """zone_peak_visits and, with `sums`, the other two from the same rows: a second scan would cost more."""
    parameters: dict[str, Parameter] = {"start_ms": window.start, "end_ms": window.end, **asked.roles()}
    found = asked.store.query("metrics/zone_rows", parameters, {"scope": units.scope})
    unit, start, end = numbers(found, "unit"), numbers(found, "started_ms"), numbers(found, "ended_ms")
    # Those who are there already begin before every bucket of the window, so only carrying counts them.
    origin = window.start - 1
    steps = kernels.steps_of_stays(unit, np.maximum(start, origin), np.minimum(end, window.end), origin)
    windows = units.windows(asked.frames, window)
    highest = kernels.maxima(
        steps,
        kernels.keys(windows.unit, windows.begin, origin),
        kernels.keys(windows.unit, windows.end, origin),
        windows.begin <= asked.now_ms,
    )
    grid.add("zone_peak_visits", units, windows.unit, windows.bucket, highest)
    if sums:
        inside = counted(asked.frames, units, unit, start, window)
        unit, start = unit[inside], start[inside]
        bucket = asked.frames.buckets(units.calendar[unit], start)
        grid.add("zone_visits", units, unit, bucket, np.ones(len(unit)))
        grid.add("zone_dwell_time", units, unit, bucket, numbers(found, "dwell_ms")[inside])


def add_lines(asked: Asked, units: PartUnits, grid: Grid, window: Window) -> None:
    """line_in and line_out."""
    found = asked.sums("lines", window, {"scope": units.scope}, **asked.roles(), with_counts=asked.with_roleless)
    unit, bucket = numbers(found, "unit"), numbers(found, "bucket")
    for name in ("line_in", "line_out"):
        grid.add_scaled(name, units, unit, bucket, kernels.scaled(floats(found, name)))
