"""Retries after 1 s, 5 s, 30 s, 2 min, then every 5 min with jitter."""

from hypothesis import given
from hypothesis import strategies as st

from passerby.webhooks.schedule import delay_s


def test_the_first_four():
    assert [delay_s(failures, lambda: 0.5) for failures in (1, 2, 3, 4)] == [1, 5, 30, 120]


@given(st.integers(5, 10**6), st.floats(0, 1, exclude_max=True))
def test_then_every_five_minutes_give_or_take_a_tenth(failures, chance):
    assert 270 <= delay_s(failures, lambda: chance) <= 330
