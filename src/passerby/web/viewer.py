"""Who looks at a page, and what they may see: a signed-in person, or whoever has a share link.

    @get("/sites/{site:int}", opt={"shared": True}, sync_to_thread=True)
    def site_page(request: WebRequest, viewer: NamedDependency[Viewer], site: FromPath[int]) -> Page:
        place = viewer.site(site)          # NotFoundError for what this viewer may not see
        asked = subjects(viewer.catalogue, viewer.credential, {"site": [str(site)]})

Every route under `/app` lets only people in who are signed in. A route says in its `opt` what else holds:
`{"public": True}`: anybody; `{"shared": True}`: also whoever has a share link to this very page. The guards `editor`
and `admin` ask for a role. Requests that change something carry the form's token (`csrf`), which `admitted` checks.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from passerby.catalogue.model import Account, Brand, Catalogue, Credential, Sensor, Site
from passerby.catalogue.view import CatalogueView, visible
from passerby.errors import ForbiddenError, NotFoundError, UnauthorizedError
from passerby.people import Person, Role, ShareLink
from passerby.people.person import ROLES
from passerby.services import Services, services_of
from passerby.web.security import cookie_value, cookie_values, form_token, is_form_token, refuse_other_origins

WebRequest = Request[Any, Any, State]
SESSION = "session"
LINK = "link"
BROWSER = "browser"
FORM_FIELD = "csrf"
FORM_HEADER = "x-csrf-token"
_STATE = "passerby_viewer"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Viewer:
    """Whoever looks at a page.

    `credential` is what API credentials are to the rest of the program: hand it with `catalogue` (one snapshot for the
    whole request) to `metrics.question.subjects`, `api.filters.visible_sites` and the like. `person` is None for
    whoever has a share link, `link` is None for everybody else.
    """

    catalogue: Catalogue = field(repr=False)
    credential: Credential
    role: Role
    person: Person | None = None
    link: ShareLink | None = None

    @property
    def person_id(self) -> int | None:
        """The id of the person; None for a share link."""
        return self.person.id if self.person else None

    @property
    def name(self) -> str:
        """How the person, or the share link, is called."""
        return self.person.name if self.person else self.link.title if self.link else ""

    @property
    def account_id(self) -> int:
        """The account that is looked at."""
        return self.credential.account_id

    @property
    def account(self) -> Account:
        """The account that is looked at."""
        return self.catalogue.accounts[self.account_id]

    @property
    def brand_ids(self) -> frozenset[int] | None:
        """The brands that this viewer is narrowed to; None: not narrowed."""
        return self.credential.brand_ids

    @property
    def site_ids(self) -> frozenset[int] | None:
        """The sites that this viewer is narrowed to; None: not narrowed."""
        return self.credential.site_ids

    def may(self, role: Role) -> bool:
        """Whether this viewer may do what a `role` may."""
        return self.person is not None and ROLES.index(self.role) >= ROLES.index(role)

    @cached_property
    def view(self) -> CatalogueView:
        """What exists for this viewer, as `GET /v1/catalogue` has it; the methods below are quicker."""
        return visible(self.catalogue, self.credential)

    def brands(self) -> list[Brand]:
        """The brands that exist for this viewer, by id."""
        return self.catalogue.visible_brands(self.credential)

    def sites(self, brand_id: int | None = None) -> list[Site]:
        """The sites that exist for this viewer (of a brand), by id."""
        found = self.catalogue.visible_sites(self.credential)
        return found if brand_id is None else [site for site in found if site.brand_id == brand_id]

    def brand(self, brand_id: int) -> Brand:
        """A brand; NotFoundError when it does not exist for this viewer."""
        found = next((brand for brand in self.brands() if brand.id == brand_id), None)
        if found is None:
            raise NotFoundError(f"there is no brand {brand_id} that you may see")
        return found

    def site(self, site_id: int) -> Site:
        """A site; NotFoundError when it does not exist for this viewer."""
        found = self.catalogue.sites.get(site_id)
        if found is None or not self.catalogue.may_see_site(self.credential, found):
            raise NotFoundError(f"there is no site {site_id} that you may see")
        return found

    def sensor(self, sensor_id: int) -> Sensor:
        """A sensor; NotFoundError when it does not exist for this viewer."""
        found = self.catalogue.sensors.get(sensor_id)
        if found is None or not self.catalogue.may_see_sensor(self.credential, found):
            raise NotFoundError(f"there is no sensor {sensor_id} that you may see")
        return found


@dataclass(frozen=True)
class _Known:
    """What a request says about who sent it: `binding` ties forms to this browser."""

    viewer: Viewer | None
    binding: str


async def admitted(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard of every route: somebody who may look, and no form that another site had filled in."""
    if handler.opt.get("asset"):
        return
    known = await asyncio.to_thread(_known, connection)
    connection.scope["state"][_STATE] = known
    request = cast("WebRequest", connection)
    if request.method not in _SAFE:
        await _check_form(request, known)
    if handler.opt.get("public"):
        return
    if known.viewer is None:
        raise UnauthorizedError("sign in first")
    if known.viewer.link is not None and not handler.opt.get("shared"):
        raise UnauthorizedError("a share link opens one page only: sign in to see more")


def editor(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: editors and admins."""
    _with_role(connection, "editor")


def admin(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: admins."""
    _with_role(connection, "admin")


def _with_role(connection: ASGIConnection[Any, Any, Any, Any], role: Role) -> None:
    viewer = looking(connection)
    if viewer is None or not viewer.may(role):
        raise ForbiddenError(f"this is for people with the role {role}: ask an admin of your account")


def looking(connection: ASGIConnection[Any, Any, Any, Any]) -> Viewer | None:
    """Who looks, on any route of the dashboard; None when nobody is signed in."""
    known = cast("_Known | None", connection.scope["state"].get(_STATE))
    return known.viewer if known else None


def address_of(request: WebRequest) -> str:
    """How this server was called: the beginning of links that people hand on."""
    return f"{request.url.scheme}://{request.url.netloc}"


def again(connection: ASGIConnection[Any, Any, Any, Any]) -> Viewer | None:
    """Who looks by now, for answers that go on for long: a session may have ended, a link been revoked meanwhile."""
    return _known(connection).viewer


def provide_viewer(request: WebRequest) -> Viewer:
    """Dependency `viewer`: whom `admitted` let in. Not for routes that are `public`: ask `looking` there."""
    viewer = looking(request)
    if viewer is None:
        raise UnauthorizedError("sign in first")
    return viewer


def csrf(request: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token that a form of this page has to send as `csrf`, and a script as the header X-CSRF-Token."""
    known = cast("_Known", request.scope["state"][_STATE])
    return form_token(_form_secret(request), known.binding)


def _known(connection: ASGIConnection[Any, Any, Any, Any]) -> _Known:
    services = services_of(connection)
    session_token = cookie_value(connection, SESSION)
    found = services.sessions_of_people.find(session_token) if session_token else None
    link = _link(connection, services)
    catalogue = services.catalogue.current()
    if found is not None and (link is None or link.maker.account_id == found.person.account_id):
        who = found.person
        return _Known(Viewer(catalogue, who.credential, who.role, person=who), found.digest)
    if link is not None:
        return _Known(Viewer(catalogue, link.credential, "viewer", link=link), f"link {link.id}")
    browser = cookie_value(connection, BROWSER)
    if browser is None:
        browser = secrets.token_urlsafe(16)
        connection.scope["state"]["passerby_browser"] = browser  # `rendering.page` sends it along
    return _Known(None, f"browser {browser}")


def _link(connection: ASGIConnection[Any, Any, Any, Any], services: Services) -> ShareLink | None:
    """The share link that this browser was given for this very page, or for what belongs to it.

    Each link has a cookie of its own, so that several work side by side in one browser.
    """
    path = connection.url.path.rstrip("/")
    for token in cookie_values(connection, LINK):
        link = services.share_links.find(token)
        if link is not None and belongs(path, link.path.rstrip("/")):
            return link
    return None


def belongs(path: str, page: str) -> bool:
    """Whether a path is a page or a part of it. Everything lies beneath `/app`, so nothing is a part of that."""
    return path == page or (page != "/app" and path.startswith(f"{page}/"))


async def _check_form(request: WebRequest, known: _Known) -> None:
    refuse_other_origins(request)
    token = request.headers.get(FORM_HEADER)
    if token is None and "form" in request.headers.get("content-type", ""):
        token = (await request.form()).get(FORM_FIELD)
    if not isinstance(token, str) or not is_form_token(_form_secret(request), known.binding, token):
        raise ForbiddenError("this form is too old, or was not made here: load the page again and send it once more")


def _form_secret(connection: ASGIConnection[Any, Any, Any, Any]) -> bytes:
    services = services_of(connection)
    return services.catalogue.server_secret("dashboard forms")
