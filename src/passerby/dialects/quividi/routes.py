"""The routes of the dialect, all under `/api/v1`, each with and without the final slash."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from litestar import MediaType, Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import ExceptionHandlersMap, HTTPScope

from passerby.acting import acting
from passerby.api.streaming import streamed_in_place
from passerby.catalogue.model import Credential
from passerby.content_coding import coding
from passerby.dialects.quividi import auth, openapi
from passerby.dialects.quividi.building import KIND, creation_date
from passerby.dialects.quividi.errors import answer, failed, http_refused, refused
from passerby.dialects.quividi.requests import data_request, whole_number
from passerby.dialects.quividi.topology import LISTS, Listing, Topology
from passerby.errors import PasserbyError
from passerby.jobs import Job
from passerby.services import Services

AnyRequest = Request[object, object, State]
PREFIX = "/api/v1"
# Stands in a path for a slash that belongs to a label; no label has control characters.
_SLASH = "\x1f"
_ERRORS: ExceptionHandlersMap = {HTTPException: http_refused, PasserbyError: refused, Exception: failed}


def keep_encoded_slashes(scope: HTTPScope) -> None:
    """Before routing: a slash that the client encoded is part of a tag's label, and ends no segment of the path."""
    raw = scope["raw_path"]
    if scope["path"].startswith(PREFIX) and b"%2f" in raw.lower():
        segments = raw.replace(b"%2f", b"%2F").split(b"%2F")
        scope["path"] = _SLASH.join(unquote_to_bytes(one).decode(errors="replace") for one in segments)


def _caller(request: AnyRequest, services: Services) -> Credential:
    address = request.client.host if request.client else ""
    return acting() or auth.caller(services, request.headers.get("Authorization"), address)


@get(
    "/whoami", name="quividi whoami", sync_to_thread=True, summary="Whose token this is", operation_class=openapi.WHOAMI
)
def whoami(request: AnyRequest, services: NamedDependency[Services]) -> Response[bytes]:
    """The username of the token."""
    return answer({"username": _caller(request, services).name})


@get("/data", name="quividi data", summary="Start, follow and fetch an export", operation_class=openapi.DATA)
async def data(request: AnyRequest, services: NamedDependency[Services]) -> Response[bytes] | Stream:
    """The state of the export that these parameters describe, and its rows once it is finished.

    The first call starts it. `force_rebuild` makes it anew, `status_only` leaves the rows out; both by mere presence.
    """
    credential = _caller(request, services)
    query = list(request.query_params.multi_items())
    names = {name for name, _ in query}
    asked = data_request(query, services.catalogue.current(), credential)
    job, new = services.exports.ask(KIND, credential.name, asked.document(), rebuild="force_rebuild" in names)
    if job.state == "finished" and "status_only" not in names:
        return await _result(request, services, job)
    return answer({"state": "started"} if new else _state(job))


async def _result(request: AnyRequest, services: Services, job: Job) -> Stream:
    """The whole answer; to a client that takes zstd as it is kept, which is a fraction of its size."""
    packed = coding(request.headers.get("accept-encoding", ""), ["zstd"]) == "zstd"
    headers = {"Vary": "Accept-Encoding"}
    length = job.bytes if packed else job.length
    if packed:
        headers["Content-Encoding"] = "zstd"
    if length is not None:
        headers["Content-Length"] = str(length)
    return await streamed_in_place(services.exports.read(job, packed=packed), MediaType.JSON, headers)


def _state(job: Job) -> dict[str, object]:
    match job.state:
        case "failed":
            return {"state": "failed", "fail_reason": job.fail_reason, "creation_date": creation_date(job)}
        case "finished":
            return {"state": "finished", "creation_date": creation_date(job)}
    return {"state": "in_progress", "creation_date": creation_date(job)}


def _list_route(path: str, title: str, listing: Listing) -> HTTPRouteHandler:
    """A route that answers with one of the topology's lists. A path's `key` is a number or the label of a tag."""
    operation = openapi.listing(title, path="{" in path)
    # What is no number names nothing: 403 as for everything that does not exist, so the route takes any text.
    key_of = whole_number if "{key:int}" in path else str

    @get(
        path.replace(":int", ":str"),
        name=f"quividi {path}",
        sync_to_thread=True,
        summary=title,
        operation_class=operation,
    )
    def one(request: AnyRequest, services: NamedDependency[Services]) -> Response[bytes]:
        """An array of objects; a path names a number, or the label of a tag."""
        credential = _caller(request, services)
        topology = Topology(services, services.catalogue.current(), credential)
        return answer(listing(topology, key_of(request.path_params.get("key", "").replace(_SLASH, "/"))))

    return one


_LISTS = [_list_route(path, title, listing) for path, (title, listing) in LISTS.items()]
router = Router(
    PREFIX,
    route_handlers=[whoami, data, *_LISTS],
    exception_handlers=_ERRORS,
    tags=("Quividi",),
)
