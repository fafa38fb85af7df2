"""The sensors: whether they report, what was refused of theirs, and how to make one send."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from passerby.catalogue import editing
from passerby.catalogue.model import Sensor, Site
from passerby.catalogue.pictures import Pictures
from passerby.metrics.clocks import Clock
from passerby.services import Services
from passerby.web.canvas import Canvas
from passerby.web.rejects import rejects
from passerby.web.rendering import NavigationItem, Page, page, sent
from passerby.web.sending import Sending
from passerby.web.sensor_state import STATES, SensorNow, last_observations, sensors_now, state_of
from passerby.web.viewer import Viewer, WebRequest, editor

NAVIGATION = [NavigationItem("Sensors", "/app/sensors", "Network", "sensor")]

_AT_ONCE = 100
_DAYS = 14
_DAYS_OF_ONE = 35
_Text = Annotated[str, QueryParameter(max_length=200)]
_Number = Annotated[int, QueryParameter(ge=0, le=2**53)]


@get("/sensors", sync_to_thread=True)
def listed(  # noqa: PLR0913, PLR0917  # one parameter a filter, as Litestar wants
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    site: _Number = 0,
    status: _Text = "",
    search: _Text = "",
    skip: _Number = 0,
) -> Page:
    """Every sensor with its state, its last days and its clock."""
    sites = viewer.sites()
    found = _wanted(viewer, [one for one in sites if site in {0, one.id}], search)
    now_ms = time.time_ns() // 1_000_000
    last = last_observations(services, [sensor for sensor, _ in found]) if found else {}
    states = {sensor.id: state_of(sensor, last.get(sensor.id), now_ms) for sensor, _ in found}
    counts = {each: sum(one == each for one in states.values()) for each in STATES}
    chosen = [sensor for sensor, _ in found if status in {"", states[sensor.id]}]
    refused = rejects(services, viewer)
    shown = sensors_now(services, viewer.catalogue, chosen[skip : skip + _AT_ONCE], now_ms, _DAYS)
    return page(
        request,
        "sensors/list.html",
        title="Sensors",
        shown=shown,
        counts=counts,
        states=STATES,
        asked={"site": site, "status": status, "search": search},
        sites=sites,
        skip=skip,
        at_once=_AT_ONCE,
        total=len(chosen),
        refused=refused,
        clock_text=clock_text,
        may_edit=viewer.may("editor"),
    )


@get("/sensors/{sensor_id:int}", sync_to_thread=True)
def shown(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor_id: FromPath[int]
) -> Page:
    """One sensor."""
    return _page(request, services, viewer, viewer.sensor(sensor_id), None)


@post("/sensors/{sensor_id:int}/key", guards=[editor], sync_to_thread=True)
def key(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor_id: FromPath[int]
) -> Page:
    """Give the sensor a key of its own, and show it this once."""
    sensor = viewer.sensor(sensor_id)
    secret = editing.give_key(services.catalogue, viewer.credential, sensor.id)
    return _page(request, services, viewer, sensor, secret)


@get("/sensors/{sensor_id:int}/arrival", sync_to_thread=True)
def arrival(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor_id: FromPath[int]
) -> Page:
    """When the latest observation began, and how many rows were refused: for a page that waits for them."""
    sensor = viewer.sensor(sensor_id)
    last = last_observations(services, [sensor]).get(sensor.id)
    document = {"last_ms": last, "rejected": rejects(services, viewer, sensor).of_sensor(sensor.id)}
    return sent(request, msgspec.json.encode(document), "application/json")


def _page(request: WebRequest, services: Services, viewer: Viewer, sensor: Sensor, secret: str | None) -> Page:
    now_ms = time.time_ns() // 1_000_000
    refused = rejects(services, viewer, sensor)
    (now,) = sensors_now(services, viewer.catalogue, [sensor], now_ms, _DAYS_OF_ONE)
    return page(
        request,
        "sensors/sensor.html",
        title=sensor.name,
        now=now,
        brand=viewer.catalogue.brands[now.site.brand_id],
        states=STATES,
        refused=refused,
        clock_text=clock_text,
        clock_means=clock_means(now),
        canvas=Canvas.of(sensor, Pictures(services.catalogue.engine).frame(sensor.id)),
        sending=Sending.of(request, sensor, secret),
        has_key=any(one.sensor_id == sensor.id for one in viewer.catalogue.credentials.values()),
        may_edit=viewer.may("editor"),
    )


def _wanted(viewer: Viewer, sites: list[Site], search: str) -> list[tuple[Sensor, Site]]:
    words = search.lower().split()
    found = []
    for site in sites:
        for sensor_id in site.sensor_ids:
            sensor = viewer.catalogue.sensors[sensor_id]
            told = f"{sensor.id} {sensor.uid} {sensor.name} {site.name} {site.reference or ''}".lower()
            if all(word in told for word in words) and viewer.catalogue.may_see_sensor(viewer.credential, sensor):
                found.append((sensor, site))
    return found


def clock_text(clock: Clock | None) -> str:
    """A clock in a few words."""
    if clock is None:
        return ""
    if clock.verdict == "right":
        return "right"
    amount = _length(abs(clock.delay_ms))
    return f"{amount} ahead" if clock.verdict == "ahead" else f"arrives {amount} late"


def clock_means(now: SensorNow) -> str:
    """A clock in a sentence, with what to do."""
    clock = now.clock
    if clock is None:
        return "Nothing arrived in the last 24 hours, so nothing can be said of its clock."
    if clock.verdict == "right":
        return "Its observations arrive when they should."
    hours = clock.zone_hours
    if hours is not None:
        way = "ahead" if hours > 0 else "behind"
        unit = "hour" if abs(hours) == 1 else "hours"
        return (
            f"Its times are {abs(hours):g} {unit} {way}, as with a wrong time zone: see whether it sends local time as "
            f"UTC. {now.site.name} is in {now.site.timezone}."
        )
    if clock.verdict == "ahead":
        return "It reports what has not happened yet: set its clock, best over the network (NTP)."
    return "Its clock is behind, or it sends late; what arrives late still counts where it belongs."


def _length(ms: int) -> str:
    for unit, size in (("h", 3_600_000), ("min", 60_000)):
        if ms >= size:
            return f"{ms / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{max(1, round(ms / 1000))} s"


ROUTES = [listed, shown, key, arrival]
