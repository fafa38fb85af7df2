"""How many by one source: doors, stays, levels. In memory, ordered by time, whatever the order of arrival.

Persons are whole billionths (`metrics.kernels.SCALE`), so that sums are exact and do not depend on the order either.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort

Instant = int
"""UTC milliseconds."""


class Run:
    """The movements over the doors of a site: in - out since a start, never below 0.

    S - min(0, lowest S so far), where S is the running sum from `base` on, changes of one instant netted.
    """

    __slots__ = ("_base", "_changes", "_lows", "_start", "_sums", "_times", "first")

    def __init__(self, start: Instant) -> None:
        self._start = start
        self._base = 0
        self._times: list[Instant] = []
        self._changes: list[int] = []
        # The sum and the lowest sum after each instant, as far as they are known.
        self._sums: list[int] = []
        self._lows: list[int] = []
        self.first: Instant | None = None
        """The earliest movement since the reset, also one from before a correction."""

    def add(self, time: Instant, change: int) -> None:
        """A movement at `time`, not before the last reset. Those from before a correction change nothing more."""
        self.first = time if self.first is None else min(self.first, time)
        if time < self._start:
            return
        place = bisect_left(self._times, time)
        if place < len(self._times) and self._times[place] == time:
            self._changes[place] += change
        else:
            self._times.insert(place, time)
            self._changes.insert(place, change)
        del self._sums[place:], self._lows[place:]

    def correct(self, start: Instant, base: int) -> None:
        """From `start` on `base` persons were there, and those who came since, less those who went."""
        place = bisect_left(self._times, start)
        del self._times[:place], self._changes[:place]
        self._sums, self._lows = [], []
        self._start, self._base = start, base

    def reset(self, start: Instant) -> None:
        """From `start` on nobody was there, and those who came since, less those who went."""
        self.correct(start, 0)
        self.first = self._times[0] if self._times else None

    def at(self, now: Instant) -> int:
        """How many are inside after all that happened up to `now`."""
        count = bisect_right(self._times, now)
        if not count:
            return self._base
        known = len(self._sums)
        total = self._sums[-1] if known else self._base
        low = self._lows[-1] if known else self._base
        for change in self._changes[known:count]:
            total += change
            low = min(low, total)
            self._sums.append(total)
            self._lows.append(low)
        return self._sums[count - 1] - min(0, self._lows[count - 1])

    def after(self, now: Instant) -> Instant | None:
        """When the next movement happens that is known already (clocks of sensors differ)."""
        place = bisect_right(self._times, now)
        return self._times[place] if place < len(self._times) else None


class Stays:
    """Who is present in [start, end). Those that have ended are forgotten."""

    __slots__ = ("_by_end", "_starts")

    def __init__(self) -> None:
        self._by_end: list[tuple[Instant, Instant]] = []
        self._starts: list[Instant] = []

    def add(self, start: Instant, end: Instant) -> None:
        """A stay of some length."""
        insort(self._by_end, (end, start))
        insort(self._starts, start)

    def forget(self, before: Instant) -> None:
        """Drop the stays that ended at or before an instant: `at` may no longer be asked about earlier ones."""
        ended = bisect_right(self._by_end, (before, math.inf))
        if not ended:
            return
        if ended == len(self._by_end):
            self._starts = []
        else:
            for _, start in self._by_end[:ended]:
                del self._starts[bisect_left(self._starts, start)]
        del self._by_end[:ended]

    def begun(self, now: Instant) -> int:
        """How many of those that are remembered have begun."""
        return bisect_right(self._starts, now)

    def at(self, now: Instant) -> int:
        """How many are present at an instant."""
        return self.begun(now) - bisect_right(self._by_end, (now, math.inf))

    def starts(self, now: Instant) -> int:
        """The sum of the starts of those present; nothing that ended by now may be remembered any more."""
        return sum(self._starts[: self.begun(now)])

    def after(self, now: Instant) -> Instant | None:
        """When the number changes next, as far as is known."""
        begun, ended = self.begun(now), bisect_right(self._by_end, (now, math.inf))
        following = [*self._starts[begun : begun + 1], *(end for end, _ in self._by_end[ended : ended + 1])]
        return min(following, default=None)


class Levels:
    """What one sensor measured: a value holds until the next one. Of several at one instant the largest counts."""

    __slots__ = ("_times", "_values")

    def __init__(self) -> None:
        self._times: list[Instant] = []
        self._values: list[int] = []

    def add(self, time: Instant, value: int) -> None:
        """A value, measured at `time`."""
        place = bisect_left(self._times, time)
        if place < len(self._times) and self._times[place] == time:
            self._values[place] = max(self._values[place], value)
        else:
            self._times.insert(place, time)
            self._values.insert(place, value)

    def reset(self, start: Instant) -> None:
        """Forget what was measured before."""
        place = bisect_left(self._times, start)
        del self._times[:place], self._values[:place]

    def known(self, now: Instant) -> bool:
        """Whether anything was measured by now."""
        return bool(self._times) and self._times[0] <= now

    def at(self, now: Instant) -> int:
        """The value that holds at an instant."""
        place = bisect_right(self._times, now)
        return self._values[place - 1] if place else 0

    def after(self, now: Instant) -> Instant | None:
        """When the next value is due that is known already."""
        place = bisect_right(self._times, now)
        return self._times[place] if place < len(self._times) else None
