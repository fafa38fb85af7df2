"""The pages with figures as sheets: what stands on the PDF and PNG of each, and in the mail about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from passerby.catalogue.model import Brand, Sensor, Site
from passerby.web.boards import overview_charts, screen_charts, site_charts, street_charts
from passerby.web.charts import Chart
from passerby.web.figures.comparing import Number
from passerby.web.figures.overview import HEADLINES, overview
from passerby.web.figures.screen import screen_figures
from passerby.web.figures.site import site_figures
from passerby.web.figures.street import street_figures
from passerby.web.looking import Look
from passerby.web.sheet import Listing, Sheet, Tile, Tone
from passerby.web.wording import changed, label, shown, tone

_FOOT = "Passerby. Numbers of a period that is not over yet are those up to now."
_COMPLETE = 0.98


@dataclass(frozen=True, slots=True)
class Report:
    """A page as a sheet, and its data: charts by name, and the table of the sheet's listing, if it has one."""

    sheet: Sheet
    charts: Mapping[str, Chart]
    table: pa.Table | None = None


def brand_report(look: Look, brand: Brand, sites: Sequence[Site]) -> Report:
    """The overview of a brand."""
    figures = overview(look.source, sites, look.choice)
    charts = overview_charts(figures)
    heads = ["Site", *(label(name) for name in HEADLINES), "Observed"]
    rows = [
        [row.site.name, *(_text(row.numbers[name]) for name in HEADLINES), _share(row.observed)]
        for row in sorted(figures.rows, key=lambda row: -(row.numbers["visits"].value or 0))
    ]
    zones = {site.timezone for site in sites}
    subtitle = look.days(sites[0].timezone if sites else "UTC")
    sheet = Sheet(
        brand.name,
        f"{subtitle}, each site's own clock" if len(zones) > 1 else subtitle,
        _tiles(figures.numbers, figures.observed),
        list(charts.values()),
        [Listing("Sites", heads, rows)] if rows else [],
        _FOOT,
    )
    names = ["site", "name", *HEADLINES, "observed"]
    columns: list[list[object]] = [[row.site.id for row in figures.rows], [row.site.name for row in figures.rows]]
    columns += [[row.numbers[name].value for row in figures.rows] for name in HEADLINES]
    columns.append([row.observed for row in figures.rows])
    types = [pa.int64(), pa.string(), *(pa.float64() for _ in HEADLINES), pa.float64()]
    return Report(sheet, charts, pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=names))


def site_report(look: Look, site: Site) -> Report:
    """A site."""
    figures = site_figures(look.source, site, look.choice)
    charts = site_charts(figures)
    listings = []
    if figures.zones:
        heads = ["Zone", *(label(name) for name in figures.zones[0].numbers)]
        rows = [[row.zone.name, *map(_text, row.numbers.values())] for row in figures.zones]
        listings.append(Listing("Zones", heads, rows))
    if figures.lines:
        heads = ["Line", *(label(name) for name in figures.lines[0].numbers)]
        rows = [[row.line.name, *map(_text, row.numbers.values())] for row in figures.lines]
        listings.append(Listing("Lines", heads, rows))
    sheet = Sheet(
        site.name,
        f"{look.days(site.timezone)}, {site.timezone}",
        _tiles(figures.numbers, figures.observed),
        list(charts.values()),
        listings,
        _FOOT,
    )
    return Report(sheet, charts)


def screen_report(look: Look, site: Site, sensor: Sensor) -> Report:
    """A screen."""
    figures = screen_figures(look.source, site, sensor, look.choice)
    charts = screen_charts(figures)
    sheet = Sheet(
        sensor.name or sensor.uid,
        f"{site.name}, {look.days(site.timezone)}, {site.timezone}",
        _tiles(figures.numbers, figures.observed),
        list(charts.values()),
        foot=_FOOT,
    )
    return Report(sheet, charts)


def street_report(look: Look, site: Site) -> Report:
    """The street of a site."""
    figures = street_figures(look.source, site, look.choice)
    charts = street_charts(figures)
    sheet = Sheet(
        f"{site.name}, street",
        f"{look.days(site.timezone)}, {site.timezone}",
        _tiles(figures.numbers, figures.observed),
        list(charts.values()),
        foot=_FOOT,
    )
    return Report(sheet, charts)


def _tiles(numbers: Mapping[str, Number], observed: float | None) -> list[Tile]:
    tiles: list[Tile] = []
    for number in numbers.values():
        notes: list[tuple[str, Tone]] = []
        last = number.last
        if last is not None and last.change is not None:
            text = f"{changed(last.change, number.metric)} against {shown(last.value, number.metric.unit)}"
            notes.append((text, _tone(last.change, number)))
        elif last is not None and last.value is not None:
            notes.append((f"was {shown(last.value, number.metric.unit)}", "same"))
        if last is not None and notes:
            notes.append((last.comparison.title, "same"))
        elif not tiles and observed is not None:
            notes.append((f"{_share(observed)} observed", "same" if observed >= _COMPLETE else "bad"))
        tiles.append(Tile(label(number.metric.name), _text(number), tuple(notes)))
    return tiles


def _tone(change: float, number: Number) -> Tone:
    tones: dict[str, Tone] = {"good": "good", "bad": "bad"}
    return tones.get(tone(change, number.metric), "same")


def _text(number: Number) -> str:
    return shown(number.value, number.metric.unit)


def _share(observed: float | None) -> str:
    return "–" if observed is None else f"{observed * 100:.0f} %"  # noqa: RUF001  # the sign for "none" in tables


Reporter = Callable[[Look], Report]
