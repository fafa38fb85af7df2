"""The aggregated exports: from metrics to the columns of the document.

One function for each data type: (store, catalogue, request, sensors) to tables of finished rows. What is null, what
is 0 and what is left out differs from type to type as the vendor's examples do; each function says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from passerby.catalogue.model import Catalogue
from passerby.dialects.quividi.requests import DataRequest, DataType
from passerby.dialects.quividi.rows import Table, sensor_table, tenths
from passerby.metrics.ratios import RATIOS
from passerby.store.contract import Store

Shape = Callable[[Store, Catalogue, DataRequest, Sequence[int]], Iterator[pa.Table]]


def ots(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """Opportunities to see. A period in which nothing was observed is a row of nulls, after the others."""
    table = sensor_table(request, catalogue, sensors, ["ots", "watchers", "duration"])
    table.fill(store, catalogue)
    known = (table["duration"] > 0) | (table["ots"] > 0)
    columns = {
        **_head(table),
        "ots_count": _whole(table["ots"], known),
        "watcher_count": _whole(table["watchers"], known),
        "duration": _seconds(table["duration"], known),
    }
    yield from _ordered(columns, table, known)


def viewers(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """Watchers. A period without any is a row of zeros, wherever the location had data at all in the range."""
    table = sensor_table(request, catalogue, sensors, ["ots", "watchers", "dwell", "attention", "duration"])
    table.fill(store, catalogue)
    known = (table["duration"] > 0) | (table["ots"] > 0)
    columns = {
        **_head(table),
        "watcher_count": _whole(table["watchers"]),
        "dwell_time_in_tenths_of_sec": tenths(table["dwell"]),
        "attention_time_in_tenths_of_sec": tenths(table["attention"]),
        "conversion_ratio": RATIOS["conversion_ratio"].of(table["watchers"], table["ots"]),
    }
    yield _rows(columns, np.flatnonzero(table.any_of(known)))


def _head(table: Table) -> dict[str, object]:
    return {"location_id": table.number, **table.periods(" ")}


def _whole(values: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    """Counts as integers; null where nothing is known."""
    return pa.array(np.round(values).astype(np.int64), mask=None if known is None else ~known)


def _seconds(values: np.ndarray, known: np.ndarray) -> pa.Array:
    """Whole seconds, rounded half up; null where nothing is known."""
    return pa.array(np.floor(values + 0.5).astype(np.int64), mask=~known)


def _ordered(columns: Mapping[str, object], table: Table, known: np.ndarray) -> Iterator[pa.Table]:
    """Each location's known rows, then its placeholders; locations without any known row are left out."""
    wanted = np.flatnonzero(table.any_of(known))
    order = np.lexsort((wanted, ~known[wanted], table.place[wanted]))
    yield _rows(columns, wanted[order])


def _rows(columns: Mapping[str, object], which: np.ndarray) -> pa.Table:
    table = pa.table(dict(columns))
    return table if len(which) == len(table) and (which == np.arange(len(which))).all() else table.take(pa.array(which))


SHAPES: Mapping[DataType, Shape] = {
    "ots": ots,
    "viewers": viewers,
}
