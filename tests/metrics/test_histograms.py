"""How long how many were present: the sweep against a count of every millisecond."""

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from passerby.metrics.histograms import HOUR_MS, Histogram, floor_hour, present

# Stays around the ends of hours, where the sweep has to cut.
edges = st.sampled_from([-HOUR_MS, -1, 0, 1, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS - 1, 2 * HOUR_MS])
times = st.one_of(edges, st.integers(-HOUR_MS, 3 * HOUR_MS))
stays = st.lists(st.tuples(st.integers(0, 2), times, times).map(lambda s: (s[0], min(s[1:]), max(s[1:]))), max_size=12)


def swept(found, units=3, hours=2):
    """The stays that the query gives, as {(unit, hour, number present): ms}."""
    chosen = [s for s in found if 0 <= s[1] < hours * HOUR_MS or (s[1] < 0 < s[2])]
    columns = [np.array([s[i] for s in chosen], dtype=np.int64) for i in range(3)]
    cell, level, ms = present(*columns, units, 0, hours * HOUR_MS)
    keys = [(int(c) // hours, int(c) % hours, int(n)) for c, n in zip(cell, level, strict=True)]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, ms.tolist(), strict=True))


def counted(found, units=3, hours=2):
    """The same, from one stretch between two changes to the next."""
    total = Counter()
    for unit in range(units):
        of_unit = [s for s in found if s[0] == unit]
        cuts = sorted({hour * HOUR_MS for hour in range(hours + 1)} | {t for s in of_unit for t in s[1:]})
        cuts = [cut for cut in cuts if 0 <= cut <= hours * HOUR_MS]
        for begin, end in pairwise(cuts):
            number = sum(start <= begin < until for _, start, until in of_unit)
            total[unit, begin // HOUR_MS, number] += end - begin
    return dict(total)


@given(stays)
def test_the_sweep_against_its_twin(found):
    result = swept(found)
    assert result == counted(found)
    for unit in range(3):
        for hour in range(2):
            assert sum(ms for key, ms in result.items() if key[:2] == (unit, hour)) == HOUR_MS


def test_of_one_instant_who_goes_and_who_comes_are_not_both_there():
    assert swept([(0, 0, 1000), (0, 1000, HOUR_MS)], units=1, hours=1) == {(0, 0, 1): HOUR_MS}


def test_bins_between_are_zero():
    one = Histogram(0, 0, (HOUR_MS,), ((1, 2), (4, 1)))
    assert one.lifetime() == [0, 2, 0, 0, 1]
    assert not one.empty
    assert Histogram(0, 0, (HOUR_MS,), ()).empty
    assert Histogram(0, 0, (HOUR_MS,), ()).lifetime() == []


def test_hours():
    assert [floor_hour(ms) for ms in (0, HOUR_MS - 1, HOUR_MS, -1)] == [0, 0, HOUR_MS, -HOUR_MS]
