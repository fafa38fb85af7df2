"""Hysteresis at a line: trembling never counts, dashing through does."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.errors import InvalidInputError
from passerby.tracks.crossings import Crossed, Hysteresis, Stay, crossings_of, stays
from passerby.tracks.geometry import polyline

# 100 long, from left to right; inside is above. The default hysteresis is 5.
LINE = polyline([(-50, 0), (50, 0)], "left")
BOX = [(0, 0), (10, 0), (10, 10), (0, 10)]
HEIGHTS = st.lists(st.integers(-12, 12), min_size=1, max_size=25)


def path(*points):
    return np.arange(len(points), dtype=np.float64), np.array(points, dtype=np.float64)


def found(*points, line=LINE, hysteresis=None):
    times, where = path(*points)
    return crossings_of(line, times, where, hysteresis or Hysteresis())


def directions(heights):
    return [crossed.direction for crossed in found(*((0, y) for y in heights))]


def twin(heights, enough):
    """Takes away, one after the other, the inner stretches that stay near the line."""
    stretches: list[list[int]] = []
    for y in heights:
        if stretches and (stretches[-1][0] > 0) == (y > 0):
            stretches[-1].append(y)
        else:
            stretches.append([y])
    while True:
        near = [i for i in range(1, len(stretches) - 1) if max(map(abs, stretches[i])) <= enough]
        if not near:
            return ["in" if stretch[0] > 0 else "out" for stretch in stretches[1:]]
        i = near[0]
        stretches[i - 1 : i + 2] = [stretches[i - 1] + stretches[i] + stretches[i + 1]]


@given(HEIGHTS)
def test_crossings_are_what_remains_when_trembling_is_taken_away(heights):
    assert directions(heights) == twin(heights, 5)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=60))
def test_trembling_counts_no_more_than_the_net_crossing(heights):
    net = [] if (heights[0] > 0) == (heights[-1] > 0) else ["in" if heights[-1] > 0 else "out"]
    assert directions(heights) == net


@given(HEIGHTS)
def test_in_and_out_take_turns_at_a_line_that_nobody_gets_round(heights):
    ways = directions(heights)
    assert all(before != after for before, after in itertools.pairwise(ways))


@given(st.lists(st.tuples(st.integers(-90, 90), st.integers(-30, 30)), min_size=1, max_size=25))
def test_between_two_crossings_the_same_way_the_track_got_round_the_end(points):
    crossed = found(*points)
    times, _ = path(*points)
    for before, after in itertools.pairwise(crossed):
        if before.direction == after.direction:
            between = [p for t, p in zip(times, points, strict=True) if before.at <= t <= after.at]
            assert any(abs(x) > 50 for x, _ in between)


@given(st.lists(st.tuples(st.integers(-90, 90), st.integers(-30, 30)), min_size=1, max_size=25))
def test_at_the_mirrored_line_everything_is_the_same_and_with_sides_swapped_the_opposite(points):
    mirrored = polyline([(50, 0), (-50, 0)], "right")
    assert found(*points) == found(*((-x, y) for x, y in points), line=mirrored)
    off_the_line = [(x, y + 0.5) for x, y in points]
    swapped = found(*off_the_line, line=polyline([(-50, 0), (50, 0)], "right"))
    opposite = {"in": "out", "out": "in"}
    assert [(c.at, opposite[c.direction]) for c in swapped] == [(c.at, c.direction) for c in found(*off_the_line)]


@given(
    st.lists(st.tuples(st.integers(-90, 90), st.integers(-30, 30)), min_size=1, max_size=25),
    st.sampled_from([1 / 64, 4.0, 1024.0]),
)
def test_pixels_and_metres_count_alike(points, scale):
    smaller = polyline([(-50 * scale, 0), (50 * scale, 0)], "left")
    assert found(*points) == found(*((x * scale, y * scale) for x, y in points), line=smaller)


def test_the_crossing_is_where_the_movement_meets_the_line():
    assert found((0, -3), (0, 1), (0, 9)) == [Crossed(0.75, "in")]


def test_trembling_before_entering_counts_once_and_late():
    assert found((0, -20), (0, 2), (0, -2), (0, 2), (0, -2), (0, 6)) == [Crossed(4.25, "in")]


def test_a_dash_through_and_back_counts_twice():
    assert directions([-20, 6, -20]) == ["in", "out"]
    assert directions([-20, 5, -20]) == []


def test_the_first_and_the_last_position_are_believed_however_near():
    assert directions([1, -20]) == ["out"]
    assert directions([-20, 1]) == ["in"]


def test_a_position_on_the_line_is_outside():
    assert directions([-20, 0]) == []
    assert directions([20, 0]) == ["out"]
    assert directions([20, 0, 20]) == []


def test_walking_round_the_end_is_no_crossing():
    assert found((0, -20), (60, -20), (60, 20), (0, 20)) == []
    assert [c.direction for c in found((0, 20), (0, -20), (60, -20), (60, 20), (0, 20), (0, -20))] == ["out", "out"]


def test_a_step_over_the_line_near_its_end_and_back_round_it_is_no_crossing():
    assert found((49, -20), (49, 1), (52, 1), (52, -20)) == []


def test_a_jump_over_the_whole_line_counts():
    assert found((0, -4000), (0, 4000)) == [Crossed(0.5, "in")]


def test_along_the_line_and_over_its_corner():
    corner = polyline([(-400, 45), (-330, 45), (-330, 200)], "left")
    assert found((-420, 45), (-300, 45), line=corner) == []
    assert found((-300, 15), (-360, 75), line=corner) == [Crossed(0.5, "in")]


def test_one_position_crosses_nothing():
    assert found((0, 3)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5%", Hysteresis(0.05, 0)), ("0.3", Hysteresis(0, 0.3)), ("0", Hysteresis(0, 0)), (" 10 % ", Hysteresis(0.1, 0))],
)
def test_hysteresis_as_people_write_it(text, expected):
    assert Hysteresis.parse(text) == expected


@pytest.mark.parametrize("text", ["", "%", "-1", "five", "5%%", "1e3", "nan"])
def test_hysteresis_that_means_nothing_is_refused(text):
    with pytest.raises(InvalidInputError, match="5%"):
        Hysteresis.parse(text)


def test_without_hysteresis_every_change_counts():
    assert [c.direction for c in found((0, -1), (0, 1), (0, -1), hysteresis=Hysteresis(0, 0))] == ["in", "out"]


def twin_stays(flags, bridge):
    """Marks bridged absences second by second, then reads off the stays."""
    present = [i for i, flag in enumerate(flags) if flag]
    filled = list(flags)
    for a, b in itertools.pairwise(present):
        if b - (a + 1) <= bridge:
            filled[a:b] = [True] * (b - a)
    stays_found, begin = [], None
    for i, flag in enumerate([*filled, False]):
        if flag and begin is None:
            begin = i
        elif not flag and begin is not None:
            stays_found.append(Stay(begin, min(i, len(flags) - 1)))
            begin = None
    return stays_found


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 4))
def test_stays_in_an_area(flags, bridge):
    times, points = path(*((5, 5) if flag else (20, 5) for flag in flags))
    assert stays(BOX, times, points, bridge) == twin_stays(flags, bridge)


def test_a_stay_lasts_until_the_first_position_outside_or_the_end_of_the_track():
    times, points = path((20, 5), (5, 5), (6, 5), (20, 5), (20, 5), (20, 5), (5, 5), (5, 5))
    assert stays(BOX, times, points, 1) == [Stay(1, 3), Stay(6, 7)]
