"""Follows the journal and makes sessions of the sightings in it; a session that ended goes back as `wifi_visit`s.

What is open is in memory, and every second in `sessions.sqlite` together with the place in the journal that it goes up
to. After a crash the journal is read again from there. That gives the same sessions (see `session`), and visits that
had been handed to the journal already are known there by their identity: each counts once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import structlog

from passerby.catalogue.model import Catalogue
from passerby.catalogue.repository import Repository
from passerby.errors import UnavailableError
from passerby.journal import DamagedEntryError, Entry, Feed, Journal, Submission
from passerby.journal.journal import utc_ms
from passerby.settings import Settings
from passerby.sightings.session import Book
from passerby.sightings.sighting import END_KIND, KIND
from passerby.sightings.state import FILE_NAME, State
from passerby.sightings.visits import visits

READER = "sightings"
SOURCE = "sessions"
_BATCH_ROWS = 20_000
_COMMIT_S = 1.0
# Without traffic nothing moves the journal's clock: this often an empty entry does, if a session waits to end.
_TICK_S = 5.0
_RETRY_S = 1.0
_ENTRIES_WITHOUT = 1000
# Rows that may wait to become sessions before requests are held back.
_MOST_WAITING = 200_000
_log = structlog.get_logger("passerby.sessions")


@dataclass(frozen=True, slots=True)
class Presence:
    """WiFi devices that are there now: at the site, and in each of its zones by (sensor id, zone id)."""

    devices: int
    zones: dict[tuple[int, int], int]


class _Waits:
    """The settings of each scope, of the newest catalogue."""

    def __init__(self, catalogue: Repository) -> None:
        self._repository = catalogue
        self._catalogue: Catalogue | None = None
        self._known: dict[int, tuple[int, int]] = {}

    def refresh(self) -> None:
        """Look whether the catalogue changed."""
        current = self._repository.current()
        if current is not self._catalogue:
            self._catalogue, self._known = current, {}

    def __call__(self, scope: int) -> tuple[int, int]:
        found = self._known.get(scope)
        return self._look_up(scope) if found is None else found

    def _look_up(self, scope: int) -> tuple[int, int]:
        catalogue = self._catalogue or self._repository.current()
        sensor = catalogue.sensors.get(-scope) if scope < 0 else None
        site = catalogue.sites.get(scope if sensor is None else sensor.site_id)
        settings = Settings(catalogue.global_settings) if site is None else catalogue.settings_of_site(site)
        gap_ms = settings.ms("wifi_session_gap_s")
        found = self._known[scope] = (gap_ms, gap_ms + settings.ms("wifi_lateness_s"))
        return found


class Sessions:
    """A thread that makes sessions of sightings. Safe to ask from other threads."""

    def __init__(self, data: Path, journal: Journal, catalogue: Repository) -> None:
        self._path = data / FILE_NAME
        self._journal = journal
        self._waits = _Waits(catalogue)
        self._lock = threading.Lock()  # of the book
        self._told = threading.Condition()
        self._waiting: list[tuple[int, Future[int]]] = []
        self._to_write: list[Future[None]] = []
        self._visits_entry = 0
        self._stopping = threading.Event()
        self._ended = False
        self._state = State(self._path)
        self._read_state()
        self._feed = Feed(journal, self._entry, memory_rows=_BATCH_ROWS * 5)
        self._thread = threading.Thread(target=self._run, name="sessions", daemon=True)
        self._thread.start()

    def _read_state(self) -> None:
        """Begin from what is on disk."""
        self._state.roll_back()
        self._waits.refresh()
        self._book = Book(self._waits, self._state.ended)
        for scope, device, sessions in self._state.open():
            self._book.put_back(scope, device, sessions)
        kept = self._state.entry()
        cursor = self._journal.add_reader(READER, self._journal.last_entry if kept is None else kept)
        self._entry = self._committed = min(cursor if kept is None else kept, self._journal.last_entry)
        oldest = self._journal.oldest_entry()
        if self._entry < oldest - 1:
            # After a restore, or with a journal that was moved away.
            _log.warning("the journal begins later than the open sessions go; they go on there", entry=oldest)
            self._entry = oldest - 1
        self._seq = self._journal.seq_after(self._entry)
        self._received_ms = 0
        self._committed_at = time.monotonic()

    # -- what others ask

    @property
    def backlog_rows(self) -> int:
        """Rows of the journal that have not been looked at yet."""
        return max(0, self._journal.last_seq - self._seq)

    def must_hold(self) -> bool:
        """Whether a new request should wait."""
        return self.backlog_rows > _MOST_WAITING

    def taken(self, entry: int) -> Future[int]:
        """Resolves when the sightings of an entry are in sessions, and the visits of those that ended in the journal.

        The result is the last journal entry with such visits, 0 when there was none. Fails with UnavailableError
        when the server stops first.
        """
        future: Future[int] = Future()
        future.set_running_or_notify_cancel()
        with self._told:
            if self._ended:
                future.set_exception(UnavailableError("the server is stopping; the sightings are kept"))
            elif entry <= self._entry:
                future.set_result(self._visits_entry)
            else:
                self._waiting.append((entry, future))
        return future

    def present(self, scope: int, now_ms: int | None = None) -> Presence:
        """The devices heard within the last `wifi_session_gap_s` of a site (or minus a sensor, see `sighting`)."""
        since_ms = (utc_ms() if now_ms is None else now_ms) - self._waits(scope)[0]
        devices = 0
        zones: Counter[tuple[int, int]] = Counter()
        with self._lock:
            for session in self._book.sessions(scope):
                devices += session.last_ms >= since_ms
                zones.update(place for place, (_, last_ms, _) in session.zones.items() if last_ms >= since_ms)
        return Presence(devices, dict(zones))

    def open_count(self) -> int:
        """How many sessions are open, everywhere."""
        with self._lock:
            return len(self._book)

    def catch_up(self, timeout_s: float = 60.0) -> None:
        """Return once all that the journal holds now is in sessions and on disk; UnavailableError if that is long."""
        try:
            self.taken(self._journal.last_entry).result(timeout_s)
            self._written().result(timeout_s)
        except TimeoutError:
            raise UnavailableError(f"sessions are behind: {self.backlog_rows} rows have not been looked at") from None

    def _written(self) -> Future[None]:
        """Resolves when everything that was taken before now is on disk."""
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        with self._told:
            if self._ended:
                future.set_result(None)
            else:
                self._to_write.append(future)
        return future

    def stop(self) -> None:
        """Take what the journal holds, write everything to disk, and end."""
        self._stopping.set()
        self._feed.stop()
        self._thread.join()
        self._state.close()

    # -- the thread

    def _run(self) -> None:
        ticked = time.monotonic()
        while True:
            stopping = self._stopping.is_set()
            try:
                if self._feed.wait(_COMMIT_S):
                    self._next()
                elif stopping:
                    break
                elif time.monotonic() - ticked > _TICK_S:
                    ticked = time.monotonic()
                    self._tick()
                if self._to_write or time.monotonic() - self._committed_at > _COMMIT_S:
                    self._commit()
            except Exception as error:  # noqa: BLE001 - whatever it is, the sightings are safe in the journal
                _log.error("sightings cannot be taken; they are read again", error=str(error), retry_in_s=_RETRY_S)
                if self._stopping.wait(_RETRY_S):
                    break
                self._begin_again()
        self._end()

    def _next(self) -> None:
        try:
            entries = self._feed.take(_BATCH_ROWS)
        except DamagedEntryError as damaged:
            _log.error("a damaged entry gives no sightings", error=str(damaged))
            self._feed.rewind(damaged.number)
            return
        if entries:
            self._waits.refresh()
            self._take(entries)

    def _take(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            with self._lock:
                self._book.pass_time(entry.received_ms)
                for kind, rows in entry.rows.items():
                    if kind == KIND:
                        self._book.take(rows, entry.received_ms)
                    elif kind == END_KIND:
                        for scope, until_ms in rows:
                            self._book.end(scope, until_ms)
                closed = self._book.closed()
                self._state.remember(closed, entry.received_ms)
            if closed:
                submission = Submission({"wifi_visit": visits(closed)}, source=SOURCE)
                self._visits_entry = self._journal.append(submission).result().entry
            self._received_ms = entry.received_ms
            self._seq = entry.last_seq
            with self._told:
                self._entry = entry.number
                ready = [future for number, future in self._waiting if number <= self._entry]
                self._waiting = [waiting for waiting in self._waiting if waiting[0] > self._entry]
            for future in ready:
                future.set_result(self._visits_entry)

    def _tick(self) -> None:
        """Move the journal's clock on when a session waits for nothing else."""
        with self._lock:
            due = self._entry == self._journal.last_entry and self._book.is_due(utc_ms())
        if due:
            self._journal.append(Submission({}, source=SOURCE)).result()

    def _commit(self) -> None:
        with self._told:
            asked, self._to_write = self._to_write, []
        changed = self._book.changed
        # Entries without sightings are worth no write of their own: a thousand are read again in no time.
        if changed or asked or self._entry - self._committed > _ENTRIES_WITHOUT:
            self._state.commit(self._entry, [(key, self._book.of(*key)) for key in changed], self._received_ms)
            self._committed = self._entry
            changed.clear()
            self._journal.advance(READER, self._entry)
        self._committed_at = time.monotonic()
        for future in asked:
            future.set_result(None)

    def _begin_again(self) -> None:
        with self._lock:
            self._read_state()
            self._feed.rewind(self._entry)

    def _end(self) -> None:
        try:
            self._commit()
        except Exception as error:  # noqa: BLE001 - the journal is read again at the next start
            _log.error("the open sessions were not written", error=str(error))
        with self._told:
            self._ended = True
            waiting = [future for _, future in self._waiting] + self._to_write
            self._waiting, self._to_write = [], []
        for future in waiting:
            future.set_exception(UnavailableError("the server is stopping; the sightings are kept"))


def open_sessions(sessions: Sessions, site_id: int) -> Presence:
    """The WiFi devices at a site and in its zones now; for live views."""
    return sessions.present(site_id)
