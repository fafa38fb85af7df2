"""Pages as files and as mail: what they hold is what the page shows, and nobody is sent more than they may see."""

import csv
import email
import io
import re
from datetime import UTC, datetime
from email import policy

import httpx
import pyarrow.parquet as pq
import pytest
from tests.support import figures
from tests.support.dashboard import Dashboard, add_people
from tests.support.networks import network, other_network
from tests.support.servers import serving
from tests.support.visitors import Browser

from passerby.catalogue.model import Target
from passerby.errors import NotFoundError
from passerby.mailing import Schedule, Wanted
from passerby.mailing.letter import compose
from passerby.services import open_services
from passerby.web import looking
from passerby.web.pages import mailings
from passerby.web.reporting import letter

NOW_MS = round(datetime(2026, 3, 30, 10, 43, tzinfo=UTC).timestamp() * 1000)
DUE_MS = round(datetime(2026, 3, 30, 5, 0, tzinfo=UTC).timestamp() * 1000)
PAGES = ["/app/brands/1234", "/app/sites/1", "/app/screens/3024", "/app/streets/1"]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    services = open_services(tmp_path_factory.mktemp("reporting") / "data")
    try:
        services.catalogue.apply(network())
        services.catalogue.apply(other_network())
        add_people(services)
        with serving(services) as url, pytest.MonkeyPatch.context() as patch:
            patch.setattr(looking, "clock", lambda: NOW_MS)
            with httpx.Client(base_url=url, timeout=60) as http:
                figures.post(http, figures.days_of_observations(NOW_MS, days=9))
            yield Dashboard(url, services)
    finally:
        services.close()


@pytest.fixture
def browsing(dashboard):
    with httpx.Client(base_url=dashboard.url, timeout=60) as http:
        yield lambda who, path: http.get(path, headers={"Cookie": f"passerby_session={dashboard.token(who)}"})


def mailing(dashboard, who="admin", page="overview", place=("brand", 1234), **changes):
    given = {
        "name": "Morning",
        "page": page,
        "place": Target(*place),
        "recipients": ["a@example.com"],
        "formats": ["png", "csv"],
        "schedule": Schedule("day", "07:00", "Europe/Zurich"),
    }
    table = dashboard.services.mailings.table
    return table.create(632, dashboard.person(who).id, Wanted(**(given | changes)), DUE_MS - 1)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_as_a_file(browsing, page):
    pdf = browsing("viewer", f"{page}/files/page.pdf?period=7d")
    assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert "attachment" in pdf.headers["content-disposition"]
    assert browsing("viewer", f"{page}/files/page.doc").status_code == 404
    assert browsing("other", f"{page}/files/page.pdf").status_code == 404


def test_a_chart_as_every_kind_of_file(browsing):
    path = "/app/sites/1/charts/visits"
    rows = list(csv.DictReader(io.StringIO(browsing("viewer", f"{path}.csv?period=7d").text)))
    table = pq.read_table(io.BytesIO(browsing("viewer", f"{path}.parquet?period=7d").content))
    assert table.column_names == list(rows[0])
    assert [row["time"] for row in rows] == table.column("time").to_pylist()
    assert browsing("viewer", f"{path}.png").content[:8] == b"\x89PNG\r\n\x1a\n"
    assert browsing("viewer", f"{path}.svg").text.startswith("<svg")
    assert browsing("viewer", f"{path}.xls").status_code == 404


def test_a_letter_says_what_the_page_says(dashboard, browsing):
    made = letter(dashboard.services, mailing(dashboard), DUE_MS)
    assert made.subject == "Morning: Acme Stores, Sun 29 Mar 2026"
    names = [one.name for one in made.attachments]
    assert names == ["overview-2026-03-29.png", "overview-2026-03-29-visits.csv", "overview-2026-03-29-sites.csv"]
    sites = list(csv.DictReader(io.StringIO(made.attachments[2].content.decode())))
    page = browsing("admin", "/app/brands/1234?period=days&from=2026-03-29&to=2026-03-29").text
    shown = set(figures.shown(page))
    for row in sites:
        for metric in ("visits", "turn_in_rate", "mean_dwell_time", "walk_bys"):
            assert (metric, "site", row["site"], float(row[metric]) if row[metric] else None) in shown
    assert sum(float(row["visits"] or 0) for row in sites) > 0
    assert "Visitors: " in made.text
    assert "each site's own clock" in made.text
    assert "each site&#39;s own clock" in made.html
    message = compose(made, sender="f@example.com", recipient="a@example.com", message_id="<1@x>", now_ms=DUE_MS)
    read = email.message_from_bytes(message.as_bytes(), policy=policy.default)
    assert "overview-2026-03-29.png" in read.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("page", "place"), [("site", ("site", 1)), ("screen", ("sensor", 3024)), ("street", ("site", 1))]
)
def test_each_page_can_be_mailed(dashboard, page, place):
    made = letter(dashboard.services, mailing(dashboard, page=page, place=place, formats=["csv"]), DUE_MS)
    assert made.text
    assert all(one.content for one in made.attachments)


def test_nobody_is_sent_what_its_maker_may_not_see(dashboard):
    narrow = mailing(dashboard, "narrow", formats=["csv"])
    sites = next(
        one for one in letter(dashboard.services, narrow, DUE_MS).attachments if one.name.endswith("sites.csv")
    )
    assert [row["site"] for row in csv.DictReader(io.StringIO(sites.content.decode()))] == ["2"]
    with pytest.raises(NotFoundError, match="may not see it"):
        letter(dashboard.services, mailing(dashboard, "narrow", page="site", place=("site", 1)), DUE_MS)


def test_reports_of_who_may_not_sign_in_any_more_are_not_sent(dashboard):
    made = mailing(dashboard, "editor")
    person = dashboard.person("editor")
    dashboard.services.people.disable(person.id, person.account_id)
    try:
        with pytest.raises(NotFoundError, match="may not sign in any more"):
            letter(dashboard.services, made, DUE_MS)
    finally:
        dashboard.services.people.enable(person.id, person.account_id)


def test_the_form_offers_screens_and_streets_where_there_are_some(dashboard, monkeypatch):
    monkeypatch.setattr(mailings, "clock", lambda: NOW_MS)
    editor = Browser(dashboard.services, dashboard.url, "editor")

    def offered(of=""):
        return re.findall(
            r'<option value="((?:screen|street) \d+)"', editor.get("/app/reports/new", params={"of": of}).text
        )

    assert offered() == ["screen 3024", "screen 3026", "street 1", "street 2"]
    assert offered("screen 3027") == ["screen 3024", "screen 3026", "screen 3027", "street 1", "street 2"]


def test_recipients_stand_one_a_line_as_browsers_end_lines(dashboard):
    form = {
        "of": "overview 1234",
        "name": "Lines",
        "recipients": "a@example.com\r\nb@example.com\r\n",
        "every": "day",
        "at": "07:00",
        "zone": "Europe/Zurich",
        "formats": ["csv"],
    }
    answer = Browser(dashboard.services, dashboard.url).post("/app/reports/new", form)
    assert answer.status_code == 303
    made = dashboard.services.mailings.table.of_account(632)
    assert [one.wanted.recipients for one in made if one.wanted.name == "Lines"] == [["a@example.com", "b@example.com"]]
