"""A real Chromium for the pages; `make browser` sees to it that there is one, and axe-core.

A module of browser tests has one Chromium and one server. `dashboard` is that server, with `networks.network()` unless
the module says `NETWORK = {...}`; a module may fill it with `def fill(services)`. `page` is a window signed in as an
admin, at each width; `tab` a private window. Whatever goes wrong on a page in Chromium fails its test.
"""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright
from tests.support.dashboard import WIDTHS, Dashboard, add_people, watched
from tests.support.networks import network, other_network
from tests.support.servers import serving

from passerby.services import open_services

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing but the pages under test: no look-ups of the browser's own. As root it has no sandbox to use.
_QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]


@pytest.fixture(scope="module")
def browser():
    """One Chromium for the browser tests of a module.

    No longer than that: as long as it lives, an event loop runs in this thread, and other tests begin their own.
    """
    named = os.environ.get("PASSERBY_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=named, args=_QUIET, chromium_sandbox=hasattr(os, "geteuid") and os.geteuid() != 0
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def dashboard(request, tmp_path_factory):
    """A server with people, for the tests of a module."""
    opened = open_services(tmp_path_factory.mktemp("dashboard") / "data")
    try:
        opened.catalogue.apply(getattr(request.module, "NETWORK", None) or network())
        opened.catalogue.apply(other_network())
        add_people(opened)
        if hasattr(request.module, "fill"):
            request.module.fill(opened)
        with serving(opened) as address:
            yield Dashboard(address, opened)
    finally:
        opened.close()


@pytest.fixture
def window(browser):
    """Opens private windows: `window(width)`. Nothing may go wrong in any of them."""
    opened, problems = [], []

    def open_one(width=WIDTHS[0], scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        opened.append(context)
        page = context.new_page()
        problems.append(watched(page))
        return page

    yield open_one
    for context in opened:
        context.close()
    assert [problem for found in problems for problem in found] == []


@pytest.fixture
def tab(window):
    """A fresh private window."""
    return window()


@pytest.fixture(params=WIDTHS)
def wide(request, window):
    """A private window as wide as a desk's screen, then as a telephone's."""
    return window(request.param)


@pytest.fixture
def page(wide, dashboard):
    """A window signed in as an admin, at each width."""
    dashboard.sign_in(wide.context)
    return wide
