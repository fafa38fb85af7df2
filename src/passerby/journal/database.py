"""The journal's SQLite file: schema, opening, and the statements on it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from passerby.errors import CorruptDataError, UnavailableError

# A step per release that changed the schema, applied in order: `user_version` says how many were.
_MIGRATIONS = (
    """
    create table layouts (
        number integer primary key,
        columns text not null unique          -- JSON: kind -> names of a row's columns
    ) strict;
    create table entries (
        number integer primary key,           -- without gaps: 1, 2, 3 ...
        received_ms integer not null,         -- never smaller than the entry's before
        first_seq integer not null,
        row_count integer not null,
        source text not null,
        layout integer not null references layouts (number),
        payload blob not null,                -- zstd of msgpack of kind -> rows
        checksum integer not null
    ) strict;
    create table rejected (
        id integer primary key autoincrement,
        entry integer not null,
        received_ms integer not null,
        source text not null,
        account_id integer not null,
        place integer not null,               -- the row's index in its batch
        error text not null,
        row text not null
    ) strict;
    create index rejected_by_account on rejected (account_id, id);
    create index rejected_by_time on rejected (received_ms);
    create table idempotency (
        account_id integer not null,
        key text not null,
        digest blob not null,
        answer blob not null,
        received_ms integer not null,
        primary key (account_id, key)
    ) strict, without rowid;
    create index idempotency_by_time on idempotency (received_ms);
    create table set_aside (                  -- entries that no store will ever take
        number integer primary key,
        received_ms integer not null,
        source text not null,
        layout integer not null references layouts (number),
        payload blob not null,
        error text not null
    ) strict;
    create table readers (
        name text primary key,
        cursor integer not null               -- the last entry that the reader is done with
    ) strict, without rowid;
    create table counters (                   -- one row: what trimmed entries would otherwise take with them
        next_entry integer not null,
        next_seq integer not null,
        last_received_ms integer not null
    ) strict;
    insert into counters values (1, 1, 0);
    """,
    """
    create table quiet (                      -- rows that nobody is told about, from first to last
        first_seq integer primary key,
        last_seq integer not null
    ) strict;
    """,
)

READ_ENTRIES = """
    select number, received_ms, first_seq, row_count, source, layout, payload, checksum
    from entries where number > ? order by number
"""
INSERT_ENTRY = "insert into entries values (?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_REJECTED = """
    insert into rejected (entry, received_ms, source, account_id, place, error, row) values (?, ?, ?, ?, ?, ?, ?)
"""
RESTORE_REJECTED = """
    insert into rejected (id, entry, received_ms, source, account_id, place, error, row) values (?, 0, ?, ?, ?, ?, ?, ?)
"""
REMOVE_REJECTED = "delete from rejected where id = ?"
REWORD_REJECTED = "update rejected set error = ? where id = ?"
READ_REJECTED = "select id, received_ms, source, account_id, place, error, row from rejected"
# Runs that follow one another are one, or an import of a year would be a row for each of its requests.
EXTEND_QUIET = "update quiet set last_seq = ? where last_seq = ?"
INSERT_QUIET = "insert or replace into quiet values (?, ?)"
FIND_QUIET = "select first_seq, last_seq from quiet where last_seq > ? and first_seq <= ? order by first_seq"
# A key that has outlived its day is free again.
INSERT_IDEMPOTENCY = "insert or replace into idempotency values (?, ?, ?, ?, ?)"
SET_ASIDE = """
    insert or replace into set_aside
    select number, received_ms, source, layout, payload, ? from entries where number = ?
"""
AMEND_IDEMPOTENCY = "update idempotency set answer = ? where account_id = ? and key = ? and digest = ?"
FIND_IDEMPOTENCY = "select digest, answer from idempotency where account_id = ? and key = ? and received_ms > ?"
TRIM_ENTRIES = """
    delete from entries where number in (
        select number from entries where number <= ? and received_ms < ? order by number limit ?
    )
"""
TRIM_REJECTED = "delete from rejected where id in (select id from rejected where received_ms < ? limit ?)"
TRIM_IDEMPOTENCY = """
    delete from idempotency where (account_id, key) in (
        select account_id, key from idempotency where received_ms < ? limit ?
    )
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection whose commits survive a power failure. Transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    # The default of 1,000 pages folds the write-ahead log into the file several times a second under load.
    connection.execute("pragma wal_autocheckpoint = 8000")
    connection.execute("pragma journal_size_limit = 67108864")
    return connection


def prepare(path: Path) -> sqlite3.Connection:
    """Open the journal, creating or migrating it.

    Raises CorruptDataError when the file is not a journal, UnavailableError when it cannot be opened or written.
    """
    try:
        path.touch(mode=0o600)  # SQLite gives its other files the same mode
        connection = connect(path)
        _migrate(connection)
    except (OSError, sqlite3.OperationalError) as error:
        raise UnavailableError(f"cannot open {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise CorruptDataError(f"{path} is not a readable journal ({error}); restore it from a backup") from error
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("pragma user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise CorruptDataError(
            f"the journal was written by a newer release (format {version}, this one knows {len(_MIGRATIONS)})"
        )
    for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"begin immediate; {script}; pragma user_version = {number}; commit;")


def layout_number(connection: sqlite3.Connection, columns: str) -> int:
    """The number under which a layout is kept, adding it when new."""
    connection.execute("insert or ignore into layouts (columns) values (?)", (columns,))
    (number,) = connection.execute("select number from layouts where columns = ?", (columns,)).fetchone()
    return int(number)
