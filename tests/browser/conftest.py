"""A real Chromium for the pages; `tools/chromium` sees to it that there is one."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

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


@pytest.fixture
def tab(browser):
    """A fresh private window; afterwards it must have met no error and asked no other host."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    problems = []
    opened.on("console", lambda message: message.type == "error" and problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("requestfailed", lambda request: problems.append(f"not answered: {request.url}"))
    yield opened
    context.close()
    assert problems == []
