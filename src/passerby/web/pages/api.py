"""Requests that are ready to be sent, with what they answer, and all of them as a collection."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from litestar import Response, get
from litestar.di import NamedDependency

from passerby.acting import ask
from passerby.catalogue.model import Credential
from passerby.ready import ReadyRequest, collection, curl, ready_requests
from passerby.services import SERVICES, services_of
from passerby.web.pages.credentials import DIALECTS, administers
from passerby.web.rendering import NavigationItem, Page, page
from passerby.web.viewer import Viewer, WebRequest

NAVIGATION = [NavigationItem("API", "/app/api", "Connections", "api")]
_SHOWN_BYTES = 4_000
_MOST_BYTES = 60_000
# An export is made in the background, and this is the time that a reader may be kept waiting for it.
_POLLS, _POLL_S = 12, 0.1


@dataclass(frozen=True, slots=True)
class _Shown:
    """A request with its answer, as text. `cut`: the answer goes on."""

    request: ReadyRequest
    command: str
    status: int
    answer: str
    cut: bool


@get("/api")
async def api_page(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """For each API a few requests about the viewer's own places, and their answers of this moment."""
    wanted = await asyncio.to_thread(_requests, viewer)
    address = _address(request)
    shown = await asyncio.gather(*(_answered(request, viewer, address, each) for each in wanted))
    held = [each for each in viewer.catalogue.credentials.values() if administers(viewer, each)]
    return await asyncio.to_thread(
        page,
        request,
        "api.html",
        title="API",
        groups=[
            (key, name, text, [each for each in shown if each.request.dialect == key], _count(held, key))
            for key, (name, text) in DIALECTS.items()
        ],
        address=address,
    )


@get("/api/collection.json", sync_to_thread=True)
def collection_file(request: WebRequest, viewer: NamedDependency[Viewer]) -> Response[bytes]:
    """The requests as a Postman collection, which Bruno imports too."""
    made = collection(f"Passerby, {viewer.account.name}", _address(request), _requests(viewer))
    return Response(
        orjson.dumps(made, option=orjson.OPT_INDENT_2),
        media_type="application/json",
        headers={
            "Content-Disposition": 'attachment; filename="passerby.postman_collection.json"',
            "Cache-Control": "no-store",
        },
    )


def _requests(viewer: Viewer) -> list[ReadyRequest]:
    return ready_requests(viewer.account_id, viewer.sites(), datetime.now(UTC))


def _address(request: WebRequest) -> str:
    return str(request.base_url).rstrip("/")


async def _answered(request: WebRequest, viewer: Viewer, address: str, wanted: ReadyRequest) -> _Shown:
    """The answer to the viewer; of an export once it is finished, if it soon is."""
    body = b"" if wanted.body is None else orjson.dumps(wanted.body)
    headers = [("content-type", "application/json")] if body else []
    for _ in range(_POLLS):
        answer = await ask(
            request.app,
            viewer.credential,
            method=wanted.method,
            path=wanted.path,
            query=wanted.query_string,
            headers=headers,
            body=body,
            most_bytes=_MOST_BYTES,
            state={SERVICES: services_of(request)},
        )
        if wanted.path != "/api/v1/data/" or b'"finished"' in answer.body[:200] or answer.status != 200:
            break
        await asyncio.sleep(_POLL_S)
    text = _readable(answer.body)
    cut = answer.cut or len(text) > _SHOWN_BYTES
    return _Shown(wanted, curl(address, wanted), answer.status, text[:_SHOWN_BYTES], cut)


def _readable(body: bytes) -> str:
    """JSON on lines; anything else, and JSON that was cut, as it came."""
    text = body.decode(errors="replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _count(held: list[Credential], dialect: str) -> int:
    return sum(each.dialect == dialect and each.sensor_id is None for each in held)


ROUTES = [api_page, collection_file]
