"""Sensors in a real browser: the first five steps, drawing by mouse and by keyboard, mending what was refused."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support.dashboard import check
from tests.support.networks import KEY
from tests.support.pictures import jpeg, png

NOW = datetime.now(UTC)
PAGES = {
    "sensors": "/app/sensors",
    "sensor": "/app/sensors/3024",
    "rejected": "/app/rejected",
    "catalogue": "/app/catalogue",
    "contents": "/app/catalogue/contents",
    "brand": "/app/catalogue/brands/1234",
    "site": "/app/catalogue/sites/1",
    "new-sensor": "/app/catalogue/new?what=sensors&of=1",
    "remove": "/app/catalogue/sites/1/remove",
    "drawing": "/app/sensors/3024/drawing",
    "first-steps": "/app/first-steps",
}


@pytest.fixture(scope="module")
def sent(dashboard):
    """Days of observations, and rows that are refused."""
    days = [NOW - timedelta(days=day) for day in range(10)]
    rows = [
        {"kind": "uptime", "sensor": 3024, "start": (day - timedelta(hours=20)).isoformat(), "duration_ms": 72_000_000}
        for day in days
    ]
    rows += [
        {"kind": "crossing", "sensor": 3024, "line": 70, "at": NOW.isoformat(), "direction": "in"},
        {"kind": "wifi_visit", "sensor": 3024, "start": NOW.isoformat(), "duration_ms": 5, "rssi": 4, "device": "aa"},
    ]
    post(dashboard, rows)


def post(dashboard, rows, key=KEY):
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(f"{dashboard.url}/v1/observations?wait=visible", json=rows, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_page_fits_and_can_be_used_by_everybody(page, dashboard, sent):
    for name, path in PAGES.items():
        page.goto(dashboard.url + path)
        for closed in page.locator("details:not([open]):not([data-menu]) > summary").all():
            if closed.is_visible() and "meaning" not in (closed.locator("..").get_attribute("class") or ""):
                closed.click()
        check(page, name)


def test_the_names_of_lines_and_zones_can_be_read(page, dashboard):
    page.goto(dashboard.url + PAGES["sensor"])
    names = page.locator(".canvas text")
    names.first.wait_for()
    heights = [one.bounding_box()["height"] for one in names.all()]
    assert len(heights) == 3
    assert min(heights) >= 12


def test_pages_in_the_dark(window, dashboard, sent):
    page = window(scheme="dark")
    dashboard.sign_in(page.context)
    for name in ("sensors", "sensor", "drawing"):
        page.goto(dashboard.url + PAGES[name])
        check(page, f"{name}-dark")


def test_five_steps_to_the_first_visitor(page, dashboard):
    page.goto(f"{dashboard.url}/app/first-steps")
    page.get_by_label("A new site").fill("Corner shop")
    zone = page.get_by_label("Time zone")
    assert zone.input_value()  # the browser's own
    zone.fill("Europe/Bratislava")
    page.get_by_role("button", name="Add the site").click()
    page.get_by_label("Name of the sensor").fill("Door counter")
    page.get_by_role("button", name="Add the sensor").click()
    page.get_by_role("button", name="Make a key and show the line").click()
    assert "Waiting for Door counter" in page.get_by_role("status").filter(has_text="Waiting").inner_text()
    check(page, "first-steps-waiting")
    chart = page.get_by_role("link", name="Open the chart of Corner shop")
    assert not chart.is_visible()
    sensor = page.locator("[data-arrival]").get_attribute("data-arrival").split("/")[3]
    key = page.get_by_label("The key of this sensor").input_value()
    assert key in page.locator("#curl").inner_text()
    row = {"kind": "visit", "sensor": int(sensor), "start": NOW.isoformat(), "duration_ms": None}
    assert post(dashboard, [row], key)["accepted"] == 1
    chart.wait_for(state="visible")  # without loading anything again
    assert "It arrived" in page.locator("[data-arrived]").inner_text()
    site = dashboard.services.catalogue.current().sensors[int(sensor)].site_id
    assert chart.get_attribute("href") == f"/app/sites/{site}"


@pytest.fixture
def camera(page, dashboard):
    """A sensor of its own, with a picture, and its page for drawing opened in `page`."""
    page.goto(f"{dashboard.url}/app/catalogue/new?what=sensors&of=2")
    page.get_by_label("Name", exact=False).first.fill("Camera")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("link", name="Lines and zones").click()
    page.get_by_label("A picture").set_input_files(
        {"name": "still.png", "mimeType": "image/png", "buffer": png(640, 360)}
    )
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("Pixels of the picture, 640 by 360").wait_for()
    return int(page.url.split("/")[-2])


def place(page, x, y):
    """Where a pixel of the picture is in the window."""
    box = page.locator(".canvas svg").bounding_box()
    return box["x"] + x * box["width"] / 640, box["y"] + y * box["height"] / 360


def drawn(dashboard, sensor):
    return next(iter(dashboard.services.catalogue.current().sensors[sensor].lines.values()))


def saved(page):
    page.get_by_role("button", name="Save lines and zones").click()
    page.get_by_text("The lines and zones are saved.").wait_for()


def test_a_door_drawn_with_the_mouse(page, dashboard, camera):
    page.locator(".canvas").scroll_into_view_if_needed()
    page.get_by_role("button", name="Draw a line").click()
    for x, y in ((100, 200), (400, 200)):
        page.mouse.click(*place(page, x, y))
    page.get_by_role("button", name="Done").click()
    page.locator("[name='lines[0].name']").fill("Door")
    # From left to right, inside is left: what one sees above the line.
    assert page.locator(".drawn.line").get_attribute("data-inside") == "0 -1"
    page.get_by_role("button", name="Turn the arrow").click()
    assert page.locator(".drawn.line").get_attribute("data-inside") == "0 1"
    page.locator(".canvas").scroll_into_view_if_needed()
    page.mouse.move(*place(page, 400, 200))
    page.mouse.down()
    page.mouse.move(*place(page, 450, 240), steps=3)
    page.mouse.up()
    check(page, "drawing-line")
    saved(page)
    line = drawn(dashboard, camera)
    assert (line.name, line.entrance, line.inside) == ("Door", True, "right")
    pixel = 640 / page.evaluate("document.querySelector('.canvas svg').clientWidth")
    for point, wanted in zip(line.points, ((100, 200), (450, 240)), strict=True):
        assert all(abs(a - b) <= pixel + 1 for a, b in zip(point, wanted, strict=True)), line.points


@pytest.mark.parametrize("wide", [1280], indirect=True)
def test_a_door_drawn_by_keyboard(page, dashboard, camera):
    page.get_by_role("button", name="Draw a line").focus()
    page.keyboard.press("Enter")
    first = page.get_by_role("button", name="New line, point 1")
    assert first.evaluate("e => e === document.activeElement")
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.get_by_text("Points as numbers").click()
    page.get_by_label("x of point 2").fill("500")
    page.get_by_role("button", name="Add a point").click()
    page.get_by_label("y of point 3").fill("300")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="New line, point 2").focus()
    page.keyboard.press("Delete")
    page.locator("[name='lines[0].name']").fill("Door")
    saved(page)
    line = drawn(dashboard, camera)
    assert line.points[0] == (214, 189)  # a sixth from the middle: 213, 180; then 1 right, 1 up, 10 down
    assert line.points[1][1] == 300


@pytest.mark.parametrize("wide", [390], indirect=True)
def test_a_zone_drawn_taken_back_and_drawn_again(page, dashboard, camera):
    corners = ((100, 100), (300, 100), (300, 250))
    page.locator(".canvas").scroll_into_view_if_needed()
    for last in ("Cancel", "Done"):
        page.get_by_role("button", name="Draw a zone").click()
        for x, y in corners:
            page.mouse.click(*place(page, x, y))
        page.locator(".tools").get_by_role("button", name=last).click()
        assert page.locator("[data-shape=zone]").count() == (last == "Done")
    saved(page)
    zone = next(iter(dashboard.services.catalogue.current().sensors[camera].zones.values()))
    assert len(zone.polygon) == 3


def test_a_line_that_was_missing_is_drawn_and_what_was_refused_replayed(tab, dashboard, sent):
    dashboard.sign_in(tab.context)
    tab.goto(f"{dashboard.url}/app/rejected")
    refused = tab.locator(".rejected").filter(has_text="line: this sensor has no such line")
    refused.get_by_role("button", name="Replay").click()
    tab.get_by_text("Nothing was taken; 1 was refused again").wait_for()
    tab.goto(f"{dashboard.url}/app/sensors/3024/drawing")
    tab.get_by_role("button", name="Draw a line").focus()
    tab.keyboard.press("Enter")
    new = tab.locator("[data-shape=line]").last
    new.get_by_text("For programs").click()
    new.get_by_label("Number").fill("70")  # the one that the rows name
    saved(tab)
    tab.goto(f"{dashboard.url}/app/rejected")
    refused.get_by_role("button", name="Replay").click()
    tab.get_by_text("1 row taken, none left over.").wait_for()
    assert refused.count() == 0


def test_a_photo_is_a_picture_too(tab, dashboard):
    dashboard.sign_in(tab.context)
    tab.goto(f"{dashboard.url}/app/sensors/3026/drawing")
    upload = tab.get_by_label("A picture")
    upload.set_input_files({"name": "still.jpg", "mimeType": "image/jpeg", "buffer": jpeg()})
    tab.get_by_role("button", name="Upload").click()
    tab.locator(".canvas image").wait_for()
    loaded = "async () => { const i = new Image(); i.src = document.querySelector('.canvas image').href.baseVal;"
    assert tab.evaluate(f"{loaded} await i.decode(); return [i.naturalWidth, i.naturalHeight]; }}") == [16, 8]
