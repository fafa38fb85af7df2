"""The metrics of WiFi devices, of sites and sensors as of zones.

A site counts the observations that name no zone, a zone those that name it: a scanner that tells both tells one
visit of the site and one of each zone. A device was *seen before* when any of the site's sensors heard it at an
earlier instant of the same local day, since a device keeps its hash for one local day of one site
(`ingest.privacy`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from passerby.calendar import DAY_MS
from passerby.catalogue.model import Catalogue
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
    "wifi_dwell_time",
    "wifi_under_15",
    "wifi_15_30",
    "wifi_30_45",
    "wifi_45_60",
    "wifi_over_60",
)
VISITORS = ("wifi_new_visitors", "wifi_returning_visitors")

# A local day is at most some 25 hours long; a stretch of twice a day holds it in every zone.
_SEEN_MS = 2 * DAY_MS
# Stands in `part_id` for observations that name no zone.
_NO_ZONE = -1


def tables(catalogue: Catalogue, units: SiteUnits | PartUnits) -> tuple[pa.Table, pa.Table]:
    """(scope: the units' with the settings of their sites; sensors: all sensors of these sites)."""
    scope = units.scope
    sensor_ids = scope.column("sensor_id").to_pylist()
    site_ids = [catalogue.sensors[sensor_id].site_id for sensor_id in sensor_ids]
    sites = {site_id: catalogue.sites[site_id] for site_id in site_ids}
    settings = {site_id: catalogue.settings_of_site(site) for site_id, site in sites.items()}
    rssi = {site_id: each.integer("wifi_visit_rssi") for site_id, each in settings.items()}
    bounce = {site_id: each.ms("wifi_bounce_s") for site_id, each in settings.items()}
    names = ["unit", "slot_base", "slot_origin_ms", "slot_ms", "range_start_ms", "range_end_ms", "sensor_id"]
    parts = scope.column("part_id") if isinstance(units, PartUnits) else np.full(len(sensor_ids), _NO_ZONE)
    columns = {
        **{name: scope.column(name) for name in names},
        "part_id": parts,
        "site_id": _integers([*site_ids]),
        "visit_rssi": _integers([rssi[site_id] for site_id in site_ids]),
        "bounce_ms": _integers([bounce[site_id] for site_id in site_ids]),
    }
    pairs = [(sensor_id, site.id) for site in sites.values() for sensor_id in site.sensor_ids]
    sensors = {"sensor_id": _integers([pair[0] for pair in pairs]), "site_id": _integers([pair[1] for pair in pairs])}
    return pa.table(columns), pa.table(sensors)


def add_sums(asked: Asked, units: SiteUnits | PartUnits, grid: Grid, window: Window, scope: pa.Table) -> None:
    """Everything but new and returning visitors; `scope` as `tables` gives it."""
    _add(grid, units, asked.sums("wifi", window, {"scope": scope}), SUMS)


def add_visitors(
    asked: Asked, units: SiteUnits | PartUnits, grid: Grid, window: Window, found: tuple[pa.Table, pa.Table]
) -> None:
    """New and returning visitors; `found` is what `tables` gives."""
    more: dict[str, Parameter] = {"seen_ms": window.start - _SEEN_MS}
    answer = asked.sums("wifi_visitors", window, {"scope": found[0], "sensors": found[1]}, **more)
    _add(grid, units, answer, VISITORS)


def _add(grid: Grid, units: SiteUnits | PartUnits, found: pa.Table, names: Sequence[str]) -> None:
    unit, bucket = numbers(found, "unit"), numbers(found, "bucket")
    for name in names:
        if name in grid.metrics:
            grid.add(name, units, unit, bucket, numbers(found, name))


def _integers(values: Sequence[int]) -> Integers:
    return np.array(values, dtype=np.int64)
