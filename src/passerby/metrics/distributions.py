"""How numbers are made up: visits by how long they lasted, watchers' time by mood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from passerby.calendar import whole_range
from passerby.catalogue.model import Catalogue, Sensor
from passerby.metrics.people import numbers
from passerby.metrics.places import Place
from passerby.metrics.scope import Frames, site_units
from passerby.store.contract import Parameter, Store

MOODS = ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")
_NO_STAFF: dict[str, Parameter] = {"excluded": "staff", "only": None}


def stay_minutes(store: Store, catalogue: Catalogue, place: Place, start_ms: int, end_ms: int) -> dict[int, int]:
    """{whole minutes: visits} of a site or sensor that start in [start_ms, end_ms); together they are timed_visits."""
    units = site_units(catalogue, [place], Frames([whole_range(start_ms, end_ms)]))
    if units is None:
        return {}
    bounds: dict[str, Parameter] = {"start_ms": start_ms, "end_ms": end_ms, **_NO_STAFF}
    found = store.query("metrics/stay_minutes", bounds, {"scope": units.scope})
    return dict(zip(numbers(found, "minutes").tolist(), numbers(found, "visits").tolist(), strict=True))


def moods(store: Store, sensors: Sequence[Sensor], start_ms: int, end_ms: int) -> Mapping[str, int]:
    """For how many ms watchers showed each of `MOODS`; sensors that may not tell moods (`expert` false) tell none."""
    telling = pa.table({"sensor_id": pa.array([sensor.id for sensor in sensors if sensor.expert], pa.int64())})
    bounds: dict[str, Parameter] = {"start_ms": start_ms, "end_ms": end_ms, **_NO_STAFF}
    (row,) = store.query("metrics/moods", bounds, {"sensors": telling}).to_pylist()
    return {name: int(row[name]) for name in MOODS}
