"""`/v1/live`: how many are there now, as an answer and as a stream of changes; and corrections by people."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Meta

from passerby.api.filters import number
from passerby.api.live_changes import EVENT_STREAM, HEADERS, Changes
from passerby.api.live_document import Corrected, LiveNow, Places, document
from passerby.api.native import native_router
from passerby.catalogue.model import Catalogue, Credential
from passerby.errors import NotFoundError
from passerby.metrics.question import subjects
from passerby.services import Services

PATH = "/v1/live"
_PLACES = "Without any place: every site that the key may see."


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many are in the site at this moment, and how that is known."""

    occupancy: Annotated[int, Meta(ge=0, le=1_000_000)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Corrections(msgspec.Struct):
    """A page, newest first. `next` is the `before` of the next page; null when this is the last."""

    corrections: list[Corrected]
    next: int | None


@get(
    "/",
    summary="How many are there now",
    responses={200: ResponseSpec(LiveNow, description="As it is now; with Accept: text/event-stream a stream of it.")},
)
async def live(  # noqa: PLR0913, PLR0917  # one parameter a query parameter, as Litestar wants
    request: Request[Any, Any, State],
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    brand: Annotated[list[str] | None, QueryParameter(description=f"Ids. {_PLACES}")] = None,
    site: Annotated[list[str] | None, QueryParameter(description=f"Ids. {_PLACES}")] = None,
    zone: Annotated[list[str] | None, QueryParameter(description="Uids, or sensor/id: these zones alone.")] = None,
) -> Response[LiveNow]:
    """Occupancy, queue and the time of the latest observation of each site and zone.

    With `Accept: text/event-stream` the answer does not end: an event `state` with all of it, then an event `change`
    with the sites and zones whose numbers changed, each time they do.
    """
    named = {"brand": brand or (), "site": site or (), "zone": zone or ()}
    catalogue = services.catalogue.current()
    places = Places.of(subjects(catalogue, credential, named))  # type: ignore[arg-type]  # its keys are levels
    if EVENT_STREAM in request.headers.get("accept", ""):
        stream = Changes(services, credential, places, lambda: _still(services, credential))
        return Stream(stream.events(await stream.open()), media_type=EVENT_STREAM, headers=HEADERS)  # type: ignore[return-value]  # the stream of what is documented
    at_ms, sites = await asyncio.to_thread(services.live.sites, places.site_ids)
    found = document(services, catalogue, credential, places, at_ms, list(sites.values()))
    return Response(found, headers={"Cache-Control": "no-store"})


@post("/{site:str}", summary="Say how many are there now", opt={"scope": "admin"}, status_code=200, sync_to_thread=True)
def correct(
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    site: FromPath[str],
    data: JSONBody[Correction],
) -> Corrected:
    """The count goes on from this number until the next reset; what arrives late from before changes nothing more.

    Kept for good with who said it, when, and what the number was before. The answer comes once that is on disk.
    """
    site_id = _seen_site(services.catalogue.current(), credential, site)
    made = services.live.correct(site_id, data.occupancy, data.reason, credential)
    return Corrected.of(made)


@get("/{site:str}/corrections", summary="What people said, newest first", sync_to_thread=True)
def corrections(
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    site: FromPath[str],
    before: Annotated[int | None, QueryParameter(description="The `next` of the page before.", ge=1, le=2**62)] = None,
    limit: Annotated[int, QueryParameter(description="Corrections of a page.", ge=1, le=1000)] = 100,
) -> Corrections:
    """Who set the number of a site: when, from what, to what, and why."""
    site_id = _seen_site(services.catalogue.current(), credential, site)
    found = services.live.corrections.of_site(site_id, before=before, limit=limit + 1)
    page = [Corrected.of(each) for each in found[:limit]]
    return Corrections(page, page[-1].id if len(found) > limit else None)


def _seen_site(catalogue: Catalogue, credential: Credential, text: str) -> int:
    site = catalogue.sites.get(number(text) or -1)
    if site is None or not catalogue.may_see_site(credential, site):
        raise NotFoundError(f"there is no site {text[:64]} that this key may see")
    return site.id


async def _still(services: Services, credential: Credential) -> bool:
    """Whether a key is still what it was: one that was revoked or narrowed has to ask again."""
    return services.catalogue.current().credentials.get(credential.id) == credential


router = native_router(PATH, [live, correct, corrections], tags=["Live"])
