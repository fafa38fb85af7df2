"""Tracks: from loose positions, in any order and with their usual faults, to one clean path per passer-by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from passerby.observations import RoadUser
from passerby.tracks.crossings import Times
from passerby.tracks.geometry import Points

# Trackers keep a lost object for one to a few seconds; after this long a number is someone else's.
DEFAULT_GAP_S = 10.0


class Position(NamedTuple):
    """Where one track was at one instant (`at`: seconds from any origin; x, y in the sensor's coordinates)."""

    track: str
    at: float
    x: float
    y: float
    class_: RoadUser


@dataclass(frozen=True, slots=True)
class Track:
    """One passer-by: strictly ascending `times` in seconds, as many `points`, and the class seen most often."""

    id: str
    times: Times
    points: Points
    class_: RoadUser


def tracks(positions: Iterable[Position], gap_s: float = DEFAULT_GAP_S) -> Iterator[Track]:
    """One `Track` per passer-by, from positions grouped by track and ascending in time within each.

    A repeated instant keeps its first position. A track that was unseen for more than `gap_s` seconds ends, and
    the next position under its number begins another one. Holds one track in memory at a time.
    """
    for _, group in groupby(positions, key=lambda position: position.track):
        piece: list[Position] = []
        for position in group:
            if piece and position.at == piece[-1].at:
                continue
            if piece and position.at - piece[-1].at > gap_s:
                yield _track(piece)
                piece = []
            piece.append(position)
        yield _track(piece)


def _track(piece: list[Position]) -> Track:
    # most_common keeps the order of first sight among equals, so that a tie does not depend on anything else.
    class_ = Counter(position.class_ for position in piece).most_common(1)[0][0]
    return Track(
        id=piece[0].track,
        times=np.array([position.at for position in piece], dtype=np.float64),
        points=np.array([(position.x, position.y) for position in piece], dtype=np.float64),
        class_=class_,
    )
