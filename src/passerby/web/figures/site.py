"""The page of a site: its people, when they come, how long they stay, its zones and lines, WiFi beside cameras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from passerby.calendar import DAY_MS
from passerby.catalogue.model import Line, Sensor, Site, Zone
from passerby.metrics.distributions import stay_minutes
from passerby.metrics.metric import Metric
from passerby.metrics.places import Place
from passerby.metrics.registry import METRICS
from passerby.web.figures.asking import Source, Spot
from passerby.web.figures.comparing import Comparing, Number, Trend
from passerby.web.figures.period import Choice, Comparison, Span

NUMBERS = (
    "visits",
    "turn_in_rate",
    "mean_dwell_time",
    "group_visits",
    "peak_occupancy",
    "walk_bys",
    "bounces",
)
WIFI = ("wifi_visits", "wifi_new_visitors", "wifi_returning_visitors", "wifi_walk_bys")
ZONE = ("zone_visits", "zone_mean_dwell_time", "zone_peak_visits")
LINE = ("line_in", "line_out")
STAYS: Mapping[str, tuple[int, int | None]] = {
    "under 1 min": (0, 1),
    "1 to 2": (1, 2),
    "2 to 5": (2, 5),
    "5 to 10": (5, 10),
    "10 to 15": (10, 15),
    "15 to 30": (15, 30),
    "30 to 60": (30, 60),
    "over 1 h": (60, None),
}
"""Bins of how long visits last: from so many whole minutes to so many, exclusive."""
_WEEK_DAYS = 7
_TYPICAL_DAYS = 28


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone with its metrics."""

    zone: Zone
    sensor: Sensor
    numbers: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line with its metrics."""

    line: Line
    sensor: Sensor
    numbers: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Week:
    """The mean of a metric's hours by (weekday from Monday = 0, hour), over `days` days; None: never observed."""

    metric: Metric
    values: Mapping[tuple[int, int], float | None]
    days: int


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """What the page of a site shows. `stays`: visits by bin of `STAYS`."""

    numbers: Mapping[str, Number]
    trend: Trend
    bucket: str
    comparisons: tuple[Comparison, ...]
    observed: float | None
    week: Week
    stays: Mapping[str, int]
    zones: Sequence[ZoneRow]
    lines: Sequence[LineRow]
    gates: tuple[Trend, Trend] | None
    wifi: Mapping[str, Number] | None
    wifi_trend: Trend | None


def site_figures(source: Source, site: Site, choice: Choice) -> SiteFigures:
    """The figures of a site."""
    spot = Spot("site", site.id, site.timezone)
    people = Comparing(source, [spot], choice, NUMBERS)
    span = people.spans[site.timezone]
    wifi = Comparing(source, [spot], choice, WIFI)
    heard = any(number.value for number in wifi.together().values())
    sensors = [source.catalogue.sensors[each] for each in site.sensor_ids]
    lines = [(sensor, line) for sensor in sensors for line in sensor.lines.values()]
    gates = _parts(source, choice, site, "line", [(sensor.id, line.id) for sensor, line in lines], LINE)
    zones = [(sensor, zone) for sensor in sensors for zone in sensor.zones.values()]
    areas = _parts(source, choice, site, "zone", [(sensor.id, zone.id) for sensor, zone in zones], ZONE)
    return SiteFigures(
        numbers=people.each()[0],
        trend=people.trend("visits"),
        bucket=people.bucket,
        comparisons=people.comparisons,
        observed=people.shares()[0] if sensors else None,
        week=week(source, spot, "visits", span),
        stays=stays(source, site, span),
        zones=[
            ZoneRow(zone, sensor, numbers)
            for (sensor, zone), numbers in zip(zones, areas.each() if areas else [], strict=True)
        ],
        lines=[
            LineRow(line, sensor, numbers)
            for (sensor, line), numbers in zip(lines, gates.each() if gates else [], strict=True)
        ],
        gates=(gates.trend("line_in", compared=False), gates.trend("line_out", compared=False)) if gates else None,
        wifi=wifi.each()[0] if heard else None,
        wifi_trend=wifi.trend("wifi_visits", compared=False) if heard else None,
    )


def week(source: Source, spot: Spot, metric: str, span: Span | None) -> Week:
    """A usual week: of a span shorter than one, the four weeks until its end."""
    if span is None:
        return Week(METRICS[metric], {}, 0)
    start = span.start_ms
    if span.end_ms - start < _WEEK_DAYS * DAY_MS - 1:
        start = span.end_ms - _TYPICAL_DAYS * DAY_MS
    spans: dict[str, Span | None] = {spot.zone: Span(start, span.end_ms)}
    hours = source.ask([metric], [spot], spans, "1h").line(metric, source.observed([spot], spans, "1h"))
    found: dict[tuple[int, int], list[float]] = {}
    for label, value in zip(hours.labels, hours.values.tolist(), strict=True):
        at = datetime.fromisoformat(label)
        if not np.isnan(value):
            found.setdefault((at.weekday(), at.hour), []).append(value)
    values = {key: sum(some) / len(some) for key, some in found.items()}
    return Week(METRICS[metric], values, round((span.end_ms - start) / DAY_MS))


def stays(source: Source, site: Site, span: Span | None) -> dict[str, int]:
    """Visits by how long they lasted, as `STAYS` says."""
    found = dict.fromkeys(STAYS, 0)
    if span is None:
        return found
    minutes = stay_minutes(source.store, source.catalogue, Place("site", site.id), span.start_ms, span.end_ms)
    for name, (low, high) in STAYS.items():
        found[name] = sum(visits for at, visits in minutes.items() if low <= at and (high is None or at < high))
    return found


def _parts(  # noqa: PLR0913, PLR0917  # where, when and what
    source: Source, choice: Choice, site: Site, level: str, keys: Sequence[tuple[int, int]], metrics: Sequence[str]
) -> Comparing | None:
    """The metrics of zones or lines; None when there are none."""
    spots = [Spot(level, key, site.timezone) for key in keys]  # type: ignore[arg-type]  # both are levels
    return Comparing(source, spots, choice, metrics) if spots else None
