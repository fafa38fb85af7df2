"""From decoded observations to a journal submission: what every way in has in common.

A native request, a producer's push and an imported file all end here, so they resolve references, hide devices,
register contents and keep rejects aside in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from passerby.catalogue.model import Content, Credential
from passerby.errors import ConflictError
from passerby.ingest.decoded import Decoded, Refused
from passerby.ingest.privacy import REMOVED, normalised, scrubbed
from passerby.ingest.resolve import (
    MAKERS,
    ContentName,
    DroppedError,
    RefusedError,
    Resolver,
    Row,
    UnknownContentError,
)
from passerby.journal import Rejected
from passerby.observations import KINDS, STRUCTS, Reported

RegisterContent = Callable[[ContentName], Content]

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Resolved:
    """Rows to keep by kind, the rows that were refused, in the order of the body, and how many were dropped.

    Dropped are valid rows that the operator wants not to be kept (`wifi_randomized: drop`).
    """

    rows: dict[str, list[Row]]
    refused: Sequence[Refused]
    dropped: int = 0

    @property
    def row_count(self) -> int:
        """Valid rows, all kinds together."""
        return sum(map(len, self.rows.values()))


def resolve(
    decoded: Decoded, resolver: Resolver, register_content: RegisterContent, *, new_ids: bool = False
) -> Resolved:
    """The rows of a decoded body.

    A content that is named by an id that nothing has is refused, or, with `new_ids`, registered under that id.

    `register_content` makes a content of the credential's account that nobody has named before, durably, or notes what
    was not known of it, and returns it. It may block: large bodies are resolved in a thread of their own. Keys of WiFi
    devices that are made for the body are on disk when this returns.

    Raises sqlite3.Error when they cannot be saved.
    """
    with resolver.devices.batch():
        return _resolve(decoded, resolver, register_content, new_ids)


def _resolve(decoded: Decoded, resolver: Resolver, register_content: RegisterContent, new_ids: bool) -> Resolved:
    rows: dict[str, list[Row]] = {}
    refused = list(decoded.refused)
    dropped = 0
    places = resolver.places
    for index, observation in zip(decoded.indexes, decoded.observations, strict=True):
        try:
            try:
                place = places.get(observation.sensor) or resolver.place(observation.sensor)
                kind, make = MAKERS[type(observation)]
                row = make(resolver, place, observation)
            except UnknownContentError as unknown:
                kind, row = _with_new_contents(observation, resolver, register_content, unknown, new_ids)
        except RefusedError as error:
            refused.append(Refused(index, str(error), _encode(observation)))
            continue
        except DroppedError:
            dropped += 1
            continue
        try:
            rows[kind].append(row)
        except KeyError:
            rows[kind] = [row]
    refused.sort(key=lambda refusal: refusal.index)
    # What is said of a row may name a field of it, and a field may be called like a device: it is kept, and answered.
    told = [Refused(one.index, scrubbed(one.error), one.row) for one in refused]
    return Resolved(rows, told, dropped)


def _with_new_contents(
    observation: Reported,
    resolver: Resolver,
    register_content: RegisterContent,
    unknown: UnknownContentError,
    new_ids: bool,
) -> tuple[str, Row]:
    while True:
        if unknown.name.number is not None and not new_ids:
            raise RefusedError(f"{unknown.path}: unknown content")
        try:
            resolver.learn_content(register_content(unknown.name))
        except ConflictError as error:
            raise RefusedError(f"{unknown.path}: {error.message}") from None
        try:
            return resolver.row(observation)
        except UnknownContentError as another:
            unknown = another


def rejects(refused: Sequence[Refused], credential: Credential, whole: frozenset[str] = frozenset()) -> list[Rejected]:
    """Refused rows as the journal keeps them aside: as they were sent, less what could be a WiFi device's address.

    `whole`: see `without_devices`.
    """
    return [Rejected(credential.account_id, one.index, one.error, without_devices(one.row, whole)) for one in refused]


def without_devices(row: bytes, whole: frozenset[str] = frozenset()) -> str:
    """A refused row as JSON text that holds no device's address.

    `whole` are fields of a producer's record that never speak of one: they stay as they are, for a row to be taken
    again once what was wrong is mended.

    Rows of other kinds stay whole, but for fields that their kind does not have. A `wifi_visit`, or what might be
    one, loses its device and its id, and whatever else in it looks like an address. Text that is not JSON may be
    anything: it loses whatever looks like an address, and is not kept at all when it mentions a device.
    """
    try:
        document = msgspec.json.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _scrubbed_text(row)
    if isinstance(document, dict) and "device" not in document and document.get("kind") in _HARMLESS:
        return json.dumps(_with_known_fields(document), ensure_ascii=False)
    return json.dumps(_without_device(document, whole), ensure_ascii=False)


def _with_known_fields(document: dict[str, object]) -> dict[str, object]:
    """A row of a kind without devices; what it has beside its kind's fields may be anything, and is scrubbed."""
    known = {"kind", *STRUCTS[str(document["kind"])].__struct_encode_fields__}
    return {
        name if name in known else scrubbed(name): value if name in known else _scrubbed_document(value)
        for name, value in document.items()
    }


def _without_device(document: object, whole: frozenset[str]) -> object:
    if not isinstance(document, dict):
        return _scrubbed_document(document)
    sensor, device = document.get("sensor"), document.get("device")
    kept = {name: value for name, value in document.items() if name not in {"device", "id"}}
    scrubbed_row = _scrubbed_document(kept)
    # A sensor is often named by its own address, which is nobody's secret; not when it is the device's.
    if isinstance(scrubbed_row, dict) and isinstance(sensor, str) and normalised(sensor) != normalised(str(device)):
        scrubbed_row["sensor"] = sensor
    if isinstance(scrubbed_row, dict) and device is None:
        scrubbed_row |= {name: value for name, value in kept.items() if name in whole and isinstance(value, str | int)}
    return scrubbed_row


_HARMLESS = frozenset(KINDS) - {"wifi_visit"}
_LONGEST_KEPT = 4096


def _scrubbed_document(value: object) -> object:
    if isinstance(value, dict):
        return {scrubbed(str(name)): _scrubbed_document(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed_document(inner) for inner in value]
    return scrubbed(value) if isinstance(value, str) else value


def _scrubbed_text(row: bytes) -> str:
    text = row[:_LONGEST_KEPT].decode(errors="replace")
    if "\\" in text or any(word in text.lower() for word in ("device", "wifi")):
        text = REMOVED
    return json.dumps(scrubbed(text), ensure_ascii=False)
