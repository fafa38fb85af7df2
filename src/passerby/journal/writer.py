"""The one thread that writes the journal."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog

from passerby.errors import ConflictError, CorruptDataError, UnavailableError
from passerby.journal import database
from passerby.journal.payload import Packer, checksum, current_layout
from passerby.journal.records import Entry, Idempotency, Receipt, Submission

IDEMPOTENCY_MS = 24 * 3_600_000
DAY_MS = 86_400_000
# Bounds of one commit: enough to share an fsync among all connections, small enough to answer the first soon.
_GROUP_REQUESTS = 1000
_GROUP_ROWS = 50_000
_TRIM_EVERY_MS = 60_000
# A slice of trimming takes a few milliseconds; requests are written between two of them.
_TRIM_ENTRIES = 500

T = TypeVar("T")
Append = tuple[Submission, Future[Receipt]]
Callback = Callable[[list[Entry]], None]
_log = structlog.get_logger("passerby.journal")


@dataclass(slots=True)
class _Task:
    """Something else to do on the connection, in a transaction of its own."""

    work: Callable[[sqlite3.Connection], Any]
    future: Future[Any]


@dataclass(slots=True)
class _Group:
    """What one commit holds: records for each table, and who waits for them."""

    entries: list[tuple[object, ...]]
    rejected: list[tuple[object, ...]]
    idempotency: list[tuple[object, ...]]
    quiet: list[tuple[int, int]]
    mended: list[tuple[int]]
    handed_over: list[Entry]
    answers: list[tuple[Future[Receipt], Receipt]]
    next_entry: int
    next_seq: int
    received_ms: int


class Writer:
    """Owns the writing connection, the numbering and the readers' cursors; see `Journal` for what it promises."""

    def __init__(self, path: Path, keep_days: float, rejected_days: float, clock: Callable[[], int]) -> None:
        self._path = path
        self._keep_ms = round(keep_days * DAY_MS)
        self._rejected_ms = round(rejected_days * DAY_MS)
        self._clock = clock
        self._packer = Packer()
        self._wake = threading.Condition()
        self._appends: list[Append] = []
        self._tasks: list[_Task] = []
        self._closing = False
        self._subscribers: list[Callback] = []
        self._cursors: dict[str, int] = {}
        self._cursors_changed = False
        self._trim_due_ms = 0
        self.next_entry = self.next_seq = 1
        self._received_ms = 0
        self._failing = False
        self._connection: sqlite3.Connection | None = self._open()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Write what is waiting, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def append(self, submission: Submission) -> Future[Receipt]:
        """See `Journal.append`."""
        future: Future[Receipt] = Future()
        with self._wake:
            if self._closing:
                raise UnavailableError("the journal is closed")
            self._appends.append((submission, future))
            self._wake.notify()
        return future

    def run(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Do `work` on the writing connection, in a transaction of its own, in the writing thread."""
        future: Future[T] = Future()
        with self._wake:
            if self._closing:
                raise UnavailableError("the journal is closed")
            self._tasks.append(_Task(work, future))
            self._wake.notify()
        return future

    # -- what may run as work

    def add_reader(self, connection: sqlite3.Connection, name: str, cursor: int) -> int:
        """Insert a reader unless it is known; its cursor."""
        if name not in self._cursors:
            connection.execute("insert into readers values (?, ?)", (name, cursor))
            self._cursors = {**self._cursors, name: cursor}
        return self._cursors[name]

    def remove_reader(self, connection: sqlite3.Connection, name: str) -> None:
        """Delete a reader."""
        connection.execute("delete from readers where name = ?", (name,))
        self._cursors = {known: cursor for known, cursor in self._cursors.items() if known != name}

    def subscribe(self, callback: Callback) -> int:
        """Add a callback; the last entry that it will not see."""
        self._subscribers.append(callback)
        return self.next_entry - 1

    def unsubscribe(self, callback: Callback) -> None:
        """Remove a callback."""
        self._subscribers.remove(callback)

    def continue_from(self, connection: sqlite3.Connection, entry: int, seq: int) -> None:
        """Move the counters forward, never back."""
        self.next_entry = max(self.next_entry, entry + 1)
        self.next_seq = max(self.next_seq, seq + 1)
        self.save_counters(connection)

    def save_counters(self, connection: sqlite3.Connection) -> None:
        """Write the numbers that the next entry and row will have."""
        connection.execute(
            "update counters set next_entry = ?, next_seq = ?, last_received_ms = ?",
            (self.next_entry, self.next_seq, self._received_ms),
        )

    def trim_slice(self, connection: sqlite3.Connection) -> int:
        """Remove some of what is old and read by all; how many entries, 0 when nothing was left to remove."""
        now = self._clock()
        self.save_counters(connection)
        self._save_cursors(connection)
        done = min(self._cursors.values(), default=0)
        old = (done, now - self._keep_ms, _TRIM_ENTRIES)
        removed = int(connection.execute(database.TRIM_ENTRIES, old).rowcount)
        connection.execute(database.TRIM_REJECTED, (now - self._rejected_ms, _TRIM_ENTRIES))
        connection.execute(database.TRIM_IDEMPOTENCY, (now - IDEMPOTENCY_MS, _TRIM_ENTRIES))
        return removed

    # -- cursors

    def cursors(self) -> Mapping[str, int]:
        """See `Journal.readers`."""
        return dict(self._cursors)

    def advance(self, name: str, cursor: int) -> None:
        """See `Journal.advance`."""
        with self._wake:
            if name not in self._cursors:
                raise KeyError(name)
            self._cursors[name] = max(self._cursors[name], cursor)
            self._cursors_changed = True

    def _save_cursors(self, connection: sqlite3.Connection) -> None:
        self._cursors_changed = False
        connection.executemany(
            "update readers set cursor = ? where name = ?", [(at, name) for name, at in self._cursors.items()]
        )

    # -- the thread

    def _open(self) -> sqlite3.Connection:
        connection = database.prepare(self._path)
        self._layout = database.layout_number(connection, current_layout())
        self.next_entry, self.next_seq, self._received_ms = connection.execute("select * from counters").fetchone()
        newest = connection.execute(
            "select number, first_seq + row_count, received_ms from entries order by number desc limit 1"
        ).fetchone()
        if newest is not None:
            self.next_entry = max(self.next_entry, newest[0] + 1)
            self.next_seq = max(self.next_seq, newest[1])
            self._received_ms = max(self._received_ms, newest[2])
        kept = dict(connection.execute("select name, cursor from readers").fetchall())
        self._cursors = {**kept, **{name: at for name, at in self._cursors.items() if name in kept}}
        return connection

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._appends and not self._tasks and not self._closing:
                    self._wake.wait(timeout=1)
                appends = self._take_appends()
                tasks, self._tasks = self._tasks, []
                stop = self._closing and not self._appends
            if appends:
                self._write(appends)
            for task in tasks:
                self._do(task)
            self._housekeeping()
            if stop:
                break
        if self._connection is not None:
            self._do(_Task(self._save_cursors, Future()))
            self._connection.close()

    def _take_appends(self) -> list[Append]:
        count = rows = 0
        for submission, _ in self._appends[:_GROUP_REQUESTS]:
            count += 1
            rows += submission.row_count
            if rows >= _GROUP_ROWS:
                break
        taken, self._appends = self._appends[:count], self._appends[count:]
        return taken

    def _housekeeping(self) -> None:
        if self._cursors_changed and not self._appends:
            self._do(_Task(self._save_cursors, Future()))
        now = self._clock()
        if now >= self._trim_due_ms:
            work: Future[int] = Future()
            self._do(_Task(self.trim_slice, work))
            more = work.exception() is None and work.result() == _TRIM_ENTRIES
            self._trim_due_ms = now if more else now + _TRIM_EVERY_MS

    def _do(self, task: _Task) -> None:
        try:
            connection = self._begin()
            result = task.work(connection)
            connection.execute("commit")
            self._committed()
        except (sqlite3.Error, CorruptDataError, UnavailableError) as error:
            self._reopen_after(error)
            task.future.set_exception(UnavailableError(f"the journal cannot be written: {error}"))
        except Exception as error:  # noqa: BLE001 - whoever asked for the work gets its error
            self._roll_back()
            task.future.set_exception(error)
        else:
            task.future.set_result(result)

    def _write(self, appends: Sequence[Append]) -> None:
        try:
            connection = self._begin()
            group = self._group(connection, appends)
            connection.executemany(database.INSERT_ENTRY, group.entries)
            for statement, records in (
                (database.INSERT_REJECTED, group.rejected),
                (database.INSERT_IDEMPOTENCY, group.idempotency),
                (database.REMOVE_REJECTED, group.mended),
            ):
                if records:
                    connection.executemany(statement, records)
            for first, last in group.quiet:
                keep_quiet(connection, first, last)
            connection.execute("commit")
            self._committed()
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits must learn of it and this thread go on
            self._reopen_after(error)
            for _, future in appends:
                if not future.done():
                    future.set_exception(UnavailableError(f"the journal cannot be written: {error}"))
            return
        self.next_entry, self.next_seq, self._received_ms = group.next_entry, group.next_seq, group.received_ms
        if group.handed_over:
            for subscriber in self._subscribers:
                subscriber(group.handed_over)
        for future, receipt in group.answers:
            future.set_result(receipt)

    def _group(self, connection: sqlite3.Connection, appends: Sequence[Append]) -> _Group:
        now = max(self._clock(), self._received_ms)  # arrival never goes back, even when the clock does
        group = _Group([], [], [], [], [], [], [], self.next_entry, self.next_seq, now)
        answered: dict[tuple[int, str], Idempotency] = {}
        for submission, future in appends:
            if not future.set_running_or_notify_cancel():
                continue
            try:
                repeated = self._repeated(connection, submission.idempotency, answered, now)
                if repeated is None:
                    self._add(group, submission, future)
                else:
                    group.answers.append((future, Receipt(0, now, 0, 0, repeated)))
            except (TypeError, ValueError, OverflowError, msgspec.MsgspecError, ConflictError) as error:
                future.set_exception(error)
        return group

    def _repeated(
        self,
        connection: sqlite3.Connection,
        asked: Idempotency | None,
        answered: dict[tuple[int, str], Idempotency],
        now: int,
    ) -> Idempotency | None:
        """The earlier request under the same key, on disk or in this group; ConflictError when its body differs."""
        if asked is None:
            return None
        key = (asked.account_id, asked.key)
        earlier = answered.get(key)
        if earlier is None:
            found = connection.execute(database.FIND_IDEMPOTENCY, (*key, now - IDEMPOTENCY_MS)).fetchone()
            earlier = Idempotency(*key, *found) if found else None
        if earlier is None:
            answered[key] = asked
        elif earlier.digest != asked.digest:
            raise ConflictError(f"the idempotency key {asked.key!r} was used for another body in the last 24 hours")
        return earlier

    def _add(self, group: _Group, submission: Submission, future: Future[Receipt]) -> None:
        number, seq, now, count = group.next_entry, group.next_seq, group.received_ms, submission.row_count
        payload = self._packer.pack(submission.rows)
        group.entries.append(
            (
                number,
                now,
                seq,
                count,
                submission.source,
                self._layout,
                payload,
                checksum(number, now, seq, count, payload),
            )
        )
        group.rejected.extend(
            (number, now, submission.source, row.account_id, row.index, row.error, row.row)
            for row in submission.rejected
        )
        group.mended.extend((row,) for row in submission.mended)
        if submission.quiet and count:
            group.quiet.append((seq, seq + count - 1))
        if submission.idempotency is not None:
            asked = submission.idempotency
            group.idempotency.append((asked.account_id, asked.key, asked.digest, asked.answer, now))
        group.handed_over.append(Entry(number, now, seq, count, submission.source, submission.rows))
        group.answers.append((future, Receipt(number, now, seq, count)))
        group.next_entry += 1
        group.next_seq += count

    # -- trouble

    def _begin(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._open()
        self._connection.execute("begin immediate")
        return self._connection

    def _committed(self) -> None:
        if self._failing:
            _log.info("the journal can be written again")
        self._failing = False

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("rollback")

    def _reopen_after(self, error: Exception) -> None:
        """Begin again from what is on disk: after a failed commit only the file knows whether it happened."""
        if not self._failing:
            _log.error("the journal cannot be written; requests are refused until it can", error=str(error))
        self._failing = True
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def keep_quiet(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Note that nobody is told about these rows."""
    if not connection.execute(database.EXTEND_QUIET, (last, first - 1)).rowcount:
        connection.execute(database.INSERT_QUIET, (first, last))
