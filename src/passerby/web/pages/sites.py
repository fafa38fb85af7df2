"""The page of a site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from passerby.live import SiteNow
from passerby.services import Services
from passerby.web.boards import site_charts
from passerby.web.figures.asking import Source, Spot
from passerby.web.figures.overview import silent_sensors
from passerby.web.figures.site import site_figures
from passerby.web.looking import Look, chart_file, live_stream, site_states
from passerby.web.rendering import Page
from passerby.web.viewer import Viewer, WebRequest

_OPT = {"shared": True}


@dataclass(frozen=True, slots=True)
class _Now:
    """How many are where at this moment; None: not known. Zones by `sensor/id`."""

    occupancy: float | None = None
    queue: float | None = None
    zones: Mapping[str, float] = field(default_factory=dict)
    queues: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, state: SiteNow | None) -> _Now:
        if state is None:
            return cls()
        return cls(
            state.occupancy,
            state.queue.count if state.queue else None,
            {"{}/{}".format(*zone.key): zone.occupancy for zone in state.zones},
            {"{}/{}".format(*zone.key): zone.queue.count for zone in state.zones if zone.queue},
        )


@get("/sites/{site:int}", opt=_OPT, sync_to_thread=True)
def site_page(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], site: FromPath[int]
) -> Page:
    """A site today, or whenever is asked for."""
    found = viewer.site(site)
    look = Look.of(request, services, viewer)
    figures = site_figures(look.source, found, look.choice)
    state = (site_states(services, [site]) or {}).get(site)
    sensors = [viewer.catalogue.sensors[each] for each in found.sensor_ids]
    spots = [Spot("site", site, found.timezone), *(Spot("sensor", each.id, found.timezone) for each in sensors)]
    screens, street = _also(look, spots)
    return look.page(
        request,
        "figures/site.html",
        title=found.name,
        brand=viewer.catalogue.brands[found.brand_id],
        site=found,
        days=look.days(found.timezone),
        figures=figures,
        charts={"lines": None, "wifi": None, **site_charts(figures)},
        now=_Now.of(state),
        silent=silent_sensors(look.source, found, state),
        queues=any(row.zone.queue for row in figures.zones),
        screens=[viewer.catalogue.sensors[each] for each in screens],
        street=street,
    )


def _also(look: Look, spots: list[Spot]) -> tuple[list[int], bool]:
    """(sensors that are screens, whether there is a street), as the period says."""
    source: Source = look.source
    spans = {spot.zone: look.choice.span(spot.zone, source.now_ms) for spot in spots}
    answer = source.ask(["ots", "vehicle_count"], spots, spans)
    seen = answer.totals("ots").tolist()
    screens = [spot.key for spot, views in zip(spots, seen, strict=True) if spot.level == "sensor" and views]
    return [key for key in screens if isinstance(key, int)], bool(answer.totals("vehicle_count")[0])


@get("/sites/{site:int}/charts/{name:str}", opt=_OPT, sync_to_thread=True)
def site_file(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    site: FromPath[int],
    name: FromPath[str],
) -> Page:
    """A chart's data as a file."""
    found = viewer.site(site)
    look = Look.of(request, services, viewer, strict=True)
    return chart_file(request, name, lambda: site_charts(site_figures(look.source, found, look.choice)))


@get("/sites/{site:int}/live", opt={**_OPT, "stream": True})
async def site_live(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], site: FromPath[int]
) -> Stream:
    """How many are in the site, its zones and queues, as it changes."""
    return await live_stream(request, services, viewer, [viewer.site(site).id])


ROUTES = [site_page, site_file, site_live]
