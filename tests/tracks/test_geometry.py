"""Sides, touches and areas, against exact twins in rational arithmetic."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from passerby.tracks import geometry
from passerby.tracks.geometry import contains, polyline, sides, touches

WHOLE = st.integers(-12, 12)
POINT = st.tuples(WHOLE, WHOLE)
LINE = st.lists(POINT, min_size=2, max_size=5).filter(lambda points: len(set(points)) == len(points))
SIDE = st.sampled_from(["left", "right"])
CORNER = [(-400.0, 45.0), (-330.0, 45.0), (-330.0, 200.0)]


def array(*points):
    return np.array(points, dtype=np.float64)


def inside(points, side, *where):
    return sides(polyline(points, side), array(*where))[0].tolist()


def cross(o, a, b):
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def square(a, b):
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2


def foot(p, q, point):
    share = Fraction((point[0] - p[0]) * (q[0] - p[0]) + (point[1] - p[1]) * (q[1] - p[1]), square(p, q))
    share = min(max(share, Fraction(0)), Fraction(1))
    return share, (p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1]))


def twin_side(points, point):
    """+1 left, -1 right, 0 on the line, None where two places are equally near; by the sum of the unit normals."""
    feet = [
        (square(f, point), f, share, i)
        for i, (p, q) in enumerate(itertools.pairwise(points))
        for share, f in [foot(p, q, point)]
    ]
    best = min(feet)[0]
    nearest = [found for found in feet if found[0] == best]
    if best == 0:
        return 0
    if len({found[1] for found in nearest}) > 1:
        return None
    normals = []
    for _, _, _, i in nearest:
        dx, dy = points[i + 1][0] - points[i][0], points[i + 1][1] - points[i][1]
        normals.append((-dy / math.hypot(dx, dy), dx / math.hypot(dx, dy)))
    _, place, _, _ = nearest[0]
    towards = sum(n[0] * float(point[0] - place[0]) + n[1] * float(point[1] - place[1]) for n in normals)
    return None if abs(towards) < 1e-9 else math.copysign(1, towards)


@given(LINE, POINT, SIDE)
def test_the_side_is_that_of_the_normal_at_the_nearest_place(points, point, side):
    expected = twin_side(points, point)
    assume(expected is not None)
    assert inside(points, side, point) == [expected == (1 if side == "left" else -1)]


@given(LINE, POINT)
def test_a_point_is_inside_of_one_orientation_at_most(points, point):
    left, right = inside(points, "left", point)[0], inside(points, "right", point)[0]
    on_line = any(foot(p, q, point)[1] == point for p, q in itertools.pairwise(points))
    assert not (left and right)
    assert not (on_line and (left or right))


@given(LINE, POINT, POINT, st.sampled_from([0.25, 2.0, 1024.0]))
def test_moving_and_scaling_the_plane_changes_nothing(points, point, shift, scale):
    moved = [((x + shift[0]) * scale, (y + shift[1]) * scale) for x, y in [*points, point]]
    (before,), (distance,) = sides(polyline(points, "left"), array(point))
    (after,), (longer,) = sides(polyline(moved[:-1], "left"), array(moved[-1]))
    assert before == after
    assert longer == pytest.approx(distance * scale)


@given(LINE, POINT)
def test_mirrored_the_other_side_is_inside(points, point):
    mirrored = [(-x, y) for x, y in points]
    assert inside(points, "left", point) == inside(mirrored, "right", (-point[0], point[1]))


def test_points_of_the_door_corner():
    where = {
        (-340, 60): True,
        (-320, 60): False,
        (-340, 40): False,
        (-330, 100): False,  # on the line
        (-330, 45): False,  # on its corner
        (-320, 40): False,
        (-340, 300): True,  # beyond its end: inside of the last piece, prolonged
        (-500, 50): True,
        (-500, 40): False,
    }
    assert inside(CORNER, "left", *where) == list(where.values())


def test_beyond_a_sharp_tip_is_outside():
    tip = [(0, 2), (4, 0), (0, -2)]
    assert inside(tip, "right", (1, 0), (5, 0), (5, 1), (5, 2), (5, -2)) == [True, False, False, False, False]


def test_a_repeated_point_changes_nothing():
    repeated = [CORNER[0], CORNER[0], CORNER[1], CORNER[1], CORNER[2]]
    assert polyline(repeated, "left").length == polyline(CORNER, "left").length == 225.0


def test_a_line_without_length_is_refused():
    with pytest.raises(ValueError, match="two different points"):
        polyline([(1, 1), (1, 1)], "left")


def on_segment(p, q, point):
    return (
        cross(p, q, point) == 0
        and min(p[0], q[0]) <= point[0] <= max(p[0], q[0])
        and min(p[1], q[1]) <= point[1] <= max(p[1], q[1])
    )


def twin_touches(points, a, b):
    """Solves for the common point of the movement and each piece in fractions."""
    for p, q in itertools.pairwise(points):
        d, e = (b[0] - a[0], b[1] - a[1]), (q[0] - p[0], q[1] - p[1])
        determinant = d[0] * e[1] - d[1] * e[0]
        if determinant == 0:
            if any((on_segment(p, q, a), on_segment(p, q, b), on_segment(a, b, p), on_segment(a, b, q))):
                return True
            continue
        s = Fraction((p[0] - a[0]) * e[1] - (p[1] - a[1]) * e[0], determinant)
        t = Fraction((p[0] - a[0]) * d[1] - (p[1] - a[1]) * d[0], determinant)
        if 0 <= s <= 1 and 0 <= t <= 1:
            return True
    return False


@given(LINE, POINT, POINT)
def test_touching_is_having_a_point_in_common(points, a, b):
    assert touches(polyline(points, "left"), array(a), array(b))[0].tolist() == [twin_touches(points, a, b)]


def test_where_a_movement_touches():
    path = array((-1, 5), (3, 5), (3, 20), (-3, 20))
    touched, where = touches(polyline([(0, 0), (0, 10)], "left"), path[:-1], path[1:])
    assert touched.tolist() == [True, False, False]
    assert where.tolist() == [0.25, 0.0, 0.0]


def twin_contains(polygon, point):
    """Counts the sides that a segment to a far point crosses; the far point is so chosen that it meets no corner."""
    if any(on_segment(p, q, point) for p, q in zip(polygon, [*polygon[1:], polygon[0]], strict=True)):
        return False
    far = (Fraction(1000), Fraction(1000) + Fraction(1, 7919) + point[1])
    hits = 0
    for p, q in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if p == q:
            continue
        sides_of_ray = (cross(point, far, p) > 0) != (cross(point, far, q) > 0)
        sides_of_piece = (cross(p, q, point) > 0) != (cross(p, q, far) > 0)
        hits += sides_of_ray and sides_of_piece
    return hits % 2 == 1


@given(st.lists(POINT, min_size=3, max_size=7), POINT)
def test_inside_a_polygon_is_an_odd_number_of_sides_on_the_way_out(polygon, point):
    assert contains(polygon, array(point)).tolist() == [twin_contains(polygon, point)]


def test_a_repeated_corner_changes_nothing():
    triangle = [(0, 0), (0, 0), (0, 1), (-3, -1), (-3, -1), (0, 0)]
    assert contains(triangle, array((-1, 0), (5, 5))).tolist() == [True, False]


def test_a_polygon_that_is_one_point_contains_nothing():
    assert contains([(1, 1)] * 3, array((1, 1), (0, 0))).tolist() == [False, False]


def test_the_border_of_a_polygon_is_outside():
    box = [(0, 0), (10, 0), (10, 10), (0, 10)]
    where = {
        (5, 5): True,
        (0, 5): False,
        (5, 0): False,
        (10, 10): False,
        (10, 5): False,
        (11, 5): False,
        (-1, 0): False,
    }
    assert contains(box, array(*where)).tolist() == list(where.values())


def test_many_points_are_handled_in_parts_alike(monkeypatch):
    points = array(*((x, y) for x in range(-450, -300, 7) for y in range(0, 250, 9)))
    line, box = polyline(CORNER, "left"), [*CORNER, (-400.0, 200.0)]
    whole = sides(line, points), contains(box, points)
    monkeypatch.setattr(geometry, "_AT_ONCE", 10)
    parts = sides(line, points), contains(box, points)
    assert len(points) > 600
    np.testing.assert_equal(parts, whole)
