"""Fact tables in DuckDB: their DDL, and bringing an older file up to date."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from passerby import observations
from passerby.errors import CorruptDataError
from passerby.store import duckdb_sessions, queries, session_numbers

# Raise it when a column's meaning or type changes, and add what converts it to `_CONVERSIONS`.
VERSION = 1
_CONVERSIONS: dict[int, str] = {}

# A narrow copy of the visits whose sensors name their groups. Whether a name was used before the asked range has to be
# looked up in all history (`metrics/named_before`); in the visits themselves that would read everything ever stored.
# Names are kept as `group_key`, six times as fast to look up as texts.
NAMED_VISITS = (
    "select group_key(sensor_id, visit_group) as name_key, started_ms, ended_ms, role"
    " from {} where visit_group is not null"
)
_CREATE_NAMED_VISITS = f"create table if not exists named_visits as {NAMED_VISITS.format('visits')}"

# What the store itself adds to the rows of a kind.
_OWN_COLUMNS = {
    "view": (observations.Column(session_numbers.COLUMN.name, session_numbers.COLUMN.type, nullable=True),),
}

_TYPES = {pa.int64(): "bigint", pa.string(): "varchar", pa.float64(): "double", pa.bool_(): "boolean"}


def prepare(connection: duckdb.DuckDBPyConnection) -> bool:
    """Create what is missing, convert what is older; whether anything was changed.

    Raises CorruptDataError when the file was written by a newer release.
    """
    prelude = queries.text("prelude_duckdb")
    shapes = [(observations.table(kind), _OWN_COLUMNS.get(kind)) for kind in observations.KINDS]
    definitions = prelude + _CREATE_NAMED_VISITS + duckdb_sessions.TABLE + repr(shapes)
    wanted = hashlib.sha256(definitions.encode()).hexdigest()
    connection.execute(
        "create table if not exists store_state"
        " (version bigint not null, definitions varchar not null, cursor bigint not null, last_seq bigint not null)"
    )
    state = connection.execute("select version, definitions from store_state").fetchone()
    if state is not None and state[0] > VERSION:
        raise CorruptDataError(
            f"the facts were written by a newer release (version {state[0]}, this one has {VERSION})"
        )
    if state == (VERSION, wanted):
        return False
    connection.execute("begin")
    if state is None:
        connection.execute("insert into store_state values (?, '', 0, 0)", [VERSION])
    else:
        for version in range(state[0], VERSION):
            connection.execute(_CONVERSIONS[version])
    for kind in observations.KINDS:
        table = observations.table(kind)
        _create_or_extend(connection, table.name, (*table.columns, *_OWN_COLUMNS.get(kind, ())))
    connection.execute(prelude)
    connection.execute(_CREATE_NAMED_VISITS)
    connection.execute(duckdb_sessions.TABLE)
    connection.execute("commit")
    duckdb_sessions.number_older(connection)
    # Last, so that whoever is ended before begins again.
    connection.execute("update store_state set version = ?, definitions = ?", [VERSION, wanted])
    return True


def _create_or_extend(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[observations.Column]) -> None:
    held = connection.execute(
        "select column_name, data_type from information_schema.columns where table_name = ?", [name]
    ).fetchall()
    if not held:
        connection.execute(f'create table "{name}" ({", ".join(map(_definition, columns))})')
        return
    known = {name for name, _ in held}
    for column in columns:
        if column.name not in known:
            # DuckDB adds no NOT NULL column to a table; rows from before have no value for it anyway.
            connection.execute(f'alter table "{name}" add column "{column.name}" {sql_type(column.type)}')


def _definition(column: observations.Column) -> str:
    return f'"{column.name}" {sql_type(column.type)}{"" if column.nullable else " not null"}'


def sql_type(kind: pa.DataType) -> str:
    """The DuckDB type of an Arrow type that fact tables use."""
    if pa.types.is_list(kind):
        return f"{sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return "struct(" + ", ".join(f'"{field.name}" {sql_type(field.type)}' for field in kind) + ")"
    return _TYPES[kind]
