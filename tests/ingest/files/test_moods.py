"""Percentages of moods come back digit by digit."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.examples import about

from passerby.ingest.files.moods import mood
from passerby.ingest.files.text import CellError

NAMES = ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")


def printed(weights):
    """What VidiCenter prints of weights: four shares, and what is left for neutral."""
    total = sum(weights)
    very_happy, happy, _, unhappy, very_unhappy = (100.0 * weight / total for weight in weights)
    return very_happy, happy, 100 - (very_happy + happy + unhappy + very_unhappy), unhappy, very_unhappy


def shown(found):
    return printed([getattr(found, name) for name in NAMES])


@pytest.mark.parametrize(
    "percentages",
    [
        (33.333333333333336, 0.0, 66.66666666666666, 0.0, 0.0),
        (0.0, 49.80392156862745, 0.39215686274509665, 49.80392156862745, 0.0),
        (0.0, 20.0, 70.19607843137254, 0.0, 9.803921568627452),
        (0.0, 66.66666666666667, 33.33333333333333, 0.0, 0.0),
        (0.0, 0.0, 100.0, 0.0, 0.0),
        (0.0, 100.0, 0.0, 0.0, 0.0),
    ],
)
def test_the_printed_examples(percentages):
    assert shown(mood(*percentages)) == percentages


@settings(max_examples=about(60), deadline=None)
@given(st.lists(st.integers(0, 255), min_size=5, max_size=5).filter(any))
@example([1, 0, 254, 0, 0])
@example([0, 0, 0, 0, 1])
def test_whatever_a_box_counted_is_printed_again(weights):
    assert shown(mood(*printed(weights))) == printed(weights)


@settings(max_examples=about(60), deadline=None)
@given(st.integers(1, 100_000).flatmap(lambda total: st.lists(st.integers(0, total), min_size=4, max_size=4)))
def test_cuts_of_one_total_in_milliseconds_are_printed_again(cuts):
    first, second, third, last = sorted(cuts)
    weights = (first, second - first, third - second, last - third, 1)
    assert shown(mood(*printed(weights))) == printed(weights)


def test_digits_of_no_small_numbers_come_back_nearly():
    percentages = (12.345678912345678, 23.456789123456785, 0.0, 31.41592653589793, 0.0)
    percentages = (*percentages[:2], 100 - sum(percentages), *percentages[3:])
    assert shown(mood(*percentages)) == pytest.approx(percentages, abs=1e-6)


def test_no_mood_at_all_is_none():
    assert mood(0.0, 0.0, 0.0, 0.0, 0.0) is None


@pytest.mark.parametrize("percentages", [(50.0, 0.0, 0.0, 0.0, 0.0), (float("nan"), 0.0, 100.0, 0.0, 0.0)])
def test_what_is_not_a_hundred_is_wrong(percentages):
    with pytest.raises(CellError, match="must add up to 100"):
        mood(*percentages)
