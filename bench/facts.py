"""A year of made-up facts, written straight into the store's own tables, in order of arrival.

Each day is drawn from its own seed and always for all sites, so that a smaller data set (fewer days, fewer
sites) holds exactly the rows that the larger one holds for those days and sites, and answers can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from bench import network
from passerby import observations

SEED = 20_250_101
DAY_MS = 86_400_000
VISITS_PER_SITE_AND_DAY = 275
# Beside each visit, on average.
PASSAGES_PER_VISIT = 0.5
ZONE_VISITS_PER_VISIT = 0.5
SIDE_DOOR_CROSSINGS = 60
OPENING_MS = 9 * 3_600_000
OPEN_FOR_MS = 12 * 3_600_000

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is stored: the last `days` of the year, of the first `sites` sites."""

    name: str
    days: int
    sites: int

    @property
    def first_day(self) -> datetime:
        """The first UTC day that holds facts."""
        return network.YEAR_END - timedelta(days=self.days)


SIZES = {size.name: size for size in (Size("1M", 18, 200), Size("10M", 36, 1_000), Size("100M", 365, 1_000))}


def day_of_facts(day: datetime, sites: int, first_seq: int) -> dict[str, pa.Table]:
    """The facts of one UTC day by kind, as the store keeps them, sorted by arrival and numbered from `first_seq`."""
    draw = _Draw(day)
    kinds = {
        "visit": draw.visits(),
        "zone_visit": draw.zone_visits(),
        "passage": draw.passages(),
        "crossing": draw.crossings(),
        "uptime": draw.uptimes(),
    }
    kept = {kind: _first_sites(arrays, sites) for kind, arrays in kinds.items()}
    _number(kept, first_seq)
    return {kind: _table(kind, arrays) for kind, arrays in kept.items()}


class _Draw:
    """The random draws of one day; the order of the calls is part of what the seed gives."""

    def __init__(self, day: datetime) -> None:
        self.random = np.random.default_rng([SEED, day.toordinal()])
        self.day_ms = int(day.timestamp() * 1000)
        self.sites = np.arange(1, network.SITES + 1)
        zones = {name: _offset_ms(name, day) for name in network.TIME_ZONES}
        self.offset_ms = np.array([zones[network.time_zone(int(site))] for site in self.sites])

    def visits(self) -> Arrays:
        arrays = self._stays(VISITS_PER_SITE_AND_DAY, mean_log_s=6.0, sigma=0.9)
        rows = len(arrays["site"])
        chance = self.random.random(rows)
        bounce = chance < 0.08
        arrays["ended_ms"] = np.where(
            bounce, arrays["started_ms"] + self.random.integers(500, 5_000, rows), arrays["ended_ms"]
        )
        arrays["ended_ms"] = np.ma.array(arrays["ended_ms"], mask=chance > 0.98)
        arrays["role"] = np.where(self.random.random(rows) < 0.01, "staff", None)
        group = self.random.integers(0, 1_000_000, rows)
        has_group = self.random.random(rows) < 0.03
        arrays["visit_group"] = [
            str(g) if has else None for g, has in zip(group.tolist(), has_group.tolist(), strict=True)
        ]
        return arrays

    def zone_visits(self) -> Arrays:
        arrays = self._stays(VISITS_PER_SITE_AND_DAY * ZONE_VISITS_PER_VISIT, mean_log_s=3.0, sigma=1.0)
        rows = len(arrays["site"])
        arrays["zone_id"] = self.random.choice(network.ZONE_IDS, rows)
        arrays["role"] = np.where(self.random.random(rows) < 0.01, "staff", None)
        return arrays

    def passages(self) -> Arrays:
        arrays = self._stays(VISITS_PER_SITE_AND_DAY * PASSAGES_PER_VISIT, mean_log_s=1.5, sigma=0.5)
        vehicle = self.random.random(len(arrays["site"])) < 0.05
        arrays["class"] = np.where(vehicle, "bike", "person")
        return arrays

    def crossings(self) -> Arrays:
        sites = np.repeat(np.array(network.side_door_sites()), SIDE_DOOR_CROSSINGS)
        started = self._instants(sites)
        outward = self.random.random(len(sites)) < 0.5
        return {
            "site": sites,
            "sensor_id": sites + network.side_door_sensor(0),
            "started_ms": started,
            "received_ms": started + self.random.integers(100, 3_000, len(sites)),
            "identity": self._identities(len(sites)),
            "line_id": np.full(len(sites), network.LINE_ID),
            "direction": np.where(outward, "out", "in"),
            "class": np.full(len(sites), "person"),
            "also_visit": np.zeros(len(sites), dtype=bool),
        }

    def uptimes(self) -> Arrays:
        started = np.full(network.SITES, self.day_ms)
        return {
            "site": self.sites,
            "sensor_id": self.sites + network.door_sensor(0),
            "started_ms": started,
            "ended_ms": started + DAY_MS,
            "received_ms": started + DAY_MS,
            "identity": self._identities(network.SITES),
        }

    def _stays(self, per_site: float, mean_log_s: float, sigma: float) -> Arrays:
        sites = np.repeat(self.sites, self.random.poisson(per_site, network.SITES))
        started = self._instants(sites)
        lasted_s = np.minimum(self.random.lognormal(mean_log_s, sigma, len(sites)), 4 * 3600)
        ended = started + (lasted_s * 1000).astype(np.int64)
        return {
            "site": sites,
            "sensor_id": sites + network.door_sensor(0),
            "started_ms": started,
            "ended_ms": ended,
            "received_ms": ended + self.random.integers(100, 3_000, len(sites)),
            "identity": self._identities(len(sites)),
        }

    def _instants(self, sites: np.ndarray) -> np.ndarray:
        """Instants within the opening hours of each site, busiest at noon and towards the evening."""
        rows = len(sites)
        noon = self.random.normal(0.3, 0.1, rows)
        evening = self.random.normal(0.75, 0.12, rows)
        even = self.random.random(rows)
        which = self.random.random(rows)
        part = np.select([which < 0.25, which < 0.55], [noon, evening], even)
        local = OPENING_MS + (np.clip(part, 0, 0.999_999) * OPEN_FOR_MS).astype(np.int64)
        return self.day_ms + (local - self.offset_ms[sites - 1]) % DAY_MS

    def _identities(self, rows: int) -> np.ndarray:
        return self.random.integers(-(2**63), 2**63 - 1, rows)


def _first_sites(arrays: Arrays, sites: int) -> Arrays:
    keep = arrays.pop("site") <= sites
    kept = {name: pa.array(values).filter(pa.array(keep)) for name, values in arrays.items()}
    order = np.argsort(kept["received_ms"].to_numpy(), kind="stable")
    return {name: values.take(pa.array(order)) for name, values in kept.items()}


def _number(kinds: Mapping[str, Arrays], first_seq: int) -> None:
    """Give every row its number in the order of arrival over all kinds."""
    received = np.concatenate([arrays["received_ms"].to_numpy() for arrays in kinds.values()])
    rank = np.empty(len(received), dtype=np.int64)
    rank[np.argsort(received, kind="stable")] = np.arange(first_seq, first_seq + len(received))
    begin = 0
    for arrays in kinds.values():
        end = begin + len(arrays["received_ms"])
        arrays["seq"] = pa.array(rank[begin:end])
        begin = end


def _table(kind: str, arrays: Arrays) -> pa.Table:
    schema = observations.table(kind).schema
    rows = len(arrays["seq"])
    columns = [arrays[f.name].cast(f.type) if f.name in arrays else pa.nulls(rows, f.type) for f in schema]
    return pa.table(columns, schema=schema)


def write(connection: Any, size: Size, progress: Callable[[int, int], None]) -> int:
    """Fill the fact tables behind `connection`; returns the number of rows. `progress(days done, rows)`."""
    rows = 0
    for number in range(size.days):
        tables = day_of_facts(size.first_day + timedelta(days=number), size.sites, first_seq=rows + 1)
        connection.execute("begin")
        for kind, arrow in tables.items():
            connection.register("day_of_facts", arrow)
            connection.execute(f"insert into {observations.table(kind).name} select * from day_of_facts")
            connection.unregister("day_of_facts")
            rows += arrow.num_rows
        connection.execute("commit")
        progress(number + 1, rows)
    connection.execute("checkpoint")
    return rows


def iso(instant_ms: float) -> str:
    """RFC 3339 of UTC milliseconds."""
    return datetime.fromtimestamp(instant_ms / 1000, UTC).isoformat()


def offset_ms(site_id: int) -> int:
    """What a site's clock is ahead of UTC at the year's end."""
    return _offset_ms(network.time_zone(site_id), network.YEAR_END)


def _offset_ms(zone: str, instant: datetime) -> int:
    offset = instant.astimezone(ZoneInfo(zone)).utcoffset()
    return round((offset or timedelta()).total_seconds() * 1000)
