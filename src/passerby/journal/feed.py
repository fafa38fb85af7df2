"""Following the journal: new entries from memory, older ones from the file."""

from __future__ import annotations

import threading
from collections import deque

from passerby.errors import CorruptDataError
from passerby.journal.journal import Journal
from passerby.journal.records import Entry


class Feed:
    """The entries after `after`, in order and without gaps, as they arrive.

    New entries are handed over in memory as long as no more than `memory_rows` rows wait; beyond that, and after
    a restart, they are read from the file again. For one reading thread.
    """

    def __init__(self, journal: Journal, after: int, *, memory_rows: int = 500_000) -> None:
        self._journal = journal
        self._next = after + 1
        self._memory_rows = memory_rows
        self._changed = threading.Condition()
        self._waiting: deque[Entry] = deque()
        self._waiting_rows = 0
        self._stopped = False
        self._nudged = False
        # Entries up to this one are not all in memory: read them from the file before looking at `_waiting`.
        self._in_file = after
        with self._changed:  # an entry handed over before this is set waits for the lock
            self._in_file = journal.subscribe(self._hand_over)

    def _hand_over(self, entries: list[Entry]) -> None:
        with self._changed:
            for entry in entries:
                if self._waiting_rows >= self._memory_rows:
                    self._in_file = entry.number
                    self._waiting.clear()
                    self._waiting_rows = 0
                else:
                    self._waiting.append(entry)
                    self._waiting_rows += entry.row_count
            self._changed.notify()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until something is there to take; whether it is. Ends at once when `stop` was called."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._ready(), timeout_s)
            return self._ready()

    def pause(self, timeout_s: float, rows: int) -> None:
        """Wait until `rows` rows wait in memory, the time is over, or someone calls `nudge` or `stop`."""
        with self._changed:
            self._nudged = False
            self._changed.wait_for(
                lambda: self._stopped or self._nudged or self._waiting_rows >= rows or self._in_file >= self._next,
                timeout_s,
            )

    def nudge(self) -> None:
        """End a `pause`."""
        with self._changed:
            self._nudged = True
            self._changed.notify()

    def stop(self) -> None:
        """Take no new entries and end every `wait`."""
        self._journal.unsubscribe(self._hand_over)
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _ready(self) -> bool:
        return self._in_file >= self._next or bool(self._waiting)

    def take(self, max_rows: int) -> list[Entry]:
        """The next entries, about `max_rows` rows in all; empty when there is none. They are not given again."""
        with self._changed:
            in_file = self._in_file >= self._next
            taken = [] if in_file else self._from_memory(max_rows)
        if in_file:
            taken = self._from_file(max_rows)
        if taken:
            self._next = taken[-1].number + 1
        return taken

    def rewind(self, after: int) -> None:
        """Give everything after entry `after` again."""
        with self._changed:
            self._in_file = max(self._in_file, self._next - 1)
            self._next = after + 1

    def _from_memory(self, max_rows: int) -> list[Entry]:
        taken: list[Entry] = []
        rows = 0
        while self._waiting and rows < max_rows:
            entry = self._waiting.popleft()
            if entry.number < self._next:  # read from the file meanwhile
                self._waiting_rows -= entry.row_count
                continue
            taken.append(entry)
            rows += entry.row_count
        self._waiting_rows -= rows
        return taken

    def _from_file(self, max_rows: int) -> list[Entry]:
        # Entries that arrived since may come along; `_from_memory` skips them there.
        taken = self._journal.read(self._next - 1, max_rows=max_rows)
        if not taken:
            raise CorruptDataError(f"entries {self._next} to {self._in_file} are missing from {self._journal.path}")
        return taken
