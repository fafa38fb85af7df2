"""When a failed message is sent again."""

from __future__ import annotations

from collections.abc import Callable

FIRST_S = (1.0, 5.0, 30.0, 120.0)
THEN_S = 300.0
# The five minutes are between 4.5 and 5.5, so that the senders of many places do not all come at once.
JITTER = 0.1
GIVE_UP_MS = 5 * 86_400_000


def delay_s(failures: int, chance: Callable[[], float]) -> float:
    """Seconds until the next attempt after so many failed ones (1 or more); `chance` gives a number in [0, 1)."""
    if failures <= len(FIRST_S):
        return FIRST_S[failures - 1]
    return THEN_S * (1 - JITTER + 2 * JITTER * chance())
