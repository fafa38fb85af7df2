from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from passerby.store.ranges import touched

MINUTE = 60_000
HOUR = 60 * MINUTE


@given(st.lists(st.integers(-(10**12), 4 * 10**12), min_size=1, max_size=300))
def test_every_instant_is_inside_and_ranges_are_tight_and_in_order(instants):
    ranges = touched(np.array(instants, dtype=np.int64))
    assert all(any(first <= at <= last for first, last in ranges) for at in instants)
    assert {edge for pair in ranges for edge in pair} <= set(instants)
    flat = [edge for pair in ranges for edge in pair]
    assert flat == sorted(flat)
    assert len(ranges) <= 64


def test_near_rows_share_a_range_and_late_rows_stand_alone():
    now = 500_000 * HOUR
    late = now - 300 * 24 * HOUR
    assert touched(np.array([now + 5, now + 9 * MINUTE, late + 7, now + 18 * MINUTE])) == [
        (late + 7, late + 7),
        (now + 5, now + 18 * MINUTE),
    ]


def test_of_too_many_gaps_the_widest_stay_open():
    instants = np.array([n * HOUR for n in range(100)] + [10_000 * HOUR, 90_000 * HOUR])
    ranges = touched(instants)
    assert len(ranges) == 64
    assert ranges[-1] == (90_000 * HOUR, 90_000 * HOUR)
    assert ranges[-2] == (10_000 * HOUR, 10_000 * HOUR)
