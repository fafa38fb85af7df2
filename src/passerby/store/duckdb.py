"""The embedded fact store: one DuckDB file, one process, a cursor per request."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import structlog
from numpy.typing import NDArray

from passerby import observations
from passerby.errors import ConflictError, CorruptDataError, InvalidInputError, UnavailableError
from passerby.store import duckdb_sessions, queries, tables
from passerby.store.checks import check_named_visits, check_table
from passerby.store.contract import FactBatch, Loaded, Parameter
from passerby.store.ranges import touched
from passerby.store.session_numbers import COLUMN as SESSION_NUMBER
from passerby.store.session_numbers import SessionNumbers
from passerby.store.versions import Versions

# DuckDB folds its log into the file (a checkpoint) while nothing is loaded: 0.15 to 0.35 s per million rows, plus about
# 0.03 s each. 32 MiB of log are about 700,000 rows: a stall well under half a second, and few of them.
_CHECKPOINT_WAL_BYTES = 32 << 20
_CHECKPOINT_EVERY_S = 300.0
# A checkpoint that finds the disk full makes DuckDB refuse everything until it is opened again: leave it room.
_CHECKPOINT_ROOM_BYTES = 64 << 20
_STREAM_ROWS = 8_192
# What the system says about other things than the content of a file.
_NOT_THE_FILE = ("no space left", "file too large", "permission denied", "read-only file system", "no such file")
_log = structlog.get_logger("passerby.store")


class DuckDBStore:
    """See `store.contract.Store`.

    Args:
        path: the database file; made when it does not exist.
        memory_mb: what DuckDB may use before it spills to disk.
        threads: threads that one query may use.

    Raises:
        CorruptDataError: the file cannot be read. It is never replaced by an empty one.
        ConflictError: another process has it open.
        UnavailableError: the system does not let it be opened.
    """

    def __init__(self, path: Path, *, memory_mb: int = 4096, threads: int = 2) -> None:
        self.path = path
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mb}MB",
            "threads": threads,
            # Readers rely on the order of arrival without a sort: a sort would hold a long answer in memory.
            "preserve_insertion_order": True,
            "checkpoint_threshold": "1TB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._lock = threading.Lock()
        self._requests = 0
        self._broken = False
        self._checkpointed_at = time.monotonic()
        # What the sensors' sessions were numbered so far; None until views are loaded, and after a load that failed.
        self._numbers: SessionNumbers | None = None
        self._versions = Versions()
        self._root = self._open()
        self._cursor, self._last_seq = self._state()
        # What the log holds is not safe yet: see `safe_cursor`.
        self._safe_cursor = 0
        self.checkpoint()

    # -- opening

    @property
    def _wal(self) -> Path:
        return self.path.with_name(self.path.name + ".wal")

    def _open(self) -> duckdb.DuckDBPyConnection:
        root = self._connect()
        self.path.chmod(0o600)
        try:
            if tables.prepare(root):
                root.execute("checkpoint")
        except BaseException:
            root.close()
            raise
        return root

    def _connect(self) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(self.path), config=self._config)
        except duckdb.Error as error:
            text = str(error).lower()
            if "could not set lock" in text:
                raise ConflictError(f"{self.path} is open in another process: {error}") from error
            if any(trouble in text for trouble in _NOT_THE_FILE):
                raise UnavailableError(f"{self.path} cannot be opened: {error}") from error
            if not self._wal.exists():
                raise self._unreadable(error) from error
            return self._connect_without_log(error)

    def _connect_without_log(self, cause: duckdb.Error) -> duckdb.DuckDBPyConnection:
        """Set the log aside and open what the last checkpoint left: the journal still has the rest."""
        aside = self._wal.with_name(f"{self._wal.name}.unreadable-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")
        self._wal.rename(aside)
        try:
            root = duckdb.connect(str(self.path), config=self._config)
        except duckdb.Error as error:
            aside.rename(self._wal)
            raise self._unreadable(error) from error
        _log.error(
            "the log of the fact store cannot be replayed; it is set aside, its rows are read from the journal again",
            kept_as=str(aside),
            error=str(cause),
        )
        return root

    def _unreadable(self, error: duckdb.Error) -> CorruptDataError:
        return CorruptDataError(f"{self.path} cannot be read ({error}); move it away and restore a backup")

    def _state(self) -> tuple[int, int]:
        with self._request() as request:
            row = request.execute("select cursor, last_seq from store_state").fetchone()
        if row is None:
            raise CorruptDataError(f"{self.path} has lost its state; move it away and restore a backup")
        return int(row[0]), int(row[1])

    @contextmanager
    def _request(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own: what is registered on it nobody else sees, and closing it ends its results."""
        with self._lock:
            if self._broken:
                raise UnavailableError("the fact store is being opened again after a failure")
            request = self._root.cursor()
            self._requests += 1
        try:
            yield request
        except duckdb.FatalException as error:
            self._broken = True
            raise UnavailableError(f"the fact store failed: {error}") from error
        finally:
            request.close()
            with self._lock:
                self._requests -= 1

    def _reopen(self) -> None:
        """After DuckDB declared itself invalid: open the file again, once nobody reads from the old one."""
        with self._lock:
            # Opening waits for every result of the old instance, so it must not begin while there are any.
            if self._requests:
                raise UnavailableError(f"the fact store waits for {self._requests} answers before it is opened again")
            self._root.close()
            self._root = self._open()
            self._broken = False
        _log.info("the fact store was opened again", cursor=self._state()[0])

    # -- loading

    def load(self, batch: FactBatch) -> Loaded:
        """See `Store.load`."""
        try:
            return self._load(batch)
        except BaseException:
            self._numbers = None  # it may be ahead of what is stored
            self._versions.all_changed()  # it may have happened all the same
            raise

    def _load(self, batch: FactBatch) -> Loaded:
        new: dict[str, int] = {}
        by_entry: dict[int, int] = {}
        started_ms: dict[str, NDArray[np.int64]] = {}
        total = sum(rows.num_rows for rows in batch.rows.values())
        with self._request() as request:
            request.execute("begin")
            for kind, rows in batch.rows.items():
                fresh = self._fresh(request, observations.table(kind).name, rows)
                entries = batch.entries[kind]
                if fresh is not None:
                    rows, entries = rows.take(pa.array(fresh)), entries[fresh]  # noqa: PLW2901 - the same, narrowed
                    request.register("batch", rows)
                if kind == "view" and rows.num_rows:
                    request.register("batch", self._numbered(request, rows))
                _insert(request, observations.table(kind).name)
                if kind == "visit" and rows.column("visit_group").null_count < rows.num_rows:
                    request.execute(f"insert into named_visits {tables.NAMED_VISITS.format('batch')}")
                new[kind] = rows.num_rows
                started_ms[kind] = rows.column("started_ms").to_numpy()
                numbers, counts = np.unique(entries, return_counts=True)
                for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                    by_entry[number] = by_entry.get(number, 0) + count
            request.execute("update store_state set cursor = ?, last_seq = ?", [batch.cursor, batch.last_seq])
            request.execute("commit")
        # Before the cursor: who waited for that sees these rows, in what others keep as well.
        self._versions.added(started_ms)
        self._cursor, self._last_seq = batch.cursor, batch.last_seq
        self._checkpoint_if_due()
        accepted = sum(new.values())
        return Loaded(accepted, total - accepted, by_entry)

    def _fresh(self, request: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> NDArray[np.int64] | None:
        """The places of the rows that are not held yet, in order; None when that is all of them."""
        identity = rows.column("identity").to_numpy()
        keep = _first_of_each(identity, rows.column("started_ms").to_numpy())
        keep[_held(request, table, rows)] = False
        return None if keep.all() else np.flatnonzero(keep)

    def _numbered(self, request: duckdb.DuckDBPyConnection, views: pa.Table) -> pa.Table:
        """New views with their session numbers."""
        if self._numbers is None:
            self._numbers = duckdb_sessions.known(request)
        return views.append_column(SESSION_NUMBER, self._numbers.give(views))

    def missing(self, batch: FactBatch) -> Mapping[str, int]:
        """See `Store.missing`."""
        found: dict[str, int] = {}
        with self._request() as request:
            for kind, rows in batch.rows.items():
                lacking = rows.num_rows - len(_held(request, observations.table(kind).name, rows))
                if lacking:
                    found[kind] = lacking
        return found

    def cursor(self) -> int:
        """See `Store.cursor`."""
        return self._cursor

    def last_seq(self) -> int:
        """See `Store.last_seq`."""
        return self._last_seq

    def version(self, kinds: Collection[str], start_ms: int, end_ms: int) -> int:
        """See `Store.version`."""
        return self._versions.of(kinds, start_ms, end_ms)

    def safe_cursor(self) -> int:
        """The cursor of the last checkpoint: the log after it may turn out to be unreadable."""
        return self._safe_cursor

    def refresh(self) -> None:
        """See `Store.refresh`. A log that was lost meanwhile moves the cursor back."""
        if self._broken:
            self._reopen()
        self._numbers = None
        self._versions.all_changed()
        self._cursor, self._last_seq = self._state()
        self._safe_cursor = min(self._safe_cursor, self._cursor)

    def _checkpoint_if_due(self) -> None:
        old = time.monotonic() - self._checkpointed_at > _CHECKPOINT_EVERY_S
        if old or (self._wal.exists() and self._wal.stat().st_size > _CHECKPOINT_WAL_BYTES):
            self.checkpoint()

    def checkpoint(self) -> None:
        """Fold the log into the file. Answers that are being read go on; failing is logged and tried again later."""
        cursor = self._cursor
        self._checkpointed_at = time.monotonic()
        log_bytes = self._wal.stat().st_size if self._wal.exists() else 0
        if shutil.disk_usage(self.path.parent).free < 2 * log_bytes + _CHECKPOINT_ROOM_BYTES:
            _log.warning("no checkpoint: the disk is almost full", log_bytes=log_bytes)
            return
        try:
            with self._request() as request:
                if self._numbers is not None:
                    request.execute("begin")
                    duckdb_sessions.keep(request, self._numbers, self._last_seq)
                    request.execute("commit")
                request.execute("checkpoint")
        except (duckdb.Error, UnavailableError) as error:
            # Another transaction may be writing just now. It is tried again; nothing depends on its being soon.
            _log.info("the fact store folds its log into the file later", error=str(error))
        else:
            self._safe_cursor = cursor

    # -- reading

    def query(
        self, name: str, parameters: Mapping[str, Parameter], tables: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """See `Store.query`."""
        with self._request() as request:
            return _relation(request, name, parameters, tables).to_arrow_table()

    def stream(
        self, name: str, parameters: Mapping[str, Parameter], tables: Mapping[str, pa.Table] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """See `Store.stream`."""
        with (
            self._request() as request,
            _relation(request, name, parameters, tables).to_arrow_reader(_STREAM_ROWS) as reader,
        ):
            yield from reader

    def counts(self) -> Mapping[str, int]:
        """See `Store.counts`."""
        union = " union all ".join(
            f"select '{kind}', count(*) from {observations.table(kind).name}"  # noqa: S608 - names of our own tables
            for kind in observations.KINDS
        )
        with self._request() as request:
            return dict(request.execute(union).fetchall())

    # -- keeping safe

    def backup(self, folder: Path) -> None:
        """See `Store.backup`."""
        with self._request() as request:
            request.execute("begin")  # one snapshot for all tables
            for kind in observations.KINDS:
                table = observations.table(kind).name
                request.execute(f"copy {table} to '{_quoted(folder, table)}' (format parquet, compression zstd)")
            request.execute(f"copy store_state to '{_quoted(folder, 'store_state')}' (format parquet)")
            request.execute("commit")

    def restore(self, folder: Path) -> None:
        """See `Store.restore`."""
        if self._cursor or any(self.counts().values()):
            raise ConflictError(f"{self.path} is not empty")
        with self._request() as request:
            request.execute("begin")
            for kind in observations.KINDS:
                table = observations.table(kind).name
                request.execute(f"insert into {table} by name from read_parquet('{_quoted(folder, table)}')")
            request.execute(f"insert into named_visits {tables.NAMED_VISITS.format('visits')}")
            kept = f"read_parquet('{_quoted(folder, 'store_state')}')"
            update = "update store_state set cursor = kept.cursor, last_seq = kept.last_seq from"
            request.execute(f"{update} {kept} kept")
            request.execute("commit")
            duckdb_sessions.number_older(request)  # those of an older backup
        self._versions.all_changed()
        self._cursor, self._last_seq = self._state()
        self.checkpoint()

    def check(self, tell: Callable[[str], None] = lambda _: None) -> list[str]:
        """See `Store.check`."""
        wrong: list[str] = []
        for kind in observations.KINDS:
            tell(kind)
            try:
                with self._request() as request:
                    wrong += check_table(request, observations.table(kind), self._last_seq)
                    if kind == "visit":
                        wrong += check_named_visits(request)
                    if kind == "view":
                        wrong += duckdb_sessions.check(request)
            except (duckdb.Error, UnavailableError) as error:
                wrong.append(f"the table {observations.table(kind).name} cannot be read: {error}")
        return wrong

    def close(self) -> None:
        """See `Store.close`."""
        self.checkpoint()
        with self._lock:
            self._root.close()


def _held(request: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> NDArray[np.int64]:
    """The places of those rows that the table holds already. Leaves them registered as `batch`."""
    request.register("batch", rows)
    hours = " or ".join(
        f"started_ms between {first} and {last}" for first, last in touched(rows.column("started_ms").to_numpy())
    )
    # A dozen of these make a load, so each millisecond counts: execute() binds once, where sql() binds apart.
    held = request.execute(
        f"select seq from batch semi join (select identity, started_ms from {table} where {hours}) held"  # noqa: S608 - names of our own and integers
        " on batch.identity = held.identity and batch.started_ms = held.started_ms"
    ).fetchnumpy()["seq"]
    if not len(held):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.isin(rows.column("seq").to_numpy(), held))


def _insert(request: duckdb.DuckDBPyConnection, table: str) -> None:
    try:
        request.execute(f"insert into {table} by name select * from batch")  # noqa: S608 - a name of our own
    except (duckdb.ConstraintException, duckdb.DataError) as error:
        raise InvalidInputError(f"a row does not fit the table {table}: {error}") from error


def _relation(
    request: duckdb.DuckDBPyConnection,
    name: str,
    parameters: Mapping[str, Parameter],
    tables: Mapping[str, pa.Table] | None,
) -> duckdb.DuckDBPyRelation:
    for table_name, table in (tables or {}).items():
        request.register(table_name, table)
    return request.sql(queries.text(name), params=dict(parameters)) if parameters else request.sql(queries.text(name))


def _first_of_each(identity: NDArray[np.int64], started_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True at the first row of each (identity, started_ms)."""
    keep = np.ones(len(identity), dtype=np.bool_)
    ordered = np.sort(identity)
    if (ordered[1:] != ordered[:-1]).all():
        return keep
    order = np.lexsort((started_ms, identity))  # stable: equal ones stay in order of arrival
    same = (identity[order[1:]] == identity[order[:-1]]) & (started_ms[order[1:]] == started_ms[order[:-1]])
    keep[order[1:][same]] = False
    return keep


def _quoted(folder: Path, table: str) -> str:
    return str(folder / f"{table}.parquet").replace("'", "''")
