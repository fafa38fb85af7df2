"""The page of a street: vehicles by class, pedestrians, and how many people are there at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from passerby.catalogue.model import Site
from passerby.metrics.ratios import RATIOS
from passerby.web.figures.asking import Source, Spot
from passerby.web.figures.comparing import Comparing, Number, Trend, known
from passerby.web.figures.period import Choice, Comparison, Span

CLASSES: Mapping[str, str] = {
    "vehicle_car": "Cars",
    "vehicle_van": "Vans",
    "vehicle_truck": "Trucks",
    "vehicle_bus": "Buses",
    "vehicle_bike": "Bikes",
    "vehicle_unknown": "Others",
}
NUMBERS = ("footfall_count", "vehicle_count", "vehicle_impressions", "impressions_per_vehicle", *CLASSES)
LISTED = ("footfall_count", "vehicle_count", "vehicle_impressions")
MULTIPLIERS = ("im_footfall", "im_vehicle", "im")


@dataclass(frozen=True, slots=True)
class StreetRow:
    """One street in the list of them."""

    site: Site
    numbers: Mapping[str, Number]
    observed: float | None


@dataclass(frozen=True, slots=True)
class StreetFigures:
    """What the page of a street shows.

    `hours[metric][h]`: the multiplier of the local hour h, over all days; None where that hour was never observed.
    `replaced`: hours whose row was taken from one week before.
    """

    numbers: Mapping[str, Number]
    pedestrians: Trend
    vehicles: Trend
    bucket: str
    comparisons: tuple[Comparison, ...]
    observed: float | None
    hours: Mapping[str, Sequence[float | None]]
    replaced: int


def streets(source: Source, sites: Sequence[Site], choice: Choice) -> list[StreetRow]:
    """Those sites that anything passed in the period or in what it is compared with, most people first."""
    spots = [Spot("site", site.id, site.timezone) for site in sites]
    compared = Comparing(source, spots, choice, LISTED)
    rows = [
        StreetRow(site, numbers, share)
        for site, numbers, share in zip(sites, compared.each(), compared.shares(), strict=True)
        if any(number.value or any(each.value for each in number.compared) for number in numbers.values())
    ]
    return sorted(rows, key=lambda row: (-sum(row.numbers[name].value or 0 for name in LISTED[:2]), row.site.id))


def street_figures(source: Source, site: Site, choice: Choice) -> StreetFigures:
    """The figures of a street."""
    spot = Spot("site", site.id, site.timezone)
    compared = Comparing(source, [spot], choice, NUMBERS)
    hours, replaced = multipliers(source, spot, compared.spans[site.timezone])
    return StreetFigures(
        numbers=compared.each()[0],
        pedestrians=compared.trend("footfall_count", compared=False),
        vehicles=compared.trend("vehicle_count", compared=False),
        bucket=compared.bucket,
        comparisons=compared.comparisons,
        observed=compared.shares()[0] if site.sensor_ids else None,
        hours=hours,
        replaced=replaced,
    )


def multipliers(source: Source, spot: Spot, span: Span | None) -> tuple[dict[str, list[float | None]], int]:
    """(impression multipliers by local hour of the day, hours taken from one week before).

    Of several days they are made of the sums of their parts, over as many hours as were observed or replaced.
    """
    nothing: dict[str, list[float | None]] = {name: [None] * 24 for name in MULTIPLIERS}
    if span is None:
        return nothing, 0
    spans: dict[str, Span | None] = {spot.zone: span}
    answer = source.ask([*MULTIPLIERS, "im_backup"], [spot], spans, "1h")
    shown = answer.line("im", source.observed([spot], spans, "1h"))
    hour_of = np.array([datetime.fromisoformat(label).hour for label in shown.labels], dtype=np.int64)
    counted = ~np.isnan(shown.values)
    hours = np.bincount(hour_of[counted], minlength=24)
    for name in MULTIPLIERS:
        ratio = RATIOS[name]
        parts = [np.bincount(hour_of, answer.line(part).values, minlength=24) for part in ratio.parts]
        sums = ratio.of(*parts)
        nothing[name] = [known(value / count) if count else None for value, count in zip(sums, hours, strict=True)]
    return nothing, round(answer.total("im_backup"))
