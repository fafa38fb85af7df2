"""The screens, and the page of each."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from passerby.services import Services
from passerby.web.boards import screen_charts
from passerby.web.figures.period import local
from passerby.web.figures.screen import NUMBERS, screen_figures, screens
from passerby.web.looking import ListRow, Look, chart_file
from passerby.web.rendering import NavigationItem, Page
from passerby.web.viewer import Viewer, WebRequest

NAVIGATION = [NavigationItem("Screens", "/app/screens", "Numbers", "screen")]
_LISTED = tuple(name for name in NUMBERS if name != "mean_dwell")


@get("/screens", sync_to_thread=True)
def screens_page(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """Every sensor that anybody was in front of."""
    look = Look.of(request, services, viewer)
    sites = viewer.sites()
    places = [(site, viewer.catalogue.sensors[each]) for site in sites for each in site.sensor_ids]
    rows = [
        ListRow(
            f"/app/screens/{row.sensor.id}",
            row.sensor.name or row.sensor.uid,
            (row.site.name,),
            f"sensor {row.sensor.id}",
            row.numbers,
            row.observed,
        )
        for row in screens(look.source, places, look.choice)
    ]
    zone = sites[0].timezone if sites else "UTC"
    return look.page(
        request,
        "figures/list.html",
        title="Screens",
        days=look.days(zone),
        comparisons=look.choice.comparisons(local(look.source.now_ms, zone).date()),
        heads=["Screen", "Site"],
        metrics=_LISTED,
        rows=rows,
        nothing=("No screen in this period", "A sensor is listed here once it reports who is in front of it."),
    )


@get("/screens/{sensor:int}", opt={"shared": True}, sync_to_thread=True)
def screen_page(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor: FromPath[int]
) -> Page:
    """The audience of a screen."""
    found = viewer.sensor(sensor)
    site = viewer.catalogue.site_of(found)
    look = Look.of(request, services, viewer)
    figures = screen_figures(look.source, site, found, look.choice)
    return look.page(
        request,
        "figures/screen.html",
        title=found.name or found.uid,
        sensor=found,
        site=site,
        days=look.days(site.timezone),
        figures=figures,
        charts={"mood": None, "contents": None, **screen_charts(figures)},
    )


@get("/screens/{sensor:int}/charts/{name:str}", opt={"shared": True}, sync_to_thread=True)
def screen_file(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    sensor: FromPath[int],
    name: FromPath[str],
) -> Page:
    """A chart's data as a file."""
    found = viewer.sensor(sensor)
    site = viewer.catalogue.site_of(found)
    look = Look.of(request, services, viewer, strict=True)
    return chart_file(request, name, lambda: screen_charts(screen_figures(look.source, site, found, look.choice)))


ROUTES = [screens_page, screen_page, screen_file]
