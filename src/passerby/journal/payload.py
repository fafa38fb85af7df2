"""Rows to bytes and back: msgpack, compressed with zstd, under a checksum."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec
import xxhash
import zstandard

from passerby import observations
from passerby.errors import CorruptDataError
from passerby.journal.records import Rows
from passerby.sightings.sighting import JOURNAL_ONLY

# Measured on 100 mixed rows (12.9 kB of msgpack): level 1 and 3 compress alike, level 1 in half the time.
LEVEL = 1
# No body may be larger than 1 GiB (`max_body_mb`), so no honest payload unfolds to more than this.
LARGEST = 4 << 30

Layout = Mapping[str, Sequence[str]]


def current_layout() -> str:
    """The row columns of every kind, as JSON: what a payload written now means."""
    columns = {kind: _columns(kind) for kind in (*observations.KINDS, *JOURNAL_ONLY)}
    return json.dumps(columns, separators=(",", ":"))


def _columns(kind: str) -> list[str]:
    known = JOURNAL_ONLY.get(kind)
    return [column.name for column in observations.table(kind).row_columns] if known is None else [*known]


class Packer:
    """Turns rows into payloads. For one thread."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=False)

    def pack(self, rows: Rows) -> bytes:
        """`rows` as bytes; raises TypeError, ValueError or OverflowError for a value that msgpack cannot hold."""
        return self._compressor.compress(self._encoder.encode(rows))


class Unpacker:
    """Turns payloads into rows. For one thread."""

    def __init__(self) -> None:
        self._decoder = msgspec.msgpack.Decoder(dict[str, list[tuple[object, ...]]])
        self._decompressor = zstandard.ZstdDecompressor()

    def unpack(self, payload: bytes, layout: Layout | None) -> Rows:
        """The rows of a payload; with `layout`, rearranged from an older release's columns to today's."""
        try:
            rows = self._decoder.decode(self._decompressor.decompress(payload, max_output_size=LARGEST))
        except (zstandard.ZstdError, msgspec.DecodeError) as error:
            raise CorruptDataError(f"a payload of the journal cannot be read: {error}") from error
        return rows if layout is None else {kind: _rearrange(kind, kept, layout[kind]) for kind, kept in rows.items()}


def _rearrange(kind: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> list[tuple[object, ...]]:
    places = [columns.index(name) if name in columns else None for name in _columns(kind)]
    return [tuple(None if place is None else row[place] for place in places) for row in rows]


def checksum(number: int, received_ms: int, first_seq: int, row_count: int, payload: bytes) -> int:
    """64 bits over an entry and its header, as the signed integer that SQLite holds."""
    digest = xxhash.xxh3_64(f"{number},{received_ms},{first_seq},{row_count};".encode())
    digest.update(payload)
    value = digest.intdigest()
    return value - (1 << 64) if value >= 1 << 63 else value
