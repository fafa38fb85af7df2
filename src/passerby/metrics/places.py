"""The places that metrics are asked for, and the answer's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from passerby.metrics.registry import Level

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Dense = Mapping[str, Floats]
"""By metric the value of every cell, 0 where there is nothing: place after place, each with all of its buckets."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to compute metrics for, by the buckets of the calendar with that index.

    `key` is the catalogue id; of a zone or line it is (sensor id, id). `sites` narrows a brand to some of its
    sites; None: all of them. A content is counted where it was shown: on the screens `sensors`, or, where that is
    None, on all screens of `sites`.
    """

    level: Level
    key: int | tuple[int, int]
    calendar: int = 0
    sites: tuple[int, ...] | None = None
    sensors: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """Values other than 0 as four arrays of equal length, sorted by place, metric, bucket.

    `place` and `metric` are indexes into what was asked, `bucket` is one into the calendar of the place.
    """

    place: Integers
    metric: Integers
    bucket: Integers
    value: Floats
