"""Whether the clocks of sensors are right, as far as it shows in when their observations arrive.

Nobody observes what has not happened yet: when an observation is over later, by its sensor's clock, than it arrived
here, that clock is ahead. The other way round a late arrival may be a slow clock, or a sensor that sends late; nothing
here can tell one from the other, so it is called late.

Of every hour of the last day in which anything arrived only the observation counts that arrived soonest after it was
over: backlogs, batches and slow lines make others late. Of these hours the median counts, so that a single odd hour
changes nothing. What is more than a day late is history and counts for nothing, nor do imports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from passerby.store.contract import Parameter, Store

DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
# A clock set over the network is right to a fraction of this.
AHEAD_MS = 2_000
# Sensors send in batches of up to five minutes.
LATE_MS = 300_000
# An offset within this of whole half hours is a wrong time zone, or local time sent as UTC.
_HALF_HOUR_MS = 1_800_000
_NEAR_MS = 180_000

Verdict = Literal["right", "ahead", "late"]
QuietRuns = Sequence[tuple[int, int]]
"""Runs of row numbers (first, last) that were imported."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What arrivals say of a sensor's clock: `delay_ms` from the end of an observation to its arrival, typically.

    Below 0: the clock is ahead by at least that. `hours`: how many hours of arrivals that is made of.
    """

    delay_ms: int
    hours: int

    @property
    def verdict(self) -> Verdict:
        """In a word."""
        if self.delay_ms < -AHEAD_MS:
            return "ahead"
        return "late" if self.delay_ms > LATE_MS else "right"

    @property
    def zone_hours(self) -> float | None:
        """By how many hours a wrong time zone would explain it; None when it would not. Above 0: the clock is ahead."""
        halves = round(-self.delay_ms / _HALF_HOUR_MS)
        # What is sent in batches arrives a little later, never sooner.
        beyond = self.delay_ms + halves * _HALF_HOUR_MS
        return halves / 2 if halves and -AHEAD_MS <= beyond <= _NEAR_MS else None


def clocks(store: Store, sensor_ids: Sequence[int], quiet: QuietRuns, now_ms: int) -> Mapping[int, Clock]:
    """The clocks of sensors from which anything arrived in the last 24 hours, by sensor."""
    bounds: dict[str, Parameter] = {"received_from_ms": now_ms - DAY_MS, "history_ms": DAY_MS}
    tables = {
        "sensors": pa.table({"sensor_id": pa.array(sensor_ids, pa.int64())}),
        "quiet": pa.table(
            {
                "first_seq": pa.array([first for first, _ in quiet], pa.int64()),
                "last_seq": pa.array([last for _, last in quiet], pa.int64()),
            }
        ),
    }
    delays: dict[int, list[int]] = {}
    for row in store.query("metrics/delays", bounds, tables).to_pylist():
        delays.setdefault(row["sensor_id"], []).append(row["delay_ms"])
    return {sensor: Clock(sorted(each)[(len(each) - 1) // 2], len(each)) for sensor, each in delays.items()}
