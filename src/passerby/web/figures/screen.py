"""The page of a screen: who could see it, who looked, for how long, who they are, and what they saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from passerby.calendar import calendar, whole_range
from passerby.catalogue.model import Content, Sensor, Site
from passerby.metrics.audience import AGE_GROUPS, GENDERS, demographics
from passerby.metrics.contents import by_content
from passerby.metrics.distributions import MOODS, moods
from passerby.metrics.places import Place
from passerby.web.figures.asking import Source, Spot
from passerby.web.figures.comparing import Comparing, Number, Trend, known
from passerby.web.figures.period import Choice, Comparison, Span

NUMBERS = ("ots", "watchers", "conversion_ratio", "mean_attention", "mean_dwell")
AGES = tuple(age for age in AGE_GROUPS if age != "unknown")
"""Age groups that a pyramid shows, youngest first."""
CONTENT_BUCKET = "1d"
"""Impressions are computed per bucket: those of a page are of days, whatever its charts show."""


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """One screen in the list of them."""

    sensor: Sensor
    site: Site
    numbers: Mapping[str, Number]
    observed: float | None


@dataclass(frozen=True, slots=True)
class ContentRow:
    """One content as it was shown and seen; times in ms. Means are None when nobody watched."""

    content: Content | None
    plays: float
    played_ms: float
    watchers: float
    impressions: float
    mean_attention_ms: float | None
    mean_dwell_ms: float | None


@dataclass(frozen=True, slots=True)
class ScreenFigures:
    """What the page of a screen shows.

    `watchers_of[gender][age group]`: watchers, all genders and age groups of `metrics.audience`. `moods`: ms by mood.
    """

    numbers: Mapping[str, Number]
    seen: Trend
    watched: Trend
    attention: Trend
    dwell: Trend
    bucket: str
    comparisons: tuple[Comparison, ...]
    observed: float | None
    watchers_of: Mapping[str, Mapping[str, int]]
    moods: Mapping[str, int]
    contents: Sequence[ContentRow]

    @property
    def unknown(self) -> int:
        """Watchers whose gender or age group is not known: those that the pyramid leaves out."""
        return sum(
            number
            for gender, ages in self.watchers_of.items()
            for age, number in ages.items()
            if "unknown" in {gender, age}
        )


def screens(source: Source, places: Sequence[tuple[Site, Sensor]], choice: Choice) -> list[ScreenRow]:
    """Those sensors that anybody was in front of in the period or in what it is compared with, most watched first."""
    spots = [Spot("sensor", sensor.id, site.timezone) for site, sensor in places]
    compared = Comparing(source, spots, choice, NUMBERS, every_sensor=True)
    rows = [
        ScreenRow(sensor, site, numbers, share)
        for (site, sensor), numbers, share in zip(places, compared.each(), compared.shares(), strict=True)
        if numbers["ots"].value or any(each.value for each in numbers["ots"].compared)
    ]
    return sorted(rows, key=lambda row: (-(row.numbers["watchers"].value or 0), row.sensor.id))


def screen_figures(source: Source, site: Site, sensor: Sensor, choice: Choice) -> ScreenFigures:
    """The figures of a screen."""
    spot = Spot("sensor", sensor.id, site.timezone)
    compared = Comparing(source, [spot], choice, NUMBERS, every_sensor=True)
    span = compared.spans[site.timezone]
    return ScreenFigures(
        numbers=compared.each()[0],
        seen=compared.trend("ots"),
        watched=compared.trend("watchers"),
        attention=compared.trend("mean_attention", compared=False),
        dwell=compared.trend("mean_dwell", compared=False),
        bucket=compared.bucket,
        comparisons=compared.comparisons,
        observed=compared.shares()[0],
        watchers_of=kinds(source, sensor, span),
        moods=dict.fromkeys(MOODS, 0) if span is None else moods(source.store, [sensor], *span),
        contents=contents(source, site, sensor, span),
    )


def kinds(source: Source, sensor: Sensor, span: Span | None) -> dict[str, dict[str, int]]:
    """Watchers by gender and age group."""
    found = {gender: dict.fromkeys(AGE_GROUPS, 0) for gender in GENDERS}
    if span is None:
        return found
    place = Place("sensor", sensor.id)
    for cells in demographics(source.store, source.catalogue, [place], [whole_range(*span)]):
        rows = zip(cells.gender.tolist(), cells.age_group.tolist(), cells.watchers.tolist(), strict=True)
        for gender, age, watchers in rows:
            found[GENDERS[gender]][AGE_GROUPS[age]] += watchers
    return found


def contents(source: Source, site: Site, sensor: Sensor, span: Span | None) -> list[ContentRow]:
    """What was played or seen, most impressions first."""
    if span is None:
        return []
    place = Place("sensor", sensor.id)
    days = calendar(CONTENT_BUCKET, site.timezone, *span)
    sums: dict[int, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for rows in by_content(source.store, source.catalogue, [place], [days]):
        columns = (
            rows.play_count, rows.content_duration, rows.watchers, rows.impressions, rows.attention, rows.dwell
        )  # fmt: skip
        for content, *values in zip(rows.content.tolist(), *(each.tolist() for each in columns), strict=True):
            sums[content] = sums.get(content, np.zeros(len(columns))) + np.array(values)
    made = []
    for content, (plays, played, watchers, impressions, attention, dwell) in sums.items():
        means = [known(value / watchers) if watchers else None for value in (attention, dwell)]
        made.append(ContentRow(source.catalogue.contents.get(content), plays, played, watchers, impressions, *means))
    return sorted(made, key=lambda row: (-row.impressions, -row.plays, row.content.id if row.content else 0))
