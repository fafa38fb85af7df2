"""Draws docs/images/dashboard-*.png: every page of a demonstration, which has to be a new one.

    export PASSERBY_SMTP_HOST=127.0.0.1 PASSERBY_SMTP_PORT=8025 PASSERBY_SMTP_SECURITY=none
    export PASSERBY_MAIL_FROM=reports@example.com
    .venv/bin/passerby demo --data demo-data &
    .venv/bin/python docs/pictures/dashboard.py demo-data http://127.0.0.1:8080

Needs a Chromium (`make browser`). It receives the demonstration's mail on port 8025 and its webhooks on port 9000. The
pictures show whatever the demonstration counted until now.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from palette import shrink
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from passerby.catalogue.repository import Repository
from passerby.people import People, Sessions
from passerby.simulate.showcase import EMAIL, NATIVE_KEY

IMAGES = Path(__file__).parents[1] / "images"
WIDE, NARROW = 1280, 390
LEAST, MOST = 800, 1600
MAIL_PORT, WEBHOOK_PORT = 8025, 9000
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Demonstration:
    """What the pages are taken of. `browser` is signed in, `stranger` is nobody."""

    data: Path
    address: str
    account: int
    browser: BrowserContext
    stranger: BrowserContext
    directory: Path
    people: People
    numbers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shot:
    """A picture: of which page, after what was done on it. A path may name the `numbers` of the demonstration."""

    name: str
    path: str
    prepare: Callable[[Page, Demonstration], None] | None = None
    width: int = WIDE
    stranger: bool = False


def press(page: Page, name: str) -> None:
    """Press a button or link of the page itself, and wait for what comes of it."""
    page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state()


def first_listed(page: Page, _: Demonstration) -> None:
    """Open what the list begins with."""
    page.locator("tbody th a").first.click()
    page.wait_for_load_state()


def until(page: Page, wanted: Locator) -> None:
    """Load the page again until it has what is wanted, for a minute at most."""
    for _ in range(120):
        if wanted.count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise SystemExit(f"{page.url} never has {wanted}")


def fill_key(page: Page, _: Demonstration) -> None:
    """A key for a program that reads."""
    page.get_by_label("Quividi").check()
    page.fill("[name=name]", "signage-reports")


def make_key(page: Page, demonstration: Demonstration) -> None:
    """A key, shown once."""
    fill_key(page, demonstration)
    press(page, "Make the key")


def fill_webhook(page: Page, _: Demonstration) -> None:
    """A webhook to the receiver of the how-to."""
    page.fill("[name=url]", f"http://127.0.0.1:{WEBHOOK_PORT}/hooks/acme")
    page.select_option("[name=place]", index=1)


def use_webhook(page: Page, _: Demonstration) -> None:
    """A webhook that was sent something."""
    first_listed(page, _)
    noon = datetime.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)  # noqa: DTZ005 - the form's time is local
    page.fill("[name=start]", f"{noon:%Y-%m-%dT%H:%M:%S}")
    page.fill("[name=end]", f"{noon + timedelta(minutes=20):%Y-%m-%dT%H:%M:%S}")
    press(page, "Send again")
    until(page, page.get_by_text("finished", exact=True))


def make_webhook(page: Page, _: Demonstration) -> None:
    """The secret, shown once."""
    fill_webhook(page, _)
    press(page, "Make the webhook")


def fill_feed(page: Page, _: Demonstration) -> None:
    """Visitors by hour."""
    page.fill("[name=name]", "Visitors by hour")
    page.select_option("[name=type]", "series")
    page.select_option("[name=period]", "7d")


def make_feeds(page: Page, _: Demonstration) -> None:
    """Two feeds."""
    fill_feed(page, _)
    press(page, "Make the feed")
    page.goto(page.url + "/new")
    page.fill("[name=name]", "In now, for the door")
    page.select_option("[name=metric]", "occupancy")
    page.select_option("[name=place]", "site 1")
    press(page, "Make the feed")
    page.reload()


def fill_report(page: Page, _: Demonstration) -> None:
    """A report to two."""
    page.fill("[name=name]", "Acme Stores, yesterday")
    page.fill("[name=recipients]", "ada@example.com\nben@example.com")


def send_report(page: Page, _: Demonstration) -> None:
    """A report that was sent."""
    fill_report(page, _)
    press(page, "Make the report")
    press(page, "Send now")
    until(page, page.locator("tbody tr"))


def add_person(page: Page, name: str, role: str, sites: int) -> None:
    """Somebody, with the first sites alone."""
    page.fill("[name=name]", name)
    page.fill("[name=email]", f"{name.split(maxsplit=1)[0].lower()}@example.com")
    page.check(f"[name=role][value={role}]")
    for box in page.locator("[name=sites]").all()[:sites]:
        box.check()


def fill_person(page: Page, _: Demonstration) -> None:
    """An editor of two sites."""
    add_person(page, "Ada Keller", "editor", 2)


def make_people(page: Page, demonstration: Demonstration) -> None:
    """Two more people; the link of the second one."""
    fill_person(page, demonstration)
    press(page, "Add, and make the link")
    page.goto(demonstration.address + "/app/people/new")
    add_person(page, "Ben Otieno", "viewer", 0)
    press(page, "Add, and make the link")


def make_link(page: Page, _: Demonstration) -> None:
    """A link, shown once."""
    press(page, "Make the link")


def first_steps(page: Page, demonstration: Demonstration) -> None:
    """Wait for the first row of a new camera in a new site."""
    page.fill("[name=name]", "Main street store")
    page.fill("[name=timezone]", "Europe/Zurich")
    press(page, "Add the site")
    page.fill("[name=sensor_name]", "Door camera")
    press(page, "Add the sensor")
    demonstration.numbers["camera"] = page.url.rpartition("=")[2]
    press(page, "Make a key and show the line")


def draw(page: Page, demonstration: Demonstration) -> None:
    """A door and a zone on the picture of the new camera."""
    still = demonstration.directory / "still.png"
    with page.context.new_page() as camera:
        camera.set_viewport_size({"width": 960, "height": 540})
        camera.set_content((Path(__file__).with_name("shop.svg")).read_text())
        camera.locator("svg").screenshot(path=still)
    page.set_input_files("[name=picture]", still)
    press(page, "Upload")
    page.goto(page.url)
    canvas = page.locator(".canvas svg")
    box = canvas.bounding_box() or {"width": 0.0, "height": 0.0}
    for tool, name, points in (
        ("Draw a line", "Door", ((0.775, 0.37), (0.225, 0.37))),
        ("Draw a zone", "New arrivals", ((0.045, 0.54), (0.27, 0.54), (0.22, 0.87), (0.01, 0.87))),
    ):
        page.get_by_role("button", name=tool).click()
        for x, y in points:
            canvas.click(position={"x": x * box["width"], "y": y * box["height"]})
        page.get_by_role("button", name="Done").click()
        page.locator("[data-name]:visible").last.fill(name)
    page.evaluate("scrollTo(0, 0)")


def refuse(page: Page, demonstration: Demonstration) -> None:
    """Rows that name no line that there is, and no sensor."""
    camera = int(demonstration.numbers["camera"])
    minutes = [f"{datetime.now().astimezone() - timedelta(minutes=each):%Y-%m-%dT%H:%M:%S%z}" for each in range(14)]
    rows: list[dict[str, object]] = [
        {"kind": "crossing", "sensor": camera, "line": 7, "at": each, "direction": "in"} for each in minutes
    ]
    rows += [
        {"kind": "crossing", "sensor": "Q2XX-ABCD-1234", "line": 1, "at": each, "direction": "in"}
        for each in minutes[:3]
    ]
    page.request.post(
        demonstration.address + "/v1/observations",
        data=rows,
        headers={"Authorization": f"Bearer {NATIVE_KEY}"},
    )
    page.reload()


def invited(page: Page, demonstration: Demonstration) -> None:
    """The page that a link for a password opens."""
    whose = demonstration.people.named("ben@example.com")
    page.goto(
        f"{demonstration.address}/app/welcome/{demonstration.people.password_link(whose.id, demonstration.account)}"
    )


# In this order: figures before anything is added that sent nothing yet, lists after what stands in them.
SHOTS = (
    Shot("overview", "/app/brands/1234"),
    Shot("overview-narrow", "/app/brands/1234", width=NARROW),
    Shot("wall", "/app/brands/1234/wall"),
    Shot("site", "/app/sites/1?period=30d&compare=none"),
    Shot("site-narrow", "/app/sites/1?period=7d&compare=none", width=NARROW),
    Shot("home", "/app/"),
    Shot("screens", "/app/screens?period=7d"),
    Shot("screen", "/app/screens?period=7d", first_listed),
    Shot("streets", "/app/streets?period=7d"),
    Shot("street", "/app/streets?period=7d", first_listed),
    Shot("sensors", "/app/sensors"),
    Shot("sensor", "/app/sensors", first_listed),
    Shot("catalogue", "/app/catalogue"),
    Shot("catalogue-contents", "/app/catalogue/contents"),
    Shot("catalogue-brand", "/app/catalogue/brands/1234"),
    Shot("catalogue-site", "/app/catalogue/sites/1"),
    Shot("report-new", "/app/reports/new?of=brand+1234", fill_report),
    Shot("report", "/app/reports/new?of=brand+1234", send_report),
    Shot("reports", "/app/reports"),
    Shot("key-new", "/app/keys/new", fill_key),
    Shot("key-made", "/app/keys/new", make_key),
    Shot("keys", "/app/keys"),
    Shot("webhook-new", "/app/webhooks/new", fill_webhook),
    Shot("webhook-made", "/app/webhooks/new", make_webhook),
    Shot("webhook", "/app/webhooks", use_webhook),
    Shot("webhooks", "/app/webhooks"),
    Shot("feed-new", "/app/feeds/new", fill_feed),
    Shot("feeds", "/app/feeds/new", make_feeds),
    Shot("api", "/app/api"),
    Shot("person-new", "/app/people/new", fill_person),
    Shot("person-made", "/app/people/new", make_people),
    Shot("people", "/app/people"),
    Shot("link-new", "/app/links/new?title=Acme+Stores&page=/app/brands/1234&brand=1234"),
    Shot("link-made", "/app/links/new?title=Acme+Stores&page=/app/brands/1234&brand=1234", make_link),
    Shot("links", "/app/links"),
    Shot("account", "/app/account"),
    Shot("first-steps", "/app/first-steps", first_steps),
    Shot("drawing", "/app/sensors/{camera}/drawing", draw),
    Shot("rejected", "/app/rejected", refuse),
    Shot("sign-in", "/app/sign-in", stranger=True),
    Shot("welcome", "/app/sign-in", invited, stranger=True),
)


def fitted(page: Page, width: int) -> None:
    """Make the window as high as the page, within limits, and wait until its charts are drawn."""
    page.evaluate("document.activeElement?.blur()")
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(height, LEAST), MOST)})
    for chart in page.locator("[data-chart]").all():
        box = chart.bounding_box()
        if box is not None and box["y"] < MOST:
            chart.locator("canvas").wait_for()


def take(demonstration: Demonstration, shot: Shot) -> None:
    """Take one picture; complains when something is wider than the page."""
    context = demonstration.stranger if shot.stranger else demonstration.browser
    with demonstration.stranger.new_page() as reader, context.new_page() as page:
        page.set_viewport_size({"width": shot.width, "height": LEAST})
        page.goto(demonstration.address + shot.path.format(**demonstration.numbers))
        if shot.prepare:
            shot.prepare(page, demonstration)
        fitted(page, shot.width)
        path = IMAGES / f"dashboard-{shot.name}.png"
        page.screenshot(path=path)
        shrink(reader, path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        print(shot.name, "" if wide <= shot.width else f"is {wide} wide")  # noqa: T201 - says how far it is


class Receiver(BaseHTTPRequestHandler):
    """Takes every webhook."""

    def do_POST(self) -> None:
        """Read and forget."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def demonstrated(data: Path, address: str, browser: Browser, directory: Path) -> Demonstration:
    """The demonstration in `data`, with its first person signed in and webhooks to this machine allowed."""
    repository = Repository(data / "catalogue.sqlite")
    catalogue = repository.current()
    if catalogue.webhooks:
        raise SystemExit(f"the demonstration in {data} is not a new one: begin another")
    account = catalogue.accounts[min(catalogue.accounts)]
    repository.apply(
        {"account": {"id": account.id, "name": account.name}, "settings": {"allow_private_webhooks": True}}
    )
    people = People(repository.engine)
    signed_in, stranger = (browser.new_context(locale="en-GB", timezone_id="Europe/Zurich") for _ in range(2))
    token = Sessions(repository.engine, people).begin(people.named(EMAIL).id)
    signed_in.add_cookies([{"name": "passerby_session", "value": token, "url": address}])
    return Demonstration(data, address, account.id, signed_in, stranger, directory, people)


def main(data: Path, address: str) -> None:
    """Take the pictures."""
    named = os.environ.get("PASSERBY_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    with ExitStack() as stack:
        receiver = ThreadingHTTPServer(("127.0.0.1", WEBHOOK_PORT), Receiver)
        Thread(target=receiver.serve_forever, daemon=True).start()
        stack.callback(receiver.shutdown)
        mail = Controller(Sink(), hostname="127.0.0.1", port=MAIL_PORT)
        mail.start()
        stack.callback(mail.stop)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=named, chromium_sandbox=os.geteuid() != 0)
        stack.callback(browser.close)
        demonstration = demonstrated(data, address, browser, directory)
        for shot in SHOTS:
            take(demonstration, shot)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
