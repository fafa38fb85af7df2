"""Occupancy resets on days of clock changes, and windows of time."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from passerby.calendar import DAY_MS
from passerby.metrics.scope import Window, resets, windows


def ms(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "time", "first", "last", "expected"),
    [
        ("UTC", "04:00", "2026-03-01T05:00", "2026-03-02T04:00", ["2026-03-01T04:00", "2026-03-02T04:00"]),
        ("UTC", "04:00", "2026-03-01T04:00", "2026-03-02T03:59", ["2026-03-01T04:00"]),
        ("UTC", "04:00", "2026-03-01T03:59", "2026-03-01T03:59", ["2026-02-28T04:00"]),
        # 02:30 does not exist on 29 March: moved forward by the gap to 03:30 summer time
        ("Europe/Zurich", "02:30", "2026-03-29T00:00", "2026-03-29T12:00", ["2026-03-28T01:30", "2026-03-29T01:30"]),
        # 02:30 occurs twice on 25 October: the first
        ("Europe/Zurich", "02:30", "2026-10-25T00:45", "2026-10-25T12:00", ["2026-10-25T00:30"]),
        # 30 December 2011 never was in Apia
        ("Pacific/Apia", "04:00", "2011-12-29T20:00", "2011-12-31T00:00", ["2011-12-29T14:00", "2011-12-30T14:00"]),
    ],
)
def test_resets(zone, time, first, last, expected):
    assert resets(zone, time, ms(first), ms(last)).tolist() == [ms(each) for each in expected]


def test_windows_cover_the_span_and_are_at_least_a_day():
    found = list(windows((0, 5 * DAY_MS + 1), 3, 6))
    assert found[0] == Window(0, 2 * DAY_MS)
    assert found[-1] == Window(4 * DAY_MS, 5 * DAY_MS + 1)
    assert all(a.end == b.start for a, b in pairwise(found))
    assert len(list(windows((0, 3 * DAY_MS), 10_000, 6))) == 3
