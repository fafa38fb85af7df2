"""Moves journal entries into the fact store: in order, in batches, each exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

import structlog

from passerby.errors import CorruptDataError, InvalidInputError, PasserbyError, UnavailableError
from passerby.journal import DamagedEntryError, Entry, Feed, Journal
from passerby.store.arrow import fact_batch
from passerby.store.contract import FactBatch, Loaded, Store

READER = "store"
# One load: large enough that planning its statements does not count, small enough to stay well under a second.
_BATCH_ROWS = 50_000
# Loads begin at least this far apart while requests keep coming. One costs 25 to 50 ms of processor time however few
# its rows are (eleven tables); four times as many small ones took half of a machine from the requests.
_PAUSE_S = 0.2
# New requests are held back while rows wait for longer than this, unless they are fewer than a large request brings.
_LONGEST_WAIT_S = 0.4
_ALWAYS_ROOM_ROWS = 20_000
# The longest that a request is held back. When the store cannot keep up for longer, ingest goes on regardless.
_LONGEST_HOLD_S = 2.0
_RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)
_REMEMBERED = 50_000
_STOPPING = "the server is stopping; the rows are kept and will be loaded"
_log = structlog.get_logger("passerby.loader")


class Loader:
    """A thread that follows the journal and loads the store. Safe to ask from other threads."""

    def __init__(self, journal: Journal, store: Store) -> None:
        self._journal = journal
        self._store = store
        self._lock = threading.Lock()
        self._progress = threading.Condition(self._lock)
        self._waiters: dict[int, list[Future[int]]] = {}
        self._accepted: OrderedDict[int, int] = OrderedDict()
        self._listeners: list[Callable[[int, FactBatch, Loaded], None]] = []
        self._held: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._loaded_entry = 0
        self._loaded_seq = 0
        self._failures = 0
        self._careful = False
        self._ended = False
        self._last_began = 0.0
        # Whatever is not loaded yet arrived after this, give or take what did not fit into one load.
        self._loaded_until = 0.0
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
        if self._journal.oldest_entry() > cursor + 1:
            raise CorruptDataError(
                f"the facts end at entry {cursor}, but {self._journal.path} begins at {self._journal.oldest_entry()}: "
                "they do not belong together. Restore a backup, or move the journal away to go on without these rows"
            )
        self._journal.add_reader(READER, self._store.safe_cursor())
        self._journal.advance(READER, self._store.safe_cursor())
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
    def loaded_seq(self) -> int:
        """The number of the last row up to which queries see everything."""
        return self._loaded_seq

    @property
    def loaded_entry(self) -> int:
        """The newest journal entry whose rows queries see."""
        return self._loaded_entry

    @property
    def backlog_rows(self) -> int:
        """Rows in the journal that queries do not see yet."""
        return max(0, self._journal.last_seq - self._loaded_seq)

    @property
    def lag_s(self) -> float:
        """How long the oldest row that queries do not see has waited, at most, in seconds."""
        return time.monotonic() - self._loaded_until if self.backlog_rows else 0.0

    @property
    def failing(self) -> bool:
        """Whether the store refused the last load."""
        return self._failures > 0

    def must_hold(self) -> bool:
        """Whether a new request should wait. Never while the store fails: then ingest goes on."""
        return not self._failures and self.backlog_rows > _ALWAYS_ROOM_ROWS and self.lag_s > _LONGEST_WAIT_S

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
        future.set_running_or_notify_cancel()  # whoever gives up waiting must not disturb the loader
        with self._lock:
            if entry <= self._loaded_entry:
                _resolve(future, self._accepted.get(entry))
            elif self._ended:
                future.set_exception(UnavailableError(_STOPPING))
            else:
                self._waiters.setdefault(entry, []).append(future)
        if self._feed is not None and not future.done():
            self._feed.nudge()
        return future

    def catch_up(self, timeout_s: float = 60.0) -> None:
        """Return once everything that the journal holds now is loaded; UnavailableError when that takes too long."""
        entry = self._journal.last_entry
        deadline = time.monotonic() + timeout_s
        with self._progress:
            while self._loaded_entry < entry:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise UnavailableError(f"the fact store is behind: {self.backlog_rows} rows are not loaded yet")
                self._progress.wait(left)

    def add_reader(self, name: str, callback: Callable[[list[Entry]], None]) -> Follower:
        """Hand every entry from now on, also across restarts, to `callback`; see `Follower`. Call `stop` on it."""
        return Follower(self._journal, name, callback)

    def subscribe(self, listener: Callable[[int, FactBatch, Loaded], None]) -> None:
        """Call `listener` with every load once queries see it, before those who wait for it, in the loader's thread.

        It gets the number of the first entry, the rows that the store was given, and what it did with them. It must
        be quick and must not raise. A load that the store lost and took again is told again.
        """
        self._listeners = [*self._listeners, listener]

    # -- the thread

    def _run(self) -> None:
        feed = self._feed
        assert feed is not None  # noqa: S101 - start() made it
        pending: list[Entry] = []
        while pending or feed.wait(None):
            try:
                pending = pending or self._next(feed)
                pending = self._load_some(pending)
            except Exception as error:  # noqa: BLE001 - whatever the engine raises, the rows are safe in the journal
                delay = _RETRY_S[min(self._failures, len(_RETRY_S) - 1)]
                self._failures += 1
                _log.error("rows cannot be loaded; they stay in the journal", error=str(error), retry_in_s=delay)
                if self._stop.wait(delay):
                    break
        self._give_up_waiters()

    def _next(self, feed: Feed) -> list[Entry]:
        """The entries to load next: at once when nothing was loaded just now or someone waits for them."""
        rest = self._last_began + _PAUSE_S - time.monotonic()
        if rest > 0 and not self._waiters and not self._stop.is_set():
            feed.pause(rest, _BATCH_ROWS)
        self._last_began = time.monotonic()
        try:
            return feed.take(_BATCH_ROWS)
        except DamagedEntryError as damaged:
            feed.rewind(damaged.number)  # go on behind it
            return [self._empty(damaged.number, damaged)]

    def _load_some(self, entries: list[Entry]) -> list[Entry]:
        """Load entries, all or the first; those that are left."""
        if self._failures:
            self._store.refresh()
            if self._store.cursor() < entries[0].number - 1:
                self._go_back()
                return []
        some = entries[:1] if self._careful else entries
        try:
            self._load(some)
        except InvalidInputError as error:
            if len(some) > 1:
                self._careful = True  # one of them is bad: go on one by one, so that it does not hold up the others
                return entries
            return [self._empty(some[0].number, error), *entries[1:]]
        rest = entries[len(some) :]
        self._careful = self._careful and bool(rest)
        return rest

    def _empty(self, number: int, error: PasserbyError) -> Entry:
        """Set an entry aside, so that the rest goes on; an entry without rows in its place."""
        _log.error("an entry that no store takes is set aside in the journal", entry=number, error=str(error))
        self._journal.set_aside(number, str(error))
        return Entry(number, 0, self._journal.seq_after(number) + 1, 0, "", {})

    def _load(self, entries: Sequence[Entry]) -> None:
        todo = [entry for entry in entries if entry.number > self._store.cursor()]
        # Nothing to do: the store took them although it said that it failed. Whoever listens still has to hear of it.
        batch = fact_batch(todo) if todo else FactBatch({}, {}, entries[-1].number, entries[-1].last_seq)
        loaded = self._store.load(batch) if todo else Loaded(0, 0, {})
        self._recovered()
        self._journal.advance(READER, self._store.safe_cursor())
        for listener in self._listeners:
            listener(todo[0].number if todo else entries[0].number, batch, loaded)
        self._finished(entries, {entry.number: loaded.accepted_by_entry.get(entry.number, 0) for entry in todo})

    def _go_back(self) -> None:
        """The store lost what it had not yet folded into its file: load that again."""
        cursor = self._store.cursor()
        _log.error("the store lost rows; they are loaded from the journal again", after_entry=cursor)
        assert self._feed is not None  # noqa: S101 - this is the thread that follows it
        self._feed.rewind(cursor)
        self._recovered()
        with self._lock:
            self._loaded_entry = cursor
            self._loaded_seq = self._journal.seq_after(cursor)

    def _recovered(self) -> None:
        if self._failures:
            _log.info("the store takes rows again", after_failures=self._failures)
        self._failures = 0

    def _finished(self, entries: Sequence[Entry], counts: Mapping[int, int]) -> None:
        """Tell everyone who waits. `counts` lacks entries of which it is not known how many rows were new."""
        with self._lock:
            if sum(entry.row_count for entry in entries) < _BATCH_ROWS:  # all that had arrived when they were taken
                self._loaded_until = self._last_began
            self._loaded_entry = entries[-1].number
            self._loaded_seq = entries[-1].last_seq
            self._accepted.update(counts)
            while len(self._accepted) > _REMEMBERED:
                self._accepted.popitem(last=False)
            waiters = [(entry.number, self._waiters.pop(entry.number, ())) for entry in entries]
            held, self._held = self._held, []
            self._progress.notify_all()
        for number, futures in waiters:
            for future in futures:
                _resolve(future, counts.get(number))
        for loop, room in held:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits in it
                loop.call_soon_threadsafe(_release, room)

    def _give_up_waiters(self) -> None:
        with self._lock:
            self._ended = True
            waiters, self._waiters = self._waiters, {}
        for futures in waiters.values():
            for future in futures:
                future.set_exception(UnavailableError(_STOPPING))


class Follower:
    """A named reader of the journal in a thread of its own.

    `callback` gets entries in order, each at least once: what it had not finished when the process ended comes
    again. When it raises, the same entries come again after a pause. A new name begins with the next entry.
    """

    def __init__(self, journal: Journal, name: str, callback: Callable[[list[Entry]], None]) -> None:
        self._journal = journal
        self._name = name
        self._callback = callback
        self._ending = threading.Event()
        self._feed = Feed(journal, journal.add_reader(name, journal.last_entry), memory_rows=_BATCH_ROWS)
        self._thread = threading.Thread(target=self._run, name=f"reader-{name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the entries at hand; its place is kept."""
        self._ending.set()
        self._feed.stop()
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while self._feed.wait(None) and not self._ending.is_set():
            try:
                entries = self._feed.take(_BATCH_ROWS)
            except DamagedEntryError as damaged:
                _log.error("a reader of the journal skips a damaged entry", reader=self._name, error=str(damaged))
                self._feed.rewind(damaged.number)
                continue
            if not entries:
                continue
            try:
                self._callback(entries)
            except Exception as error:  # noqa: BLE001 - whatever it is, the entries are safe and come again
                delay = _RETRY_S[min(failures, len(_RETRY_S) - 1)]
                failures += 1
                _log.error("a reader of the journal failed", reader=self._name, error=str(error), retry_in_s=delay)
                self._feed.rewind(entries[0].number - 1)
                self._ending.wait(delay)
            else:
                failures = 0
                self._journal.advance(self._name, entries[-1].number)


def _resolve(future: Future[int], count: int | None) -> None:
    if count is None:
        future.set_exception(UnavailableError("visible, but it is no longer known how many rows were new"))
    else:
        future.set_result(count)


def _release(room: asyncio.Future[None]) -> None:
    if not room.done():
        room.set_result(None)
