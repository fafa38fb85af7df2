"""The routes of the dialect: the token endpoint and, for each page of the exports, its versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from litestar import Request, Response, Router, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody
from litestar.types import ExceptionHandlersMap

from passerby.dialects.analytiks import auth, openapi, requests, shapes
from passerby.dialects.analytiks.errors import (
    REFUSED_LOCATIONS,
    RefusedError,
    UnsupportedMediaTypeError,
    answer,
    failed,
    http_refused,
    refused,
)
from passerby.dialects.analytiks.exports import Export
from passerby.dialects.analytiks.pages import CAMERA, WIFI, Page
from passerby.dialects.throttle import FailureLimit
from passerby.errors import PasserbyError
from passerby.services import Services

MAX_BODY_BYTES = 1_000_000

AnyRequest = Request[object, object, State]

_ERRORS: ExceptionHandlersMap = {
    HTTPException: http_refused,
    PasserbyError: refused,
    Exception: failed,
}
_TAGS = ("Analytiks",)
_wrong_secrets = FailureLimit()


# Not in a router: Litestar cannot join two routers at one path, and `GET /` is the start page's.
@post(
    "/",
    name="analytiks token",
    summary="An access token for the Analytiks exports",
    description="For a client id and secret (`passerby credentials create --dialect analytiks`), good for a day. Send "
    "it as `Authorization: Bearer` with every export and GraphQL request.",
    status_code=200,
    sync_to_thread=True,
    operation_class=openapi.TOKEN,
    exception_handlers=_ERRORS,
    request_max_body_size=MAX_BODY_BYTES,
    tags=_TAGS,
)
def token(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[bytes]:
    """An access token for a client id and secret, good for a day."""
    try:
        _check_media_type(request)
        asked = auth.token_request(body)
        # By address and client, so that nobody can lock a client out from elsewhere.
        caller = (request.client.host if request.client else "", asked.client_id)
        if wait_s := _wrong_secrets.wait_s(caller):
            raise auth.OAuthError(429, "access_denied", "too many wrong secrets; try again later", wait_s)
        try:
            access_token = auth.issue(services.catalogue, asked)
        except auth.OAuthError:
            _wrong_secrets.failed(caller)
            raise
    except UnsupportedMediaTypeError as error:
        return answer({"error": "invalid_request", "error_description": error.message}, 415)
    except auth.OAuthError as error:
        headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else None
        return answer({"error": error.code, "error_description": error.message}, error.status, headers)
    document = {"access_token": access_token, "expires_in": auth.LIFETIME_S, "token_type": "Bearer"}
    return answer(document, headers={"Cache-Control": "no-store"})


def _some(export: Export, body: bytes) -> Response[bytes]:
    return _all_or_nothing(export, body, complete=False)


def _partial(export: Export, body: bytes) -> Response[bytes]:
    asked = requests.batch_request(body, export.page, quarters=export.quarters)
    found = export.find(asked)
    documents = export.documents(found.locations, asked)
    return answer(shapes.partial(documents, found), 200 if found.locations else 401)


def _brand(export: Export, body: bytes) -> Response[bytes]:
    asked = requests.brand_request(body, export.page, quarters=export.quarters)
    locations, cursor = export.next_batch(asked)
    return answer(shapes.batch(export.documents(locations, asked), cursor))


def _complete(export: Export, body: bytes) -> Response[bytes]:
    return _all_or_nothing(export, body, complete=True)


def _all_or_nothing(export: Export, body: bytes, *, complete: bool) -> Response[bytes]:
    asked = requests.batch_request(body, export.page, quarters=export.quarters)
    found = export.find(asked)
    if found.refused:
        raise RefusedError(REFUSED_LOCATIONS, found.refused_field, locations=found.refused)
    return answer(export.documents(found.locations, asked, complete=complete))


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of every page: how it answers, and what is said of it."""

    number: int
    answer: Callable[[Export, bytes], Response[bytes]]
    summary: str
    description: str


_VERSIONS = (
    _Version(
        1,
        _some,
        "metrics of some locations, all or nothing",
        "At most 50 locations, by id or by reference number. One that is not allowed refuses the whole request. Maps "
        "are sparse: buckets, metrics and zones without a value are left out.",
    ),
    _Version(
        2,
        _partial,
        "metrics of some locations, refused ones listed",
        "As v1, but locations that are not allowed are listed under `failures`, as they were asked for, beside the "
        "others under `successes`. 401 when none is allowed.",
    ),
    _Version(
        3,
        _brand,
        "metrics of a whole brand, batch by batch",
        "The locations of the brand that the token may see, by id. `cursor` of an answer asks for the next batch of "
        "the same question; null after the last one. It never ages, and data may arrive in between.",
    ),
    _Version(
        4,
        _complete,
        "every metric and every bucket, zeros too",
        "As v1, but nothing is left out: every metric has every bucket of the range, with 0 where nothing was counted.",
    ),
)


def export_routes(page: Page) -> list[HTTPRouteHandler]:
    """v1, v2, v3 and, where the page has it, v4 of one page of the exports."""
    return [_route(page, version) for version in _VERSIONS if page.complete or version.answer is not _complete]


def _route(page: Page, version: _Version) -> HTTPRouteHandler:
    @post(
        f"/{page.name}/v{version.number}",
        name=f"analytiks {page.name} v{version.number}",
        summary=f"{page.title}: {version.summary}",
        description=version.description,
        status_code=200,
        sync_to_thread=True,
        operation_class=openapi.export(page, version.number),
    )
    def export(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[bytes]:
        return version.answer(_open(request, services, page), body)

    return export


def _open(request: AnyRequest, services: Services, page: Page) -> Export:
    export = Export.open(services, page, request.headers.get("Authorization"))
    _check_media_type(request)
    return export


def _check_media_type(request: AnyRequest) -> None:
    """Accept JSON in any of its spellings, and a body of which the sender does not say what it is."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in ("", "application/json", "text/json") and not media_type.endswith("+json"):
        raise UnsupportedMediaTypeError


router = Router(
    "/",
    route_handlers=[*export_routes(CAMERA), *export_routes(WIFI)],
    exception_handlers=_ERRORS,
    request_max_body_size=MAX_BODY_BYTES,
    tags=_TAGS,
)
