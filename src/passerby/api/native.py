"""What every native router has in common: authentication, known parameters, problem documents.

    router = native_router("/v1/metrics", [metrics, names], tags=["Metrics"])

Handlers ask for `services: NamedDependency[Services]` and `credential: NamedDependency[Credential]`, and raise
`PasserbyError`s. A handler that needs another scope than `read` says `opt={"scope": "admin"}`.
"""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Router
from litestar.types import ControllerRouterHandler

from passerby.api.auth import authenticated, known_parameters
from passerby.api.problems import problem_response

SECURITY = "nativeKey"


def native_router(path: str, handlers: Sequence[ControllerRouterHandler], *, tags: Sequence[str] = ()) -> Router:
    """A router of the native API at `path` (with its `/v1`)."""
    return Router(
        path=path,
        route_handlers=list(handlers),
        guards=[authenticated, known_parameters],
        exception_handlers={Exception: problem_response},
        security=[{SECURITY: []}],
        tags=list(tags),
        opt={"native": True},
    )
