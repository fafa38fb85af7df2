"""Session numbers in DuckDB: what was given so far, and numbers for the views of older files."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import structlog

from passerby.store import queries
from passerby.store.session_numbers import BEYOND, COUNTS, SessionNumbers

# What is given so far, now and then, so that opening a file does not mean reading all of its views. Views that were
# stored after `until_seq` are not part of it.
TABLE = (
    "create table if not exists session_counts (sensor_id bigint not null, plain bigint not null, own boolean not null,"
    ' "first" bigint, "last" bigint not null, until_seq bigint not null)'
)
_KNOWN = queries.text("session_numbers")
_AT_ONCE = 1_000_000
_log = structlog.get_logger("passerby.store")


def known(connection: duckdb.DuckDBPyConnection) -> SessionNumbers:
    """Goes on after the views that are stored."""
    (until,) = _one(connection, "select coalesce(max(until_seq), 0) from session_counts")
    counts = connection.sql(_KNOWN, params={"until": until, "beyond": BEYOND})
    return SessionNumbers.of(counts.to_arrow_table())


def keep(connection: duckdb.DuckDBPyConnection, numbers: SessionNumbers, until_seq: int) -> None:
    """Write down what is given so far, as part of a transaction; all views up to `until_seq` have their numbers."""
    connection.register("counts", numbers.table())
    connection.execute("delete from session_counts")
    connection.execute(f"insert into session_counts select {', '.join(COUNTS.names)}, ? from counts", [until_seq])  # noqa: S608 - names of our own
    connection.unregister("counts")


def number_older(connection: duckdb.DuckDBPyConnection) -> None:
    """Number the views that have none, in their order of arrival: those of an older file, or of an older backup.

    In transactions of its own, each of bounded size; ended in the middle, it goes on from there the next time.
    """
    numbers = known(connection)
    while True:
        views = connection.sql(
            f"select seq, sensor_id, session from views where session_number is null order by seq limit {_AT_ONCE}"  # noqa: S608 - a number of our own
        ).to_arrow_table()
        if not views.num_rows:
            return
        _log.info("numbering the sessions of stored views, once", up_to_row=views["seq"][-1].as_py())
        connection.register("numbered", pa.table({"seq": views["seq"], "number": numbers.give(views)}))
        connection.execute(
            "update views set session_number = n.number from numbered n"
            " where views.seq = n.seq and views.seq between ? and ?",
            [views["seq"][0].as_py(), views["seq"][-1].as_py()],
        )
        connection.unregister("numbered")


def check(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """One sentence for each thing that is wrong with the numbers."""
    (without,) = _one(connection, "select count(*) from views where session_number is null")
    wrong = [f"views: {without} rows have no session number"] if without else []
    (gaps,) = _one(
        connection,
        "select count(*) from (select sensor_id from views"  # noqa: S608 - a number of our own
        f" where session_number <= {BEYOND} and session is distinct from session_number"
        " group by sensor_id having count(*) <> max(session_number) or min(session_number) <> 1)",
    )
    return [*wrong, *([f"views: the session numbers of {gaps} sensors are not 1, 2, 3 ..."] if gaps else [])]


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    (row,) = connection.execute(sql).fetchall()
    return tuple(row)
