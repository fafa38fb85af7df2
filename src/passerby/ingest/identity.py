"""What makes an observation itself: a 64-bit identity, so that the same one sent again is known.

Identity is (sensor, kind, time, id). Without an id it is derived from the whole content as it is kept, so the same
row sent as JSON, CSV or Parquet, with another offset in its times or a sensor named by uid, is the same one.

An identity is printed as "~" and 16 hexadecimal digits; an id of exactly that form *is* that identity, so rows
that were read from Passerby are known when they are posted again.
"""

from __future__ import annotations

import re

import msgspec
from xxhash import xxh3_64_intdigest

from passerby.observations import KINDS

# Numbers of the kinds in hashes. They are stored with every observation: append, never renumber. For the same
# reason a field added to a kind later may enter its derived identity only when it is given.
_NUMBER = {kind: number for number, kind in enumerate(KINDS)}
_EXPLICIT = 1 << 32
_PRINTED = re.compile(r"~[0-9a-f]{16}")

_pack = msgspec.msgpack.Encoder().encode


def derived(kind: str, content: tuple[object, ...]) -> int:
    """The identity of an observation without an id, from all of its normalised content."""
    digest = xxh3_64_intdigest(_pack(content), _NUMBER[kind])
    return digest - (1 << 64) if digest >> 63 else digest


def explicit(kind: str, sensor_id: int, started_ms: int, text: str) -> int:
    """The identity of an observation that has an id of its own."""
    digest = xxh3_64_intdigest(_pack((sensor_id, started_ms, text)), _EXPLICIT | _NUMBER[kind])
    return digest - (1 << 64) if digest >> 63 else digest


def printed(identity: int) -> str:
    """The id that stands for an identity outside."""
    return f"~{identity & 0xFFFF_FFFF_FFFF_FFFF:016x}"


def parse(text: str) -> int | None:
    """The identity that `text` prints, or None when it is an ordinary id."""
    if text[0] != "~" or not _PRINTED.fullmatch(text):
        return None
    digest = int(text[1:], 16)
    return digest - (1 << 64) if digest >> 63 else digest
