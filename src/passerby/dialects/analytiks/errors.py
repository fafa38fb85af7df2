"""The one error shape of the exports: `{"error": code, "message": text, "field": name or null}`.

The document names only the status 401; the shape and the other statuses are ours, see docs/reference/analytiks.md.
"""

from __future__ import annotations

import orjson
from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from passerby.errors import InvalidInputError, PasserbyError, UnauthorizedError, UnavailableError

REFUSED = "You are not authorized to query these locations"

_CODES = {
    400: "invalid_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
}


class InvalidTokenError(UnauthorizedError):
    """The access token is missing, malformed, expired or revoked; ask POST / for a new one."""


class UnsupportedMediaTypeError(PasserbyError):
    """Content-Type: expected application/json."""


class RefusedLocationsError(PasserbyError):
    """You are not authorized to query these locations."""

    def __init__(self, locations: list[int] | list[str], field: str) -> None:
        self.locations = locations
        self.field = field
        super().__init__(REFUSED)


class RefusedBrandError(PasserbyError):
    """You are not authorized to query this brand."""


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A JSON response of an already built document."""
    return Response(orjson.dumps(body), status_code=status, media_type=MediaType.JSON, headers=headers)


def document(code: str, message: str, field: str | None = None, **more: object) -> dict[str, object]:
    """The error shape."""
    return {"error": code, "message": message, "field": field, **more}


def refused(_: Request[object, object, State], error: PasserbyError) -> Response[bytes]:
    """The answer to an error that Passerby raised on purpose."""
    match error:
        case InvalidTokenError():
            return answer(document("unauthorized", error.message), 401, {"WWW-Authenticate": "Bearer"})
        case RefusedLocationsError():
            return answer(document("unauthorized", error.message, error.field, locations=error.locations), 401)
        case RefusedBrandError():
            return answer(document("unauthorized", error.message, "brandId"), 401)
        case InvalidInputError():
            return answer(document("invalid_request", error.message, error.problems[0].path or None), 400)
        case UnsupportedMediaTypeError():
            return answer(document("unsupported_media_type", error.message, "Content-Type"), 415)
        case UnavailableError():
            headers = {"Retry-After": str(error.retry_after_s)}
            return answer(document("unavailable", error.message), 503, headers)
    raise error


def http_refused(_: Request[object, object, State], error: HTTPException) -> Response[bytes]:
    """The answer to an error of the HTTP layer itself, such as a body that is too large."""
    code = _CODES.get(error.status_code, "error")
    return answer(document(code, error.detail), error.status_code, dict(error.headers or {}))
