"""The routes of the dialect: the token endpoint and, for each page of the exports, its versions."""

from __future__ import annotations

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


def export_routes(page: Page) -> list[HTTPRouteHandler]:
    """v1, v2, v3 and, where the page has it, v4 of one page of the exports."""

    @post(
        f"/{page.name}/v1",
        name=f"analytiks {page.name} v1",
        status_code=200,
        sync_to_thread=True,
        operation_class=openapi.export(page, 1),
    )
    def v1(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[bytes]:
        """Metrics of some locations; one that is not allowed refuses the whole request."""
        return answer(_all_or_nothing(_open(request, services, page), body))

    @post(
        f"/{page.name}/v2",
        name=f"analytiks {page.name} v2",
        status_code=200,
        sync_to_thread=True,
        operation_class=openapi.export(page, 2),
    )
    def v2(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[bytes]:
        """Metrics of some locations; those that are not allowed are listed beside the others."""
        export = _open(request, services, page)
        asked = requests.batch_request(body, page, quarters=export.quarters)
        found = export.find(asked)
        documents = export.documents(found.locations, asked)
        return answer(shapes.partial(documents, found), 200 if found.locations else 401)

    @post(
        f"/{page.name}/v3",
        name=f"analytiks {page.name} v3",
        status_code=200,
        sync_to_thread=True,
        operation_class=openapi.export(page, 3),
    )
    def v3(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[bytes]:
        """Metrics of a whole brand, batch by batch."""
        export = _open(request, services, page)
        asked = requests.brand_request(body, page, quarters=export.quarters)
        locations, cursor = export.next_batch(asked)
        return answer(shapes.batch(export.documents(locations, asked), cursor))

    if not page.complete:
        return [v1, v2, v3]

    @post(
        f"/{page.name}/v4",
        name=f"analytiks {page.name} v4",
        status_code=200,
        sync_to_thread=True,
        operation_class=openapi.export(page, 4),
    )
    def v4(request: AnyRequest, services: NamedDependency[Services], body: RawBody) -> Response[bytes]:
        """As v1, with every metric and every bucket, zeros too."""
        return answer(_all_or_nothing(_open(request, services, page), body, complete=True))

    return [v1, v2, v3, v4]


def _all_or_nothing(export: Export, body: bytes, *, complete: bool = False) -> list[shapes.Document]:
    """The documents of v1 and v4; raises RefusedError when anything asked for is not allowed."""
    asked = requests.batch_request(body, export.page, quarters=export.quarters)
    found = export.find(asked)
    if found.refused:
        raise RefusedError(REFUSED_LOCATIONS, found.refused_field, locations=found.refused)
    return export.documents(found.locations, asked, complete=complete)


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
