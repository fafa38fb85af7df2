"""Draws docs/images/dashboard-*.png: the pages of a running demonstration.

    .venv/bin/passerby demo --data demo-data &
    .venv/bin/python docs/pictures/dashboard.py demo-data http://127.0.0.1:8080

Needs a Chromium (`make browser`). The pictures show whatever the demonstration counted until now.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from passerby.catalogue.repository import Repository
from passerby.people import People, Sessions

IMAGES = Path(__file__).parents[1] / "images"
WIDTH, HEIGHT = 1280, 900
# What is shown, by the name of its picture; the screen is the first one that is listed.
PAGES = {
    "overview": "/app/brands/1234",
    "site": "/app/sites/1?period=30d&compare=none",
    "screen": "/app/screens?period=7d",
    "street": "/app/streets?period=7d",
    "wall": "/app/brands/1234/wall",
}
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def session(data: Path) -> str:
    """A session of the demonstration's first person, who is made where there is nobody."""
    repository = Repository(data / "catalogue.sqlite")
    people = People(repository.engine)
    account = min(repository.current().accounts)
    there = people.of_account(account)
    who = (
        there[0]
        if there
        else people.create(account_id=account, name="Ada Keller", email="ada@example.com", role="admin")
    )
    token = Sessions(repository.engine, people).begin(who.id)
    repository.close()
    return token


def drawn(page: Page) -> None:
    """Wait until the charts are drawn that stand in the window."""
    for chart in page.locator("[data-chart]").all():
        box = chart.bounding_box()
        if box is not None and box["y"] < HEIGHT:
            chart.locator("canvas").wait_for()


def main(data: Path, address: str) -> None:
    """Take the pictures."""
    named = os.environ.get("PASSERBY_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=named, chromium_sandbox=os.geteuid() != 0)
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        context.add_cookies([{"name": "passerby_session", "value": session(data), "url": address}])
        page = context.new_page()
        for name, path in PAGES.items():
            page.goto(address + path)
            if name in {"screen", "street"}:
                page.locator("tbody th a").first.click()
                page.wait_for_load_state()
            drawn(page)
            page.screenshot(path=IMAGES / f"dashboard-{name}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
