"""Where one begins."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency

from passerby.web.rendering import NavigationItem, Page, page
from passerby.web.viewer import Viewer, WebRequest

NAVIGATION = [NavigationItem("Overview", "/app/", "Numbers", "overview")]


@get("/", opt={"shared": True}, sync_to_thread=True)
def home(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """The brands and sites that there are to look at."""
    brands = [(brand, viewer.sites(brand.id)) for brand in viewer.brands()]
    return page(request, "home.html", title="Overview", brands=brands)


ROUTES = [home]
