"""Which stretches of time a batch touches: what bounds the search for rows that are held already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Rows nearer to each other than this share a stretch. Live rows of many sensors then make one of seconds or minutes.
_GAP_MS = 600_000
# Every range is one more comparison per row group; beyond this many, the nearest ones are joined.
_MOST_RANGES = 64


def touched(started_ms: NDArray[np.int64]) -> Sequence[tuple[int, int]]:
    """Ranges of instants (both ends included) that together hold every `started_ms`, as tight as may be, in order.

    A few late rows then cost a few short looks back, not one at everything between them and now.
    """
    ordered = np.sort(started_ms)
    gaps = np.diff(ordered)
    breaks = np.flatnonzero(gaps > _GAP_MS)
    if len(breaks) >= _MOST_RANGES:
        widest = np.argsort(gaps[breaks], kind="stable")[-(_MOST_RANGES - 1) :]
        breaks = np.sort(breaks[widest])
    first = ordered[np.concatenate([[0], breaks + 1])]
    last = ordered[np.concatenate([breaks, [len(ordered) - 1]])]
    return list(zip(first.tolist(), last.tolist(), strict=True))
