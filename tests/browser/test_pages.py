"""The pages in a real browser: they draw without errors and ask nobody but this server."""

import pytest


def test_the_start_page_leads_to_the_reference(wide, url):
    hosts = set()
    wide.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    wide.goto(url)
    assert wide.get_by_role("heading", level=1).inner_text() == "Sign in"
    wide.get_by_role("link", name="HTTP API").click()
    wide.wait_for_url("**/docs*")
    assert wide.get_by_text("/v1/observations", exact=False).first.is_visible()
    assert hosts == {url.split("/")[2]}


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_no_page_is_wider_than_the_window(wide, url, path):
    wide.goto(url + path)
    assert wide.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
