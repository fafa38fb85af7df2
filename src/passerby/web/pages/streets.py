"""The streets, and the page of each."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from passerby.services import Services
from passerby.web.boards import street_charts
from passerby.web.figures.period import local
from passerby.web.figures.street import CLASSES, LISTED, street_figures, streets
from passerby.web.looking import ListRow, Look, chart_file
from passerby.web.rendering import NavigationItem, Page
from passerby.web.viewer import Viewer, WebRequest

NAVIGATION = [NavigationItem("Streets", "/app/streets", "Numbers", "street")]


@get("/streets", sync_to_thread=True)
def streets_page(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """Every site that anything passed."""
    look = Look.of(request, services, viewer)
    sites = viewer.sites()
    rows = [
        ListRow(
            f"/app/streets/{row.site.id}",
            row.site.name,
            (row.site.timezone,),
            f"site {row.site.id}",
            row.numbers,
            row.observed,
        )
        for row in streets(look.source, sites, look.choice)
    ]
    zone = sites[0].timezone if sites else "UTC"
    return look.page(
        request,
        "figures/list.html",
        title="Streets",
        days=look.days(zone),
        comparisons=look.choice.comparisons(local(look.source.now_ms, zone).date()),
        heads=["Street at", "Time zone"],
        metrics=LISTED,
        rows=rows,
        nothing=("Nothing passed in this period", "A site is listed here once a sensor reports who and what passes."),
    )


@get("/streets/{site:int}", opt={"shared": True}, sync_to_thread=True)
def street_page(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], site: FromPath[int]
) -> Page:
    """What passes a site."""
    found = viewer.site(site)
    look = Look.of(request, services, viewer)
    figures = street_figures(look.source, found, look.choice)
    return look.page(
        request,
        "figures/street.html",
        title=f"The street at {found.name}",
        site=found,
        days=look.days(found.timezone),
        figures=figures,
        classes=CLASSES,
        charts=street_charts(figures),
    )


@get("/streets/{site:int}/charts/{name:str}", opt={"shared": True}, sync_to_thread=True)
def street_file(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    site: FromPath[int],
    name: FromPath[str],
) -> Page:
    """A chart's data as a file."""
    found = viewer.site(site)
    look = Look.of(request, services, viewer, strict=True)
    return chart_file(request, name, lambda: street_charts(street_figures(look.source, found, look.choice)))


ROUTES = [streets_page, street_page, street_file]
