"""Who joined a zone and has not left it: in memory, whatever the order of arrival.

A sensor that sends events says when an object joins a zone and when it leaves. Until both are known there is no zone
visit, so whoever still waits in a queue would be missing. Of each object only what it did last matters now, besides
what lies in the future by the clock of its sensor.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from enum import IntEnum

from passerby.live.sequences import Instant


class Step(IntEnum):
    """What an object did, in the order in which steps of one instant count: it leaves before it joins again."""

    LEFT = 0
    JOINED = 1
    STAYED = 2
    """It joined, and the zone visit that this began is known: it counts there, not here."""


class Joins:
    """The objects of one zone."""

    __slots__ = ("_coming", "_count", "_last", "_now", "_starts")

    def __init__(self, now: Instant) -> None:
        self._now = now
        self._last: dict[int, tuple[Instant, Step]] = {}
        self._coming: list[tuple[Instant, Step, int]] = []
        self._count = 0
        self._starts = 0

    def add(self, object_id: int, time: Instant, step: Step) -> None:
        """A step of an object, not before the last reset; one that is added again changes nothing."""
        if time > self._now:
            insort(self._coming, (time, step, object_id))
        elif (time, step) > self._last.get(object_id, (time - 1, step)):
            self._forget(object_id)
            self._last[object_id] = (time, step)
            if step is Step.JOINED:
                self._count += 1
                self._starts += time

    def advance(self, now: Instant) -> None:
        """Let time pass: what was in the future happens."""
        self._now = now
        due = bisect_right(self._coming, now, key=lambda each: each[0])
        happened, self._coming = self._coming[:due], self._coming[due:]
        for time, step, object_id in happened:
            self.add(object_id, time, step)

    def reset(self, start: Instant) -> None:
        """Forget what happened before `start`: whoever joined then and never left was lost sight of."""
        for object_id in [each for each, (time, _) in self._last.items() if time < start]:
            self._forget(object_id)
        del self._coming[: bisect_left(self._coming, start, key=lambda each: each[0])]

    def count(self) -> int:
        """How many joined and have neither left nor a zone visit."""
        return self._count

    def starts(self) -> int:
        """The sum of the instants at which they joined."""
        return self._starts

    def after(self) -> Instant | None:
        """When the next step happens that is known already."""
        return self._coming[0][0] if self._coming else None

    def _forget(self, object_id: int) -> None:
        time, step = self._last.pop(object_id, (0, Step.LEFT))
        if step is Step.JOINED:
            self._count -= 1
            self._starts -= time
