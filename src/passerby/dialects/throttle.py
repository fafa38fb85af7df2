"""Limits on requests: on wrong secrets, so that nobody finds one by trying, and on how many come in a second.

Of wrong secrets only failures count, and only against who made them: the key holds the caller's address, so a stranger
who tries secrets for somebody's client id does not keep its owner, who calls from elsewhere, from working.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock


@dataclass(slots=True)
class _Window:
    ends: float
    failures: int


class FailureLimit:
    """At most `failures` wrong tries per key in `window_s` seconds; the window begins with the first.

    Keeps at most `keys` windows; under a flood of keys the oldest are forgotten first. Safe between threads.
    """

    def __init__(
        self,
        failures: int = 10,
        window_s: float = 60.0,
        keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._window_s = window_s
        self._keys = keys
        self._clock = clock
        self._windows: OrderedDict[object, _Window] = OrderedDict()
        self._lock = Lock()

    def wait_s(self, key: object) -> int:
        """Whole seconds until this key may try again; 0 = now."""
        with self._lock:
            window = self._windows.get(key)
            if window is None or window.failures < self._failures:
                return 0
            return max(0, -int(-(window.ends - self._clock()) // 1))

    def failed(self, key: object) -> None:
        """Note a wrong try."""
        with self._lock:
            now = self._clock()
            window = self._windows.get(key)
            if window is None or window.ends <= now:
                self._windows.pop(key, None)
                self._windows[key] = _Window(now + self._window_s, 1)
            else:
                window.failures += 1
            while len(self._windows) > self._keys:
                self._windows.popitem(last=False)


class RateLimit:
    """So many requests in a window of time per key, as an allowance that fills up again evenly (GCRA, a leaky bucket).

    The allowance holds one window's requests, at least one. A request that comes a little early, because a client's
    timer or the network is not exact, is let in; on the long run no more come through than allowed. Keeps at most
    `keys` keys and forgets the longest unused first. Safe between threads.
    """

    JITTER_S = 0.05

    def __init__(self, keys: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._full: OrderedDict[object, float] = OrderedDict()  # when the allowance of a key is whole again
        self._lock = Lock()

    def wait_s(self, key: object, allowed: float, window_s: float = 1.0) -> int:
        """0 = go on, and the allowance is one less; else whole seconds to wait. `allowed` 0: no limit."""
        if allowed <= 0:
            return 0
        interval = window_s / allowed
        slack = (max(1.0, allowed) - 1) * interval + self.JITTER_S
        with self._lock:
            now = self._clock()
            full = max(self._full.get(key, now), now)
            if (early := full - now - slack) > 0:
                return max(1, -int(-early // 1))
            self._full[key] = full + interval
            self._full.move_to_end(key)
            while len(self._full) > self._keys:
                self._full.popitem(last=False)
            return 0
