"""The OpenAPI 3.1 document: what Litestar knows, and what it cannot know.

Added are the ingest route, which is dispatched before Litestar, the problem documents that every native route may
answer with, and how to authenticate.
"""

from __future__ import annotations

import copy
from typing import Any

from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from passerby import __version__
from passerby.api import export, feeds, ingest, live, metrics, push, reference, sightings
from passerby.api.native import SECURITY
from passerby.api.problems import MEDIA_TYPE
from passerby.dialects.camlytics import openapi as camlytics
from passerby.dialects.seemetrix import openapi as seemetrix
from passerby.observations import json_schema
from passerby.sightings.sighting import json_schema as sighting_schema

_DESCRIPTION = """Passerby takes what sensors observed and answers with metrics. Native routes begin with `/v1` and take
`Authorization: Bearer <native key>`; the other routes speak the export APIs of vendors."""

PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what went wrong, and for bad input where.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_EVERYWHERE = {
    400: "A parameter is not valid; `errors` names it.",
    401: "No key, or not a valid one.",
    403: "The key lacks the scope.",
    503: "Not possible at the moment; see Retry-After.",
}


def config() -> OpenAPIConfig:
    """Litestar's part, served at `/docs` and `/docs/openapi.json`."""
    return OpenAPIConfig(
        title="Passerby",
        version=__version__,
        description=_DESCRIPTION,
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                SECURITY: SecurityScheme(
                    type="http", scheme="bearer", description="A native key: `passerby credentials create`."
                ),
                "bearer": SecurityScheme(
                    type="http", scheme="bearer", description="A token of `POST /`, for the Analytiks exports."
                ),
                "basic": SecurityScheme(
                    type="http", scheme="basic", description="Username and token, for the Quividi data API."
                ),
                **camlytics.SCHEMES,
                **seemetrix.SCHEMES,
            }
        ),
        openapi_router=reference.router(),
        render_plugins=[reference.Page(complete), _Document()],
    )


class _Document(JsonRenderPlugin):
    def render(self, request: Any, openapi_schema: dict[str, Any]) -> bytes:  # noqa: ANN401  # Litestar's request
        return super().render(request, complete(openapi_schema))


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """Litestar's document with what it cannot know."""
    document = copy.deepcopy(schema)
    observation, components = json_schema()
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(components, **sighting_schema(), Observation=observation, Problem=PROBLEM)
    document["paths"].setdefault(ingest.PATH, {})["post"] = ingest.OPERATION
    document["paths"].setdefault(sightings.PATH, {})["post"] = sightings.OPERATION
    rows = document["paths"][f"{ingest.PATH}/{{kind}}"]["get"]["responses"]
    rows.update({"200": export.ANSWER, "404": problem("A site or sensor does not exist, or not for this key.")})
    series = document["paths"][metrics.PATH]["get"]["responses"]
    series.update({"200": metrics.ANSWER, "404": problem("A place does not exist, or not for this key.")})
    push.describe(document["paths"][push.PATH])
    seemetrix.describe(document["paths"])
    for path, operations in document["paths"].items():
        if path.startswith(live.PATH):
            for operation in operations.values():
                operation["responses"]["404"] = problem("A place does not exist, or not for this key.")
        if path.startswith("/v1/webhooks/{"):
            for operation in operations.values():
                operation["responses"]["404"] = problem("The webhook does not exist, or not for this key.")
        if path.startswith("/feed/report/"):
            operations["get"]["responses"].update(feeds.ANSWERS[path.endswith("/csv")])
            operations["get"]["responses"]["404"] = problem("There is no such report, or it was revoked.")
        for operation in operations.values():
            if any(SECURITY in one for one in operation.get("security", ())):
                _add_problems(operation, _EVERYWHERE)
            elif path in {"/healthz", "/readyz", "/metrics"}:
                _add_problems(operation, {400: _EVERYWHERE[400]})
    return document


def problem(description: str) -> dict[str, Any]:
    """An answer with a problem document."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _add_problems(operation: dict[str, Any], problems: dict[int, str]) -> None:
    responses = operation.setdefault("responses", {})
    for status, description in problems.items():
        known = responses.get(str(status))
        if known is None or "application/json" in known.get("content", {}):  # Litestar's own idea of an error
            responses[str(status)] = problem(description)
