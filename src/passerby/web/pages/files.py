"""Pages with figures as files: `.../files/page.pdf` and `.../files/page.png`, as their address chooses days."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from passerby.errors import NotFoundError
from passerby.services import Services
from passerby.web.looking import Look
from passerby.web.rendering import Page, sent
from passerby.web.sheets import Reporter, brand_report, screen_report, site_report, street_report
from passerby.web.viewer import Viewer, WebRequest

_OPT = {"shared": True}
_MEDIA = {"pdf": "application/pdf", "png": "image/png"}


@get("/brands/{brand:int}/files/{name:str}", opt=_OPT, sync_to_thread=True)
def brand_files(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    brand: FromPath[int],
    name: FromPath[str],
) -> Page:
    """The overview of a brand."""
    found = viewer.brand(brand)
    return _file(request, services, viewer, name, lambda look: brand_report(look, found, viewer.sites(brand)))


@get("/sites/{site:int}/files/{name:str}", opt=_OPT, sync_to_thread=True)
def site_files(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    site: FromPath[int],
    name: FromPath[str],
) -> Page:
    """A site."""
    found = viewer.site(site)
    return _file(request, services, viewer, name, lambda look: site_report(look, found))


@get("/screens/{sensor:int}/files/{name:str}", opt=_OPT, sync_to_thread=True)
def screen_files(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    sensor: FromPath[int],
    name: FromPath[str],
) -> Page:
    """A screen."""
    found = viewer.sensor(sensor)
    site = viewer.catalogue.site_of(found)
    return _file(request, services, viewer, name, lambda look: screen_report(look, site, found))


@get("/streets/{site:int}/files/{name:str}", opt=_OPT, sync_to_thread=True)
def street_files(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    site: FromPath[int],
    name: FromPath[str],
) -> Page:
    """The street of a site."""
    found = viewer.site(site)
    return _file(request, services, viewer, name, lambda look: street_report(look, found))


def _file(request: WebRequest, services: Services, viewer: Viewer, name: str, reporter: Reporter) -> Page:
    stem, _, ending = name.rpartition(".")
    if stem != "page" or ending not in _MEDIA:
        raise NotFoundError(f"there is no file {name[:64]} of this page: page.pdf or page.png")
    sheet = reporter(Look.of(request, services, viewer, strict=True)).sheet
    body = sheet.pdf() if ending == "pdf" else sheet.png()
    headers = {"Content-Disposition": f'attachment; filename="passerby.{ending}"'}
    return sent(request, body, _MEDIA[ending], headers=headers)


ROUTES = [brand_files, site_files, screen_files, street_files]
