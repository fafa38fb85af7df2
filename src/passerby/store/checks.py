"""Re-reading a fact table in DuckDB: is everything readable, and are the rules kept?"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from passerby.observations import Table
from passerby.store.tables import NAMED_VISITS

# Repeats are looked for in stretches of time, so that memory does not grow with the table.
_ROWS_AT_ONCE = 5_000_000


def check_table(connection: duckdb.DuckDBPyConnection, table: Table, last_seq: int) -> list[str]:
    """One sentence for each thing that is wrong with a table; raises duckdb.Error when it cannot be read."""
    wrong: list[str] = []
    names = [column.name for column in table.columns]
    # hash() makes DuckDB read and decompress every value, min() makes it look at every row.
    rows, _, backwards, unknown = _one(
        connection,
        f"select count(*), min(hash({', '.join(names)})),"  # noqa: S608 - names of our own tables and columns
        f" {'count(*) filter (where ended_ms < started_ms)' if 'ended_ms' in names else '0'},"
        f" count(*) filter (where seq > {last_seq}) from {table.name}",
    )
    if backwards:
        wrong.append(f"{table.name}: {backwards} rows end before they start")
    if unknown:
        wrong.append(f"{table.name}: {unknown} rows have a number that the journal has not given yet")
    for column in table.columns:
        if not column.nullable:
            (empty,) = _one(connection, f"select count(*) from {table.name} where {column.name} is null")  # noqa: S608 - as above
            if empty:
                wrong.append(f"{table.name}: {empty} rows have no {column.name}")
    repeated = sum(_repeats(connection, table, first, last) for first, last in _stretches(connection, table, rows))
    if repeated:
        wrong.append(f"{table.name}: {repeated} rows are there more than once")
    return wrong


def check_named_visits(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """One sentence when the narrow copy of the visits with named groups is not what the visits say."""
    total = "select count(*), coalesce(sum(hash(n)), 0) from"
    copied = _one(connection, f"{total} named_visits n")
    named = _one(connection, f"{total} ({NAMED_VISITS.format('visits')}) n")
    return [] if copied == named else [f"named_visits: {copied[0]} rows, but {named[0]} visits name their group"]


def _repeats(connection: duckdb.DuckDBPyConnection, table: Table, first: int, last: int) -> int:
    (count,) = _one(
        connection,
        "select coalesce(sum(n - 1), 0)::bigint from (select count(*) as n"  # noqa: S608 - as above
        f" from {table.name} where started_ms between {first} and {last} group by identity, started_ms having n > 1)",
    )
    return count


def _stretches(connection: duckdb.DuckDBPyConnection, table: Table, rows: int) -> Iterator[tuple[int, int]]:
    if not rows:
        return
    first, last = _one(connection, f"select min(started_ms), max(started_ms) from {table.name}")  # noqa: S608 - as above
    step = (last - first) // (rows // _ROWS_AT_ONCE + 1) + 1
    for start in range(first, last + 1, step):
        yield start, start + step - 1


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    row = connection.execute(sql).fetchone()
    return row if row is not None else ()
