"""Is it up, is it ready: for load balancers, orchestrators and people."""

from __future__ import annotations

import msgspec
from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from passerby.api.auth import known_parameters
from passerby.errors import PasserbyError
from passerby.services import Services


class Health(msgspec.Struct):
    """The process is up."""

    status: str


class Readiness(msgspec.Struct):
    """`ready`, or what is wrong, one sentence each."""

    status: str
    problems: list[str]


@get("/healthz", summary="Is the process up?", tags=["Operation"])
async def healthz() -> Health:
    """Answers as long as the process does."""
    return Health("up")


@get(
    "/readyz",
    summary="Can it take and answer requests?",
    tags=["Operation"],
    sync_to_thread=True,
    responses={503: ResponseSpec(Readiness, description="Not ready: `problems` says why.")},
)
def readyz(services: NamedDependency[Services]) -> Response[Readiness]:
    """200 when the journal can be written and the store can be read; else 503 with what is wrong."""
    problems = [*_problems_of(services)]
    if problems:
        return Response(Readiness("not ready", problems), status_code=503, headers={"Retry-After": "5"})
    return Response(Readiness("ready", []))


def _problems_of(services: Services) -> list[str]:
    problems = []
    try:
        services.journal.probe()
    except PasserbyError as error:
        problems.append(f"journal: {error.message}")
    try:
        services.store.cursor()
    except Exception as error:  # noqa: BLE001  # whatever the engine raises, it is not readable
        problems.append(f"store: {error}")
    if services.loader.failing:
        problems.append("store: it refuses rows; they are kept in the journal")
    return problems


@get("/metrics", summary="Numbers for Prometheus", tags=["Operation"], media_type=MediaType.TEXT, sync_to_thread=True)
def metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """Counters and times of this process, in the Prometheus text format."""
    return Response(services.telemetry.text(), media_type=services.telemetry.media_type)


router = Router(path="/", route_handlers=[healthz, readyz, metrics], guards=[known_parameters])
