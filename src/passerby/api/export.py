"""`GET /v1/observations/{kind}`: raw rows, streamed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from passerby.api import signed
from passerby.api.filters import BEGINNING_MS, instant, period, visible_sensors
from passerby.api.native import native_router
from passerby.api.streaming import streamed
from passerby.catalogue.model import Credential
from passerby.errors import InvalidInputError
from passerby.observations import Kind
from passerby.services import Services
from passerby.store.raw import MEDIA_TYPES, RawFormat, Wanted, raw_rows

CURSOR_HEADER = "Passerby-Cursor"


@get("/{kind:str}", summary="Raw rows of one kind, streamed")
async def rows(  # noqa: PLR0913, PLR0917  # one parameter a query parameter, as Litestar wants
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    kind: FromPath[Kind],
    start: Annotated[datetime | None, QueryParameter(description="Rows that start at or after this time.")] = None,
    end: Annotated[datetime | None, QueryParameter(description="Rows that start before this time.")] = None,
    site: Annotated[list[str] | None, QueryParameter(description="Only sensors of these sites (ids).")] = None,
    sensor: Annotated[list[str] | None, QueryParameter(description="Only these sensors (ids or uids).")] = None,
    updated_since: Annotated[
        datetime | None, QueryParameter(description="Only rows that were received at or after this time.")
    ] = None,
    cursor: Annotated[
        str | None,
        QueryParameter(description="Only what came since the answer that had this Passerby-Cursor."),
    ] = None,
    format: Annotated[RawFormat, QueryParameter(description="How to write them.")] = "ndjson",  # noqa: A002  # its name in the query
) -> Stream:
    """Rows in the form in which they are posted: posting them again changes nothing.

    The header `Passerby-Cursor` of the answer, given back as `cursor`, asks for the rows that arrived after this
    answer's snapshot: none is missed, none is given twice, whatever arrives meanwhile.
    """
    first, last = period(start, end)
    secret = services.catalogue.server_secret("observations cursor")
    purpose = f"{kind} {credential.id} {credential.sensor_id}"
    until = services.store.last_seq()
    after = 0 if cursor is None else _seq(secret, purpose, cursor)
    wanted = Wanted(
        sensor_ids=visible_sensors(services.catalogue.current(), credential, site or [], sensor or []),
        until_seq=max(until, after),
        after_seq=after,
        start_ms=first,
        end_ms=last,
        received_from_ms=instant(updated_since, "updated_since", BEGINNING_MS),
    )
    pieces = raw_rows(services.store, kind, wanted, format)
    headers = {CURSOR_HEADER: signed.sign(secret, purpose, [wanted.until_seq])}
    return await streamed(pieces, MEDIA_TYPES[format], headers)


def _seq(secret: bytes, purpose: str, cursor: str) -> int:
    values = signed.verify(secret, purpose, cursor)
    if values is None:
        raise InvalidInputError(f"not the {CURSOR_HEADER} of an earlier answer to this kind and key", "cursor")
    return values[0]


router = native_router("/v1/observations", [rows], tags=["Observations"])

# What the OpenAPI document says of an answer.
ANSWER: dict[str, Any] = {
    "description": "The rows, one snapshot of them.",
    "headers": {
        CURSOR_HEADER: {"schema": {"type": "string"}, "description": "The `cursor` for what arrives after this answer."}
    },
    "content": {media_type.partition(";")[0]: {} for media_type in MEDIA_TYPES.values()},
}
