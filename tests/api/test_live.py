"""`/v1/live`: answers, streams and corrections over HTTP, and who may see what."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support.networks import KEY, OTHER_KEY, network, other_network

from passerby.api import live_changes as routes


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def now(seconds=0):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def stay(identifier, seconds=3600, **more):
    return {
        "kind": "zone_visit",
        "sensor": 3024,
        "zone": 11,
        "id": identifier,
        "start": now(-60),
        "duration_ms": 1000 * seconds,
        **more,
    }


def crossing(identifier, direction="in", **more):
    fields = {"kind": "crossing", "sensor": 3024, "line": 1, "id": identifier, "at": now(), "direction": direction}
    return {**fields, **more}


def send(client, *observations):
    answer = client.post("/v1/observations?wait=visible", json=list(observations))
    assert answer.json()["rejected"] == []


@contextmanager
def streaming(client, query="", key=KEY):
    """The events of a stream, as (name, data); None for a heartbeat."""
    headers = {"Accept": "text/event-stream", **bearer(key)}
    with client.stream("GET", f"/v1/live{query}", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.iter_lines())


def events(lines):
    event = {}
    for line in lines:
        if line.startswith(":"):
            yield None
        elif line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            yield event["event"], json.loads(event["data"])
            event = {}


def test_how_many_are_there_now(client):
    send(
        client,
        crossing("a"),
        crossing("b"),
        stay("c"),
        {"kind": "uptime", "sensor": 3026, "start": now(), "duration_ms": 5},
    )
    found = client.get("/v1/live").json()
    sites = {site["site"]: site for site in found["sites"]}
    assert {number: site["occupancy"] for number, site in sites.items()} == {1: 2, 2: 0, 3: 0}
    assert sites[1]["queue"] is None
    assert sites[1]["wifi_devices"] == 0
    assert sites[3]["last_observation"] is None
    assert sites[2]["last_observation"] is not None
    zone = next(zone for zone in found["zones"] if zone["zone"] == "3024/11")
    assert (zone["site"], zone["uid"], zone["occupancy"], zone["queue"]) == (1, "zone-door-1", 1, None)
    assert {sensor["sensor"]: sensor["last_observation"] is None for sensor in found["sensors"]} == {
        3024: False,
        3025: True,
        3026: False,
        3027: True,
    }
    assert abs(datetime.fromisoformat(found["at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_queue_has_a_length_and_a_mean_wait(services, client):
    document = network()
    document["brands"][0]["sites"][0]["sensors"][0]["zones"][0]["queue"] = True
    services.catalogue.apply(document)
    send(client, stay("a"), stay("b", start=now(-120)), stay("staff", role="staff"))
    found = client.get("/v1/live?site=1").json()
    queue = found["sites"][0]["queue"]
    assert queue == found["zones"][0]["queue"]
    assert queue["count"] == 2
    assert 90 <= queue["mean_wait_s"] < 150


@pytest.mark.parametrize(
    ("query", "sites", "zones"),
    [
        ("?site=1", [1], ["3024/11"]),
        ("?brand=1234", [1, 2], ["3024/11", "3026/11"]),
        ("?zone=3026/11", [], ["3026/11"]),
        ("?zone=zone-door-2&site=1", [1], ["3024/11", "3026/11"]),
    ],
)
def test_places_are_chosen(client, query, sites, zones):
    found = client.get(f"/v1/live{query}").json()
    assert [site["site"] for site in found["sites"]] == sites
    assert sorted(zone["zone"] for zone in found["zones"]) == zones


def test_a_key_sees_only_its_own_sites(services, client):
    services.catalogue.apply(other_network())
    found = client.get("/v1/live", headers=bearer("psb_site_2")).json()
    assert [site["site"] for site in found["sites"]] == [2]
    assert {zone["zone"] for zone in found["zones"]} == {"3026/11"}
    assert {sensor["sensor"] for sensor in found["sensors"]} == {3026}
    for query in ("?site=1", "?zone=3024/11", "?brand=1235", "?site=90", "?site=12345"):
        answer = client.get(f"/v1/live{query}", headers=bearer("psb_site_2"))
        assert answer.status_code == 404, query
        stream = client.get(f"/v1/live{query}", headers={**bearer("psb_site_2"), "Accept": "text/event-stream"})
        assert (stream.status_code, stream.headers["content-type"]) == (404, "application/problem+json")
    body = {"occupancy": 1, "reason": "?"}
    for site in (1, 90, 12345, "x", 10**30):
        assert client.post(f"/v1/live/{site}", json=body, headers=bearer("psb_site_2")).status_code == 404
        assert client.get(f"/v1/live/{site}/corrections", headers=bearer("psb_site_2")).status_code == 404
    assert client.get("/v1/live", headers=bearer(OTHER_KEY)).json()["sites"][0]["site"] == 90


def test_scopes(client):
    body = {"occupancy": 1, "reason": "?"}
    assert client.get("/v1/live", headers=bearer("psb_sender")).status_code == 403
    assert client.get("/v1/live", headers=bearer("nobody")).status_code == 401
    assert client.post("/v1/live/1", json=body, headers=bearer("psb_reader")).status_code == 403
    assert client.get("/v1/live/1/corrections", headers=bearer("psb_reader")).status_code == 200


def test_a_correction_is_kept_with_who_when_and_why(client):
    send(client, crossing("a"))
    first = client.post("/v1/live/1", json={"occupancy": 12, "reason": "counted at the door"})
    assert first.status_code == 200
    made = first.json()
    assert (made["site"], made["from"], made["to"], made["reason"], made["by"]) == (
        1,
        1,
        12,
        "counted at the door",
        "all",
    )
    assert client.get("/v1/live?site=1").json()["sites"][0]["occupancy"] == 12
    send(client, crossing("b", "out"))
    assert client.get("/v1/live?site=1").json()["sites"][0]["occupancy"] == 11
    second = client.post("/v1/live/1", json={"occupancy": 0, "reason": "closed"}).json()
    assert second["from"] == 11
    assert client.get("/v1/live/1/corrections").json() == {"corrections": [second, made], "next": None}
    page = client.get("/v1/live/1/corrections?limit=1").json()
    assert page == {"corrections": [second], "next": second["id"]}
    assert client.get(f"/v1/live/1/corrections?limit=1&before={page['next']}").json()["corrections"] == [made]
    assert client.get("/v1/live/2/corrections").json()["corrections"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"occupancy": -1, "reason": "?"},
        {"occupancy": 1.5, "reason": "?"},
        {"occupancy": 10**9, "reason": "?"},
        {"occupancy": 1},
        {"occupancy": 1, "reason": ""},
        {"occupancy": 1, "reason": "?", "zone": 11},
        [],
    ],
)
def test_a_correction_that_is_none(client, body):
    answer = client.post("/v1/live/1", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), answer.text
    assert client.get("/v1/live/1/corrections").json()["corrections"] == []


def test_a_stream_begins_with_everything_and_goes_on_with_changes(client):
    send(client, crossing("a"))
    with streaming(client) as found:
        name, state = next(found)
        assert (name, [site["site"] for site in state["sites"]]) == ("state", [1, 2, 3])
        assert state["sites"][0]["occupancy"] == 1
        send(client, crossing("b"), crossing("c", at=now(-20)))
        name, change = next(found)
        assert (name, [(site["site"], site["occupancy"]) for site in change["sites"]]) == ("change", [(1, 3)])
        client.post("/v1/live/1", json={"occupancy": 7, "reason": "?"})
        assert next(found)[1]["sites"][0]["occupancy"] == 7


def test_a_stream_tells_when_someone_leaves_without_any_news(client):
    with streaming(client, "?zone=3024/11") as found:
        assert next(found)[1]["zones"][0]["occupancy"] == 0
        send(client, stay("a", seconds=0, start=now(-10), duration_ms=12_000))
        assert next(found)[1]["zones"][0]["occupancy"] == 1
        assert next(found)[1]["zones"][0]["occupancy"] == 0


def test_a_stream_shows_a_key_only_its_own_sites(client):
    with streaming(client, key="psb_site_2") as found:
        assert [site["site"] for site in next(found)[1]["sites"]] == [2]
        send(client, crossing("a"))
        send(client, crossing("b", sensor=3026))
        _, change = next(found)
        assert [(site["site"], site["occupancy"]) for site in change["sites"]] == [(2, 1)]


def test_a_stream_says_that_it_is_alive_and_ends_with_its_key(services, client, monkeypatch):
    monkeypatch.setattr(routes, "HEARTBEAT_S", 0.05)
    with streaming(client, key="psb_reader") as found:
        assert next(found)[0] == "state"
        assert next(found) is None
        reader = next(each for each in services.catalogue.current().credentials.values() if each.name == "reader")
        services.catalogue.revoke(reader.id)
        assert [event for event in found if event is not None] == []


def test_who_does_not_read_gets_the_last_state_and_not_every_step(services, client):
    with streaming(client) as found:
        next(found)
        for number in range(30):
            send(client, crossing(str(number)))
        numbers = []
        while not numbers or numbers[-1] < 30:
            numbers.append(next(found)[1]["sites"][0]["occupancy"])
        assert numbers == sorted(set(numbers))
    assert services.live.sites()[1][1].occupancy == 30


def test_streams_end_when_the_server_is_told_to(server):
    one = server()
    with httpx.Client(base_url=one.url, timeout=30) as client, streaming(client) as found:
        assert next(found)[0] == "state"
        one.process.terminate()
        assert list(found) == []
    assert one.stop() == 0


def test_a_join_waits_in_the_queue_until_its_leave(services, client):
    document = network()
    document["brands"][0]["sites"][0]["sensors"][0]["zones"][0]["queue"] = True
    services.catalogue.apply(document)
    event = {"kind": "event", "sensor": 3024, "trigger": "zone-door-1", "object_id": 7}
    send(client, event | {"type": "RegionJoin", "at": now(-60)}, stay("a"))
    with streaming(client, "?zone=3024/11") as found:
        queue = next(found)[1]["zones"][0]["queue"]
        assert queue["count"] == 2
        assert 60 <= queue["mean_wait_s"] < 120
        send(client, event | {"type": "RegionLeave", "at": now()})
        assert next(found)[1]["zones"][0]["queue"]["count"] == 1
