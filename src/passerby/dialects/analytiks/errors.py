"""The one error shape of the exports: `{"error": code, "message": text, "field": name or null}`.

The document names only the status 401; the shape and the other statuses are ours, see docs/reference/analytiks.md.
"""

from __future__ import annotations

import orjson
import structlog
from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from passerby.errors import InvalidInputError, PasserbyError, UnauthorizedError, UnavailableError

_log = structlog.get_logger("passerby.analytiks")

REFUSED_LOCATIONS = "You are not authorized to query these locations"
REFUSED_BRAND = "You are not authorized to query this brand"

_CODES = {
    400: "invalid_request",
    401: "unauthorized",
    413: "payload_too_large",
    415: "unsupported_media_type",
}


class InvalidTokenError(UnauthorizedError):
    """The access token is missing, malformed, expired or revoked; ask POST / for a new one."""


class UnsupportedMediaTypeError(PasserbyError):
    """Content-Type: expected application/json."""


class RefusedError(PasserbyError):
    """The token may not query what was asked for. `more` joins the error document."""

    def __init__(self, message: str, field: str, **more: object) -> None:
        self.field = field
        self.more = more
        super().__init__(message)


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A JSON response of an already built document."""
    return Response(orjson.dumps(body), status_code=status, media_type=MediaType.JSON, headers=headers)


def document(code: str, message: str, field: str | None = None, **more: object) -> dict[str, object]:
    """The error shape."""
    return {"error": code, "message": message, "field": field, **more}


def refused(request: Request[object, object, State], error: PasserbyError) -> Response[bytes]:
    """The answer to an error that Passerby raised on purpose."""
    match error:
        case InvalidTokenError():
            return answer(document("unauthorized", error.message), 401, {"WWW-Authenticate": "Bearer"})
        case RefusedError():
            return answer(document("unauthorized", error.message, error.field, **error.more), 401)
        case InvalidInputError():
            return answer(document("invalid_request", error.message, error.problems[0].path or None), 400)
        case UnsupportedMediaTypeError():
            return answer(document("unsupported_media_type", error.message, "Content-Type"), 415)
        case UnavailableError():
            headers = {"Retry-After": str(error.retry_after_s)}
            return answer(document("unavailable", error.message), 503, headers)
    return failed(request, error)


def failed(request: Request[object, object, State], error: Exception) -> Response[bytes]:
    """The answer to an error that nobody expected; what it was is for the log only."""
    _log.error("request failed", path=request.url.path, exc_info=error)
    return answer(document("internal", "Something went wrong here; the server's log says what"), 500)


def http_refused(_: Request[object, object, State], error: HTTPException) -> Response[bytes]:
    """The answer to an error of the HTTP layer itself, such as a body that is too large."""
    code = _CODES.get(error.status_code, "error")
    return answer(document(code, error.detail), error.status_code, dict(error.headers or {}))
