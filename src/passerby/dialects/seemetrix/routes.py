"""The routes of the dialect, the same under `/api` and `/analytics/api`.

Each module of methods has a tuple `METHODS`; a new module adds its line to `METHODS` here. This module does the rest
for all of them: the key, the user or device of the path, the final slash, errors as JSON, and CORS.

To add a method, write in its module

    def answer(call: Call) -> Document: ...

    METHODS = (Method("/statistics/user/{user:str}", "Title", answer, openapi.operation("What", SCHEMA, PARAMETERS)),)

It runs in a thread. It reads `call.query`, `call.span()`, `call.devices`, and raises the errors of `passerby.errors`.
What it returns is sent as JSON; an iterator of bytes is streamed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

from litestar import MediaType, Request, Response, Router
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler, get, route
from litestar.response import Stream

from passerby.api.streaming import streamed
from passerby.dialects.seemetrix import auth, counters, devices, raw, statistics, unified
from passerby.dialects.seemetrix.calls import Call, Document, Method, open_call
from passerby.dialects.seemetrix.errors import HEADERS, PREFLIGHT, answer, failed, http_refused, refused
from passerby.dialects.seemetrix.requests import read_query
from passerby.errors import NotFoundError, PasserbyError
from passerby.services import Services

PREFIX = "/api"
# The vendor has moved: its later clients call another host with this before the same paths.
LATER_PREFIX = "/analytics/api"
# What begins with one of these and is nobody else's is answered as this dialect does, also where there is no path.
PREFIXES = (f"{PREFIX}/", f"{LATER_PREFIX}/")
METHODS: tuple[Method, ...] = (
    *counters.METHODS,
    *devices.METHODS,
    *statistics.METHODS,
    *unified.METHODS,
    *raw.METHODS,
)

AnyRequest = Request[object, object, State]


def _call(request: AnyRequest, services: Services, method: Method) -> Call:
    """Let a request in and understand where it goes; raises what `errors.refused` answers."""
    path = request.scope["raw_path"]
    if not (method.bare or path.endswith(b"/")):
        raise NotFoundError(f"there is no {request.url.path}: the path must end with a slash")
    query = read_query(request.scope["query_string"])
    address = request.client.host if request.client else ""
    credential = auth.caller(services, query.get("key", ""), address)
    return open_call(services, credential, request.path_params, query, datetime.now(UTC))


def _route(method: Method, *, documented: bool) -> HTTPRouteHandler:
    def work(request: AnyRequest, services: Services) -> Document | Iterator[bytes]:
        return method.answer(_call(request, services, method))

    @get(
        method.path,
        summary=f"Seemetrix: {method.summary}",
        description=method.answer.__doc__,
        operation_class=method.operation,
        include_in_schema=documented,
    )
    async def handler(request: AnyRequest, services: NamedDependency[Services]) -> Response[bytes] | Stream:
        found = await asyncio.to_thread(work, request, services)
        if isinstance(found, dict):
            return answer(found)
        return await streamed(found, MediaType.JSON, HEADERS)

    return handler


def _preflight(method: Method) -> HTTPRouteHandler:
    """What a browser asks before a request with headers of its own; it sends no key that could be looked at."""

    @route(method.path, http_method=["OPTIONS"], status_code=204, sync_to_thread=False, include_in_schema=False)
    def handler() -> Response[None]:
        return Response(None, status_code=204, headers=PREFLIGHT)

    return handler


def _router(prefix: str) -> Router:
    documented = prefix == PREFIX
    # The answer to OPTIONS first: Litestar makes one of its own for a path that has none when it meets it.
    return Router(
        prefix,
        route_handlers=[
            handler for method in METHODS for handler in (_preflight(method), _route(method, documented=documented))
        ],
        exception_handlers={HTTPException: http_refused, PasserbyError: refused, Exception: failed},
        tags=["Seemetrix"],
    )


ROUTERS = (_router(PREFIX), _router(LATER_PREFIX))
