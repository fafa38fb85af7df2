"""The native format as JSON: one object, an array, or one object a line (NDJSON).

A body in which all is well is decoded in one call; only when that fails row by row, so that one bad row does
not cost the others. A body of which no rows can be told apart is an error as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from passerby.errors import InvalidInputError
from passerby.ingest.decoded import Decoded, Refused
from passerby.ingest.wording import refusal
from passerby.observations import STRUCTS, AnyObservation, Reported
from passerby.sightings.sighting import KIND, Sighting

_ROWS = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Reader:
    """What the rows of a body may be. `only` is their kind where there is no choice: then they need not name it."""

    array: msgspec.json.Decoder[list[Reported]]
    one: msgspec.json.Decoder[Reported]
    only: str | None = None

    def kind_of(self, row: bytes) -> object:
        """The kind that a refused row claims to be, as far as this reader knows it."""
        if self.only is not None:
            return self.only
        try:
            kind = _KIND.decode(row).kind
        except msgspec.DecodeError:
            return None
        return kind if kind is None or (isinstance(kind, str) and kind in STRUCTS) else ""


OBSERVATIONS = Reader(msgspec.json.Decoder(list[AnyObservation]), msgspec.json.Decoder(AnyObservation))
SIGHTINGS = Reader(msgspec.json.Decoder(list[Sighting]), msgspec.json.Decoder(Sighting), KIND)


class _Kind(msgspec.Struct):
    kind: object = None


_KIND = msgspec.json.Decoder(_Kind)
_BYTE = re.compile(r"\(byte (\d+)\)")
# The escape of a surrogate's first half without its second, or of a second half without its first. An escape that the
# text ends in is another matter: there it does end too early.
_HALF_PAIR = re.compile(
    rb"""(?<!\\)(?:\\\\)*
    (?P<escape>
        \\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F]|\\?\Z|\\u[dD]?\Z)
        |(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}
    )""",
    re.VERBOSE,
)
_NOT_TEXT = "the body is not UTF-8 text"
_TOO_DEEP = "nested too deeply"


def decode_json(body: bytes, reader: Reader = OBSERVATIONS) -> Decoded:
    """What a JSON object or array says. Raises InvalidInputError when it is not JSON."""
    try:
        if body.lstrip(b" \t\r\n")[:1] == b"[":
            observations = reader.array.decode(body)
            return Decoded(observations, range(len(observations)))
        return Decoded([reader.one.decode(body)], [0])
    except msgspec.ValidationError:
        return _row_by_row(_rows(body), reader)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(_malformed(error, body)) from None


def decode_ndjson(body: bytes, reader: Reader = OBSERVATIONS) -> Decoded:
    """What JSON lines say; a line that is not JSON is refused alone. Empty lines do not count."""
    try:
        observations = reader.one.decode_lines(body)
        return Decoded(observations, range(len(observations)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _row_by_row([line for line in body.split(b"\n") if line.strip()], reader)


def _rows(body: bytes) -> list[bytes]:
    try:
        if body.lstrip(b" \t\r\n")[:1] == b"[":
            return [bytes(row) for row in _ROWS.decode(body)]
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(_malformed(error, body)) from None
    return [body]


def _row_by_row(rows: list[bytes], reader: Reader) -> Decoded:
    decoded = Decoded()
    for index, row in enumerate(rows):
        try:
            decoded.add(index, reader.one.decode(row))
        except msgspec.ValidationError as error:
            decoded.refused.append(Refused(index, refusal(error, reader.kind_of(row)), row))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            decoded.refused.append(Refused(index, _malformed(error, row), row))
    return decoded


def _malformed(error: Exception, text: bytes) -> str:
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return _NOT_TEXT
    message = str(error).removeprefix("JSON is malformed: ")
    # msgspec says of half a pair near the end that the text was truncated.
    if ("truncated" in message or "surrogate" in message) and (half := _HALF_PAIR.search(text)):
        message = f"half of a surrogate pair, which is no character (byte {half.start('escape')})"
    message = message.replace("Input data was truncated", "it ends too early")
    place = _BYTE.search(message)
    if place is None:
        return f"not JSON: {message[:1].lower()}{message[1:]}"
    line = text.count(b"\n", 0, int(place[1])) + 1
    return f"not JSON: {_BYTE.sub(f'(line {line}, byte {place[1]})', message)}"
