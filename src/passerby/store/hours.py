"""Which hours a batch touches: what bounds the search for rows that are held already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HOUR_MS = 3_600_000
# Every range is one more comparison per row group; beyond this many, the nearest ones are joined.
_MOST_RANGES = 64


def touched(started_ms: NDArray[np.int64]) -> Sequence[tuple[int, int]]:
    """Ranges of instants (both ends included) that together hold every `started_ms`; whole hours, in order.

    A few late rows then cost a few hours of looking, not everything between them and now.
    """
    hours = np.unique(started_ms // HOUR_MS)
    gaps = np.diff(hours)
    breaks = np.flatnonzero(gaps > 1)
    if len(breaks) >= _MOST_RANGES:
        widest = np.argsort(gaps[breaks], kind="stable")[-(_MOST_RANGES - 1) :]
        breaks = np.sort(breaks[widest])
    first = hours[np.concatenate([[0], breaks + 1])]
    last = hours[np.concatenate([breaks, [len(hours) - 1]])]
    return list(zip((first * HOUR_MS).tolist(), (last * HOUR_MS + HOUR_MS - 1).tolist(), strict=True))
