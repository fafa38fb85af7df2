"""The formats of the native API by their media types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from passerby.errors import InvalidInputError
from passerby.ingest.decoded import Decoded
from passerby.ingest.native import decode_json, decode_ndjson
from passerby.observations import KINDS


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `of_kind`: its rows are all of one kind, which stands beside the body, not in it."""

    media_type: str
    of_kind: bool
    _decode: Callable[[bytes, str], Decoded] | Callable[[bytes], Decoded]

    def check_kind(self, kind: str | None) -> None:
        """Raise InvalidInputError unless `kind` is given exactly where it must be."""
        if not self.of_kind:
            if kind is not None:
                raise InvalidInputError(f"not with {self.media_type}: its rows name their kind themselves", "kind")
        elif kind not in KINDS:
            raise InvalidInputError(f"needed with {self.media_type}: one of {', '.join(KINDS)}", "kind")

    def decode(self, body: bytes, kind: str | None) -> Decoded:
        """The rows of a body. Raises InvalidInputError when none can be told from another."""
        return self._decode(body, kind) if self.of_kind else self._decode(body)  # type: ignore[call-arg, arg-type]  # of_kind says which


FORMATS = {
    one.media_type: one
    for one in (
        Format("application/json", False, decode_json),
        Format("application/x-ndjson", False, decode_ndjson),
    )
}


def by_media_type(text: str) -> Format:
    """The format of a Content-Type; parameters such as charset do not matter. Raises LookupError."""
    found = FORMATS.get(text)
    return found if found is not None else FORMATS[text.partition(";")[0].strip().lower()]
