"""The pages of brands, sites, screens and streets in a real browser: drawn, compared, sorted, and live."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support import figures
from tests.support.dashboard import check, fits
from tests.support.networks import KEY

PAGES = {
    "overview": "/app/brands/1234?period=30d",
    "site": "/app/sites/1?period=7d",
    "screen": "/app/screens/3024?period=7d",
    "street": "/app/streets/1?period=7d",
    "screens": "/app/screens?period=7d",
    "streets": "/app/streets?period=7d",
    "wall": "/app/brands/1234/wall",
}


@pytest.fixture(scope="module", autouse=True)
def observations(dashboard):
    """More than a month of observations until now."""
    with httpx.Client(base_url=dashboard.url, timeout=60) as http:
        figures.post(http, figures.days_of_observations(time.time_ns() // 1_000_000, days=40))


def drawn(page):
    """Every chart is drawn, those further down once one has come near them."""
    charts = page.locator("[data-chart]")
    for number in range(charts.count()):
        one = charts.nth(number)
        one.scroll_into_view_if_needed()
        one.locator("canvas").wait_for()
    page.locator("[data-chart]:not([data-drawn])").first.wait_for(state="detached")
    page.evaluate("scrollTo(0, 0)")
    return charts.count()


@pytest.mark.parametrize("name", PAGES)
def test_a_page(page, dashboard, name):
    page.goto(dashboard.url + PAGES[name])
    drawn(page)
    check(page, name)


@pytest.mark.parametrize("name", ["site", "street"])
def test_what_numbers_mean_is_shown_inside_the_window(page, dashboard, name):
    page.goto(dashboard.url + PAGES[name])
    drawn(page)
    meanings = page.locator("main details.meaning")
    assert meanings.count() > 5
    for one in meanings.all():
        one.locator("summary").click()
        page.wait_for_function(
            """text => {
                const { left, right } = text.getBoundingClientRect();
                return left >= 0 && right <= document.documentElement.clientWidth;
            }""",
            arg=one.locator("p").element_handle(),
        )
        fits(page)
        one.locator("summary").click()


def test_in_the_dark(window, dashboard):
    page = window(390, "dark")
    dashboard.sign_in(page.context)
    for name in ("overview", "site", "screen", "street"):
        page.goto(dashboard.url + PAGES[name])
        assert drawn(page)
        check(page, f"{name}-dark")


def test_two_weeks_are_compared(page, dashboard):
    monday = datetime.now(UTC).date() - timedelta(days=datetime.now(UTC).weekday() + 7)
    page.goto(f"{dashboard.url}/app/brands/1234")
    page.locator(".choose summary").click()
    page.get_by_label("Period", exact=True).select_option("Other days")
    page.get_by_label("First day").fill(monday.isoformat())
    page.get_by_label("Last day").fill((monday + timedelta(days=6)).isoformat())
    page.get_by_label("Compare with").select_option("Same weekdays before")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**compare=week**")
    drawn(page)
    check(page, "two-weeks")
    tile = page.locator(".stat", has_text="Visitors").first
    weeks = [total(dashboard, monday), total(dashboard, monday - timedelta(days=7))]
    assert float(tile.locator("data").get_attribute("value")) == weeks[0]
    then = re.search(r"(?:against|was) ([\d\u202f]+)", tile.inner_text())[1]
    assert int(then.replace("\u202f", "")) == weeks[1]
    # The address says it all: whoever gets it sees the same.
    address = page.url
    page.goto(f"{dashboard.url}/app/")
    page.goto(address)
    assert float(page.locator(".stat data").first.get_attribute("value")) == weeks[0]


def total(dashboard, monday):
    """The visits of a week, by the API."""
    answer = httpx.get(
        f"{dashboard.url}/v1/metrics",
        params={
            "metric": "visits", "site": [1, 2], "start": f"{monday}T00:00:00", "bucket": "1M", "timezone": "site",
            "end": f"{monday + timedelta(days=7)}T00:00:00",
        },
        headers={"Authorization": f"Bearer {KEY}"},
    )  # fmt: skip
    return sum(value for series in answer.json()["series"] for _, value in series["points"])


def test_sites_are_sorted_and_found_by_keyboard(tab, dashboard):
    dashboard.sign_in(tab.context)
    tab.goto(f"{dashboard.url}/app/brands/1234?period=7d")
    names = tab.locator("#sites tbody th a")
    tab.get_by_role("columnheader", name="Site").get_by_role("link").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**sort=name**")
    assert names.all_inner_texts() == ["Manhattan store", "Zurich store"]
    tab.get_by_role("columnheader", name="Site").get_by_role("link").click()
    tab.wait_for_url("**order=desc**")
    assert names.all_inner_texts() == ["Zurich store", "Manhattan store"]
    assert tab.locator("th[aria-sort=descending]").inner_text().startswith("Site")


def test_a_chart_can_be_read_as_a_table(tab, dashboard):
    dashboard.sign_in(tab.context)
    tab.goto(f"{dashboard.url}/app/sites/1?period=7d")
    chart = tab.locator("#chart-visits")
    chart.get_by_text("As a table").click()
    assert chart.locator("tbody tr").count() == 7
    assert "Visitors by day." in chart.get_by_role("img").get_attribute("aria-label")
    with tab.expect_download() as download:
        chart.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "visits.csv"


def test_how_many_are_in_changes_without_a_reload(tab, dashboard):
    dashboard.sign_in(tab.context)
    tab.goto(f"{dashboard.url}/app/sites/2")
    shown = tab.locator("[data-live='site 2']")
    tab.locator("[data-live-state]:not(.stale)").first.wait_for()
    before = int(shown.first.inner_text())
    crossing = {"kind": "crossing", "sensor": 3026, "line": 1, "direction": "in", "at": datetime.now(UTC).isoformat()}
    with httpx.Client(base_url=dashboard.url, timeout=60) as http:
        figures.post(http, [{**crossing, "id": f"live-{number}"} for number in range(3)])
    tab.locator("[data-live='site 2']", has_text=str(before + 3)).wait_for()
    zone = {"kind": "zone_visit", "sensor": 3026, "zone": 11, "start": datetime.now(UTC).isoformat()}
    with httpx.Client(base_url=dashboard.url, timeout=60) as http:
        figures.post(http, [{**zone, "id": "live-zone", "duration_ms": 3_600_000}])
    tab.locator("[data-live='zone 3026/11']", has_text=re.compile("^[1-9]")).wait_for()


def test_works_without_scripts(browser, dashboard):
    context = browser.new_context(java_script_enabled=False)
    dashboard.sign_in(context)
    page = context.new_page()
    page.goto(f"{dashboard.url}/app/brands/1234?period=30d")
    assert page.locator(".stat data").first.inner_text() != ""
    page.get_by_role("columnheader", name="Visitors").get_by_role("link").click()
    assert page.locator("th[aria-sort]").inner_text().startswith("Visitors")
    page.locator("#sites tbody th a").first.click()
    assert page.locator("#chart-visits .as-table").count() == 1
    context.close()
