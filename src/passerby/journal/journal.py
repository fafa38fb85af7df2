"""The journal's public face: append, read, trim."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from passerby.errors import CorruptDataError, PasserbyError, UnavailableError
from passerby.journal import database
from passerby.journal.payload import Layout, Unpacker, checksum, current_layout
from passerby.journal.records import DamagedEntryError, Entry, Idempotency, KeptAside, Receipt, Rejected, Submission
from passerby.journal.writer import IDEMPOTENCY_MS, Writer, keep_quiet

# One look into the file takes at most this many entries, so that no read transaction holds the log for long.
_READ_AT_ONCE = 500


def utc_ms() -> int:
    """UTC milliseconds since 1970, now."""
    return time.time_ns() // 1_000_000


class Journal:
    """The journal in the file `path`. Safe to use from several threads; one process at a time.

    Args:
        path: the SQLite file; made when it does not exist.
        keep_days: entries that every reader is done with are removed when they are older.
        rejected_days: rejected rows are removed when they are older.
        clock: UTC milliseconds; arrival times never go back even when it does.

    Raises:
        CorruptDataError: the file is not a journal that this release can read.
    """

    def __init__(
        self, path: Path, *, keep_days: float = 7, rejected_days: float = 30, clock: Callable[[], int] = utc_ms
    ) -> None:
        self.path = path
        self._writer = Writer(path, keep_days, rejected_days, clock)
        self._clock = clock
        self._read_lock = threading.Lock()
        self._reading = database.connect(path)
        self._unpacker = Unpacker()
        self._layouts: dict[int, Layout | None] = {}
        self._writer.start()

    @property
    def last_entry(self) -> int:
        """The number of the newest entry on disk; 0 when there never was one."""
        return self._writer.next_entry - 1

    @property
    def last_seq(self) -> int:
        """The number of the newest row on disk; 0 when there never was one."""
        return self._writer.next_seq - 1

    def append(self, submission: Submission) -> Future[Receipt]:
        """Take a submission; the future resolves when it is safe on disk.

        It fails with UnavailableError when the disk is full or broken (nothing was written; later submissions
        are tried again), with ConflictError when its idempotency key was used for another body, and with
        TypeError, ValueError or OverflowError when a row holds what the journal cannot.
        """
        return self._writer.append(submission)

    def idempotent(self, account_id: int, key: str) -> Idempotency | None:
        """The request that an account sent under a key in the last 24 hours."""
        with self._read_lock:
            found = self._reading.execute(
                database.FIND_IDEMPOTENCY, (account_id, key, self._clock() - IDEMPOTENCY_MS)
            ).fetchone()
        return Idempotency(account_id, key, *found) if found else None

    def amend(self, request: Idempotency) -> Future[None]:
        """Replace the answer kept of a request, once more is known about it than when it was written."""

        def work(connection: sqlite3.Connection) -> None:
            values = (request.answer, request.account_id, request.key, request.digest)
            connection.execute(database.AMEND_IDEMPOTENCY, values)

        return self._writer.run(work)

    def rejected(self, account_id: int, *, after: int = 0, limit: int = 1000) -> list[KeptAside]:
        """Rejected rows of an account, oldest first, from the one after id `after` on."""
        with self._read_lock:
            rows = self._reading.execute(
                f"{database.READ_REJECTED} where account_id = ? and id > ? order by id limit ?",
                (account_id, after, limit),
            ).fetchall()
        return [_kept(row) for row in rows]

    def newest_rejected(self, account_id: int, limit: int) -> list[KeptAside]:
        """The rejected rows of an account that came last, newest first."""
        with self._read_lock:
            rows = self._reading.execute(
                f"{database.READ_REJECTED} where account_id = ? order by id desc limit ?", (account_id, limit)
            ).fetchall()
        return [_kept(row) for row in rows]

    def reword(self, errors: Mapping[int, str]) -> Future[None]:
        """Say anew why rows are kept aside, by their ids: what was wrong may be mended, and something else not."""

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(database.REWORD_REJECTED, [(error, row) for row, error in errors.items()])

        return self._writer.run(work)

    def kept_aside(self, *, after: int = 0, limit: int = 10_000) -> list[KeptAside]:
        """Rejected rows of all accounts, oldest first, from the one after id `after` on: for backups."""
        with self._read_lock:
            rows = self._reading.execute(
                f"{database.READ_REJECTED} where id > ? order by id limit ?", (after, limit)
            ).fetchall()
        return [_kept(row) for row in rows]

    def keep_aside(self, rows: Sequence[KeptAside]) -> None:
        """Put rejected rows back as they were, under their ids: from a backup."""
        records = [
            (k.id, k.received_ms, k.source, k.rejected.account_id, k.rejected.index, k.rejected.error, k.rejected.row)
            for k in rows
        ]
        self._writer.run(lambda connection: connection.executemany(database.RESTORE_REJECTED, records)).result()

    def read(self, after: int, *, max_rows: int = 50_000) -> list[Entry]:
        """Entries after number `after`, in order: at least one if there is one, about `max_rows` rows in all.

        Raises DamagedEntryError when the first of them cannot be read, and CorruptDataError when entries are missing.
        """
        found: list[Entry] = []
        rows = 0
        with self._read_lock, closing(self._reading.execute(database.READ_ENTRIES, (after,))) as cursor:
            for _ in range(_READ_AT_ONCE):
                record = cursor.fetchone()
                if record is None:
                    break
                try:
                    found.append(self._entry(record))
                except DamagedEntryError:
                    if found:
                        break
                    raise
                rows += found[-1].row_count
                if rows >= max_rows:
                    break
        if found and found[0].number != after + 1:
            raise CorruptDataError(f"entries {after + 1} to {found[0].number - 1} are missing from {self.path}")
        return found

    def walk(self) -> Iterator[Entry | DamagedEntryError]:
        """Every entry still held, oldest first; in place of one that cannot be read, what is wrong with it."""
        after = 0
        while True:
            with self._read_lock:
                records = self._reading.execute(database.READ_ENTRIES + " limit 100", (after,)).fetchall()
            if not records:
                return
            for record in records:
                try:
                    yield self._entry(record)
                except DamagedEntryError as error:
                    yield error
            after = records[-1][0]

    def _entry(self, record: tuple[int, int, int, int, str, int, bytes, int]) -> Entry:
        number, received_ms, first_seq, row_count, source, layout, payload, expected = record
        if checksum(number, received_ms, first_seq, row_count, payload) != expected:
            raise DamagedEntryError(number, f"entry {number} of {self.path} is damaged: its checksum does not fit")
        try:
            rows = self._unpacker.unpack(payload, self._layout(layout))
        except CorruptDataError as error:
            raise DamagedEntryError(number, f"entry {number} of {self.path} is damaged: {error}") from error
        return Entry(number, received_ms, first_seq, row_count, source, rows)

    def _layout(self, number: int) -> Layout | None:
        """The columns of an older release's rows; None when they are today's."""
        if number not in self._layouts:
            (columns,) = self._reading.execute("select columns from layouts where number = ?", (number,)).fetchone()
            self._layouts[number] = None if columns == current_layout() else json.loads(columns)
        return self._layouts[number]

    def oldest_entry(self) -> int:
        """The number of the oldest entry still held; that of the next one when none is."""
        with self._read_lock:
            (number,) = self._reading.execute("select min(number) from entries").fetchone()
        return self._writer.next_entry if number is None else int(number)

    def seq_after(self, entry: int) -> int:
        """The number of the last row of all entries up to `entry`."""
        with self._read_lock:
            (seq,) = self._reading.execute("select min(first_seq) from entries where number > ?", (entry,)).fetchone()
        return self.last_seq if seq is None else int(seq) - 1

    def readers(self) -> Mapping[str, int]:
        """The cursor of every reader: the last entry that it is done with."""
        return self._writer.cursors()

    def add_reader(self, name: str, cursor: int) -> int:
        """Make a reader known, done with everything up to `cursor`, unless it is known already; its cursor.

        From now on nothing that it has not read is removed.
        """
        return self._writer.run(lambda connection: self._writer.add_reader(connection, name, cursor)).result()

    def remove_reader(self, name: str) -> None:
        """Forget a reader: it no longer keeps entries from being removed."""
        self._writer.run(lambda connection: self._writer.remove_reader(connection, name)).result()

    def advance(self, name: str, cursor: int) -> None:
        """A reader is done with everything up to `cursor`. Written soon, not at once: a crash may repeat entries."""
        self._writer.advance(name, cursor)

    def subscribe(self, callback: Callable[[list[Entry]], None]) -> int:
        """Call `callback` with every group of new entries once it is on disk, in order, before its receipts.

        It runs in the journal's thread: it must be quick and must not raise. Returns the number of the last
        entry that it will not see.
        """
        return self._writer.run(lambda _: self._writer.subscribe(callback)).result()

    def unsubscribe(self, callback: Callable[[list[Entry]], None]) -> None:
        """Undo `subscribe`."""
        self._writer.run(lambda _: self._writer.unsubscribe(callback)).result()

    def quiet(self, after: int, until: int) -> list[tuple[int, int]]:
        """Runs of rows (first, last) that nobody is told about, as far as they touch rows `after` + 1 to `until`."""
        with self._read_lock:
            return self._reading.execute(database.FIND_QUIET, (after, until)).fetchall()

    def keep_quiet(self, runs: Sequence[tuple[int, int]]) -> None:
        """Put such runs back: from a backup."""

        def work(connection: sqlite3.Connection) -> None:
            for first, last in runs:
                keep_quiet(connection, first, last)

        self._writer.run(work).result()

    def set_aside(self, entry: int, error: str) -> None:
        """Keep an entry for good, with the reason why it cannot be loaded: people have to look at it."""
        self._writer.run(lambda connection: connection.execute(database.SET_ASIDE, (error, entry))).result()

    def aside(self) -> Mapping[int, str]:
        """The entries that were set aside, and why."""
        with self._read_lock:
            return dict(self._reading.execute("select number, error from set_aside order by number").fetchall())

    def continue_from(self, entry: int, seq: int) -> None:
        """Number what comes after `entry` and row `seq`, where these are ahead of the journal's own numbers.

        For a journal that is new beside facts that are not (after a restore).
        """
        self._writer.run(lambda connection: self._writer.continue_from(connection, entry, seq)).result()

    def probe(self) -> None:
        """Raise UnavailableError unless the journal can be written."""
        try:
            self._writer.run(self._writer.save_counters).result(timeout=5)
        except PasserbyError:
            raise
        except (sqlite3.Error, TimeoutError) as error:
            raise UnavailableError(f"the journal cannot be written: {error}") from error

    def trim(self) -> int:
        """Remove what is old and read by all, a slice at a time; returns how many entries went.

        Happens by itself every minute; this is for people who want it now.
        """
        removed = 0
        while (count := self._writer.run(self._writer.trim_slice).result()) > 0:
            removed += count
        return removed

    def close(self) -> None:
        """Write what was appended, then let go of the file. Appending afterwards is UnavailableError."""
        self._writer.close()
        with self._read_lock:
            self._reading.close()


def _kept(row: tuple[int, int, str, int, int, str, str]) -> KeptAside:
    number, received_ms, source, *rejected = row
    return KeptAside(number, received_ms, source, Rejected(*rejected))  # type: ignore[arg-type]  # as the columns are
