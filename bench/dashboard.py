"""(l) The overview of a brand in a real Chromium: when it is painted, and how much it weighs."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from bench import facts, network
from bench.data import data_directory
from bench.report import Figure, Section, Target
from bench.server import Server, serve
from passerby.catalogue.repository import Repository
from passerby.errors import PasserbyError
from passerby.people import People, Sessions

# Half a year, so that 90 days have others before them.
STORED = facts.Size("25M", 182, 500)
DAYS = 90
TIMES = 5
PAINT = Target(1_500, unit="ms")
AFTER_START = Target(1_500, unit="ms", remedy="sums of past days that outlast a restart.")
COLD = Target(1_500, unit="kB")
WARM = Target(50, unit="kB")
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_EMAIL = "bench@example.com"
_MEASURE = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const all = [page, ...performance.getEntriesByType("resource")];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return {
    paint: paint.startTime,
    numbers: window.numbersAt,
    answer: page.responseStart,
    weight: all.reduce((sum, each) => sum + each.transferSize, 0),
    page: page.transferSize,
  };
}"""

# What is there in an animation frame is painted by it; the next task comes after.
_WATCH = """new MutationObserver((_, watching) => {
  if (!document.querySelector(".stats")) return;
  watching.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.numbersAt = performance.now(); }));
}).observe(document, {childList: true, subtree: true});"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page: ms until its first paint, that of its numbers, its first byte; bytes over the wire."""

    paint: float
    numbers: float
    answer: float
    weight: float
    page: float


def run(folder: Path) -> Section:
    """Measure the overview of a day and of 90."""
    section = Section("l", f"The overview of a brand in Chromium: {STORED.sites} sites")
    data = data_directory(folder, STORED)
    token = session(data)
    with chromium() as browser:
        for name, path in pages().items():
            with serve(data, folder / "dashboard.log") as server:
                server.live()
                first, (cold, warm) = look(browser, server, token, path), visits(browser, server, token, path)
            _add(section, name, first, cold, warm)
    section.note(
        "The first paint is the head of the page with what is chosen; the numbers follow in the same answer as soon "
        "as they are computed, charts after them. A server that has just begun adds up every day of the page; later "
        "it keeps the sums of days that are over, until a fact of theirs arrives. Each figure but those of the first "
        f"look is the median of {TIMES} looks. Nothing kept: a browser that has never been there. The weight is all "
        "that went over the wire until the first chart was drawn, as the browser counts it. Chromium and the server "
        f"share the machine. {STORED.name} visits of {STORED.days} days are stored."
    )
    return section


def _add(section: Section, name: str, first: Visit, cold: Sequence[Visit], warm: Sequence[Visit]) -> None:
    def median(looks: Sequence[Visit], what: str) -> float:
        return statistics.median(getattr(each, what) for each in looks)

    section.add(Figure(f"{name}: first paint, nothing kept", median(cold, "paint"), "ms", target=PAINT))
    section.add(Figure(f"{name}: until the first byte of it", median(cold, "answer"), "ms"))
    section.add(Figure(f"{name}: its numbers are painted, nothing kept", median(cold, "numbers"), "ms", target=PAINT))
    section.add(Figure(f"{name}: first paint, again", median(warm, "paint"), "ms", target=PAINT))
    section.add(Figure(f"{name}: its numbers are painted, again", median(warm, "numbers"), "ms", target=PAINT))
    section.add(Figure(f"{name}: first paint, first look since the server began", first.paint, "ms", target=PAINT))
    section.add(Figure(f"{name}: its numbers are painted, that look", first.numbers, "ms", target=AFTER_START))
    section.add(Figure(f"{name}: weight, nothing kept", cold[0].weight / 1000, "kB", target=COLD))
    section.add(Figure(f"{name}: weight, again", warm[-1].weight / 1000, "kB", target=WARM))


def pages() -> Mapping[str, str]:
    """Addresses by what they show. Each day is whole on every site's clock."""
    last = (network.YEAR_END - timedelta(days=2)).date()
    first = last - timedelta(days=DAYS - 1)
    address = f"/app/brands/{network.BRAND_ID}"
    return {
        "one day beside the last and the median of four": f"{address}?from={last}&to={last}",
        f"{DAYS} days": f"{address}?from={first}&to={last}&compare=none",
        f"{DAYS} days beside those before": f"{address}?from={first}&to={last}",
    }


def session(data: Path) -> str:
    """A session of somebody who sees the sites that have facts, and no others."""
    repository = Repository(data / "catalogue.sqlite")
    people = People(repository.engine)
    try:
        who = people.named(_EMAIL)
    except PasserbyError:
        seen = tuple(range(1, STORED.sites + 1))
        who = people.create(account_id=1, name="Bench", email=_EMAIL, role="viewer", sites=seen)
    token = Sessions(repository.engine, people).begin(who.id)
    repository.close()
    return token


def visits(browser: Browser, server: Server, token: str, path: str) -> tuple[list[Visit], list[Visit]]:
    """(looks of a browser that has never been there, later looks of one that has)."""
    cold = [look(browser, server, token, path) for _ in range(TIMES)]
    with window(browser, server, token) as context:
        _look(context, server.url + path)
        warm = [_look(context, server.url + path) for _ in range(TIMES)]
    return cold, warm


def look(browser: Browser, server: Server, token: str, path: str) -> Visit:
    """A look of a browser that has never been there."""
    with window(browser, server, token) as context:
        return _look(context, server.url + path)


def _look(context: BrowserContext, address: str) -> Visit:
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(address)
    page.locator("[data-chart][data-drawn]").first.wait_for()
    measured: dict[str, Any] = page.evaluate(_MEASURE)
    page.close()
    return Visit(**measured)


@contextmanager
def window(browser: Browser, server: Server, token: str) -> Iterator[BrowserContext]:
    """A private window of somebody who is signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "passerby_session", "value": token, "url": server.url}])
    yield context
    context.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium that the browser tests use."""
    named = os.environ.get("PASSERBY_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=named,
            args=["--disable-background-networking", "--disable-component-update"],
            chromium_sandbox=hasattr(os, "geteuid") and os.geteuid() != 0,
        )
        yield started
        started.close()
