"""The finest exports: every single row, written by the engine.

The engine knows no time zones: `stretches` says of each location which UTC offset its clock had when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from passerby.calendar import stretches
from passerby.catalogue.model import Catalogue
from passerby.dialects.quividi.apc import Contents, lines
from passerby.dialects.quividi.requests import DataRequest, DataType
from passerby.dialects.quividi.rows import local_range
from passerby.jobs import JobFailedError
from passerby.metrics.street import FACTORS
from passerby.store.contract import Parameter, Store
from passerby.store.raw import text_views

MAX_ROWS = 3_000_000

_ROLES: Mapping[str, Parameter] = {"excluded": "staff", "only": None}
# Of each data type: its query, the one that counts its rows, and what both bind.
_QUERIES: Mapping[DataType, tuple[str, str, Mapping[str, Parameter]]] = {
    "viewers": ("quividi/viewers", "quividi/viewers_count", _ROLES),
    "viewers_apc": ("quividi/viewers_apc", "quividi/viewers_apc_count", _ROLES),
    "vehicles": ("quividi/vehicles", "quividi/passersby_count", {"vehicles": True, "persons": False}),
    "footfall": ("quividi/footfall", "quividi/passersby_count", {"vehicles": False, "persons": True}),
    "vehicles_footfall": ("quividi/vehicles_footfall", "quividi/passersby_count", {"vehicles": True, "persons": True}),
}


def finest(store: Store, catalogue: Catalogue, request: DataRequest) -> Iterator[memoryview]:
    """The rows as JSON objects, a comma behind each; JobFailedError when they are too many."""
    query, count, parameters = _QUERIES[request.data_type]
    table = _stretches(catalogue, request)
    if not len(table):
        return
    bounds = {"start_ms": table["from_ms"].to_numpy().min(), "end_ms": table["until_ms"].to_numpy().max()}
    parameters = {**parameters, **{name: int(bound) for name, bound in bounds.items()}}
    tables = {"stretches": table}
    contents = Contents(catalogue, request) if request.data_type == "viewers_apc" else None
    if contents is not None:
        parameters, tables = {**parameters, **contents.parameters}, {**tables, **contents.tables}
    found = store.query(count, parameters, tables)["rows"][0].as_py()
    if found > MAX_ROWS:
        raise JobFailedError(f"the export has {found:,} rows; at most {MAX_ROWS:,} are allowed: ask for less")
    batches = store.stream(query, parameters, tables)
    yield from text_views(batches if contents is None else lines(store, batches, contents))


def _stretches(catalogue: Catalogue, request: DataRequest) -> pa.Table:
    """For each location and stretch of one UTC offset within its asked range: from when, until when, and the offset.

    Beside it what the catalogue says of the location: whether it is an expert, and its site's vehicle factors.
    """
    known = [catalogue.sensors[sensor] for sensor in request.sensors if sensor in catalogue.sensors]
    rows = []
    for sensor in known:
        site = catalogue.site_of(sensor)
        start_ms, end_ms = local_range(site.timezone, request.start, request.end)
        factors = {**FACTORS, **site.vehicle_factors}
        for begin, end, offset in zip(*stretches(site.timezone, start_ms, end_ms), strict=True):
            rows.append((sensor.id, int(begin), int(end), int(offset), sensor.expert, *_floats(factors)))
    return pa.Table.from_arrays([pa.array(column) for column in zip(*rows, strict=True)], _COLUMNS) if rows else _NONE


def _floats(factors: Mapping[str, float]) -> Sequence[float]:
    return [float(factors[name]) for name in ("car", "bus", "truck", "van", "bike", "unknown")]


_COLUMNS = ["sensor_id", "from_ms", "until_ms", "offset_ms", "expert", "car", "bus", "truck", "van", "bike", "other"]
_NONE = pa.table({name: pa.array([], pa.int64()) for name in _COLUMNS})
