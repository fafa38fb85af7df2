"""Which content coding an answer has."""

import pytest

from passerby.content_coding import coding


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("GZIP;q=1.0, ZSTD; q=0.5", "zstd"),
        ("gzip, zstd;q=0", "gzip"),
        ("zstd; q = 0.000, gzip;q=0", "identity"),
        ("*", "identity"),
        ("br", "identity"),
    ],
)
def test_the_best_that_the_client_names(accepted, used):
    assert coding(accepted) == used


def test_only_what_is_offered():
    assert coding("gzip, zstd", ["zstd"]) == "zstd"
    assert coding("gzip", ["zstd"]) == "identity"
