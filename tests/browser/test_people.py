"""How people come in, and what they share, in a real Chromium at a desk's width and a telephone's."""

import re

import pytest
from tests.support.dashboard import PASSWORD, WIDTHS, check
from tests.support.networks import network
from tests.support.servers import serving

from passerby.people.signing_in import Attempts
from passerby.services import open_services
from passerby.web import assets


@pytest.fixture(scope="module")
def nobody(tmp_path_factory):
    """A server as it is started for the first time, with nothing in it."""
    services = open_services(tmp_path_factory.mktemp("nobody") / "data")
    try:
        with serving(services) as address:
            yield address, services
    finally:
        services.close()


def fill(services):
    """A share link to look at in the list."""
    admin = services.people.named("admin@example.com")
    services.share_links.create(person_id=admin.id, title="Overview", page="/app/", brands=(), sites=(), days=30)


def test_the_first_start(nobody, window):
    address, services = nobody
    link = f"{address}/app/welcome/{services.people.first_link()}"
    desk, phone = (window(width) for width in WIDTHS)
    phone.goto(address)
    assert phone.get_by_text("Nobody can sign in yet").is_visible()
    for page in (desk, phone):
        page.goto(link)
        check(page, "first-start")
    desk.get_by_label("Your organisation").fill("Herons & Co")
    desk.get_by_label("Your name").fill("Ana")
    desk.get_by_label("E-mail address").fill("ana@example.com")
    desk.get_by_label("Password").fill("short")
    desk.get_by_label("Once more").fill("short")
    desk.get_by_role("button", name="Set the password").click()
    assert desk.get_by_label("Password").get_attribute("aria-invalid") == "true"
    assert desk.get_by_label("Your name").input_value() == "Ana"
    check(desk)
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_label("Once more").fill(PASSWORD)
    desk.get_by_role("button", name="Set the password").click()
    desk.wait_for_url("**/app/")
    assert desk.get_by_role("status").inner_text() == "Your password is set, and you are signed in."
    assert services.catalogue.current().accounts[1].name == "Herons & Co"
    phone.get_by_label("Your name").fill("Bo")  # the other one was slower
    phone.goto(f"{address}/app/sign-in")
    assert phone.get_by_text("Nobody can sign in yet").count() == 0


def test_ten_wrong_passwords(wide, dashboard):
    dashboard.services.sessions_of_people.attempts = Attempts()
    wide.goto(dashboard.url)
    check(wide, "sign-in")
    for _ in range(10):
        wide.get_by_label("E-mail address").fill("viewer@example.com")
        wide.get_by_label("Password").fill("wrong")
        wide.get_by_role("button", name="Sign in").click()
    assert wide.get_by_role("alert").inner_text().startswith("Too many wrong passwords. Try again in 15 minutes")
    check(wide)


def test_signing_in_and_out_with_the_keyboard(tab, dashboard):
    tab.goto(f"{dashboard.url}/app/people")
    tab.get_by_label("E-mail address").focus()
    tab.keyboard.type("admin@example.com")
    tab.keyboard.press("Tab")
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/app/people")  # where one wanted to be
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to content"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url("**/app/sign-in")
    assert tab.get_by_role("status").inner_text() == "You are signed out."


def test_pages_of_people_and_links(page, dashboard):
    viewer = dashboard.person("viewer").id
    for path, name in (
        ("people", "people"),
        ("people/new", "people-new"),
        (f"people/{viewer}", "people-one"),
        ("account", "account"),
        ("links", "links"),
        ("links/new?page=/app/&title=Overview", "links-new"),
        ("nothing/here", None),
    ):
        page.goto(f"{dashboard.url}/app/{path}")
        check(page, name)


def test_the_menu_of_a_telephone(window, dashboard):
    phone = window(360)
    dashboard.sign_in(phone.context)
    phone.goto(f"{dashboard.url}/app/")
    link = phone.get_by_role("link", name="People")
    assert not link.is_visible()
    phone.locator("summary", has_text="Menu").click()
    check(phone, "menu")
    link.click()
    phone.wait_for_url("**/app/people")


def test_a_link_in_a_private_window(page, window, dashboard):
    page.goto(f"{dashboard.url}/app/")
    page.get_by_role("button", name="Share").click()
    page.get_by_label("What it is called").fill("For the wall")
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("The link").input_value()
    check(page, "links-made")
    page.get_by_role("button", name="Copy").click()
    assert page.get_by_text(re.compile("Copied|Selected")).is_visible()

    guest = window(page.viewport_size["width"])
    guest.goto(link)
    guest.wait_for_url("**/app/")
    check(guest, "shared")
    assert guest.get_by_text("Shared by Admin").is_visible()
    assert guest.get_by_role("link", name="People").count() == 0

    page.goto(f"{dashboard.url}/app/links")
    page.get_by_role("button", name="Revoke").first.click()
    assert page.get_by_role("status").inner_text() == "The link to For the wall no longer works."
    guest.reload()
    guest.wait_for_url("**/app/sign-in*")


def test_somebody_is_disabled_after_a_question(tab, dashboard):
    dashboard.sign_in(tab.context)
    person = dashboard.person("narrow").id
    tab.goto(f"{dashboard.url}/app/people/{person}")
    answers = iter((False, True))
    tab.on("dialog", lambda dialog: dialog.accept() if next(answers) else dialog.dismiss())
    tab.get_by_role("button", name="Disable").click()
    assert dashboard.person("narrow").active
    tab.get_by_role("button", name="Disable").click()
    tab.wait_for_url("**/app/people")
    assert not dashboard.person("narrow").active
    tab.get_by_role("button", name="Name").click()
    tab.get_by_role("button", name="Name").click()
    assert tab.locator("tbody th").first.inner_text().startswith("Viewer")


_CHART = """([charts, vega]) => {
    const place = document.createElement("div"), spec = document.createElement("script");
    spec.type = "application/json";
    spec.textContent = JSON.stringify({
        data: {values: [{day: "Mon", visits: 3}, {day: "Tue", visits: 5}]},
        transform: [{calculate: "datum.visits * 2", as: "twice"}],
        mark: {type: "bar", tooltip: true},
        encoding: {x: {field: "day", type: "nominal"}, y: {field: "twice", type: "quantitative"}},
    });
    place.dataset.chart = "";
    place.append(spec);
    document.querySelector("main").replaceChildren(place);
    const script = document.createElement("script");
    script.type = "module";
    script.src = charts;
    script.dataset.vega = vega;
    document.head.append(script);
}"""


def test_charts_are_drawn_without_eval_in_the_colours_of_the_page(window, dashboard):
    """The policy allows neither `eval` nor styles inside a page; the console would say what it refused."""
    for scheme in ("light", "dark"):
        page = window(scheme=scheme)
        dashboard.sign_in(page.context)
        page.goto(f"{dashboard.url}/app/")
        page.evaluate(_CHART, [assets.address("charts.js"), assets.address("vega.js")])
        page.wait_for_selector("[data-drawn] canvas")
        box = page.locator("canvas").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.6)
        page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.62)
        tooltip = page.locator("#vg-tooltip-element.visible")
        tooltip.wait_for()
        assert "Tue" in tooltip.inner_text()
        assert network()["account"]["name"] in page.locator(".who").inner_text()
