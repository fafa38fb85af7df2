"""What the OpenAPI document says of the dialect's routes."""

from __future__ import annotations

from typing import Any

from litestar.openapi.spec import Operation

from passerby.dialects.openapi import documented_get
from passerby.dialects.quividi.requests import ALIASES, RESOLUTIONS

_TEXT = {"type": "string"}
_ERROR = {
    "type": "object",
    "required": ["message", "error"],
    "properties": {"message": _TEXT, "error": {"type": "integer"}},
}
_REFUSALS: dict[int, tuple[str, dict[str, Any]]] = {
    400: ("A parameter is not valid; the message names it.", _ERROR),
    401: ("The username or its token is wrong.", _ERROR),
    403: ("Something asked for does not exist or may not be seen.", _ERROR),
    429: ("Too many calls, or too many exports under way; see Retry-After.", _ERROR),
    503: ("Not possible at the moment; see Retry-After.", _ERROR),
}
_STATES = ["started", "in_progress", "finished", "failed"]
_IDS = {"type": "string", "examples": ["4636,4637"]}
_INSTANT = {"type": "string", "examples": ["2018-01-29T02:00:00"]}
_RESOLUTIONS = list(dict.fromkeys(each for allowed in RESOLUTIONS.values() for each in allowed))


def _form(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def listing(description: str, *, path: bool = False) -> type[Operation]:
    """A route that answers with an array of objects. `path`: it names something, which may not be there."""
    refusals = {status: told for status, told in _REFUSALS.items() if status != 400 and (path or status != 403)}
    answer = {"type": "array", "items": {"type": "object"}}
    return documented_get({}, {200: (description, answer), **refusals}, "basic")


WHOAMI = documented_get(
    {},
    {200: ("The username.", _form({"username": _TEXT})), **{n: _REFUSALS[n] for n in (401, 429, 503)}},
    "basic",
)
DATA = documented_get(
    {
        "data_type": ("What to export.", True, {"type": "string", "enum": [*RESOLUTIONS, *ALIASES]}),
        "time_resolution": ("The length of a period, or every single row.", True, {"enum": _RESOLUTIONS}),
        "start": ("From this second, on the wall clock of each location.", True, _INSTANT),
        "end": ("To this second, which still belongs to the range.", True, _INSTANT),
        "locations": ("Ids of locations.", False, _IDS),
        "sites": ("Ids of sites.", False, _IDS),
        "location_tags": ("Ids of location tags.", False, _IDS),
        "site_tags": ("Ids of site tags.", False, _IDS),
        "content_ids": ("Only these contents.", False, _TEXT),
        "extrapolation_amount": ("Number of locations; empty: the average of one.", False, _TEXT),
        "group_by_demographics": (
            "By mere presence: viewers by gender and age group, as rows or, in proof of play, as columns.",
            False,
            _TEXT,
        ),
        "force_rebuild": ("By mere presence: make the export anew.", False, _TEXT),
        "status_only": ("By mere presence: leave the rows out.", False, _TEXT),
    },
    {
        200: (
            "The state of the export, and its rows once it is finished.",
            _form(
                {
                    "state": {"type": "string", "enum": _STATES},
                    "data": {"type": "array", "items": {"type": "object"}},
                    "creation_date": _TEXT,
                    "fail_reason": _TEXT,
                }
            ),
        ),
        **_REFUSALS,
    },
    "basic",
)
