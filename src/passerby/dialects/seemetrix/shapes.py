"""Numbers as this API writes them."""

from __future__ import annotations


def mean_s(total_ms: int, count: int) -> float:
    """The mean of so many durations in seconds, to two decimals, halves up; 0 when there are none."""
    return (2 * total_ms + 10 * count) // (20 * count) / 100 if count else 0.0
