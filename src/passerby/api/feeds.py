"""`GET /feed/report/<id>` and `/csv`: saved reports, for whoever knows their id. No key, no throttle."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import PathParameter

from passerby.api.problems import problem_response
from passerby.errors import NotFoundError
from passerby.feeds.board import Page
from passerby.feeds.shapes import CSV, JSON
from passerby.services import Services

_ID = Annotated[str, PathParameter(description="The 32 hexadecimal digits of the feed: its secret.")]
# The id is all that keeps the report private: no cache on the way may keep it, no page may pass it on. What may know
# it may read it from any page.
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Access-Control-Allow-Origin": "*",
}
AnyRequest = Request[object, object, State]


@get("/{feed_id:str}", summary="A saved report")
async def report(services: NamedDependency[Services], request: AnyRequest, feed_id: _ID) -> Response[bytes]:
    """`report.data.counter` of a number; else `report.data.series`, each with `name` and `data` of `key` and `value`.

    Sent with an ETag: `If-None-Match` gets 304 while nothing has changed.
    """
    return _answer(request, await _page(services, feed_id, "json"), JSON)


@get("/{feed_id:str}/csv", summary="A saved report as CSV", media_type=CSV)
async def table(services: NamedDependency[Services], request: AnyRequest, feed_id: _ID) -> Response[bytes]:
    """A header line, then a row a point: `Date` and a column for each series."""
    return _answer(request, await _page(services, feed_id, "csv"), CSV)


async def _page(services: Services, feed_id: str, form: str) -> Page:
    feed = services.catalogue.feed(feed_id)
    if feed is None:
        raise NotFoundError("there is no such report")
    return await services.feeds.page(feed, form)


def _answer(request: AnyRequest, page: Page, media_type: str) -> Response[bytes]:
    headers = {**_HEADERS, "ETag": page.etag}
    known = request.headers.get("if-none-match", "")
    if known == "*" or page.etag in {one.strip().removeprefix("W/") for one in known.split(",")}:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(page.body, headers=headers, media_type=media_type)


_POINT = {"type": "object", "properties": {"key": {"type": "string"}, "value": {"type": "number"}}}
_SERIES = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "data": {"type": "array", "items": _POINT}},
}
_DATA = {
    "type": "object",
    "properties": {
        "counter": {"type": ["number", "null"], "description": "Of a number."},
        "previous": {"type": ["number", "null"], "description": "Of a number that is compared."},
        "series": {"type": "array", "items": _SERIES, "description": "Of a series or distribution."},
    },
}
_REPORT = {
    "type": "object",
    "required": ["name", "type", "data"],
    "properties": {"name": {"type": "string"}, "type": {"type": "string"}, "data": _DATA},
}
_DOCUMENT = {"type": "object", "required": ["report"], "properties": {"report": _REPORT}}
_UNCHANGED: dict[str, Any] = {"description": "What `If-None-Match` names is still what there is."}
# What the OpenAPI document says of the answers: as JSON, as CSV.
ANSWERS: tuple[dict[str, Any], dict[str, Any]] = (
    {"200": {"description": "The report.", "content": {JSON: {"schema": _DOCUMENT}}}, "304": _UNCHANGED},
    {"200": {"description": "The report.", "content": {CSV: {"schema": {"type": "string"}}}}, "304": _UNCHANGED},
)

router = Router(
    path="/feed/report",
    route_handlers=[report, table],
    exception_handlers={Exception: problem_response},
    tags=["Report feeds"],
)
