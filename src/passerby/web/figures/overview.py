"""The overview of a brand: its sites together, each of them, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from passerby.catalogue.model import Sensor, Site
from passerby.live import SiteNow
from passerby.web.figures.asking import Source, Spot
from passerby.web.figures.comparing import Comparing, Number, Trend
from passerby.web.figures.period import Choice, Comparison

HEADLINES = ("visits", "turn_in_rate", "mean_dwell_time", "walk_bys")
"""What an overview tells of each site and of all together, in this order."""
SILENT_MS = 86_400_000
"""A sensor that sent nothing for so long is called silent."""
SHOWN_BEST = 3


@dataclass(frozen=True, slots=True)
class Silent:
    """A sensor that sent nothing for a day; `last_ms` None: never anything."""

    sensor: Sensor
    site: Site
    last_ms: int | None


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site. `observed` is the share of its span, `occupancy` how many are in now (None: not known)."""

    site: Site
    numbers: Mapping[str, Number]
    observed: float | None
    sensors: int
    silent: tuple[Silent, ...] = ()
    occupancy: float | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows. `observed`: the share of the period, averaged over the sites that have sensors."""

    numbers: Mapping[str, Number]
    rows: tuple[SiteRow, ...]
    trend: Trend
    comparisons: tuple[Comparison, ...]
    observed: float | None
    sites_observed: int
    bucket: str
    occupancy: float | None
    silent: tuple[Silent, ...]

    @property
    def best(self) -> list[SiteRow]:
        """The sites whose visits grew most (where nothing is compared: that have most), largest first."""
        return self._ranked()[:SHOWN_BEST]

    @property
    def worst(self) -> list[SiteRow]:
        """Of the others those that did least well, smallest first."""
        return self._ranked()[SHOWN_BEST:][: -SHOWN_BEST - 1 : -1]

    def _ranked(self) -> list[SiteRow]:
        rows = [(merit, row) for row in self.rows if (merit := _merit(row)) is not None]
        return [row for _, row in sorted(rows, key=lambda each: (-each[0], each[1].site.id))]


def overview(
    source: Source, sites: Sequence[Site], choice: Choice, now: Mapping[int, SiteNow] | None = None
) -> Overview:
    """The overview of some sites. `now`: the live state of each; None when it cannot be told at the moment."""
    spots = [Spot("site", site.id, site.timezone) for site in sites]
    compared = Comparing(source, spots, choice, HEADLINES)
    rows = []
    for site, numbers, share in zip(sites, compared.each(), compared.shares(), strict=True):
        sensors = sum(source.catalogue.sensors[each].active for each in site.sensor_ids)
        state = None if now is None else now.get(site.id)
        occupancy = state.occupancy if state is not None and sensors else None
        rows.append(
            SiteRow(site, numbers, share if sensors else None, sensors, silent_sensors(source, site, state), occupancy)
        )
    shares = [row.observed for row in rows if row.observed is not None]
    counted = [row.occupancy for row in rows if row.occupancy is not None]
    return Overview(
        numbers=compared.together(),
        rows=tuple(rows),
        trend=compared.trend("visits"),
        comparisons=compared.comparisons,
        observed=sum(shares) / len(shares) if shares else None,
        sites_observed=sum(share > 0 for share in shares),
        bucket=compared.bucket,
        occupancy=sum(counted) if counted else None,
        silent=tuple(silent for row in rows for silent in row.silent),
    )


def silent_sensors(source: Source, site: Site, state: SiteNow | None) -> tuple[Silent, ...]:
    """The active sensors of a site that sent nothing for a day; none when it is not known."""
    if state is None:
        return ()
    last = dict(state.sensors)
    return tuple(
        Silent(sensor, site, at)
        for sensor in (source.catalogue.sensors[each] for each in site.sensor_ids)
        if sensor.active and ((at := last.get(sensor.id)) is None or at < source.now_ms - SILENT_MS)
    )


def _merit(row: SiteRow) -> float | None:
    visits = row.numbers["visits"]
    return visits.last.change if visits.last else visits.value
