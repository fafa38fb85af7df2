"""From nothing to the first counted person, in five steps on one page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from passerby.catalogue import editing
from passerby.catalogue.model import Sensor, Site
from passerby.catalogue.rules import zone_names
from passerby.errors import ForbiddenError, InvalidInputError
from passerby.services import Services
from passerby.web.forms import Form
from passerby.web.rejects import rejects
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.sending import Sending
from passerby.web.sensor_state import last_observations
from passerby.web.viewer import Viewer, WebRequest, editor

NAVIGATION = [NavigationItem("Connect a sensor", "/app/first-steps", "Network", "add", role="editor")]
_PATH = "/app/first-steps"
_Number = Annotated[int, QueryParameter(ge=1, le=2**53)]
_Perhaps = Annotated[int | None, QueryParameter(ge=1, le=2**53)]


@get("/first-steps", guards=[editor], sync_to_thread=True)
def show(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    site: _Perhaps = None,
    sensor: _Perhaps = None,
) -> Page:
    """The step that comes next: a site, a sensor in it, what it sends, its arrival, the chart."""
    return _page(request, services, viewer, _chosen(viewer, site, sensor), Form())


@post("/first-steps/site", guards=[editor])
async def add_site(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]
) -> Page | Redirect:
    """Add the site, with a brand around it where there is none."""
    form = await Form.of(request)

    def work() -> int:
        brand_id = _brand(services, viewer)
        fields = {"name": form.value("name").strip(), "timezone": form.value("timezone").strip()}
        return editing.save_site(services.catalogue, editing.Form(viewer.credential, fields), brand_id)

    return await asyncio.to_thread(_done, request, services, viewer, form, (None, None), work, "site")


@post("/first-steps/sensor", guards=[editor])
async def add_sensor(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], site: _Number
) -> Page | Redirect:
    """Add the sensor."""
    form = await Form.of(request)
    place = viewer.site(site)

    def work() -> int:
        fields = {"name": form.value("sensor_name").strip() or None, "uid": form.value("uid").strip() or None}
        return editing.save_sensor(services.catalogue, editing.Form(viewer.credential, fields), place.id)

    return await asyncio.to_thread(_done, request, services, viewer, form, (place, None), work, "sensor")


@post("/first-steps/key", guards=[editor], sync_to_thread=True)
def make_key(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor: _Number
) -> Page:
    """A key for the sensor, in the line to copy; the page then waits for what it sends."""
    place, known = _chosen(viewer, None, viewer.sensor(sensor).id)
    secret = editing.give_key(services.catalogue, viewer.credential, sensor)
    return _page(request, services, viewer, (place, known), Form(), secret=secret)


def _chosen(viewer: Viewer, site: int | None, sensor: int | None) -> tuple[Site | None, Sensor | None]:
    if sensor is not None:
        known = viewer.sensor(sensor)
        return viewer.catalogue.site_of(known), known
    return (None if site is None else viewer.site(site)), None


def _brand(services: Services, viewer: Viewer) -> int:
    """A brand that takes another site; the first one is called like the account."""
    catalogue = services.catalogue.current()
    for brand in catalogue.visible_brands(viewer.credential):
        if catalogue.owns_brand(viewer.credential, brand):
            return brand.id
    if not editing.sees_whole_account(viewer.credential):
        raise ForbiddenError("only who sees the whole of a brand may add sites: choose one of yours")
    fields = {"name": catalogue.accounts[viewer.account_id].name}
    return editing.save_brand(services.catalogue, editing.Form(viewer.credential, fields))


def _done(  # noqa: PLR0913, PLR0917  # a step: what it does, and what is shown when it cannot be done
    request: WebRequest,
    services: Services,
    viewer: Viewer,
    form: Form,
    chosen: tuple[Site | None, Sensor | None],
    work: Callable[[], int],
    what: str,
) -> Page | Redirect:
    try:
        number = work()
    except InvalidInputError as error:
        form.refuse(error)
        return _page(request, services, viewer, chosen, form, status=422)
    return redirect(request, f"{_PATH}?{what}={number}")


def _page(  # noqa: PLR0913  # what differs from step to step
    request: WebRequest,
    services: Services,
    viewer: Viewer,
    chosen: tuple[Site | None, Sensor | None],
    form: Form,
    *,
    secret: str | None = None,
    status: int = 200,
) -> Page:
    site, sensor = chosen
    last = last_observations(services, [sensor]).get(sensor.id) if sensor else None
    return page(
        request,
        "first_steps.html",
        title="Connect a sensor",
        status=status,
        form=form,
        site=site,
        sensor=sensor,
        sites=viewer.sites(),
        may_add_site=any(viewer.catalogue.owns_brand(viewer.credential, brand) for brand in viewer.brands())
        or editing.sees_whole_account(viewer.credential),
        zones=sorted(zone_names()),
        sending=Sending.of(request, sensor, secret) if sensor else None,
        last_ms=last,
        refused=rejects(services, viewer, sensor).of_sensor(sensor.id) if sensor else 0,
    )


ROUTES = [show, add_site, add_sensor, make_key]
