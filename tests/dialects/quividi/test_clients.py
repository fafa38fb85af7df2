"""Programs of customers as they are: poll loops, unslashed paths, their own ways to encode, several at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import httpx
import pytest
from tests.support.quividi import USER, VidiCenter, send, site
from tests.support.servers import serving

from passerby.services import open_services

MANY = list(range(20_000, 20_130))
DAY = {"data_type": "ots", "time_resolution": "1h", "start": "2024-03-05T00:00:00", "end": "2024-03-05T23:59:59"}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A network of 130 locations with an hour of views each, and two users."""
    services = open_services(tmp_path_factory.mktemp("clients") / "data")
    services.catalogue.apply(
        {
            "account": {"id": 632, "name": "Acme"},
            "settings": {"quividi_calls_per_minute": 0},
            "credentials": [
                {"dialect": "native", "key": "psb_quividi_test", "scopes": ["ingest", "read", "admin"]},
                {"dialect": "quividi", "username": USER[0], "token": USER[1]},
                {"dialect": "quividi", "username": "second", "token": "second-token"},
            ],
            "brands": [{"id": 1, "name": "Screens", "sites": [site(1, "Europe/Paris", MANY)]}],
        }
    )
    with serving(services) as url:
        views = [
            {"kind": "view", "sensor": sensor, "start": f"2024-03-05T10:{n:02}:00Z", "duration_ms": 900,
             "attention_ms": 0}
            for sensor in MANY
            for n in range(3)
        ]  # fmt: skip
        send(url, views)
        yield url
    services.close()


def test_the_documents_three_calls_are_enough_for_130_locations_and_a_day(address):
    """The first starts it, one soon after may find it under way, the next, a few seconds later, has the rows."""
    with VidiCenter(address) as vidi:
        asked = {**DAY, "locations": ",".join(map(str, MANY))}
        assert vidi.ask(**asked).json() == {"state": "started"}
        second = vidi.ask(**asked).json()
        assert second["state"] in {"in_progress", "finished"}
        if second["state"] == "in_progress":
            assert list(second) == ["state", "creation_date"]
            time.sleep(5)  # as the program waits, and less than any that is known does
        rows = vidi.ask(**asked).json()["data"]
    assert len(rows) == 130 * 24
    assert sum(row["ots_count"] or 0 for row in rows) == 130 * 3


def test_whatever_way_it_is_encoded_it_is_the_same_request(address):
    with VidiCenter(address) as vidi:
        rows = vidi.export(**DAY, locations="20000,20001", time_zone="ignored")
        plain = "&".join(f"{name}={value}" for name, value in {**DAY, "locations": "20000,20001"}.items())
        for query in (plain, urlencode({**DAY, "locations": "20000,20001"}), plain.replace(",", quote(", "))):
            for path in ("/api/v1/data/", "/api/v1/data"):
                answer = vidi.http.get(f"{path}?{query}", headers={"Cookie": "csrftoken=abc"})
                assert answer.json()["data"] == rows
                assert answer.headers["content-type"] == "application/json"


def test_two_users_at_once_share_an_export_and_each_has_a_limit_of_his_own(address):
    both = ThreadPoolExecutor(2)
    barrier = threading.Barrier(2)

    def poll(user):
        with VidiCenter(address, user) as vidi:
            barrier.wait()
            states = []
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                document = vidi.ask(**DAY, time_resolution_="", locations="20007").json()
                states.append(document["state"])
                if document["state"] == "finished":
                    return states, document["data"]
                time.sleep(0.02)
            raise AssertionError(states)

    with both:
        (first, rows), (second, same) = both.map(poll, [USER, ("second", "second-token")])
    assert rows == same
    assert [first[0], second[0]].count("started") == 1


def test_a_program_that_always_forces_gets_started_and_one_that_then_asks_gets_its_rows(address):
    with httpx.Client(base_url=address, auth=USER) as http:
        asked = {**DAY, "locations": "20009"}
        for _ in range(3):
            assert http.get("/api/v1/data/", params={**asked, "force_rebuild": "1"}).json() == {"state": "started"}
        deadline = time.monotonic() + 30
        while (document := http.get("/api/v1/data/", params=asked).json())["state"] == "in_progress":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert document["state"] == "finished"
