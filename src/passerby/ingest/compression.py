"""Bodies that come compressed: opened no further than the limit, whatever they claim to hold."""

from __future__ import annotations

import zlib

import zstandard

from passerby.errors import InvalidInputError

_CHUNK = 1 << 16
# What one call opens is not bounded, but a block of 128 kB takes at least four bytes: this much makes 16 MB at most.
_PIECE = 512
_GZIP = 16 + zlib.MAX_WBITS


class TooLargeError(Exception):
    """The body is larger than the limit once it is opened."""


class UnknownEncodingError(Exception):
    """Not an encoding that Passerby takes."""


def opened(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` without its `Content-Encoding`; at most `limit` bytes.

    Raises TooLargeError, UnknownEncodingError, or InvalidInputError when the body is not what its encoding says.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gzip(body, limit)
        case "zstd":
            return _zstd(body, limit)
        case _:
            raise UnknownEncodingError


def _gzip(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    rest = body
    try:
        while rest:  # gzip files may follow each other
            one = zlib.decompressobj(_GZIP)
            while rest and not one.eof:
                part = one.decompress(rest, min(_CHUNK, limit - size + 1))
                rest = one.unconsumed_tail
                parts.append(part)
                size += len(part)
                if size > limit:
                    raise TooLargeError
            if not one.eof:
                part = one.flush()
                parts.append(part)
                size += len(part)
            if not one.eof:
                raise InvalidInputError("the body is not whole: its gzip data ends too early")
            rest = one.unused_data
    except zlib.error:
        raise InvalidInputError("the body is not gzip data, as its Content-Encoding says") from None
    if not body:
        raise InvalidInputError("the body is not gzip data, as its Content-Encoding says")
    return b"".join(parts)


def _zstd(body: bytes, limit: int) -> bytes:
    # The window is bounded too: a frame may ask for gigabytes of it before its first byte.
    opener = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    parts: list[bytes] = []
    size = place = 0
    try:
        while place < len(body):  # frames may follow each other
            frame = opener.decompressobj()
            while place < len(body) and not frame.eof:
                part = frame.decompress(body[place : place + _PIECE])
                place += _PIECE
                parts.append(part)
                size += len(part)
                if size > limit:
                    raise TooLargeError
            if not frame.eof:
                raise InvalidInputError("the body is not whole: its zstd data ends too early")
            place = min(place, len(body)) - len(frame.unused_data)
    except zstandard.ZstdError:
        raise InvalidInputError("the body is not zstd data, as its Content-Encoding says") from None
    return b"".join(parts)
