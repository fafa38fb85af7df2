"""Journal entries to Arrow tables: rows to columns, with arrival and number added."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyarrow as pa

from passerby import observations
from passerby.errors import InvalidInputError
from passerby.journal import Entry, Row
from passerby.sightings.sighting import JOURNAL_ONLY
from passerby.store.contract import FactBatch


def fact_batch(entries: Sequence[Entry]) -> FactBatch:
    """The rows of consecutive entries as one batch for `Store.load`; `entries` must not be empty.

    Raises InvalidInputError when a row does not fit its table.
    """
    parts: dict[str, list[tuple[Sequence[Row], Entry, int]]] = {}
    for entry in entries:
        seq = entry.first_seq
        for kind, rows in entry.rows.items():
            if rows and kind not in JOURNAL_ONLY:
                parts.setdefault(kind, []).append((rows, entry, seq))
            seq += len(rows)
    tables: dict[str, pa.Table] = {}
    numbers: dict[str, np.ndarray] = {}
    for kind, chunks in parts.items():
        counts = [len(rows) for rows, _, _ in chunks]
        numbers[kind] = np.repeat([entry.number for _, entry, _ in chunks], counts)
        received = np.repeat([entry.received_ms for _, entry, _ in chunks], counts)
        seqs = np.concatenate([np.arange(seq, seq + len(rows)) for rows, _, seq in chunks])
        tables[kind] = _table(kind, list(chain.from_iterable(rows for rows, _, _ in chunks)), received, seqs)
    return FactBatch(tables, numbers, entries[-1].number, entries[-1].last_seq)


def _table(kind: str, rows: Sequence[Row], received_ms: np.ndarray, seq: np.ndarray) -> pa.Table:
    table = observations.table(kind)
    try:
        columns = [
            _column(values, column) for values, column in zip(zip(*rows, strict=True), table.row_columns, strict=True)
        ]
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"a row does not fit the table {table.name}: {error}") from error
    return pa.Table.from_arrays([*columns, pa.array(received_ms), pa.array(seq)], schema=table.schema)


def _column(values: Sequence[object], column: observations.Column) -> pa.Array:
    if column.nullable and values.count(None) == len(values):
        return pa.nulls(len(values), column.type)
    array = pa.array(values, column.type)
    if array.null_count and not column.nullable:
        raise ValueError(f"{column.name} is missing")
    return array
