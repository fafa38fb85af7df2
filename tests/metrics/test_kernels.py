"""The kernels on small inputs, each beside what is expected."""

import numpy as np
import pytest

from passerby.metrics import kernels
from passerby.metrics.kernels import SCALE, Members

ORIGIN = 0


def ints(*values):
    return np.array(values, dtype=np.int64)


def key(unit, *times):
    return kernels.keys(np.full(len(times), unit), ints(*times), ORIGIN)


def shown(steps, scale=1.0):
    """(unit, time, value) of each step."""
    times = kernels.times(steps.key, ORIGIN)
    return [*zip(kernels.units(steps.key).tolist(), times.tolist(), (steps.value / scale).tolist(), strict=True)]


def test_keys_hold_unit_and_time():
    made = kernels.keys(ints(0, 7, kernels.MAX_UNITS - 1), ints(1000, 2000, ORIGIN + 2**40), ORIGIN)
    assert kernels.units(made).tolist() == [0, 7, kernels.MAX_UNITS - 1]
    assert kernels.times(made, ORIGIN).tolist() == [1000, 2000, ORIGIN + 2**40]
    assert (np.diff(made) > 0).all()


@pytest.mark.parametrize(
    ("starts", "first"),
    [
        ([], []),
        ([5000], [5000]),
        ([5000, 8000], [5000]),  # a pause of exactly the gap is inside a group
        ([5000, 8001], [5000, 8001]),
        ([9000, 5000, 7000, 20_000, 5000], [5000, 20_000]),
    ],
)
def test_groups_begin_after_longer_pauses(starts, first):
    found = kernels.first_of_groups(key(0, *starts), ints(3000))
    assert kernels.times(found, ORIGIN).tolist() == first


def test_groups_of_units_are_apart_and_each_has_its_gap():
    found = kernels.first_of_groups(np.concatenate([key(0, 5000, 6000), key(1, 6000, 7000)]), ints(3000, 500))
    assert kernels.units(found).tolist() == [0, 1, 1]


def test_stays_that_end_where_others_begin_do_not_overlap():
    steps = kernels.steps_of_stays(ints(0, 0, 0, 1), ints(2000, 3000, 2500, 2000), ints(3000, 4000, 2500, 9000), ORIGIN)
    assert shown(steps) == [(0, 2000, 1), (0, 3000, 1), (0, 4000, 0), (1, 2000, 1), (1, 9000, 0)]


@pytest.mark.parametrize(
    ("changes", "inside"),
    [
        ([(2000, 1), (3000, 1), (4000, -1)], [1, 2, 1]),
        ([(2000, -1), (3000, 1)], [0, 1]),  # more out than in: the lowest so far is the new nought
        ([(2000, 1), (3000, -3), (4000, 1)], [1, 0, 1]),
        ([(2000, -1), (2000, 1), (3000, 1)], [0, 1]),  # changes of one instant are netted first
        ([(2000, 0.25), (3000, 0.5)], [0.25, 0.75]),
    ],
)
def test_doors(changes, inside):
    time, change = zip(*changes, strict=True)
    steps = kernels.steps_of_doors(key(0, *time), kernels.scaled(np.array(change)), key(0, 1000))
    assert [value for _, _, value in shown(steps, SCALE)] == [0, *inside]


def test_doors_begin_again_at_each_reset_and_in_each_unit():
    moves = np.concatenate([key(0, 2000, 3000, 6000), key(1, 2000)])
    resets = np.concatenate([key(0, 1000, 5000), key(1, 1000)])
    steps = kernels.steps_of_doors(moves, kernels.scaled(np.array([-5.0, 2, 1, 1])), resets)
    assert shown(steps, SCALE) == [
        (0, 1000, 0),
        (0, 2000, 0),
        (0, 3000, 2),
        (0, 5000, 0),
        (0, 6000, 1),
        (1, 1000, 0),
        (1, 2000, 1),
    ]


def test_levels_hold_until_the_next_or_the_reset_and_add_up():
    members = Members(ints(0, 0, 0, 1), unit=ints(0, 0))
    time, value = ints(2000, 3000, 3000, 2500), kernels.scaled(np.array([4.0, 1, 2, 10]))
    steps = kernels.steps_of_levels(members, time, value, (ints(0, 1), ints(6000, 6000)), ORIGIN)
    assert shown(steps, SCALE) == [(0, 2000, 4), (0, 2500, 14), (0, 3000, 12), (0, 6000, 0)]


@pytest.mark.parametrize(
    ("begin", "end", "carried", "highest"),
    [
        (0, 1000, True, 0),  # nothing is known before the first step
        (2000, 3000, True, 5),
        (2500, 3000, True, 5),  # what holds when the window begins
        (2500, 3000, False, 0),
        (2000, 3000, False, 5),  # a step at the very beginning is inside
        (2500, 3500, False, 2),
        (2500, 3500, True, 5),
        (2500, 4000, True, 5),  # the step at the end is outside
        (9000, 9500, True, 7),
    ],
)
def test_maxima(begin, end, carried, highest):
    steps = kernels.Steps(np.concatenate([key(3, 2000, 3000, 4000), key(4, 0)]), np.array([5.0, 2, 7, 99]))
    found = kernels.maxima(steps, key(3, begin), key(3, end), np.array([carried]))
    assert found.tolist() == [highest]


def test_maxima_without_any_step():
    steps = kernels.Steps(ints(), np.zeros(0))
    assert kernels.maxima(steps, key(0, 1000), key(0, 2000), np.array([True])).tolist() == [0]


@pytest.mark.parametrize("steps", [key(0), key(0, 5, 9)])
def test_no_windows_have_no_maxima(steps):
    found = kernels.maxima(kernels.Steps(steps, np.ones(len(steps))), ints(), ints(), np.zeros(0, dtype=bool))
    assert found.tolist() == []
