"""A small network, random observations of it, and stores that hold them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from tests.support.facts import row

from passerby import observations
from passerby.calendar import offset_changes
from passerby.catalogue.model import Account, Brand, Catalogue, Line, Sensor, Site, Zone
from passerby.journal import Entry
from passerby.store.arrow import fact_batch
from passerby.store.duckdb import DuckDBStore

ZONES = (
    "America/New_York",
    "America/St_Johns",
    "Europe/Zurich",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
)
DAY = 86_400_000
HOUR = 3_600_000


@dataclass(frozen=True)
class Fact:
    """One observation; `values` are columns of its table."""

    kind: str
    sensor: int
    start: int
    values: tuple[tuple[str, Any], ...] = ()

    def get(self, name: str) -> Any:
        return dict(self.values).get(name)


def line(sensor_id: int, line_id: int, *, entrance: bool) -> Line:
    return Line(line_id, f"line-{sensor_id}-{line_id}", sensor_id, "", entrance, "in", ((0, 0), (1, 1)), "left")


def zone(sensor_id: int, zone_id: int, min_dwell_s: float) -> Zone:
    return Zone(zone_id, f"zone-{sensor_id}-{zone_id}", sensor_id, "", min_dwell_s, False, ((0, 0), (1, 0), (1, 1)))


def sensor(sensor_id: int, site_id: int, *, entry_point: bool = True) -> Sensor:
    lines = {1: line(sensor_id, 1, entrance=True), 2: line(sensor_id, 2, entrance=False)}
    zones = {11: zone(sensor_id, 11, 3), 12: zone(sensor_id, 12, 0.5)}
    return Sensor(sensor_id, f"sensor-{sensor_id}", site_id, "", entry_point, True, True, (), lines, zones)


def catalogue(zone_of: Sequence[str], settings: Sequence[Mapping[str, Any]]) -> Catalogue:
    """Brand 1 with sites 1 (sensors 1, 2 and 3, which is no entry point) and 2 (sensor 4)."""
    sensors = {1: sensor(1, 1), 2: sensor(2, 1), 3: sensor(3, 1, entry_point=False), 4: sensor(4, 2)}
    of_site = {1: (1, 2, 3), 2: (4,)}
    sites = {
        number: Site(number, 1, "", None, zone_of[number - 1], None, settings[number - 1], (), {}, of_site[number])
        for number in (1, 2)
    }
    brands = {1: Brand(1, 1, "", (), (1, 2))}
    return Catalogue(1, accounts={1: Account(1, "", {})}, brands=brands, sites=sites, sensors=sensors)


class Holder:
    """One store for many examples: making one takes longer than filling it."""

    def __init__(self, folder: Path) -> None:
        self.store = DuckDBStore(folder / "facts.duckdb")

    def filled(self, facts: Sequence[Fact], shuffle: random.Random | None = None) -> DuckDBStore:
        """The store with these facts only; with `shuffle` in another order, in pieces, and some of them again."""
        with self.store._request() as request:
            for kind in observations.KINDS:
                request.execute(f"truncate {observations.table(kind).name}")
            request.execute("truncate named_visits")
        numbered = list(enumerate(facts, start=1))
        if shuffle is None:
            self.deliver(1, numbered)
            return self.store
        shuffle.shuffle(numbered)
        for entry in range(1, 4):
            self.deliver(entry, numbered[entry - 1 :: 3] + shuffle.sample(numbered, len(numbered) // 3))
        return self.store

    def deliver(self, entry: int, numbered: Sequence[tuple[int, Fact]]) -> None:
        """Load facts beside those that are there; who comes again with the same number is known already."""
        _load(self.store, entry, numbered)


def _load(store: DuckDBStore, entry: int, numbered: Sequence[tuple[int, Fact]]) -> None:
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for number, fact in numbered:
        values = {"sensor_id": fact.sensor, "started_ms": fact.start, "identity": number, **dict(fact.values)}
        rows.setdefault(fact.kind, []).append(row(fact.kind, number, **values))
    if numbered:
        store.load(fact_batch([Entry(entry, 0, entry * 1000, len(numbered), "test", rows)]))


def anchors(zone_name: str) -> list[int]:
    """Instants to gather observations around: clock changes of two years, and an ordinary midnight."""
    changes = [at * 1000 for year in (2011, 2025, 2026) for at, _ in offset_changes(zone_name, year)]
    return [*changes, 1_781_000_000_000 // DAY * DAY]


@st.composite
def facts(draw: st.DrawFn, anchor: int) -> list[Fact]:
    """Observations of a few kinds around an anchor: many at the same instants or seconds apart, some a day away."""
    # Few centres, sensors and kinds make ties, groups and queues at a door likely; quarters of an hour are where
    # buckets begin.
    centres = draw(st.lists(st.integers(-130, 130), min_size=1, max_size=4))
    kinds = draw(st.lists(st.sampled_from([_visit, _visit, _crossing, *_RARE]), min_size=1, max_size=4))
    sensors = draw(st.sampled_from([(1,), (1, 2), (4,), (1, 2, 3, 4)]))

    def fact(centre: int, delta: int) -> st.SearchStrategy[Fact]:
        start = anchor + centre * 900_000 + delta * 500
        return st.one_of([kind(start, st.sampled_from(sensors)) for kind in kinds])

    instants = st.tuples(st.sampled_from(centres), st.integers(-3, 9))
    size = draw(st.sampled_from([0, 6, 15]))
    return draw(st.lists(instants.flatmap(lambda pair: fact(*pair)), min_size=size, max_size=size + 15))


_DURATIONS = st.sampled_from([0, 1, 499, 500, 2999, 3000, 4999, 5000, 60_000, 3 * HOUR, 30 * HOUR])
_ROLES = st.sampled_from([None, None, None, "staff", "courier"])
_CLASSES = st.sampled_from(["person", "person", "person", "car"])
_COUNTS = st.sampled_from([0.0, 1.0, 2.0, 0.5, 0.1, 1 / 3, 7.25])
_LINES = st.sampled_from([1, 1, 2])
_Sensors = st.SearchStrategy[int]


def _of(kind: str, start: int, sensors: _Sensors, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[Fact]:
    return st.builds(
        lambda sensor_id, values: Fact(kind, sensor_id, start, tuple(values.items())),
        sensors,
        st.fixed_dictionaries(columns),
    )


def _ended(start: int) -> st.SearchStrategy[int]:
    return _DURATIONS.map(lambda duration: start + duration)


def _visit(start: int, sensors: _Sensors) -> st.SearchStrategy[Fact]:
    groups = st.sampled_from([None, None, None, "a", "b"])
    return _of("visit", start, sensors, ended_ms=st.none() | _ended(start), visit_group=groups, role=_ROLES)


def _crossing(start: int, sensors: _Sensors) -> st.SearchStrategy[Fact]:
    columns = {"class": _CLASSES, "direction": st.sampled_from(["in", "out"]), "also_visit": st.booleans()}
    return _of("crossing", start, sensors, line_id=_LINES, role=_ROLES, **columns)


def _zone_visit(start: int, sensors: _Sensors) -> st.SearchStrategy[Fact]:
    return _of("zone_visit", start, sensors, zone_id=st.sampled_from([11, 12]), ended_ms=_ended(start), role=_ROLES)


def _passage(start: int, sensors: _Sensors) -> st.SearchStrategy[Fact]:
    return _of("passage", start, sensors, ended_ms=_ended(start), **{"class": _CLASSES})


def _count(start: int, sensors: _Sensors) -> st.SearchStrategy[Fact]:
    columns = {"class": _CLASSES, "count_in": _COUNTS, "count_out": _COUNTS}
    return _of("count", start, sensors, line_id=_LINES, ended_ms=_ended(start), **columns)


def _level(start: int, sensors: _Sensors) -> st.SearchStrategy[Fact]:
    return _of("level", start, sensors, value=_COUNTS, zone_id=st.sampled_from([None, None, 11]))


_RARE = (_zone_visit, _passage, _count, _level)
