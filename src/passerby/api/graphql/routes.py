"""`POST /v1/graphql`: one query, answered whole."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import structlog
from graphql import GraphQLError
from litestar import MediaType, Request, Response, Router, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import RawBody

from passerby.acting import acting
from passerby.api.graphql import limits
from passerby.api.graphql.context import Context
from passerby.api.graphql.schema import schema
from passerby.catalogue.model import Credential
from passerby.dialects.analytiks import auth
from passerby.dialects.analytiks.errors import InvalidTokenError
from passerby.dialects.openapi import Schema, documented, schema_of
from passerby.errors import PasserbyError, UnauthorizedError, UnavailableError
from passerby.services import Services

_log = structlog.get_logger("passerby.graphql")

MAX_BODY_BYTES = 100_000

AnyRequest = Request[object, object, State]


class GraphQLBody(msgspec.Struct, rename="camel", kw_only=True):
    """A GraphQL request as sent over HTTP."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


_ERRORS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"message": {"type": "string"}, "path": {"type": "array"}, "extensions": {"type": "object"}},
        "required": ["message"],
    },
}
_REFUSED: Schema = {"type": "object", "properties": {"errors": _ERRORS}, "required": ["errors"]}
_DONE: Schema = {"type": "object", "properties": {"data": {"type": ["object", "null"]}, "errors": _ERRORS}}
_OPERATION = documented(
    schema_of(GraphQLBody),
    {
        200: ("The answer, or what was wrong with the query.", _DONE),
        400: ("The body is no GraphQL request.", _REFUSED),
        401: ("No valid token or key.", _REFUSED),
        413: ("The body is larger than 100 kB.", _REFUSED),
        503: ("Not possible at the moment; see Retry-After.", _REFUSED),
    },
    secured=True,
)


@post(
    "/v1/graphql",
    name="graphql",
    summary="One GraphQL query: locations, brands, cameras and their metrics",
    description="For holders of an Analytiks token or of a native key that may read. Queries are limited in depth, "
    "fields and cost; what is wrong with a query is in `errors` of an answer with status 200.",
    status_code=200,
    sync_to_thread=True,
    operation_class=_OPERATION,
    tags=["GraphQL"],
)
def graphql(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[bytes]:
    """Answer a GraphQL query about locations, brands, cameras and metrics."""
    credential = _credential(request, services)
    try:
        asked = msgspec.json.decode(body, type=GraphQLBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _refused(400, "invalid-request", f"the body is no GraphQL request: {error}")
    try:
        size = limits.check(asked.query, asked.operation_name)
    except GraphQLError as error:
        return _answer({"data": None, "errors": [error.formatted]})
    context = Context(services, credential, services.catalogue.current(), limits.Budget(size.fields))
    result = schema.execute_sync(
        asked.query, variable_values=asked.variables, context_value=context, operation_name=asked.operation_name
    )
    document: dict[str, object] = {"data": result.data}
    if result.errors:
        document["errors"] = [_formatted(error) for error in result.errors]
    return _answer(document)


def _credential(request: AnyRequest, services: Services) -> Credential:
    """Who asks: the holder of an Analytiks token, or of a native key that may read."""
    if (somebody := acting()) is not None:
        return somebody
    token = auth.bearer(request.headers.get("Authorization"))
    if token.count(".") == 2:
        return auth.check(services.catalogue, token)
    credential = services.catalogue.verify("native", token)
    if credential is None or "read" not in credential.scopes:
        raise InvalidTokenError
    return credential


def _formatted(error: GraphQLError) -> dict[str, Any]:
    """An error as the specification has it; of one that nobody raised on purpose only that it happened."""
    document = dict(error.formatted)
    original = error.original_error
    if isinstance(original, PasserbyError):
        document["message"] = original.message
    elif original is not None and not isinstance(original, GraphQLError):
        document |= {"message": "internal error", "extensions": {"code": "internal"}}
    return document


def _answer(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(orjson.dumps(document), status_code=status, media_type=MediaType.JSON, headers=headers)


def _refused(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    return _answer({"errors": [{"message": message, "extensions": {"code": code}}]}, status, headers)


def _on_error(request: AnyRequest, error: Exception) -> Response[bytes]:
    if isinstance(error, UnauthorizedError):
        return _refused(401, "unauthorized", error.message, {"WWW-Authenticate": "Bearer"})
    if isinstance(error, UnavailableError):
        return _refused(503, "unavailable", error.message, {"Retry-After": str(error.retry_after_s)})
    _log.error("request failed", path=request.url.path, exc_info=error)
    return _refused(500, "internal", "Something went wrong here; the server's log says what")


def _on_http_error(_: AnyRequest, error: HTTPException) -> Response[bytes]:
    return _refused(error.status_code, "invalid-request", error.detail)


router = Router(
    "/",
    route_handlers=[graphql],
    exception_handlers={HTTPException: _on_http_error, Exception: _on_error},
    request_max_body_size=MAX_BODY_BYTES,
)
