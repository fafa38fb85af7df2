"""Brings positions in any order into the order that `track.tracks` wants, in bounded memory.

Recordings come ordered by frame (trackers), by track (annotations) or not at all (joined files), and may be
larger than memory. DuckDB sorts them and spills to a temporary directory what does not fit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, cast

import duckdb
import pyarrow as pa

from passerby.observations import RoadUser
from passerby.tracks.track import Position

_ROWS = 50_000
_MEMORY = "256MB"
_SCHEMA = pa.schema(
    [
        pa.field("n", pa.int64()),
        pa.field("track", pa.string()),
        pa.field("seconds", pa.float64()),
        pa.field("x", pa.float64()),
        pa.field("y", pa.float64()),
        pa.field("class", pa.string()),
    ]
)
_CREATE = "create table positions (n bigint, track varchar, seconds double, x double, y double, class varchar)"
# Tracks by their first instant, so that observations leave roughly in order of time; among repeated instants
# the first in the file comes first.
_SORTED = """
    select track, seconds, x, y, class
    from (select *, min(seconds) over (partition by track) as first_seconds from positions)
    order by first_seconds, track, seconds, n
"""


def in_order(positions: Iterable[Position]) -> Iterator[Position]:
    """The same positions grouped by track and ascending in time within each; tracks by their first instant.

    Memory stays bounded; what is too much goes to a temporary directory.
    """
    with tempfile.TemporaryDirectory(prefix="passerby-") as folder, _connect(folder) as connection:
        for table in _tables(positions):
            connection.register("arriving", table)
            connection.execute("insert into positions select * from arriving")
            connection.unregister("arriving")
        for batch in connection.sql(_SORTED).to_arrow_reader():
            columns = [column.to_pylist() for column in batch.columns]
            for track, seconds, x, y, class_ in zip(*columns, strict=True):
                yield Position(track, seconds, x, y, cast("RoadUser", class_))


def _connect(folder: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"memory_limit": _MEMORY, "temp_directory": folder, "threads": 1})
    connection.execute(_CREATE)
    return connection


def _tables(positions: Iterable[Position]) -> Iterator[Any]:
    rows = iter(positions)
    first = 0
    while chunk := list(islice(rows, _ROWS)):
        numbers = pa.array(range(first, first + len(chunk)), pa.int64())
        columns = [pa.array(column) for column in zip(*chunk, strict=True)]
        yield pa.Table.from_arrays([numbers, *columns], schema=_SCHEMA)
        first += len(chunk)
