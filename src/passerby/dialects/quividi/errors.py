"""The dialect's one error shape: `{"message": text, "error": status}`.

The vendor documents it for a wrong token; its clients look at the status only.
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
from passerby.jobs import TooManyJobsError

_log = structlog.get_logger("passerby.quividi")
# A client waits this long before it asks again whether one of its exports is finished.
_JOB_RETRY_S = 5


class InvalidTokenError(UnauthorizedError):
    """The username or its token is missing or wrong."""

    def __init__(self) -> None:
        super().__init__("Invalid API Token")  # the vendor's own words, without a full stop


class TooManyCallsError(PasserbyError):
    """Too many calls; try again later."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__()


_STATUS: tuple[tuple[type[PasserbyError], int], ...] = (
    (UnauthorizedError, 401),
    (ForbiddenError, 403),
    (InvalidInputError, 400),
    (NotFoundError, 404),
    (TooManyCallsError, 429),
    (TooManyJobsError, 429),
    (UnavailableError, 503),
)


def answer(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A JSON response."""
    return Response(orjson.dumps(document), status_code=status, media_type=MediaType.JSON, headers=headers)


def refused(request: Request[object, object, State], error: PasserbyError) -> Response[bytes]:
    """The answer to an error that Passerby raised on purpose."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), None)
    if status is None:
        return failed(request, error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Passerby", charset="UTF-8"'
    if status in {429, 503}:
        headers["Retry-After"] = str(getattr(error, "retry_after_s", _JOB_RETRY_S))
    return answer({"message": error.message, "error": status}, status, headers)


def failed(request: Request[object, object, State], error: Exception) -> Response[bytes]:
    """The answer to an error that nobody expected; what it was is for the log only."""
    _log.error("request failed", path=request.url.path, exc_info=error)
    return answer({"message": "Something went wrong here; the server's log says what", "error": 500}, 500)


def http_refused(_: Request[object, object, State], error: HTTPException) -> Response[bytes]:
    """The answer to an error of the HTTP layer itself."""
    status = error.status_code
    return answer({"message": error.detail, "error": status}, status, dict(error.headers or {}))
