"""Which side of a drawn line, how far from it, and inside which area: plane geometry on arrays of points.

All functions take points as float64 arrays of shape (n, 2) in any unit, the y axis pointing up, and never fail
on degenerate input: what cannot be told apart is outside.

The side of a point is the side of the piece of the line that is nearest to it. For a straight line that is the
half-plane; around a corner it is the corner's; and beyond an open end it is the side of the last piece,
prolonged. A movement crosses a line when it touches the line itself (not its prolongation) and ends on the
other side: whoever walks round the end of a line changes side without crossing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Points handled at once: someone who sits in view all day has millions, each against every piece of a line.
_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class Polyline:
    """A drawn line as arrays: piece i runs from `starts[i]` along `along[i]`; `left_inside` orients it."""

    starts: Points
    along: Points
    left_inside: bool

    @property
    def length(self) -> float:
        """The sum of the lengths of its pieces."""
        return float(np.hypot(self.along[:, 0], self.along[:, 1]).sum())


def polyline(points: Sequence[tuple[float, float]], inside: Literal["left", "right"]) -> Polyline:
    """A line through `points`; points that repeat the one before are dropped.

    Raises:
        ValueError: fewer than two distinct points.
    """
    vertices = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    vertices = vertices[np.r_[True, np.any(vertices[1:] != vertices[:-1], axis=1)]]
    if len(vertices) < 2:
        raise ValueError("a line needs two different points")
    return Polyline(vertices[:-1], vertices[1:] - vertices[:-1], inside == "left")


def cross(u: Points, v: Points) -> NDArray[np.float64]:
    """The z component of u x v: positive when v points to the left of u."""
    return np.asarray(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0])


def _nearest(line: Polyline, points: Points) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """For each point its nearest piece, where on that piece (0 = start, 1 = end), and how far away."""
    relative = points[:, None, :] - line.starts[None, :, :]
    square = (line.along**2).sum(axis=1)
    where = np.clip((relative * line.along).sum(axis=2) / square, 0.0, 1.0)
    offset = relative - where[:, :, None] * line.along
    distance = np.hypot(offset[:, :, 0], offset[:, :, 1])
    piece = distance.argmin(axis=1)
    rows = np.arange(len(points))
    return piece, where[rows, piece], distance[rows, piece]


def sides(line: Polyline, points: Points) -> tuple[Flags, NDArray[np.float64]]:
    """(inside?, distance to the line) of each point. A point exactly on the line is outside."""
    parts = [_sides(line, points[first : first + _AT_ONCE]) for first in range(0, len(points), _AT_ONCE)]
    return np.concatenate([inside for inside, _ in parts]), np.concatenate([distance for _, distance in parts])


def _sides(line: Polyline, points: Points) -> tuple[Flags, NDArray[np.float64]]:
    piece, where, distance = _nearest(line, points)
    turn = cross(line.along[:-1], line.along[1:])
    offset = cross(line.along[piece], points - line.starts[piece])
    # Nearest to a corner means standing on its outer side: right of a left turn, left of a right turn.
    corner = np.where(where == 0.0, piece - 1, piece)
    at_corner = ((where == 0.0) & (piece > 0)) | ((where == 1.0) & (piece < len(turn)))
    bend = np.zeros(len(points))
    bend[at_corner] = turn[corner[at_corner]]
    towards_left = np.where(bend != 0.0, -bend, offset)
    inside = towards_left > 0 if line.left_inside else towards_left < 0
    return inside & (distance > 0), distance


def touches(line: Polyline, begins: Points, ends: Points) -> tuple[Flags, NDArray[np.float64]]:
    """For each movement begins[i] -> ends[i]: does it touch the line, and where (0 = begin, 1 = end).

    Where it touches several pieces the last place counts; where it does not touch, the place is 0.
    """
    begin, end = begins[:, None, :], ends[:, None, :]
    step = end - begin
    from_start = cross(line.along[None], begin - line.starts)
    from_end = cross(line.along[None], end - line.starts)
    first = cross(step, line.starts - begin)
    last = cross(step, line.starts + line.along - begin)
    straddles = (np.sign(from_start) * np.sign(from_end) <= 0) & (np.sign(first) * np.sign(last) <= 0)
    touching = straddles & _boxes_meet(line, begin, end)
    span = from_start - from_end
    with np.errstate(invalid="ignore", divide="ignore"):
        place = np.where(touching & (span != 0), from_start / span, 0.0)
    return np.asarray(touching.any(axis=1), dtype=np.bool_), np.clip(place, 0.0, 1.0).max(axis=1, initial=0.0)


def _boxes_meet(line: Polyline, begin: Points, end: Points) -> Flags:
    # Collinear movements straddle everything: only the bounding boxes tell them apart.
    stops = line.starts + line.along
    below = np.minimum(begin, end) <= np.maximum(line.starts, stops)
    above = np.maximum(begin, end) >= np.minimum(line.starts, stops)
    return np.asarray((below & above).all(axis=2), dtype=np.bool_)


def contains(polygon: Sequence[tuple[float, float]], points: Points) -> Flags:
    """Whether each point is inside a polygon (even-odd rule). A point exactly on its border is outside."""
    parts = [_contains(polygon, points[first : first + _AT_ONCE]) for first in range(0, len(points), _AT_ONCE)]
    return np.concatenate(parts)


def _contains(polygon: Sequence[tuple[float, float]], points: Points) -> Flags:
    corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    following = np.roll(corners, -1, axis=0)
    sides_of_length = np.any(corners != following, axis=1)
    corners, following = corners[sides_of_length], following[sides_of_length]
    along = following - corners
    relative = points[:, None, :] - corners[None]
    turn = cross(along[None], relative)
    # A ray to the right: half-open in y, so that a corner on the ray counts once.
    upward, above = points[:, None, 1] >= corners[:, 1], points[:, None, 1] >= following[:, 1]
    hit = (upward & ~above & (turn > 0)) | (~upward & above & (turn < 0))
    reach = (relative * along).sum(axis=2)
    on_border = (turn == 0) & (reach >= 0) & (reach <= (along**2).sum(axis=1))
    return np.asarray((hit.sum(axis=1) % 2 == 1) & ~on_border.any(axis=1), dtype=np.bool_)
