import gzip
import random
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from passerby.errors import InvalidInputError
from passerby.ingest.compression import TooLargeError, UnknownEncodingError, opened

LIMIT = 100_000
PACK = {"gzip": gzip.compress, "zstd": zstandard.compress}


@given(data=st.binary(max_size=1000), encoding=st.sampled_from(["gzip", "zstd", "x-gzip", " GZIP "]))
def test_what_was_packed_is_opened(data, encoding):
    pack = PACK["zstd" if encoding == "zstd" else "gzip"]
    assert opened(pack(data), encoding, LIMIT) == data


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [511, 512, 513, 5000, 50_000])
def test_what_does_not_get_smaller_is_opened(encoding, size):
    data = random.Random(size).randbytes(size)
    assert opened(PACK[encoding](data) * 2, encoding, 2 * size) == data * 2


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_parts_may_follow_each_other(encoding):
    pack = PACK[encoding]
    assert opened(pack(b"one ") + pack(b"two"), encoding, LIMIT) == b"one two"


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_what_is_not_packed_stays(encoding):
    assert opened(b"text", encoding, LIMIT) == b"text"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_the_limit_is_exact(encoding):
    assert len(opened(PACK[encoding](bytes(LIMIT)), encoding, LIMIT)) == LIMIT
    with pytest.raises(TooLargeError):
        opened(PACK[encoding](bytes(LIMIT + 1)), encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_not_opened_further_than_the_limit(encoding):
    bomb = PACK[encoding](bytes(200_000_000))
    assert len(bomb) < 250_000
    with pytest.raises(TooLargeError):
        opened(bomb, encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("break_it", [lambda data: data[:-3], lambda _: b"no such data", lambda data: data[:5]])
def test_what_is_damaged_is_said(encoding, break_it):
    with pytest.raises(InvalidInputError, match=encoding):
        opened(break_it(PACK[encoding](b"text" * 100)), encoding, LIMIT)


def test_an_empty_body_is_not_gzip():
    with pytest.raises(InvalidInputError):
        opened(b"", "gzip", LIMIT)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
def test_other_encodings(encoding):
    with pytest.raises(UnknownEncodingError):
        opened(zlib.compress(b"text"), encoding, LIMIT)
