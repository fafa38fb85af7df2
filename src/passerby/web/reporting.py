"""Writes the letters of mailed reports: the numbers as text, the sheet as a picture, files as they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from passerby.catalogue.model import Catalogue, Credential, Site
from passerby.catalogue.targets import Level
from passerby.errors import NotFoundError
from passerby.mailing import Attachment, Letter, Mailing
from passerby.people import Person
from passerby.services import Services
from passerby.web.figures.asking import Source
from passerby.web.figures.period import Choice, days_text
from passerby.web.looking import Look, table_csv
from passerby.web.rendering import environment
from passerby.web.sheets import Report, brand_report, screen_report, site_report, street_report


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page that can be mailed: what it is called, and of which places it is."""

    title: str
    level: Level
    make: Callable[[Look, Credential, int], Report]


def _overview(look: Look, who: Credential, number: int) -> Report:
    catalogue = look.source.catalogue
    sites = [site for site in catalogue.visible_sites(who) if site.brand_id == number]
    brand = next((one for one in catalogue.visible_brands(who) if one.id == number), None)
    if brand is None:
        raise _gone()
    return brand_report(look, brand, sites)


def _site(look: Look, who: Credential, number: int) -> Report:
    return site_report(look, _seen_site(look.source.catalogue, who, number))


def _street(look: Look, who: Credential, number: int) -> Report:
    return street_report(look, _seen_site(look.source.catalogue, who, number))


def _screen(look: Look, who: Credential, number: int) -> Report:
    catalogue = look.source.catalogue
    sensor = catalogue.sensors.get(number)
    if sensor is None or not catalogue.may_see_sensor(who, sensor):
        raise _gone()
    return screen_report(look, catalogue.site_of(sensor), sensor)


REPORT_PAGES: Mapping[str, ReportPage] = {
    "overview": ReportPage("Overview", "brand", _overview),
    "site": ReportPage("Site", "site", _site),
    "screen": ReportPage("Screen", "sensor", _screen),
    "street": ReportPage("Street", "site", _street),
}


def writer(services: Services) -> Callable[[Mailing, int], Letter]:
    """What `Mailings.start` needs: the letter of a report for the time at which it is sent."""

    def write(mailing: Mailing, due_ms: int) -> Letter:
        return letter(services, mailing, due_ms)

    return write


def letter(services: Services, mailing: Mailing, due_ms: int) -> Letter:
    """The letter of a report about the whole days before `due_ms`.

    It shows what the person who made it may see at this moment. Raises NotFoundError when that person, the page or the
    place is no more.
    """
    who = _maker(services, mailing).credential
    wanted = mailing.wanted
    first, end = wanted.schedule.period(due_ms)
    last = end - timedelta(days=1)
    look = Look(
        Source(services.store, services.catalogue.current(), due_ms), Choice(period="days", start=first, until=last), ()
    )
    found = REPORT_PAGES.get(wanted.page)
    if found is None or not isinstance(wanted.place.key, int):
        raise _gone()
    report = found.make(look, who, wanted.place.key)
    stem = f"{wanted.page}-{first.isoformat()}"
    attachments = _attachments(report, wanted.formats, stem)
    context = {
        "name": wanted.name,
        "days": days_text(first, last),
        "sheet": report.sheet,
        "picture": f"{stem}.png" if "png" in wanted.formats else None,
        "maker": _maker(services, mailing).name,
    }
    return Letter(
        f"{wanted.name}: {report.sheet.title}, {days_text(first, last)}",
        environment.get_template("mail/report.txt").render(context),
        environment.get_template("mail/report.html").render(context),
        attachments,
    )


def _attachments(report: Report, wanted: Collection[str], stem: str) -> list[Attachment]:
    made = []
    if "png" in wanted:
        made.append(Attachment(f"{stem}.png", "image/png", report.sheet.png()))
    if "pdf" in wanted:
        made.append(Attachment(f"{stem}.pdf", "application/pdf", report.sheet.pdf()))
    if "csv" in wanted:
        tables: dict[str, pa.Table] = {name: chart.table() for name, chart in report.charts.items()}
        if report.table is not None:
            tables["sites"] = report.table
        made += [Attachment(f"{stem}-{name}.csv", "text/csv", table_csv(table)) for name, table in tables.items()]
    return made


def _maker(services: Services, mailing: Mailing) -> Person:
    """Who made a report, while they may sign in."""
    person = services.people.get(mailing.person_id, mailing.account_id)
    if not person.active:
        raise NotFoundError(f"{person.name}, who made this report, may not sign in any more")
    return person


def _seen_site(catalogue: Catalogue, who: Credential, number: int) -> Site:
    site = catalogue.sites.get(number)
    if site is None or not catalogue.may_see_site(who, site):
        raise _gone()
    return site


def _gone() -> NotFoundError:
    return NotFoundError("its place is gone, or whoever made it may not see it any more")
