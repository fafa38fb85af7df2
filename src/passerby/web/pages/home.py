"""Where one begins: the overview of the brand, or the brands to choose from."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Redirect

from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.viewer import Viewer, WebRequest

NAVIGATION = [NavigationItem("Overview", "/app/", "Numbers", "overview")]


@get("/", opt={"shared": True}, sync_to_thread=True)
def home(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page | Redirect:
    """The one brand that there is to look at, or all of them."""
    brands = [(brand, viewer.sites(brand.id)) for brand in viewer.brands()]
    if len(brands) == 1 and viewer.person is not None:
        return redirect(request, f"/app/brands/{brands[0][0].id}")
    return page(request, "home.html", title="Overview", brands=brands)


ROUTES = [home]
