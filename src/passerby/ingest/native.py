"""The native format as JSON: one object, an array, or one object a line (NDJSON).

A body in which all is well is decoded in one call; only when that fails row by row, so that one bad row does
not cost the others. A body of which no rows can be told apart is an error as a whole.
"""

from __future__ import annotations

import re

import msgspec

from passerby.errors import InvalidInputError
from passerby.ingest.decoded import Decoded, Refused
from passerby.ingest.wording import refusal
from passerby.observations import AnyObservation, Observation

_ARRAY = msgspec.json.Decoder(list[AnyObservation])
_ONE: msgspec.json.Decoder[Observation] = msgspec.json.Decoder(AnyObservation)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])


class _Kind(msgspec.Struct):
    kind: object = None


_KIND = msgspec.json.Decoder(_Kind)
_BYTE = re.compile(r"\(byte (\d+)\)")
_NOT_TEXT = "the body is not UTF-8 text"
_TOO_DEEP = "nested too deeply"


def decode_json(body: bytes) -> Decoded:
    """The observations in a JSON object or array. Raises InvalidInputError when it is not JSON."""
    try:
        if body.lstrip(b" \t\r\n")[:1] == b"[":
            observations: list[Observation] = list(_ARRAY.decode(body))
            return Decoded(observations, range(len(observations)))
        return Decoded([_ONE.decode(body)], [0])
    except msgspec.ValidationError:
        return _row_by_row(_rows(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(_malformed(error, body)) from None


def decode_ndjson(body: bytes) -> Decoded:
    """The observations in JSON lines; a line that is not JSON is refused alone. Empty lines do not count."""
    try:
        observations: list[Observation] = _ONE.decode_lines(body)
        return Decoded(observations, range(len(observations)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _row_by_row([line for line in body.split(b"\n") if line.strip()])


def _rows(body: bytes) -> list[bytes]:
    try:
        if body.lstrip(b" \t\r\n")[:1] == b"[":
            return [bytes(row) for row in _ROWS.decode(body)]
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(_malformed(error, body)) from None
    return [body]


def _row_by_row(rows: list[bytes]) -> Decoded:
    decoded = Decoded()
    for index, row in enumerate(rows):
        try:
            decoded.add(index, _ONE.decode(row))
        except msgspec.ValidationError as error:
            decoded.refused.append(Refused(index, refusal(error, _kind_of(row)), row))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            decoded.refused.append(Refused(index, _malformed(error, row), row))
    return decoded


def _kind_of(row: bytes) -> object:
    try:
        return _KIND.decode(row).kind
    except msgspec.DecodeError:
        return None


def _malformed(error: Exception, text: bytes) -> str:
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return _NOT_TEXT
    message = str(error).removeprefix("JSON is malformed: ").replace("Input data was truncated", "it ends too early")
    place = _BYTE.search(message)
    if place is None:
        return f"not JSON: {message[:1].lower()}{message[1:]}"
    line = text.count(b"\n", 0, int(place[1])) + 1
    return f"not JSON: {_BYTE.sub(f'(line {line}, byte {place[1]})', message)}"
