"""How many examples a property is tried with."""

from hypothesis import settings

_USUAL = 40


def about(number: int) -> int:
    """`number` under the usual profile; in proportion under one that asks for fewer or more examples."""
    return max(3, round(number * settings.default.max_examples / _USUAL))
