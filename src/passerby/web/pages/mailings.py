"""Reports by e-mail: which, to whom, when, and what came of each time."""

from __future__ import annotations

import asyncio
import re

import numpy as np
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from passerby.catalogue.model import Target
from passerby.errors import InvalidInputError, NotFoundError
from passerby.mailing import Mailing, Schedule, Wanted
from passerby.services import Services
from passerby.web.figures.asking import Source, Spot
from passerby.web.figures.period import Choice
from passerby.web.forms import Form
from passerby.web.looking import clock
from passerby.web.places import place_name
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.reporting import REPORT_PAGES
from passerby.web.viewer import Viewer, WebRequest, editor

NAVIGATION = [NavigationItem("Reports", "/app/reports", "Numbers", "report", "editor")]
EVERY = {
    "day": "Every day, about the day before",
    "week": "Every week, about the week before (Monday to Sunday)",
    "month": "On the first of every month, about the month before",
}
# What makes a street of a site, and what is looked back on to tell screens and streets from other places.
_PASSED = ("footfall_count", "vehicle_count")
_LATELY = Choice(period="30d")
FORMATS = {"png": "Picture (PNG)", "pdf": "PDF", "csv": "Data (CSV)"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_Answer = Response[bytes] | Redirect


@get("/reports", guards=[editor], sync_to_thread=True)
def reports_page(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """Every report about places that the viewer sees."""
    found = [one for one in services.mailings.table.of_account(viewer.account_id) if _seen(viewer, one)]
    rows = [(one, _title(viewer, one), next(iter(services.mailings.table.sends(one.id)), None)) for one in found]
    return page(
        request,
        "mailings/list.html",
        title="Reports",
        rows=rows,
        every=EVERY,
        configured=services.mailings.server is not None,
    )


@get("/reports/new", guards=[editor], sync_to_thread=True)
def report_form(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], of: FromQuery[str] = ""
) -> Page:
    """The form for a new report; `of` is the page and place that it begins with, such as `site 1`."""
    known = dict(_subjects(viewer))
    begun = {
        "of": of if of in known else "",
        "every": "day",
        "at": "07:00",
        "weekday": "1",
        "zone": _zone(viewer, of if of in known else next(iter(known), "")) if known else "UTC",
        "formats": ["png", "csv"],
        "recipients": viewer.person.email if viewer.person else "",
        "name": known.get(of, ""),
    }
    return _form(request, services, viewer, Form(begun))


@post("/reports/new", guards=[editor])
async def create_report(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]
) -> _Answer:
    """Make a report."""
    form = await Form.of(request)
    return await asyncio.to_thread(_create, request, services, viewer, form)


def _create(request: WebRequest, services: Services, viewer: Viewer, form: Form) -> _Answer:
    of = form.choice("of", [value for value, _ in _subjects(viewer)] or [""])
    schedule = Schedule(
        form.choice("every", ("day", "week", "month")),
        form.text("at", most=5),
        form.text("zone", most=64),
        form.integer("weekday", least=1, most=7, otherwise=1),
    )
    name = form.text("name", most=200)
    recipients = re.split(r"[\s,;]+", form.text("recipients", most=10_000, lines=True).strip())
    if not form.errors and viewer.person is not None:
        named, _, number = of.partition(" ")
        place = Target(REPORT_PAGES[named].level, int(number))
        wanted = Wanted(name, named, place, recipients, form.values("formats"), schedule)
        try:
            made = services.mailings.table.create(viewer.account_id, viewer.person.id, wanted, clock())
        except InvalidInputError as error:
            form.refuse(error)
        else:
            services.mailings.look()
            return redirect(request, f"/app/reports/{made.id}", "The report is made. It is sent when its time comes.")
    return _form(request, services, viewer, form, 422)


@get("/reports/{report:int}", guards=[editor], sync_to_thread=True)
def report_page(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    report: FromPath[int],
) -> Page:
    """One report, and what came of it."""
    found = _found(services, viewer, report)
    maker = next((one for one in services.people.of_account(viewer.account_id) if one.id == found.person_id), None)
    return page(
        request,
        "mailings/one.html",
        title=found.wanted.name,
        mailing=found,
        of=_title(viewer, found),
        sends=services.mailings.table.sends(report),
        every=EVERY,
        formats=FORMATS,
        weekdays=WEEKDAYS,
        maker=maker,
        configured=services.mailings.server is not None,
    )


@post("/reports/{report:int}/send", guards=[editor], sync_to_thread=True)
def send_report(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    report: FromPath[int],
) -> _Answer:
    """Send a report now, about the days that it would tell of now."""
    _found(services, viewer, report)
    services.mailings.table.ask_now(report, clock())
    services.mailings.look()
    return redirect(request, f"/app/reports/{report}", "It is being sent; what came of it stands below in a moment.")


@post("/reports/{report:int}/remove", guards=[editor], sync_to_thread=True)
def remove_report(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    report: FromPath[int],
) -> _Answer:
    """End a report."""
    found = _found(services, viewer, report)
    services.mailings.table.remove(report)
    return redirect(request, "/app/reports", f"{found.wanted.name} is not sent any more.")


def _seen(viewer: Viewer, mailing: Mailing) -> bool:
    """Whether a report is about a place of the viewer's. Places that are gone are seen by who sees everything."""
    if mailing.account_id != viewer.account_id:
        return False
    if viewer.brand_ids is None and viewer.site_ids is None:
        return True
    return f"{mailing.wanted.page} {mailing.wanted.place.key}" in dict(_subjects(viewer))


def _found(services: Services, viewer: Viewer, number: int) -> Mailing:
    found = services.mailings.table.one(number)
    if not _seen(viewer, found):
        raise NotFoundError("there is no such report")
    return found


def _title(viewer: Viewer, mailing: Mailing) -> str:
    known = REPORT_PAGES.get(mailing.wanted.page)
    return f"{known.title if known else mailing.wanted.page}: {place_name(viewer.catalogue, mailing.wanted.place)}"


def _subjects(viewer: Viewer) -> list[tuple[str, str]]:
    """(value, text) of every page of every place that can be mailed to this viewer."""
    sites = viewer.sites()
    sensors = [(site, viewer.catalogue.sensors[each]) for site in sites for each in site.sensor_ids]
    found = [(f"overview {brand.id}", f"Overview: {brand.name}") for brand in viewer.brands()]
    found += [(f"site {site.id}", f"Site: {site.name}") for site in sites]
    found += [(f"screen {sensor.id}", f"Screen: {site.name}, {sensor.name or sensor.uid}") for site, sensor in sensors]
    found += [(f"street {site.id}", f"Street: {site.name}") for site in sites]
    return found


def _offered(services: Services, viewer: Viewer, chosen: str) -> list[tuple[str, str]]:
    """What the form offers: pages of sensors only of those that are screens, of streets only where anything passed.

    `chosen`: a value that is offered whatever was observed.
    """
    source = Source(services.store, viewer.catalogue, clock())
    sites = viewer.sites()
    spots = [Spot("site", site.id, site.timezone) for site in sites]
    spots += [Spot("sensor", sensor, site.timezone) for site in sites for sensor in site.sensor_ids]
    answer = source.ask(["ots", *_PASSED], spots, {spot.zone: _LATELY.span(spot.zone, source.now_ms) for spot in spots})
    passed = np.add.reduce([answer.totals(name) for name in _PASSED])
    empty = {f"street {spot.key}" for spot, amount in zip(spots, passed, strict=True) if not amount}
    empty |= {f"screen {spot.key}" for spot, seen in zip(spots, answer.totals("ots"), strict=True) if not seen}
    return [(value, text) for value, text in _subjects(viewer) if value == chosen or value not in empty]


def _zone(viewer: Viewer, of: str) -> str:
    """The zone of the place of a page; of a brand that of its first site."""
    page_name, _, number = of.partition(" ")
    target = Target(REPORT_PAGES[page_name].level, int(number))
    site = viewer.catalogue.site_of_target(target) or next(iter(viewer.sites(int(number))), None)
    return site.timezone if site else "UTC"


def _form(request: WebRequest, services: Services, viewer: Viewer, form: Form, status: int = 200) -> Page:
    return page(
        request,
        "mailings/new.html",
        title="New report",
        status=status,
        form=form,
        subjects=_offered(services, viewer, form.value("of")),
        every=list(EVERY.items()),
        weekdays=list(enumerate(WEEKDAYS, 1)),
        formats=list(FORMATS.items()),
        configured=services.mailings.server is not None,
    )


ROUTES = [reports_page, report_form, create_report, report_page, send_report, remove_report]
