"""`POST /v1/sightings`: raw WiFi sightings, in by the same way as observations (`api.ingest`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from passerby.api.ingest import OPERATION as OBSERVATIONS
from passerby.api.ingest import Answer, Asked, Ingest, Request, in_time, parameters, says
from passerby.errors import InvalidInputError
from passerby.ingest.formats import Format
from passerby.ingest.intake import Resolved
from passerby.ingest.wording import EXPECTED_TIME
from passerby.observations import milliseconds
from passerby.sightings.sighting import KIND, ends

PATH = "/v1/sightings"


class SightingsIngest(Ingest):
    """The ASGI app. Rows need no `kind`: all of them are sightings, in every format."""

    def _parameters(self, query: bytes) -> Asked:
        found = parameters(query, ("until", "sensor", "wait"), repeatable="sensor")
        until = found.get("until", [None])[0]
        if until is not None:
            until_ms(until)
        elif "sensor" in found:
            raise InvalidInputError("only together with until", "sensor")
        return Asked(KIND, says(found, "wait", "visible"), False, until, tuple(found.get("sensor", ())))

    def _check_kind(self, wanted: Format, kind: str | None) -> None:
        """Every format may hold sightings."""

    def _complete(self, request: Request, found: Resolved) -> None:
        asked = request.asked
        if asked.until is None:
            return
        named = [int(one) if one.isascii() and one.isdigit() else one for one in asked.sensors]
        scopes = self._services.resolver(request.credential).scopes(named)
        found.rows.update(ends(found.rows, scopes, until_ms(asked.until)))

    async def _wait(self, answer: Answer, entry: int) -> None:
        """Wait until the sightings are in sessions, and queries see the visits of those that ended."""
        visits = await in_time(self._services.sessions.taken(entry))
        loader = self._services.loader
        answer.duplicates = None  # a repetition is not told from what is new
        if visits > loader.loaded_entry:
            await in_time(loader.wait_visible(visits))


def until_ms(text: str) -> int:
    """The instant that `until` names; raises InvalidInputError."""
    try:
        return milliseconds(msgspec.convert(text, datetime).astimezone(UTC))
    except (msgspec.ValidationError, OverflowError):
        raise InvalidInputError(EXPECTED_TIME, "until") from None


_SIGHTING = {"$ref": "#/components/schemas/Sighting"}
_TABLE = {"type": "string", "format": "binary", "description": "One column a field of a sighting."}
_KEPT = ("security", "responses")

# What the OpenAPI document says of this route.
OPERATION: dict[str, Any] = {
    **{name: OBSERVATIONS[name] for name in _KEPT},
    "tags": ["Observations"],
    "summary": "Send WiFi sightings",
    "description": (
        "A sighting says that a sensor heard a device at an instant. Sightings make sessions, and a session that ended "
        "becomes `wifi_visit` observations. Devices are hashed before anything is kept. `duplicates` is always null: "
        "a repeated sighting changes nothing and is not told apart. All else is as for observations."
    ),
    "operationId": "PostSightings",
    "parameters": [
        {
            "name": "until",
            "in": "query",
            "description": (
                "Nothing that was heard before this instant will be sent any more: sessions whose last sighting is "
                "earlier end at once. Of the sites of `sensor`, or else of the sensors in the body."
            ),
            "schema": {"type": "string", "format": "date-time"},
        },
        {
            "name": "sensor",
            "in": "query",
            "description": "Id or uid of a sensor; only with `until`. May be repeated.",
            "schema": {"type": "array", "items": {"type": "string"}},
            "explode": True,
        },
        {
            "name": "wait",
            "in": "query",
            "description": "Answer only once the sightings are in sessions, and queries see what ended with them.",
            "schema": {"type": "string", "enum": ["visible"]},
        },
        OBSERVATIONS["parameters"][2],
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [_SIGHTING, {"type": "array", "items": _SIGHTING}]}},
            "application/x-ndjson": {"schema": {"type": "string", "description": "One sighting a line."}},
            "text/csv": {"schema": {"type": "string", "description": "A header line with the names of the fields."}},
            "application/vnd.apache.parquet": {"schema": _TABLE},
            "application/vnd.apache.arrow.stream": {"schema": _TABLE},
        },
    },
}
