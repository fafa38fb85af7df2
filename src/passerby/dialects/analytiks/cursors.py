"""The cursor of the exports by brand.

A cursor says after which location id the next batch begins. It carries nothing else, so it stays good while
observations and even locations arrive. Its signature covers the question that it continues (who asks, which page,
brand, dates and interval): with any other question, or altered by one bit, it is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

from passerby.errors import InvalidInputError

_ID = struct.Struct(">Q")
_SIGNATURE_BYTES = 16


def _sign(secret: bytes, question: tuple[object, ...], last_id: bytes) -> bytes:
    text = repr(question).encode()
    return hmac.digest(secret, last_id + text, hashlib.sha256)[:_SIGNATURE_BYTES]


def write(secret: bytes, question: tuple[object, ...], last_id: int) -> str:
    """The cursor that continues `question` after location `last_id`."""
    packed = _ID.pack(last_id)
    return base64.urlsafe_b64encode(packed + _sign(secret, question, packed)).decode()


def read(secret: bytes, question: tuple[object, ...], cursor: str) -> int:
    """The location id after which to continue; raises InvalidInputError for a bad or foreign cursor."""
    try:
        raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raw = b""
    packed, signature = raw[: _ID.size], raw[_ID.size :]
    if len(packed) != _ID.size or not hmac.compare_digest(signature, _sign(secret, question, packed)):
        raise InvalidInputError(
            "not a cursor of this request: send the one from the last answer with the same brandId, dates and "
            "interval, or null to start again",
            "cursor",
        )
    last_id: int = _ID.unpack(packed)[0]
    return last_id
