"""Crossings of a drawn line, and stays inside an area, by one track.

**Hysteresis.** A track changes side where its positions change side; but positions tremble. Cut the track into
runs on one side. The first and the last run say where the track came from and where it went, and are always
believed. A run between them counts only if it gets farther from the line than the hysteresis distance; if it does not,
it is as if the track had never left the side it was on. So trembling at a line adds nothing to the net
crossing, whatever its frequency, while someone who dashes through and comes straight back is still counted.

The distance is given in the unit of the positions, or as a share of the line's length, so that one default
suits pixels and metres alike (see `Hysteresis`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passerby.errors import InvalidInputError
from passerby.observations import Direction
from passerby.tracks.geometry import Flags, Points, Polyline, contains, sides, touches

Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """How far beyond a line a track must get before turning back counts as two crossings.

    `share` is a part of the line's length (0.05 = a twentieth), `distance` is in the unit of the positions;
    the two are added, and one of them is normally 0.
    """

    share: float = 0.05
    distance: float = 0.0

    def of(self, line: Polyline) -> float:
        """The distance for one line, in the unit of its points."""
        return self.share * line.length + self.distance

    @classmethod
    def parse(cls, text: str) -> Hysteresis:
        """From `5%` (of the line's length) or `0.3` (in the unit of the positions).

        Raises:
            InvalidInputError: anything else.
        """
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", text.strip())
        if found is None:
            raise InvalidInputError("expected a share of the line's length such as 5%, or a distance such as 0.3")
        value = float(found[1])
        return cls(share=value / 100) if found[2] else cls(share=0.0, distance=value)


@dataclass(frozen=True, slots=True)
class Crossed:
    """A track crossed a line: when (in the unit of the track's times) and which way."""

    at: float
    direction: Direction


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive positions on one side: how far they get from the line, and how and when they were reached.

    `step`: +1 over the line inwards, -1 over the line outwards, 0 round its end or at the beginning.
    """

    inside: bool
    reach: float
    step: int
    at: float


def crossings_of(line: Polyline, times: Times, points: Points, hysteresis: Hysteresis) -> list[Crossed]:
    """The crossings of a line by one track, in order.

    Args:
        line: the line, which says which side is inside.
        times: ascending instants, one per point.
        points: positions, at least one.
        hysteresis: see the module.
    """
    runs = _runs(line, times, points)
    enough = hysteresis.of(line)
    believed = [True, *(run.reach > enough for run in runs[1:-1]), True]
    crossings: list[Crossed] = []
    inside = runs[0].inside
    pending: list[_Run] = []
    for run, counts in zip(runs[1:], believed[1:], strict=False):
        pending.append(run)
        if not counts:
            continue
        if run.inside != inside:
            crossings.extend(_settle(pending, inwards=run.inside))
            inside = run.inside
        pending = []
    return crossings


def _settle(pending: Sequence[_Run], *, inwards: bool) -> list[Crossed]:
    # Several steps of trembling, perhaps also round the end of the line: the net decides whether the line was
    # crossed at all, and the last step that way is when.
    way = 1 if inwards else -1
    if sum(run.step for run in pending) * way <= 0:
        return []
    at = max(run.at for run in pending if run.step == way)
    return [Crossed(at, "in" if inwards else "out")]


def _runs(line: Polyline, times: Times, points: Points) -> list[_Run]:
    inside, distance = sides(line, points)
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    if len(changes) == 0:
        return [_Run(bool(inside[0]), float(distance.max()), 0, float(times[0]))]
    touched, where = touches(line, points[changes], points[changes + 1])
    instants = times[changes] + where * (times[changes + 1] - times[changes])
    reaches = np.maximum.reduceat(distance, np.r_[0, changes + 1])
    runs = [_Run(bool(inside[0]), float(reaches[0]), 0, float(times[0]))]
    reached = zip(inside[changes + 1].tolist(), reaches[1:].tolist(), touched.tolist(), instants.tolist(), strict=True)
    for inwards, reach, over, at in reached:
        runs.append(_Run(inwards, reach, (1 if inwards else -1) if over else 0, at))
    return runs


@dataclass(frozen=True, slots=True)
class Stay:
    """A track was inside an area from `start` to `end`, in the unit of its times."""

    start: float
    end: float


def stays(polygon: Sequence[tuple[float, float]], times: Times, points: Points, bridge: float) -> list[Stay]:
    """When a track was inside an area.

    A stay runs from the first position inside to the first one outside again, or to the track's last position.
    Absences not longer than `bridge` (in the unit of `times`) do not interrupt it.
    """
    inside: Flags = contains(polygon, points)
    edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(np.int8)))
    found: list[Stay] = []
    last = len(times) - 1
    for entered, left in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start, end = float(times[entered]), float(times[min(left, last)])
        if found and start - found[-1].end <= bridge:
            start = found.pop().start
        found.append(Stay(start, end))
    return found
