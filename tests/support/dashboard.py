"""The dashboard for tests: a server with people of every kind, and what is looked at on each page."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from passerby.catalogue import keys
from passerby.services import Services

WIDTHS = (1280, 390)
PASSWORD = "seven herons at dawn"
_AXE = next(Path(__file__).parents[2].glob(".cache/axe-*/axe.min.js"), None)
# What Chromium says of a page whose status is not 200: the page itself is looked at by the test.
_EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of (403|404|422|429)")


@dataclass
class Dashboard:
    """A server with people: `admin`, `editor`, `viewer`, `narrow` (viewer, site 2 only) and `other` (another account).

    Each signs in as NAME@example.com with `PASSWORD`.
    """

    url: str
    services: Services

    def token(self, who):
        """A session of somebody, begun without the sign-in page."""
        return self.services.sessions_of_people.begin(self.person(who).id)

    def person(self, who):
        return self.services.people.named(f"{who}@example.com")

    def sign_in(self, context, who="admin"):
        """Sign a browser's window in."""
        context.add_cookies([{"name": "passerby_session", "value": self.token(who), "url": self.url}])


def add_people(services):
    """The people of `Dashboard`; those of another account only where there is one."""
    accounts = sorted(services.catalogue.current().accounts)
    held = keys.password_held(PASSWORD)
    first = accounts[0]
    wanted = [("admin", first, "admin", ()), ("editor", first, "editor", ()), ("viewer", first, "viewer", ())]
    wanted.append(("narrow", first, "viewer", (2,)))
    wanted += [("other", each, "admin", ()) for each in accounts[1:]]
    for name, account, role, sites in wanted:
        made = services.people.create(
            account_id=account, name=name.title(), email=f"{name}@example.com", role=role, sites=sites
        )
        services.people.set_held(made.id, held)


def watched(page):
    """What goes wrong on a page from now on: errors of scripts, of the policy, requests that nobody answers."""
    problems = []

    def said(message):
        page_itself = "/static/" not in message.location["url"] and _EXPECTED.match(message.text)
        if message.type in {"error", "warning"} and not page_itself:
            problems.append(message.text)

    def failed(request):
        # A stream or a picture that was under way as the page was left.
        if request.failure != "net::ERR_ABORTED":
            problems.append(f"not answered: {request.url} {request.failure}")

    page.on("console", said)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", failed)
    return problems


def check(page, name=None):
    """What holds for every page: nothing sticks out, nobody is kept from using it, it has one heading of its own.

    With PASSERBY_PICTURES=FOLDER it leaves a picture there, for people to look at.
    """
    fits(page)
    if page.viewport_size["width"] == WIDTHS[0]:  # the same elements at each width: axe, which is slow, looks once
        accessible(page)
    assert page.locator("h1").count() == 1
    assert page.title().endswith(" · Passerby")
    picture(page, name)


def fits(page):
    """Nothing is wider than the window."""
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0, f"{page.url} is {wider} pixels wider than the window"


def accessible(page):
    """axe-core finds nothing serious."""
    assert _AXE is not None, "run `make browser` first: it fetches axe-core"
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:5]}: {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    assert serious == [], f"{page.url}\n" + "\n".join(serious)


def picture(page, name=None):
    """A picture of the whole page for people to look at, where PASSERBY_PICTURES names a folder."""
    folder = os.environ.get("PASSERBY_PICTURES")
    if folder and name:
        width = page.viewport_size["width"]
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
