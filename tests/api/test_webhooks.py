"""`/v1/webhooks`: for keys with the scope admin, each for its own sites."""

import time

import httpx
import pytest
from tests.support.networks import OTHER_KEY, network, other_network
from tests.support.receivers import receiving

ROUTES = [
    ("GET", "/v1/webhooks/5/deliveries", None),
    ("GET", "/v1/webhooks/5/replays", None),
    ("POST", "/v1/webhooks/5/replay", {"start": "2026-03-02T00:00:00Z", "end": "2026-03-03T00:00:00Z"}),
    ("POST", "/v1/webhooks/5/resume", {}),
]
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


@pytest.fixture
def started(services, receiver):
    hooks = [
        {"id": 5, "url": f"{receiver.url}/?t=1", "site": 1, "secret": SECRET},
        {"id": 6, "url": "http://127.0.0.1:9/", "zone": "3026/11", "what": "occupancy", "every_s": 30},
    ]
    services.catalogue.apply(network() | {"settings": {"allow_private_webhooks": True}, "webhooks": hooks})
    services.catalogue.apply(other_network())
    services.webhooks.start()
    return services


def crossing(number):
    at = f"2026-03-02T10:00:{number:02d}Z"
    return {"kind": "crossing", "sensor": 3024, "line": 1, "at": at, "direction": "in", "object_id": number}


def post(client, numbers):
    answer = client.post("/v1/observations?wait=visible", json=[crossing(number) for number in numbers])
    assert answer.json()["rejected"] == []


def ask(url, key, method, path, body=None):
    return httpx.request(method, f"{url}{path}", json=body, headers={"Authorization": f"Bearer {key}"})


def test_the_list(client, started, receiver):
    first, second = client.get("/v1/webhooks").json()
    assert first == {
        "id": 5,
        "url": f"{receiver.url}/?t=1",
        "what": "events",
        "place": {"site": 1},
        "every_s": 5.0,
        "signed": True,
        "state": "ok",
        "reason": None,
        "failures": 0,
        "failing_since": None,
        "next_attempt": None,
        "waiting_rows": 0,
    }
    assert (second["place"], second["what"], second["every_s"]) == ({"zone": "3026/11"}, "occupancy", 30)
    assert SECRET not in client.get("/v1/webhooks").text


def test_each_key_sees_the_webhooks_of_its_sites(url, started):
    assert [one["id"] for one in ask(url, "psb_site_2", "GET", "/v1/webhooks").json()] == [6]
    assert ask(url, OTHER_KEY, "GET", "/v1/webhooks").json() == []


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_what_a_key_may_not_see_does_not_exist(url, started, method, path, body):
    unknown = ask(url, "psb_test_key", method, path.replace("5", "99"), body)
    for key in ("psb_site_2", OTHER_KEY):
        answer = ask(url, key, method, path, body)
        assert (answer.status_code, answer.content) == (404, unknown.content)


@pytest.mark.parametrize(("method", "path", "body"), [("GET", "/v1/webhooks", None), *ROUTES])
def test_only_with_the_scope_admin(url, started, method, path, body):
    assert ask(url, "psb_reader", method, path, body).status_code == 403
    assert ask(url, "psb_sender", method, path, body).status_code == 403
    assert ask(url, "nobody", method, path, body).status_code == 401


def test_the_log_page_by_page(client, started, receiver):
    for number in range(3):
        post(client, [number])
        receiver.wait(lambda r, number=number: len(r.events) == number + 1)
    wait_for(lambda: len(client.get("/v1/webhooks/5/deliveries").json()["deliveries"]) == 3)
    first = client.get("/v1/webhooks/5/deliveries?limit=2").json()
    second = client.get(f"/v1/webhooks/5/deliveries?limit=2&before={first['next']}").json()
    attempts = [*first["deliveries"], *second["deliveries"]]
    assert second["next"] is None
    assert [one["message"] for one in attempts] == [got.headers["webhook-id"] for got in receiver.accepted[::-1]]
    assert {(one["delivered"], one["status"], one["outcome"], one["events"]) for one in attempts} == {
        (True, 200, "delivered", 1)
    }


def test_a_replay(client, started, receiver):
    post(client, range(10))
    receiver.wait(lambda r: len(r.events) == 10)
    body = {"start": "2026-03-02T11:00:03+01:00", "end": "2026-03-02T10:00:05Z"}
    asked = client.post("/v1/webhooks/5/replay", json=body)
    assert asked.status_code == 202
    wait_for(lambda: client.get("/v1/webhooks/5/replays").json()[0]["finished"])
    assert [event["object_id"] for event in receiver.events[10:]] == [3, 4]
    (done,) = client.get("/v1/webhooks/5/replays").json()
    assert (done["id"], done["sent"], done["start"]) == (asked.json()["id"], 2, "2026-03-02T10:00:03Z")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"start": "2026-03-02T10:00:00", "end": "2026-03-03T10:00:00Z"}, "start"),
        ({"start": "2026-03-02T10:00:00Z", "end": "2026-03-02T10:00:00Z"}, "end"),
    ],
)
def test_a_wrong_range_is_refused(client, started, body, path):
    answer = client.post("/v1/webhooks/5/replay", json=body)
    assert (answer.status_code, [error["path"] for error in answer.json()["errors"]]) == (400, [path])


def test_what_is_sent_on_change_cannot_be_replayed(client, started):
    body = {"start": "2026-03-02T10:00:00Z", "end": "2026-03-03T10:00:00Z"}
    assert client.post("/v1/webhooks/6/replay", json=body).status_code == 400


def test_a_disabled_one_says_why_and_is_resumed(client, started, receiver):
    receiver.answer = 410
    post(client, [1])
    wait_for(lambda: client.get("/v1/webhooks").json()[0]["state"] == "disabled")
    view = client.get("/v1/webhooks").json()[0]
    assert (view["reason"], view["waiting_rows"]) == ("the receiver answered 410 Gone", 1)
    receiver.answer = 200
    assert client.post("/v1/webhooks/5/resume", json={}).json()["state"] == "ok"
    receiver.wait(lambda r: r.events)
    receiver.answer = 410
    post(client, [2])
    wait_for(lambda: client.get("/v1/webhooks").json()[0]["state"] == "disabled")
    receiver.answer = 200
    client.post("/v1/webhooks/5/resume", json={"skip": True})
    post(client, [3])
    receiver.wait(lambda r: len(r.events) == 2)
    assert [event["object_id"] for event in receiver.events] == [1, 3]


def wait_for(condition, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
