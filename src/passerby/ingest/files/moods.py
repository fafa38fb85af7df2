"""Weights of moods from their printed percentages.

Screens report how long each mood was seen; VidiCenter prints 100 * x / total of four of them and 100 minus the others
for neutral. These weights give the same digits when they are shown so again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from passerby.ingest.files.text import CellError
from passerby.observations import MAX_DURATION_MS, Mood

# A total that nobody's box counts in, for percentages that come from no small numbers.
_APPROXIMATE = 10_000_000_000
_TOLERANCE = 0.01


def mood(very_happy: float, happy: float, neutral: float, unhappy: float, very_unhappy: float) -> Mood | None:
    """The mood of five percentages; None when all are 0: none was seen.

    Where no weights of a mood's range give the printed digits, the nearest are taken: they differ by less than
    a millionth of a percent.

    Raises:
        CellError: the percentages do not add up to 100.
    """
    others = (very_happy, happy, unhappy, very_unhappy)
    total = sum(others) + neutral
    if total == 0:
        return None
    if not abs(total - 100) <= _TOLERANCE or min(*others, neutral) < -_TOLERANCE:
        raise CellError(f"the five moods must add up to 100, not {total:g}")
    found = _weights(others)
    return Mood(very_happy=found[0], happy=found[1], unhappy=found[2], very_unhappy=found[3], neutral=found[4])


@lru_cache(maxsize=1 << 14)
def _weights(percentages: tuple[float, float, float, float]) -> tuple[int, ...]:
    """Integers for the four, and what is left for neutral."""
    shares = [_share(percentage) for percentage in percentages]
    total = math.lcm(*(share.denominator for share in shares))
    weights = [int(share * total) for share in shares]
    exact = all(100.0 * weight / total == percentage for weight, percentage in zip(weights, percentages, strict=True))
    if not exact or total > MAX_DURATION_MS or sum(weights) > total:
        return _near(percentages)
    return (*weights, total - sum(weights))


def _near(percentages: Sequence[float]) -> tuple[int, ...]:
    weights = [round(percentage * (_APPROXIMATE // 100)) for percentage in percentages]
    return (*weights, max(0, _APPROXIMATE - sum(weights)))


@lru_cache(maxsize=1 << 14)
def _share(percentage: float) -> Fraction:
    """The fraction of the smallest denominator whose percentage is this number."""
    if percentage <= 0:
        return Fraction(0)
    middle, half = Fraction(percentage), Fraction(math.ulp(percentage)) / 2
    return _simplest((middle - half) / 100, (middle + half) / 100)


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of the smallest denominator from low to high, both > 0: by continued fractions."""
    whole = math.floor(low)
    if whole == low:
        return Fraction(whole)
    if whole + 1 <= high:
        return Fraction(whole + 1)
    return whole + 1 / _simplest(1 / (high - whole), 1 / (low - whole))
