"""Floors: what the machine and the libraries do when nothing else is asked of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from bench.load import MIX
from passerby import observations

ROWS_PER_COMMIT = 1_000
VARIANTS = 20

Batch = Mapping[str, pa.Table]


def rows_of(kind: str, rows: int, random: np.random.Generator) -> pa.Table:
    """Made-up rows of one kind: what may be absent is absent, except the end of a stay."""
    schema = observations.table(kind).schema
    return pa.table([_column(field, rows, random) for field in schema], schema=schema)


def _column(field: pa.Field, rows: int, random: np.random.Generator) -> pa.Array:
    if field.name == "identity":
        return pa.array(random.integers(-(2**63), 2**63 - 1, rows))
    if field.nullable and field.name != "ended_ms":
        return pa.nulls(rows, field.type)
    if pa.types.is_int64(field.type):
        return pa.array(np.sort(random.integers(1_700_000_000_000, 1_700_000_060_000, rows)))
    if pa.types.is_string(field.type):
        return pa.array(["person"] * rows)
    return pa.array(random.integers(0, 2, rows)).cast(field.type)


def insert_rate(path: Path, batches: list[Batch], seconds: float) -> float:
    """Rows a second that DuckDB inserts from Arrow, one durable commit for each batch."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path), config={"threads": 2}) as connection:
        for kind in observations.KINDS:
            connection.register("empty", observations.table(kind).schema.empty_table())
            connection.execute(f"create table {observations.table(kind).name} as select * from empty")
        rows = 0
        begin = time.perf_counter()
        while (elapsed := time.perf_counter() - begin) < seconds:
            connection.execute("begin")
            for kind, arrow in batches[rows // ROWS_PER_COMMIT % VARIANTS].items():
                connection.register("batch", arrow)
                connection.execute(f"insert into {observations.table(kind).name} select * from batch")
                rows += arrow.num_rows
            connection.execute("commit")
    path.unlink()
    return rows / elapsed


def insert_rates(folder: Path, seconds: float) -> dict[str, float]:
    """The two floors of ingest, by name."""
    random = np.random.default_rng(1)
    per_row = ROWS_PER_COMMIT // sum(MIX.values())

    def batches(make: Callable[[], Batch]) -> list[Batch]:
        return [make() for _ in range(VARIANTS)]

    mixed = batches(lambda: {kind: rows_of(kind, share * per_row, random) for kind, share in MIX.items()})
    alike = batches(lambda: {"visit": rows_of("visit", ROWS_PER_COMMIT, random)})
    return {
        "the same mix from Arrow, a commit per 1,000 rows": insert_rate(folder / "floor.duckdb", mixed, seconds),
        "visits only from Arrow, a commit per 1,000 rows": insert_rate(folder / "floor.duckdb", alike, seconds),
    }
