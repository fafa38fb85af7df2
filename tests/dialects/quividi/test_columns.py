"""How numbers are written."""

import json

import numpy as np
import pytest

from passerby.dialects.quividi.columns import two_decimals


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0.0"), (1.0, "1.0"), (20.0, "20.0"), (1.85, "1.85"), (1.5, "1.5"), (1.995, "2.0")],
)
def test_two_decimals_always_have_a_point_or_an_exponent(value, written):
    assert two_decimals(np.array([value])).storage.to_pylist() == [written]


def test_so_do_large_ones():
    (text,) = two_decimals(np.array([1e22])).storage.to_pylist()
    assert isinstance(json.loads(text), float)


def test_zero_is_written_as_the_document_does_at_that_place():
    assert two_decimals(np.array([0.0, 0.001, 0.005]), zero="0").storage.to_pylist() == ["0", "0", "0.01"]
