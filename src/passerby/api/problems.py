"""Errors as the native API shows them: RFC 9457 problem documents.

`type` is always `about:blank`: the status says what kind of problem it is, `detail` and `errors` say what to do.
"""

from __future__ import annotations

import http
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from passerby.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PasserbyError,
    Problem,
    UnauthorizedError,
    UnavailableError,
)

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("passerby.api")

_STATUS: tuple[tuple[type[PasserbyError], int], ...] = (
    (InvalidInputError, 400),
    (UnauthorizedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (UnavailableError, 503),
)


class RequestTooLargeError(PasserbyError):
    """The body is too large."""


class UnsupportedMediaError(PasserbyError):
    """The body is in a format that this address does not take."""


class TooManyRequestsError(PasserbyError):
    """Too many requests."""

    def __init__(self, message: str | None = None, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


_HTTP_STATUS: tuple[tuple[type[PasserbyError], int], ...] = (
    (RequestTooLargeError, 413),
    (UnsupportedMediaError, 415),
    (TooManyRequestsError, 429),
)


@dataclass(frozen=True, slots=True)
class ProblemDocument:
    """A problem, ready to be sent."""

    status: int
    detail: str
    errors: Sequence[Problem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The JSON text."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": http.HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [{"path": error.path, "message": error.message} for error in self.errors]
        return msgspec.json.encode(document)


def problem_of(error: Exception) -> ProblemDocument:
    """What to answer when a request ends in `error`."""
    if isinstance(error, PasserbyError):
        return _of_passerby(error)
    if isinstance(error, HTTPException):
        return _of_litestar(error)
    _log.error("a request failed", exc_info=error)
    return ProblemDocument(500, "Something went wrong here, not in the request; the server's log says what.")


def _of_passerby(error: PasserbyError) -> ProblemDocument:
    status = next((status for kind, status in (*_STATUS, *_HTTP_STATUS) if isinstance(error, kind)), 500)
    errors = error.problems if isinstance(error, InvalidInputError) else ()
    headers = {}
    if isinstance(error, (UnavailableError, TooManyRequestsError)):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="passerby"'
    if status == 500:
        _log.error("a request failed", exc_info=error)
    return ProblemDocument(status, error.message, errors, headers)


def _of_litestar(error: HTTPException) -> ProblemDocument:
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        errors = [Problem(str(item.get("key", "")), _sentence(str(item.get("message", "")))) for item in error.extra]
        return ProblemDocument(400, "; ".join(map(str, errors)), errors)
    return ProblemDocument(error.status_code, str(error.detail), (), dict(error.headers or {}))


def _sentence(message: str) -> str:
    if message == "Invalid RFC3339 encoded datetime":
        return "expected a time in RFC 3339 with an offset, such as 2026-03-29T01:30:00Z"
    return message[:1].lower() + message[1:].replace("`", "")


def problem_response(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A Litestar exception handler for everything."""
    problem = problem_of(error)
    return Response(problem.body, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(problem.headers))
