"""Share links: one page for whoever has the link; making, listing, revoking and following them."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlsplit

import structlog
from litestar import Litestar, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from passerby.errors import InvalidInputError, NotFoundError
from passerby.people.person import now_ms
from passerby.services import Services
from passerby.web.forms import Form
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.security import cookie
from passerby.web.viewer import LINK, Viewer, WebRequest, address_of

_log = structlog.get_logger("passerby.people")
NAVIGATION = [NavigationItem("Share links", "/app/links", "Account", "link")]
LONGEST_DAYS = 366
DAYS = ((1, "a day"), (7, "a week"), (30, "30 days"), (90, "90 days"), (366, "a year"))
_LONGEST_PAGE = 1500


@get("/links", sync_to_thread=True)
def links(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """One's own links; an admin's list has everybody's."""
    mine = None if viewer.may("admin") else viewer.person_id
    found = services.share_links.of_account(viewer.account_id, mine)
    return page(request, "links/list.html", title="Share links", links=found, everybody=mine is None)


@get("/links/new", sync_to_thread=True)
def new(  # noqa: PLR0913, PLR0917  # one parameter a query parameter, as Litestar wants
    request: WebRequest,
    viewer: NamedDependency[Viewer],
    title: Annotated[str, QueryParameter(max_length=100)] = "",
    shared: Annotated[str, QueryParameter(name="page", max_length=_LONGEST_PAGE)] = "",
    brand: Annotated[str, QueryParameter(max_length=20)] = "",
    site: Annotated[str, QueryParameter(max_length=20)] = "",
) -> Page:
    """The form for a new link. Pages lead here with what they are about."""
    form = Form({"title": title, "page": shared, "brand": brand, "site": site, "days": "30"})
    _target(request.app, viewer, form)
    if form.errors:
        raise InvalidInputError(next(iter(form.errors.values())))
    return _form(request, form)


@post("/links")
async def create(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """A new link, shown this once."""
    form = await Form.of(request)
    return await asyncio.to_thread(_create, request, services, viewer, form)


def _create(request: WebRequest, services: Services, viewer: Viewer, form: Form) -> Page:
    title = form.text("title", most=100)
    days = form.integer("days", least=1, most=LONGEST_DAYS)
    target, brands, sites = _target(request.app, viewer, form)
    if form.errors or viewer.person_id is None:
        return _form(request, form, 422)
    number, token = services.share_links.create(
        person_id=viewer.person_id, title=title, page=target, brands=brands, sites=sites, days=days
    )
    _log.info("a share link was made", link=number, by=viewer.person_id, days=days)
    address = f"{address_of(request)}/app/shared/{token}"
    return page(request, "links/made.html", title=f"A link to {title}", link=address, days=dict(DAYS).get(days, days))


@post("/links/{link_id:int}/revoke", sync_to_thread=True)
def revoke(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    link_id: FromPath[int],
) -> Redirect:
    """End a link: one's own, or as an admin anybody's of the account."""
    mine = None if viewer.may("admin") else viewer.person_id
    ended = services.share_links.revoke(link_id, viewer.account_id, mine)
    _log.info("a share link was revoked", link=link_id, by=viewer.person_id)
    return redirect(request, "/app/links", f"The link to {ended.title} no longer works.")


@get("/shared/{token:str}", opt={"public": True}, sync_to_thread=True)
def follow(request: WebRequest, services: NamedDependency[Services], token: FromPath[str]) -> Redirect:
    """On to the page that a link opens. A cookie for that page alone takes the link's place in the address."""
    link = services.share_links.find(token)
    if link is None:
        raise NotFoundError("this link has expired, was revoked, or never was: ask whoever gave it to you for another")
    path = link.path.rstrip("/") or "/app"
    answer = redirect(request, link.page)
    left_s = max(1, (link.expires_ms - now_ms()) // 1000)
    answer.set_cookie(cookie(request, f"{LINK}_{link.id}", token, path=path, max_age_s=left_s))
    return answer


def _target(app: Litestar, viewer: Viewer, form: Form) -> tuple[str, list[int], list[int]]:
    """(page, brands, sites) of a form; what is wrong is noted in it. What a person may not see cannot be shared."""
    target = form.text("page", most=_LONGEST_PAGE)
    parts = urlsplit(target)
    if target and (parts.scheme or parts.netloc or not _may_be_shared(app, parts.path)):
        form.errors["page"] = "this page cannot be shared"
    limits: list[list[int]] = []
    for name, known in (
        ("brand", [each.id for each in viewer.brands()]),
        ("site", [each.id for each in viewer.sites()]),
    ):
        text = form.value(name)
        limits.append([] if text == "" else [int(text)] if text in map(str, known) else [0])
        if limits[-1] == [0]:
            form.errors["page"] = f"there is no {name} {text[:20]} that you may see"
    return target, limits[0], limits[1]


def _may_be_shared(app: Litestar, path: str) -> bool:
    """Whether a route that says `opt={"shared": True}` answers at a path."""
    return any(
        any(isinstance(one, HTTPRouteHandler) and one.opt.get("shared") for one in getattr(route, "route_handlers", ()))
        and _matches(route.path_format, path)
        for route in app.routes
    )


def _matches(pattern: str, path: str) -> bool:
    wanted, given = pattern.rstrip("/").split("/"), path.rstrip("/").split("/")
    return len(wanted) == len(given) and all(
        bool(two) if one.startswith("{") else one == two for one, two in zip(wanted, given, strict=True)
    )


def _form(request: WebRequest, form: Form, status: int = 200) -> Page:
    return page(request, "links/form.html", title="Share a page", status=status, form=form, days=DAYS)


ROUTES = [links, new, create, revoke, follow]
