"""What the OpenAPI document says of the dialect's routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.openapi.spec import Operation, SecurityScheme

from passerby.dialects.openapi import Schema, documented_get

KEY = "seemetrixKey"
SCHEMES = {
    KEY: SecurityScheme(
        type="apiKey", name="key", security_scheme_in="query", description="The user key of a Seemetrix credential."
    )
}
TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
RESOURCES = ("devices", "movies", "dates", "ages", "genders", "emotions")
# The resources of a path, of which Litestar says that they are a URI.
_RESOURCE = f"({'|'.join(RESOURCES)})"
_RESOURCES: Schema = {
    "type": "string",
    "pattern": f"^{_RESOURCE}(/{_RESOURCE}){{0,5}}$",
    "description": "Each at most once, in the order of the levels below the root.",
    "examples": ["devices/dates/ages"],
}
_TIME: Schema = {"type": "string", "examples": ["2017/09/12 12:00:00"]}
_ERROR: Schema = {
    "type": "object",
    "required": ["ok", "status", "error"],
    "properties": {"ok": {"const": 0}, "status": INTEGER, "error": TEXT},
}
# (description, required, schema) of the parameters that name a range.
SPAN: dict[str, tuple[str, bool, Schema]] = {
    "b": ("From this time, local to `tzo`.", False, _TIME),
    "e": ("Earlier than this time, local to `tzo`.", False, _TIME),
    "tzo": ("Hours ahead of UTC; fractions allowed.", False, {"type": "number", "examples": [0, 3, 5.5]}),
    "last_week": ("By mere presence: instead of `b` and `e`.", False, TEXT),
}
_REFUSALS: dict[int, tuple[str, Schema]] = {
    401: ("The key is missing or wrong.", _ERROR),
    403: ("The user or device is another's, or does not exist.", _ERROR),
    404: ("There is no such path: the final slash may be missing.", _ERROR),
    429: ("Too many wrong keys; see Retry-After.", _ERROR),
    503: ("Not possible at the moment; see Retry-After.", _ERROR),
}
_BAD_INPUT = {400: ("A parameter is not valid; the text names it.", _ERROR)}


def form(properties: dict[str, Schema], *optional: str) -> Schema:
    """An object with these properties, all of which are there but the `optional` ones."""
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def array(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def operation(
    description: str, answer: Schema, parameters: Mapping[str, tuple[str, bool, Schema]] | None = None
) -> type[Operation]:
    """A route that answers with `answer`; `parameters` as (description, required, schema) beside `key`."""
    statuses = {200: (description, answer), **_BAD_INPUT, **_REFUSALS}
    return documented_get(parameters or {}, statuses, KEY)


def describe(paths: dict[str, Any]) -> None:
    """Gives the dialect's paths their final slash, but that which is documented without; Litestar knows none."""
    for operation in (one for operations in paths.values() if _ours(operations) for one in operations.values()):
        for parameter in operation.get("parameters", ()):
            if (parameter["name"], parameter["in"]) == ("resources", "path"):
                parameter["schema"] = _RESOURCES
    for path in [one for one, operations in paths.items() if _ours(operations) and not one.endswith("/counters")]:
        paths[f"{path}/"] = paths.pop(path)


def _ours(operations: dict[str, Any]) -> bool:
    return any({KEY: []} in one.get("security", ()) for one in operations.values())
