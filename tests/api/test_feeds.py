"""`GET /feed/report/<id>`: the id opens it, nothing else does."""

import csv
import io
import time
from datetime import UTC, datetime

import httpx
import pytest
from tests.support.networks import KEY, network, other_network

ID = "0123456789abcdef0123456789abcdef"
FEED = {"id": ID, "name": "Visitors", "type": "series", "metric": "visits", "site": 1, "bucket": "15m"}


@pytest.fixture
def published(services, url):
    services.catalogue.apply(network() | {"feeds": [FEED]})
    return f"{url}/feed/report/{ID}"


def test_it_needs_no_key_and_minds_no_content_type(published):
    answer = httpx.get(published, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["report"]["data"]["series"][0]["name"] == "Visitors"
    table = httpx.get(f"{published}/csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert next(csv.reader(io.StringIO(table.text))) == ["Date", "Visitors"]


def test_it_is_not_throttled(published):
    with httpx.Client() as http:
        assert {http.get(published).status_code for _ in range(50)} == {200}


def test_an_unchanged_report_is_304(published):
    first = httpx.get(published)
    again = httpx.get(published, headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert httpx.get(published, headers={"If-None-Match": '"x"'}).status_code == 200


def test_no_cache_on_the_way_keeps_it(published):
    headers = httpx.get(published).headers
    assert headers["cache-control"] == "private, no-cache"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("feed_id", ["0" * 32, "x", ID[:-1], ID + "0", ID.upper(), "%00", "Visitors"])
def test_whatever_does_not_exist_is_alike(services, published, url, feed_id):
    answer = httpx.get(f"{url}/feed/report/{feed_id}")
    services.catalogue.remove_feed(632, "Visitors")
    revoked = httpx.get(published)
    assert answer.status_code == revoked.status_code == 404
    assert answer.content == revoked.content
    assert httpx.get(f"{published}/csv").content == revoked.content


def test_a_key_opens_nothing_here(published, url):
    for headers in ({"Authorization": f"Bearer {KEY}"}, {"X-Key": "pub-1"}):
        assert httpx.get(f"{url}/feed/report/{'0' * 32}", headers=headers).status_code == 404


def test_another_id_or_another_report_counts_at_once(services, published, url):
    other = "f" * 32
    services.catalogue.apply(network() | {"feeds": [{**FEED, "id": other, "type": "number"}]})
    assert httpx.get(published).status_code == 404
    assert httpx.get(f"{url}/feed/report/{other}").json()["report"]["data"] == {"counter": 0}


def test_a_feed_reports_of_its_own_account_only(services, client, url):
    services.catalogue.apply(other_network() | {"feeds": [{**FEED, "site": 90, "type": "number"}]})
    rows = [{"kind": "visit", "sensor": 3024, "start": "2026-03-02T10:00:00Z", "duration_ms": 60_000}]
    client.post("/v1/observations?wait=visible", json=rows)
    assert httpx.get(f"{url}/feed/report/{ID}").json()["report"]["data"] == {"counter": 0}


def test_new_visitors_are_counted(services, client, published):
    services.feeds.now_ms = lambda: 1_772_449_200_000  # 2026-03-02T11:00:00Z
    assert sum(point["value"] for point in httpx.get(published).json()["report"]["data"]["series"][0]["data"]) == 0
    rows = [{"kind": "visit", "sensor": 3024, "start": "2026-03-02T10:07:00Z", "duration_ms": 60_000}]
    client.post("/v1/observations?wait=visible", json=rows)
    services.feeds.now_ms = lambda: 1_772_449_205_000
    points = httpx.get(published).json()["report"]["data"]["series"][0]["data"]
    assert [point for point in points if point["value"]] == [{"key": "2026-03-02 05:00", "value": 1}]
    assert points[-1]["key"] == "2026-03-02 06:00"


def test_a_number_of_the_moment(services, client, url):
    feed = {"id": ID, "name": "Now", "type": "number", "metric": "occupancy", "site": 1}
    services.catalogue.apply(network() | {"feeds": [feed]})
    address = f"{url}/feed/report/{ID}"
    assert httpx.get(address).json()["report"]["data"] == {"counter": 0}
    now = datetime.now(UTC).isoformat()
    row = {"kind": "level", "sensor": 3024, "at": now, "value": 4}
    client.post("/v1/observations?wait=visible", json=[row])
    deadline = time.monotonic() + 20
    while httpx.get(address).json()["report"]["data"] != {"counter": 4}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert httpx.get(f"{address}/csv").text == "Date,Now\ntoday,4\n"
