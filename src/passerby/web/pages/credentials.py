"""Keys for programs: made, shown once, revoked."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from passerby.catalogue.model import Credential, DialectName, Scope
from passerby.errors import ConflictError, InvalidInputError, NotFoundError
from passerby.services import Services
from passerby.web.forms import Form
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.viewer import Viewer, WebRequest, admin

NAVIGATION = [NavigationItem("Keys", "/app/keys", "Connections", "key", "admin")]
DIALECTS: Mapping[DialectName, tuple[str, str]] = {
    "native": ("Passerby", "Sensors and programs that speak Passerby's own API."),
    "analytiks": ("Analytiks", "Programs that fetch camera or WiFi exports, or ask GraphQL."),
    "camlytics": ("Camlytics", "Programs that sign requests to the service API."),
    "quividi": ("Quividi", "Programs that fetch VidiCenter exports."),
    "seemetrix": ("Seemetrix", "Programs that ask for statistics of devices."),
}
SCOPES: Mapping[Scope, str] = {
    "ingest": "Send observations",
    "read": "Read numbers and observations",
    "admin": "Change and administer",
}
# How a dialect calls the two halves; the public one first.
HALVES: Mapping[DialectName, tuple[str, str]] = {
    "native": ("Name", "Key"),
    "analytiks": ("Client id", "Client secret"),
    "camlytics": ("Public key", "Secret key"),
    "quividi": ("Username", "Token"),
    "seemetrix": ("Name", "User key"),
}
_LONGEST_NAME = 100


@get("/keys", guards=[admin], sync_to_thread=True)
def credentials_page(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """Every key of the account that this admin may administer."""
    held = viewer.catalogue.credentials
    found = [one for _, one in sorted(held.items()) if one.sensor_id is None and administers(viewer, one)]
    return page(
        request,
        "credentials/list.html",
        title="Keys",
        credentials=[(one, DIALECTS[one.dialect][0], _seen(viewer, one)) for one in found],
        scopes=SCOPES,
    )


@get("/keys/new", guards=[admin], sync_to_thread=True)
def credential_form(request: WebRequest, viewer: NamedDependency[Viewer], dialect: FromQuery[str] = "native") -> Page:
    """The form for a new key."""
    return _form(request, viewer, Form({"dialect": dialect, "scopes": ["ingest", "read"]}))


@post("/keys/new", guards=[admin])
async def create_credential(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]
) -> Page:
    """Make a key and show it, once."""
    form = await Form.of(request)
    return await asyncio.to_thread(_create, request, services, viewer, form)


def _create(request: WebRequest, services: Services, viewer: Viewer, form: Form) -> Page:
    dialect = form.choice("dialect", list(DIALECTS))
    name = form.text("name", most=_LONGEST_NAME, needed=False)
    brands = form.ids("brands", [brand.id for brand in viewer.brands()])
    sites = form.ids("sites", [site.id for site in viewer.sites()])
    scopes: list[Scope] = [one for one in SCOPES if one in form.values("scopes")]
    if dialect == "native" and not scopes:
        form.errors.setdefault("scopes", "please tick what it may do")
    if not _within(viewer, brands or None, sites or None):
        form.errors.setdefault("sites", "please tick brands or sites: you may not give away more than you see")
    if not form.errors:
        try:
            issued = services.catalogue.create_credential(
                dialect,
                account_id=viewer.account_id,
                brands=brands,
                sites=sites,
                scopes=scopes if dialect == "native" else (),
                name=name or None,
            )
        except ConflictError:
            form.errors["name"] = "there is a key of that name already"
        except InvalidInputError as error:
            form.errors["name"] = error.message
        else:
            return page(
                request,
                "credentials/made.html",
                title="A new key",
                credential=issued.credential,
                secret=issued.secret,
                halves=HALVES[dialect],
                dialect=DIALECTS[dialect][0],
            )
    return _form(request, viewer, form, 422)


@post("/keys/{key:int}/revoke", guards=[admin], sync_to_thread=True)
def revoke_credential(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    key: FromPath[int],
) -> Response[bytes] | Redirect:
    """End a key, at once."""
    found = viewer.catalogue.credentials.get(key)
    if found is None or found.sensor_id is not None or not administers(viewer, found):
        raise NotFoundError("there is no such key")
    services.catalogue.revoke(key)
    return redirect(request, "/app/keys", f"{found.name} is revoked: programs that use it are refused from now on.")


def administers(viewer: Viewer, credential: Credential) -> bool:
    """Whether a key is of the viewer's account and lets nobody see more than the viewer does."""
    if credential.account_id != viewer.account_id:
        return False
    return _within(viewer, credential.brand_ids, credential.site_ids)


def _within(viewer: Viewer, brands: Collection[int] | None, sites: Collection[int] | None) -> bool:
    """Whether these limits are inside the viewer's own, also for sites that do not exist yet."""
    if viewer.brand_ids is None and viewer.site_ids is None:
        return True
    if sites is not None:
        return set(sites) <= {site.id for site in viewer.sites()}
    return viewer.site_ids is None and brands is not None and set(brands) <= (viewer.brand_ids or set())


def _seen(viewer: Viewer, credential: Credential) -> str:
    """What a key may see, for people."""
    if credential.brand_ids is None and credential.site_ids is None:
        return "everything"
    catalogue = viewer.catalogue
    brands = [catalogue.brands[one].name for one in sorted(credential.brand_ids or ()) if one in catalogue.brands]
    sites = [catalogue.sites[one].name for one in sorted(credential.site_ids or ()) if one in catalogue.sites]
    return ", ".join([*brands, *sites]) or "nothing that still exists"


def _form(request: WebRequest, viewer: Viewer, form: Form, status: int = 200) -> Page:
    return page(
        request,
        "credentials/new.html",
        title="New key",
        status=status,
        form=form,
        dialects=[(key, name, text) for key, (name, text) in DIALECTS.items()],
        scopes=SCOPES.items(),
        brands=[(brand.id, brand.name) for brand in viewer.brands()],
        sites=[(site.id, site.name) for site in viewer.sites()],
    )


ROUTES = [credentials_page, credential_form, create_credential, revoke_credential]
