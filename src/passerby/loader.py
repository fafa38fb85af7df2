"""Moves journal entries into the fact store: in order, in batches, each exactly once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

import structlog

from passerby.errors import InvalidInputError, UnavailableError
from passerby.journal import Entry, Feed, Journal
from passerby.store.arrow import fact_batch
from passerby.store.contract import Loaded, Store

READER = "store"
# One load: large enough that planning its statements does not count, small enough to stay well under a second.
_BATCH_ROWS = 50_000
# Loads begin at least this far apart while requests keep coming. One costs 25 to 50 ms of processor time however few
# its rows are (eleven tables); four times as many small ones took half of a machine from the requests.
_PAUSE_S = 0.2
# Rows that may wait: what is loaded in half a second, and never less than a large request brings.
_BACKLOG_S = 0.5
_SMALLEST_LIMIT = 20_000
_FIRST_GUESS_ROWS_PER_S = 200_000.0
# The longest that a request is held back. When the store cannot keep up for longer, ingest goes on regardless.
_LONGEST_HOLD_S = 2.0
_RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)
_REMEMBERED = 50_000
_log = structlog.get_logger("passerby.loader")


class Loader:
    """A thread that follows the journal and loads the store. Safe to ask from other threads."""

    def __init__(self, journal: Journal, store: Store) -> None:
        self._journal = journal
        self._store = store
        self._lock = threading.Lock()
        self._waiters: dict[int, list[Future[int]]] = {}
        self._accepted: OrderedDict[int, int] = OrderedDict()
        self._held: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._rate = _FIRST_GUESS_ROWS_PER_S
        self._loaded_entry = 0
        self._loaded_seq = 0
        self._failures = 0
        self._stop = threading.Event()
        self._feed: Feed | None = None
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)

    def start(self) -> None:
        """Begin to load, from where the store stands.

        Raises CorruptDataError when the journal no longer has what the store lacks.
        """
        cursor = self._store.cursor()
        if cursor > self._journal.last_entry:
            _log.error("the journal is older than the facts; it continues after them", entry=cursor)
            self._journal.continue_from(cursor, self._store.last_seq())
        self._journal.add_reader(READER, self._store.safe_cursor())
        self._loaded_entry = cursor
        self._loaded_seq = self._journal.seq_after(cursor)
        self._feed = Feed(self._journal, cursor)
        self._thread.start()

    def stop(self) -> None:
        """Load what is in the journal, then end. What a failing store does not take stays in the journal."""
        if self._feed is None:
            return
        self._stop.set()
        self._feed.nudge()
        self._feed.stop()
        self._thread.join()

    @property
    def backlog_rows(self) -> int:
        """Rows in the journal that queries do not see yet."""
        return max(0, self._journal.last_seq - self._loaded_seq)

    @property
    def backlog_limit(self) -> int:
        """Rows that may wait before requests are held back: about half a second's."""
        return max(_SMALLEST_LIMIT, round(self._rate * _BACKLOG_S))

    @property
    def failing(self) -> bool:
        """Whether the store refused the last load."""
        return self._failures > 0

    def must_hold(self) -> bool:
        """Whether a new request should wait. Never while the store fails: then ingest goes on."""
        return not self._failures and self.backlog_rows > self.backlog_limit

    async def hold(self) -> None:
        """Wait until there is room for more rows, at most two seconds."""
        if not self.must_hold():
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _LONGEST_HOLD_S
        while self.must_hold() and (left := deadline - loop.time()) > 0:
            room: asyncio.Future[None] = loop.create_future()
            with self._lock:
                self._held.append((loop, room))
            await asyncio.wait([room], timeout=min(left, 0.25))

    def wait_visible(self, entry: int) -> Future[int]:
        """Resolves when queries see the rows of an entry, with how many of them are new.

        Ask soon after the receipt: the counts of the last 50,000 entries are remembered. It fails with
        UnavailableError for older ones and when the loader stops before the entry is loaded.
        """
        future: Future[int] = Future()
        with self._lock:
            if entry in self._accepted:
                future.set_result(self._accepted[entry])
            elif entry <= self._loaded_entry:
                future.set_exception(
                    UnavailableError("the rows are visible, but it is no longer known how many are new")
                )
            elif self._stop.is_set():
                future.set_exception(UnavailableError("the server is stopping; the rows are kept and will be loaded"))
            else:
                self._waiters.setdefault(entry, []).append(future)
        if self._feed is not None and not future.done():
            self._feed.nudge()
        return future

    # -- the thread

    def _run(self) -> None:
        assert self._feed is not None  # noqa: S101 - start() made it
        feed = self._feed
        last_began = 0.0
        while feed.wait(None):
            rest = last_began + _PAUSE_S - time.monotonic()
            if rest > 0 and not self._waiters and not self._stop.is_set():
                feed.pause(rest, _BATCH_ROWS)
            last_began = time.monotonic()
            entries = feed.take(_BATCH_ROWS)
            if entries and not self._load_until_done(entries):
                break
        self._give_up_waiters()

    def _load_until_done(self, entries: Sequence[Entry]) -> bool:
        """Load, again and again until it works; False when told to stop before it did."""
        while True:
            try:
                self._load(entries)
            except InvalidInputError as error:
                return self._one_by_one(entries, error)
            except Exception as error:  # noqa: BLE001 - whatever the engine raises, the rows are safe in the journal
                delay = _RETRY_S[min(self._failures, len(_RETRY_S) - 1)]
                self._failures += 1
                _log.error("the store refused rows; they stay in the journal", error=str(error), retry_in_s=delay)
                if self._stop.wait(delay):
                    return False
            else:
                return True

    def _one_by_one(self, entries: Sequence[Entry], error: InvalidInputError) -> bool:
        """Load what can be loaded of entries of which one cannot; set that one aside, so that the rest goes on."""
        if len(entries) > 1:
            return all(self._load_until_done([entry]) for entry in entries)
        (bad,) = entries
        _log.error("rows that no store takes are set aside in the journal", entry=bad.number, error=str(error))
        self._journal.set_aside(bad.number, str(error))
        return self._load_until_done([replace(bad, rows={})])

    def _load(self, entries: Sequence[Entry]) -> None:
        if self._failures:
            self._store.refresh()
        todo = [entry for entry in entries if entry.number > self._store.cursor()]
        began = time.monotonic()
        loaded = self._store.load(fact_batch(todo)) if todo else Loaded(0, 0, {})
        rows = sum(entry.row_count for entry in todo)
        if rows >= _BATCH_ROWS // 5:  # smaller ones say what a statement costs, not what a row costs
            self._rate += 0.2 * (rows / (time.monotonic() - began) - self._rate)
        if self._failures:
            _log.info("the store takes rows again", after_failures=self._failures)
            self._failures = 0
        self._journal.advance(READER, self._store.safe_cursor())
        self._finished(entries, loaded)

    def _finished(self, entries: Sequence[Entry], loaded: Loaded) -> None:
        with self._lock:
            self._loaded_entry = entries[-1].number
            self._loaded_seq = entries[-1].last_seq
            for entry in entries:
                count = loaded.accepted_by_entry.get(entry.number, 0)
                self._accepted[entry.number] = count
                for future in self._waiters.pop(entry.number, ()):
                    future.set_result(count)
            while len(self._accepted) > _REMEMBERED:
                self._accepted.popitem(last=False)
            held, self._held = self._held, []
        for loop, room in held:
            loop.call_soon_threadsafe(_release, room)

    def _give_up_waiters(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, {}
        for futures in waiters.values():
            for future in futures:
                future.set_exception(UnavailableError("the server is stopping; the rows are kept and will be loaded"))


def _release(room: asyncio.Future[None]) -> None:
    if not room.done():
        room.set_result(None)
