"""The errors of the dialect: one envelope, a table of codes.

The document shows only `code` 0. The other codes are ours; docs/reference/camlytics.md prints this table.
"""

from __future__ import annotations

from enum import Enum

import orjson
import structlog
from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from passerby.errors import PasserbyError, UnavailableError

_log = structlog.get_logger("passerby.camlytics")


class Code(Enum):
    """(code in the envelope, HTTP status, when it is sent). The status is the code's first three digits."""

    WRONG_KEY = 4011, 401, "`X-Key` is missing, or no key of that name exists."
    WRONG_SIGNATURE = 4012, 401, "`X-Sign` is missing or is not the signature of this path and query."
    NO_NONCE = 4013, 401, "`nonce` is missing, given twice, or not an integer from 0 to 9223372036854775807."
    USED_NONCE = 4014, 401, "`nonce` is not greater than the last one that this key used."
    UNKNOWN_PARAMETER = 4001, 400, "The method has no such parameter."
    REPEATED_PARAMETER = 4002, 400, "A parameter is given more than once."
    WRONG_VALUE = 4003, 400, "A parameter's value cannot be understood."
    UNKNOWN_PLACE = 4004, 400, "No such location, channel or trigger, or not for this key."
    UNKNOWN_METHOD = 4040, 404, "There is no such method."
    TOO_FAST = 4290, 429, "Too many requests of this key; `Retry-After` says for how long to wait."
    FAILED = 5000, 500, "Something went wrong in the server; its log says what."
    UNAVAILABLE = 5030, 503, "Not possible at the moment; see `Retry-After`."

    @property
    def number(self) -> int:
        """The `code` of the envelope."""
        return self.value[0]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[1]

    @property
    def meaning(self) -> str:
        """When it is sent."""
        return self.value[2]


class CamlyticsError(PasserbyError):
    """A request that is answered with an error; `retry_after_s` is 0 where waiting does not help."""

    def __init__(self, code: Code, message: str, retry_after_s: int = 0) -> None:
        self.code = code
        self.retry_after_s = retry_after_s
        super().__init__(message)


def answer(code: Code, message: str, retry_after_s: int = 0) -> Response[bytes]:
    """An error in the envelope."""
    body = orjson.dumps({"msg": message, "result": [], "code": code.number})
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s else None
    return Response(body, status_code=code.status, media_type=MediaType.JSON, headers=headers)


def refused(request: Request[object, object, State], error: PasserbyError) -> Response[bytes]:
    """The answer to an error that Passerby raised on purpose."""
    match error:
        case CamlyticsError():
            return answer(error.code, error.message, error.retry_after_s)
        case UnavailableError():
            return answer(Code.UNAVAILABLE, error.message, error.retry_after_s)
    return failed(request, error)


def failed(request: Request[object, object, State], error: Exception) -> Response[bytes]:
    """The answer to an error that nobody expected; what it was is for the log only."""
    _log.error("request failed", path=request.url.path, exc_info=error)
    return answer(Code.FAILED, "something went wrong here; the server's log says what")


def http_refused(request: Request[object, object, State], error: HTTPException) -> Response[bytes]:
    """The answer to an error of the HTTP layer itself."""
    if error.status_code == Code.UNKNOWN_METHOD.status:
        return answer(Code.UNKNOWN_METHOD, f"there is no method {request.url.path}")
    return failed(request, error)
