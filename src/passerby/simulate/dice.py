"""Random numbers that are the same everywhere.

Only `random.Random.random` keeps its sequence across Python versions, and functions of the C library such as
`log` may differ in their last bit between machines. So everything is made of `random()`, additions,
multiplications and divisions, which IEEE 754 fixes to the bit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """One sequence of random numbers, named by what it is for: `Dice(seed, "stays", site, date)`."""

    def __init__(self, *name: int | str) -> None:
        digest = blake2b("/".join(map(str, name)).encode(), digest_size=8).digest()
        self.random = Random(int.from_bytes(digest, "big")).random  # noqa: S311 - made-up data, not secrets

    def integer(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.random() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, all alike."""
        return choices[int(self.random() * len(choices))]

    def around(self, expected: float, spread: float) -> int:
        """An integer near `expected`: off by at most the part `spread` of it, seldom by so much."""
        swing = self.random() + self.random() + self.random() - 1.5
        return max(0, int(expected * (1 + spread * swing / 1.5) + 0.5))

    def quantile(self, table: Sequence[int]) -> int:
        """A value whose quantiles at equal steps, from the smallest to the largest, are `table`."""
        position = self.random() * (len(table) - 1)
        i = int(position)
        return int(table[i] + (table[i + 1] - table[i]) * (position - i))


class Weighted:
    """Draws indexes with given integer weights."""

    def __init__(self, weights: Sequence[int]) -> None:
        self._sums = list(accumulate(weights))

    @property
    def total(self) -> int:
        """The sum of the weights."""
        return self._sums[-1]

    def draw(self, dice: Dice) -> int:
        """An index; one of weight 0 never comes."""
        return bisect_right(self._sums, int(dice.random() * self._sums[-1]))
