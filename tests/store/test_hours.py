from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from passerby.store.hours import HOUR_MS, touched


@given(st.lists(st.integers(-(10**12), 4 * 10**12), min_size=1, max_size=300))
def test_every_instant_is_inside_and_ranges_are_whole_hours_in_order(instants):
    ranges = touched(np.array(instants, dtype=np.int64))
    assert all(any(first <= at <= last for first, last in ranges) for at in instants)
    assert all(first % HOUR_MS == 0 and (last + 1) % HOUR_MS == 0 for first, last in ranges)
    flat = [edge for pair in ranges for edge in pair]
    assert flat == sorted(flat)
    assert len(ranges) <= 64


def test_neighbouring_hours_join_and_late_rows_stand_alone():
    now = 500_000 * HOUR_MS
    late = now - 300 * 24 * HOUR_MS
    assert touched(np.array([now + 5, now + HOUR_MS, late + 7])) == [
        (late, late + HOUR_MS - 1),
        (now, now + 2 * HOUR_MS - 1),
    ]


def test_too_many_hours_keep_the_widest_gaps_open():
    instants = np.array([n * 2 * HOUR_MS for n in range(100)] + [10_000 * HOUR_MS, 90_000 * HOUR_MS])
    ranges = touched(instants)
    assert len(ranges) == 64
    assert ranges[-1] == (90_000 * HOUR_MS, 90_001 * HOUR_MS - 1)
    assert ranges[-2] == (10_000 * HOUR_MS, 10_001 * HOUR_MS - 1)
