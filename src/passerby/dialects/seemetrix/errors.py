"""Answers and errors: JSON, readable by the pages of any other site.

The vendor documents the statuses (401, 403, 404) and nothing of the bodies. Its v2 answers say `"ok": 1`, so errors say
`"ok": 0`, the status and a text.
"""

from __future__ import annotations

import orjson
import structlog
from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from passerby.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PasserbyError,
    UnauthorizedError,
    UnavailableError,
)

_log = structlog.get_logger("passerby.seemetrix")
# Pages fetch this API from elsewhere. The key is in the address and no cookie counts, so any origin may read.
# What is answered changes with every view, and the address holds a secret: nothing in between keeps it.
HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
# What a browser asks beforehand when a page sends headers of its own. It may remember the answer for a day.
PREFLIGHT = {
    **HEADERS,
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


class WrongKeyError(UnauthorizedError):
    """key: missing, or not a user key (the key of a device is none)."""


class TooManyTriesError(PasserbyError):
    """Too many wrong keys from this address; try again later."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__()


_STATUS: tuple[tuple[type[PasserbyError], int], ...] = (
    (UnauthorizedError, 401),
    (ForbiddenError, 403),
    (InvalidInputError, 400),
    (NotFoundError, 404),
    (TooManyTriesError, 429),
    (UnavailableError, 503),
)


def answer(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A JSON response that pages of any site may read."""
    head = HEADERS | (headers or {})
    return Response(orjson.dumps(document), status_code=status, media_type=MediaType.JSON, headers=head)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    return answer({"ok": 0, "status": status, "error": message}, status, headers)


def refused(request: Request[object, object, State], error: PasserbyError) -> Response[bytes]:
    """The answer to an error that Passerby raised on purpose."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), None)
    if status is None:
        return failed(request, error)
    retry_after_s = getattr(error, "retry_after_s", None)
    return _error(status, error.message, {"Retry-After": str(retry_after_s)} if retry_after_s else None)


def failed(request: Request[object, object, State], error: Exception) -> Response[bytes]:
    """The answer to an error that nobody expected; what it was is for the log only."""
    _log.error("request failed", path=request.url.path, exc_info=error)
    return _error(500, "something went wrong here; the server's log says what")


def http_refused(request: Request[object, object, State], error: HTTPException) -> Response[bytes]:
    """The answer to an error of the HTTP layer itself, such as to a path that there is none of."""
    message = f"there is no {request.url.path[:200]}" if error.status_code == 404 else error.detail
    return _error(error.status_code, message, dict(error.headers or {}))
