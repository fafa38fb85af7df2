"""Pages of other sites fetch the Seemetrix API, as its customers' pages do."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.support.seemetrix import USER_KEY, running, view

FETCH = """async ([url, options]) => {
    const answer = await fetch(url, options);
    return [location.origin, answer.type, answer.status, await answer.json()];
}"""


class EmptyPage(BaseHTTPRequestHandler):
    """Answers everything with an empty page."""

    def do_GET(self):
        body = b"<!doctype html><title>Somebody's dashboard</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Not on stderr."""


@pytest.fixture(scope="module")
def elsewhere():
    """Where another site answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """Where Passerby answers, with two views of two days."""
    with running(tmp_path_factory.mktemp("cors") / "data") as (_, page):
        page.observe([view(3024, f"2017-06-0{day}T12:00:00Z", gender="female") for day in (2, 6)])
        yield str(page.base_url).rstrip("/")


# The second asks beforehand whether it may, because of its header.
@pytest.mark.parametrize("options", [{}, {"headers": {"X-Requested-With": "XMLHttpRequest"}}])
@pytest.mark.parametrize("prefix", ["/api", "/analytics/api"])
def test_a_page_of_another_site_reads_the_unified_statistics(tab, elsewhere, api, prefix, options):
    tab.goto(elsewhere)
    # Spaces and a line break as they stand in the programs; the browser sends what it makes of them.
    query = f"key={USER_KEY}&tzo=0&dt_format=YYYY-MM-DD\n&b=2017/06/01 00:00:00&e=2017/07/01 00:00:00"
    asked = f"{api}{prefix}/v2/statistics/user/632/dates/genders/?{query}"
    origin, kind, status, found = tab.evaluate(FETCH, [asked, options])
    assert (origin, kind, status) == (elsewhere, "cors", 200)
    assert [(day["n"], day["v"], day["o"][0]["n"], day["o"][0]["v"]) for day in found["data"]["o"]] == [
        ("2017-06-02", 1, "female", 1),
        ("2017-06-06", 1, "female", 1),
    ]


def test_a_page_of_another_site_reads_every_other_method(tab, elsewhere, api):
    tab.goto(elsewhere)
    for path in (
        "/user/632/counters?",
        "/user/632/devices/?",
        "/statistics/user/632/?last_week&",
        "/statistics/device/3024/?last_week&",
        "/statistics/user/632/raw/data/?last_week&",
    ):
        _, kind, status, found = tab.evaluate(FETCH, [f"{api}/api{path}key={USER_KEY}", {}])
        assert (kind, status) == ("cors", 200), found
