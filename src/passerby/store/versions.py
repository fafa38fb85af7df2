"""What lets others keep answers: a number for every kind and day that rises whenever facts of it are added."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

DAY_MS = 86_400_000


class Versions:
    """Versions of the facts by kind and UTC day of their start. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        # No version is below this one.
        self._least = 0
        self._of: dict[str, dict[int, int]] = {}

    def added(self, started_ms: Mapping[str, NDArray[np.int64]]) -> None:
        """Facts of these kinds with these starts are there now."""
        days = {kind: np.unique(times // DAY_MS).tolist() for kind, times in started_ms.items()}
        with self._lock:
            self._last += 1
            for kind, of_kind in days.items():
                self._of.setdefault(kind, {}).update(dict.fromkeys(of_kind, self._last))

    def all_changed(self) -> None:
        """Nobody knows what is there now."""
        with self._lock:
            self._last += 1
            self._least = self._last
            self._of.clear()

    def of(self, kinds: Iterable[str], start_ms: int, end_ms: int) -> int:
        """The version of what starts in [start, end): the same number means the same facts."""
        days = range(start_ms // DAY_MS, (end_ms - 1) // DAY_MS + 1)
        with self._lock:
            known = (self._of.get(kind, {}) for kind in kinds)
            return max((of_kind[day] for of_kind in known for day in days if day in of_kind), default=self._least)
