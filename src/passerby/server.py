"""The HTTP server: one ASGI app with every route of every dialect.

The ingest routes are dispatched before Litestar, because they are the hot paths. Every other route belongs to a router
in `ROUTERS`; a new dialect adds its line there.
"""

from __future__ import annotations

import functools
import time
from typing import Any, cast

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Message, Receive, Scope, Send

from passerby.api import (
    catalogue,
    export,
    feeds,
    health,
    ingest,
    live,
    metrics,
    openapi,
    push,
    rejected,
    sightings,
    webhooks,
)
from passerby.api.auth import provide_credential
from passerby.api.graphql import routes as graphql
from passerby.api.problems import problem_response
from passerby.dialects.analytiks import routes as analytiks
from passerby.dialects.camlytics import routes as camlytics
from passerby.dialects.quividi import routes as quividi
from passerby.dialects.quividi.building import KIND as QUIVIDI_EXPORT
from passerby.dialects.quividi.building import builder as quividi_exports
from passerby.dialects.quividi.errors import http_refused
from passerby.dialects.seemetrix import errors as seemetrix_errors
from passerby.dialects.seemetrix import routes as seemetrix
from passerby.services import SERVICES, Services, services_of
from passerby.web import routes as web
from passerby.web import start
from passerby.web.reporting import writer
from passerby.web.security import is_page, protected

ROUTERS: tuple[Router, ...] = (
    health.router,
    web.router,
    catalogue.router,
    export.router,
    metrics.router,
    rejected.router,
    live.router,
    feeds.router,
    webhooks.router,
    push.router,
    graphql.router,
    analytiks.router,
    quividi.router,
    camlytics.router,
    *seemetrix.ROUTERS,
)


class App:
    """The ASGI app: the ingest routes, and Litestar for all others."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.litestar = _litestar(services.settings.integer("max_body_mb"))
        self._hot = {ingest.PATH: ingest.Ingest(services), sightings.PATH: sightings.SightingsIngest(services)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch one connection."""
        if scope["type"] != "http":  # type: ignore[comparison-overlap]  # Litestar types it as an enum of texts
            await self.litestar(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        request = cast("HTTPScope", scope)
        request.setdefault("state", {})[SERVICES] = self.services
        quividi.keep_encoded_slashes(request)
        answer = protected(noted) if is_page(request["path"]) else noted
        hot = self._hot.get(request["path"])
        try:
            await (hot(request, receive, answer) if hot else self.litestar(scope, receive, answer))
        finally:
            route = request["path"] if hot else str(scope.get("path_template", "other"))
            self.services.telemetry.request(request["method"], route, status, time.perf_counter() - began)


def create_app(services: Services) -> App:
    """The app that serves `services`, whose background work begins with it. It does not close them."""
    services.exports.register(QUIVIDI_EXPORT, quividi_exports(services))
    services.exports.start()
    services.live.start()
    services.mailings.start(writer(services))
    return App(services)


def _unrouted(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer where no router has its own, such as to a path that nobody serves: in the shape of its dialect."""
    if request.url.path.startswith(f"{quividi.PREFIX}/") and isinstance(error, HTTPException):
        return http_refused(request, error)
    if request.url.path.startswith(seemetrix.PREFIXES) and isinstance(error, HTTPException):
        return seemetrix_errors.http_refused(request, error)
    return problem_response(request, error)


def _provide_services(request: Request[Any, Any, Any]) -> Services:
    return services_of(request)


@functools.cache
def _litestar(max_body_mb: int) -> Litestar:
    """All routes, compiled once a process: whose data they serve comes with each request (see `App`)."""
    return Litestar(
        # `POST /` joins `GET /`, which two routers cannot.
        route_handlers=[*ROUTERS, start.start, analytiks.token],
        dependencies={
            "services": Provide(_provide_services, sync_to_thread=False),
            "credential": Provide(provide_credential, sync_to_thread=False),
        },
        exception_handlers={Exception: _unrouted},
        openapi_config=openapi.config(),
        logging_config=None,
        request_max_body_size=max_body_mb << 20,
    )
