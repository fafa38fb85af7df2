"""Short texts that only this server can have made: cursors."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec

_MAC_BYTES = 16


def sign(secret: bytes, purpose: str, values: list[int]) -> str:
    """`values` as an opaque text that is good for `purpose` only."""
    payload = msgspec.msgpack.encode(values)
    return base64.urlsafe_b64encode(_mac(secret, purpose, payload) + payload).rstrip(b"=").decode()


def verify(secret: bytes, purpose: str, text: str) -> list[int] | None:
    """The values of a text that `sign` made for the same purpose, else None."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if not hmac.compare_digest(raw[:_MAC_BYTES], _mac(secret, purpose, raw[_MAC_BYTES:])):
        return None
    return msgspec.msgpack.decode(raw[_MAC_BYTES:], type=list[int])


def _mac(secret: bytes, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + payload, hashlib.sha256)[:_MAC_BYTES]
