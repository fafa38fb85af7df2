"""The formats of the native API by their media types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from passerby.errors import InvalidInputError
from passerby.ingest.columnar import decode_arrow, decode_csv, decode_parquet
from passerby.ingest.decoded import Decoded
from passerby.ingest.native import OBSERVATIONS, SIGHTINGS, Reader, decode_json, decode_ndjson
from passerby.observations import KINDS
from passerby.sightings.sighting import KIND


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `of_kind`: its rows are all of one kind, which stands beside the body, not in it.

    `waits`: decoding waits for another process, so it is not for an event loop.
    """

    media_type: str
    of_kind: bool
    _decode: Callable[[bytes, str, int], Decoded]
    waits: bool = False

    def check_kind(self, kind: str | None) -> None:
        """Raise InvalidInputError unless `kind` is given exactly where it must be."""
        if not self.of_kind:
            if kind is not None:
                raise InvalidInputError(f"not with {self.media_type}: its rows name their kind themselves", "kind")
        elif kind not in KINDS:
            raise InvalidInputError(f"needed with {self.media_type}: one of {', '.join(KINDS)}", "kind")

    def decode(self, body: bytes, kind: str | None, limit: int) -> Decoded:
        """The rows of a body that holds at most `limit` bytes once every compression inside it is opened.

        `kind` is `sighting`, or the kind of observation where it stands beside the body.

        Raises InvalidInputError when no row can be told from another, TooLargeError beyond the limit.
        """
        return self._decode(body, kind or "", limit)


def _reader(kind: str) -> Reader:
    return SIGHTINGS if kind == KIND else OBSERVATIONS


FORMATS = {
    one.media_type: one
    for one in (
        Format("application/json", False, lambda body, kind, _: decode_json(body, _reader(kind))),
        Format("application/x-ndjson", False, lambda body, kind, _: decode_ndjson(body, _reader(kind))),
        Format("text/csv", True, decode_csv),
        Format("application/vnd.apache.parquet", True, decode_parquet, waits=True),
        Format("application/vnd.apache.arrow.stream", True, decode_arrow),
    )
}


def by_media_type(text: str) -> Format:
    """The format of a Content-Type; parameters such as charset do not matter. Raises LookupError."""
    found = FORMATS.get(text)
    return found if found is not None else FORMATS[text.partition(";")[0].strip().lower()]
