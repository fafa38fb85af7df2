"""The metrics of WiFi devices, of sites and sensors as of zones.

A site counts the observations that name no zone, a zone those that name it: a scanner that tells both tells one
visit of the site and one of each zone. A device was *seen before* when any of the site's sensors heard it at an
earlier instant of the same period: the local day, week (from Monday) or month for which a device keeps its hash, or
all time (`wifi_key_rotation`, `ingest.wifi_keys`). The period is that of the rotation and zone now in force. Where they
were changed, devices that are stored under an older, longer period are not recognised beyond the present one's, and
those of an older, shorter one cannot be.

`wifi_randomized` decides about devices with made-up addresses: their visits count like others (`count`), count without
being new or returning (`visits_only`), or do not count at all, even if they were stored before that was set (`drop`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from passerby.calendar import calendar
from passerby.catalogue.model import Catalogue, Site
from passerby.ingest.wifi_keys import EVER, SIZES, KeyRule
from passerby.metrics.grid import Grid
from passerby.metrics.people import Asked, numbers
from passerby.metrics.places import Integers
from passerby.metrics.scope import PartUnits, SiteUnits, Window
from passerby.store.contract import Parameter

SUMS = (
    "wifi_all_visits",
    "wifi_visits",
    "wifi_bounces",
    "wifi_walk_bys",
    "wifi_randomized_visits",
    "wifi_dwell_time",
    "wifi_under_15",
    "wifi_15_30",
    "wifi_30_45",
    "wifi_45_60",
    "wifi_over_60",
)
VISITORS = ("wifi_new_visitors", "wifi_returning_visitors")

# Stands in `part_id` for observations that name no zone.
_NO_ZONE = -1
# Slot numbers of different clocks must not meet, as those of calendars (`scope`).
_CLOCK_STRIDE = 1 << 34


@dataclass(frozen=True, slots=True)
class Scanned:
    """What is looked at: `scope`, the units' sensors with the settings of their sites, and these sites."""

    scope: pa.Table
    sites: Sequence[Site]
    catalogue: Catalogue


def scanned(catalogue: Catalogue, units: SiteUnits | PartUnits) -> Scanned:
    """The scope of units, as the queries need it."""
    scope = units.scope
    sensor_ids = scope.column("sensor_id").to_pylist()
    site_ids = [catalogue.sensors[sensor_id].site_id for sensor_id in sensor_ids]
    sites = {site_id: catalogue.sites[site_id] for site_id in site_ids}
    settings = {site_id: catalogue.settings_of_site(site) for site_id, site in sites.items()}
    rssi = {site_id: each.integer("wifi_visit_rssi") for site_id, each in settings.items()}
    bounce = {site_id: each.ms("wifi_bounce_s") for site_id, each in settings.items()}
    randomized = {site_id: each.text("wifi_randomized") != "drop" for site_id, each in settings.items()}
    names = ["unit", "slot_shift_ms", "slot_ms", "range_start_ms", "range_end_ms", "sensor_id"]
    parts = scope.column("part_id") if isinstance(units, PartUnits) else np.full(len(sensor_ids), _NO_ZONE)
    columns = {
        **{name: scope.column(name) for name in names},
        "part_id": parts,
        "visit_rssi": _integers([rssi[site_id] for site_id in site_ids]),
        "bounce_ms": _integers([bounce[site_id] for site_id in site_ids]),
        "with_randomized": pa.array([randomized[site_id] for site_id in site_ids], pa.bool_()),
    }
    return Scanned(pa.table(columns), list(sites.values()), catalogue)


def recognition(found: Scanned, window: Window) -> tuple[pa.Table, pa.Table]:
    """(sensors: all of the sites, with where their periods find their slots; periods: the period of each slot)."""
    rows: list[tuple[int, int, int, int, int, int, bool]] = []
    slots, periods = [], []
    clocks: dict[tuple[str, str], tuple[int, int, int, int]] = {}
    for site in found.sites:
        _, timezone, rotation = KeyRule.of(found.catalogue, site)
        clock = clocks.get((timezone, rotation))
        if clock is None:
            base = len(clocks) * _CLOCK_STRIDE
            if rotation == EVER.rotation:
                clock = (base, EVER.start_ms, EVER.end_ms, EVER.start_ms)
                bucket = np.zeros(1, dtype=np.int32)
            else:
                days = calendar(SIZES[rotation], timezone, window.start, window.end)
                clock = (base, int(days.starts[0]), days.slot_ms, int(days.starts[0]))
                bucket = days.slots()[1]
            clocks[timezone, rotation] = clock
            slots.append(np.arange(base, base + len(bucket)))
            periods.append(bucket)
        settings = found.catalogue.settings_of_site(site)
        with_randomized = settings.text("wifi_randomized") == "count"
        rows += [(sensor_id, site.id, *clock, with_randomized) for sensor_id in site.sensor_ids]
    names = ("sensor_id", "site_id", "period_base", "period_origin_ms", "period_ms", "seen_ms")
    columns = {name: _integers([row[at] for row in rows]) for at, name in enumerate(names)}
    sensors = pa.table({**columns, "with_randomized": pa.array([row[-1] for row in rows], pa.bool_())})
    return sensors, pa.table({"slot": np.concatenate(slots), "period": np.concatenate(periods)})


def add_sums(asked: Asked, units: SiteUnits | PartUnits, grid: Grid, window: Window, found: Scanned) -> None:
    """Everything but new and returning visitors; `found` as `scanned` gives it."""
    _add(grid, units, asked.sums("wifi", window, {"scope": found.scope}), SUMS)


def add_visitors(asked: Asked, units: SiteUnits | PartUnits, grid: Grid, window: Window, found: Scanned) -> None:
    """New and returning visitors; `found` as `scanned` gives it."""
    if not found.sites:  # nothing stands in any of them
        return
    sensors, periods = recognition(found, window)
    more: dict[str, Parameter] = {"seen_ms": min(sensors.column("seen_ms").to_pylist())}
    tables = {"scope": found.scope, "sensors": sensors, "periods": periods}
    _add(grid, units, asked.sums("wifi_visitors", window, tables, **more), VISITORS)


def _add(grid: Grid, units: SiteUnits | PartUnits, found: pa.Table, names: Sequence[str]) -> None:
    unit, bucket = numbers(found, "unit"), numbers(found, "bucket")
    for name in names:
        if name in grid.metrics:
            grid.add(name, units, unit, bucket, numbers(found, name))


def _integers(values: Sequence[int]) -> Integers:
    return np.array(values, dtype=np.int64)
