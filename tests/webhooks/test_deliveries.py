"""Observations posted to a running server arrive at receivers: in order, once, as the document writes them."""

import base64
import hashlib
import hmac
import time
from datetime import datetime

import pytest
from tests.support.networks import network
from tests.support.receivers import receiving
from tests.support.visitors import Browser

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


def crossing(number, sensor_=3024, **more):
    seconds = f"{number // 60 % 60:02d}:{number % 60:02d}"
    return {
        "kind": "crossing",
        "sensor": sensor_,
        "id": f"c{number}",
        "line": 1,
        "at": f"2026-03-02T{10 + number // 3600:02d}:{seconds}.250Z",
        "direction": "in",
        "object_id": number,
        **more,
    }


def with_webhooks(*webhooks, private=True):
    return network() | {"settings": {"allow_private_webhooks": private}, "webhooks": list(webhooks)}


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


@pytest.fixture
def deliver(services):
    """Applies webhooks and delivers them."""

    def start(*webhooks, private=True):
        services.catalogue.apply(with_webhooks(*webhooks, private=private))
        services.webhooks.start()

    return start


def post(client, rows, **params):
    answer = client.post("/v1/observations", json=rows, params={"wait": "visible", **params})
    assert answer.json()["rejected"] == []


def numbers(receiver):
    return [event["object_id"] for event in receiver.events]


def test_a_crossing_arrives_as_the_document_writes_it(client, deliver, receiver):
    deliver({"url": f"{receiver.url}/hook?t=1", "site": 1, "secret": SECRET})
    post(client, [crossing(7, record_id=1635343534, snapshot_id=-235343534)])
    receiver.wait(lambda r: r.accepted)
    (got,) = receiver.accepted
    assert got.path == "/hook?t=1"
    assert got.events == [
        {
            "record_id": 1635343534,
            "event_type": "TripwireCrossed",
            "snapshot_id": -235343534,
            "trigger_id": "line-door-1",
            "origin": "Pedestrian",
            "suborigin": "Unknown",
            "age_range": "",
            "gender": "",
            "id": None,
            "channel_id": "door-1",
            "object_id": 7,
            "location_id": 1,
            "event_time": "2026-03-02 10:00:07.250",
        }
    ]
    assert got.headers["content-type"] == "application/json"
    message, at = got.headers["webhook-id"], got.headers["webhook-timestamp"]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = hmac.new(key, f"{message}.{at}.".encode() + got.body, hashlib.sha256).digest()
    assert got.headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"


def test_a_stay_is_two_events_and_other_kinds_are_none(client, deliver, receiver):
    deliver({"url": receiver.url, "sensor": "door-1"})
    stay = {"kind": "zone_visit", "sensor": 3024, "zone": 11, "start": "2026-03-02T10:00:00Z", "duration_ms": 61_000}
    other = {"kind": "visit", "sensor": 3024, "start": "2026-03-02T10:00:00Z", "duration_ms": 5}
    loitering = {"kind": "event", "sensor": 3024, "at": "2026-03-02T10:00:30Z", "type": "Loitering", "trigger": 11}
    # Its coming and going are events of their own, from elsewhere.
    told = stay | {"start": "2026-03-02T09:00:00Z", "also_events": True}
    post(client, [told, other, stay, loitering])
    receiver.wait(lambda r: len(r.events) == 3)
    found = [(event["event_type"], event["trigger_id"], event["event_time"]) for event in receiver.events]
    assert sorted(found) == [
        ("Loitering", "zone-door-1", "2026-03-02 10:00:30.000"),
        ("RegionJoin", "zone-door-1", "2026-03-02 10:00:00.000"),
        ("RegionLeave", "zone-door-1", "2026-03-02 10:01:01.000"),
    ]
    assert found.index(sorted(found)[1]) < found.index(sorted(found)[2])


def test_each_webhook_is_told_of_its_own_place_only(client, deliver):
    places = [{"site": 1}, {"site": 2}, {"sensor": 3027}, {"zone": "3026/11"}]
    with receiving() as a, receiving() as b, receiving() as c, receiving() as d:
        receivers = [a, b, c, d]
        deliver(*({"url": one.url, **place} for one, place in zip(receivers, places, strict=True)))
        rows = [crossing(number, door) for number, door in enumerate([3024, 3026, 3027] * 5)]
        rows += [
            {"kind": "event", "sensor": 3026, "at": "2026-03-02T11:00:00Z", "type": "CrowdOn", "trigger": 11},
            crossing(99, 3024),
            crossing(98, 3026),
            crossing(97, 3027),
        ]
        post(client, rows)
        a.wait(lambda r: 99 in numbers(r))
        b.wait(lambda r: 98 in numbers(r))
        c.wait(lambda r: 97 in numbers(r))
        d.wait(lambda r: r.events)
        assert numbers(a) == [0, 3, 6, 9, 12, 99]
        assert [number for number in numbers(b) if number >= 0] == [1, 4, 7, 10, 13, 98]
        assert numbers(c) == [2, 5, 8, 11, 14, 97]
        assert [event["event_type"] for event in d.events] == ["CrowdOn"]


def test_many_events_come_in_batches_in_order(client, deliver, receiver):
    deliver({"url": receiver.url, "site": 1})
    for first in range(0, 3000, 500):
        post(client, [crossing(number) for number in range(first, first + 500)])
    receiver.wait(lambda r: len(r.events) == 3000)
    assert numbers(receiver) == list(range(3000))
    assert len(receiver.accepted) < 100
    assert len({got.headers["webhook-id"] for got in receiver.accepted}) == len(receiver.accepted)


def test_what_is_sent_again_is_told_once(client, deliver, receiver):
    deliver({"url": receiver.url, "site": 1})
    post(client, [crossing(1), crossing(2), crossing(1)])
    post(client, [crossing(2), crossing(1), crossing(3)])
    receiver.wait(lambda r: 3 in numbers(r))
    assert numbers(receiver) == [1, 2, 3]


def test_history_is_not_told_unless_wanted(client, deliver, receiver):
    deliver({"url": receiver.url, "site": 1})
    post(client, [crossing(1)])
    post(client, [crossing(2), crossing(3)], webhooks="none")
    post(client, [crossing(4)])
    receiver.wait(lambda r: 4 in numbers(r))
    assert numbers(receiver) == [1, 4]


def test_what_was_there_before_the_webhook_is_not_told(client, deliver, receiver):
    post(client, [crossing(1)])
    deliver({"url": receiver.url, "site": 1})
    post(client, [crossing(2)])
    receiver.wait(lambda r: 2 in numbers(r))
    assert numbers(receiver) == [2]


def test_a_private_address_is_refused_unless_allowed(services, client, deliver, receiver):
    # A name: an address that is written as a number is refused with the catalogue file already.
    deliver({"url": receiver.url.replace("127.0.0.1", "localhost"), "site": 1, "id": 5}, private=False)
    post(client, [crossing(1)])
    wait_for(lambda: services.webhooks.ledger.attempts(5))
    (_, attempt), *_ = services.webhooks.ledger.attempts(5)
    assert not attempt.delivered
    assert "not public" in attempt.outcome
    assert receiver.received == []


def test_gone_disables_until_it_is_resumed(services, client, deliver, receiver):
    receiver.answer = 410
    deliver({"url": receiver.url, "site": 1, "id": 5})
    post(client, [crossing(1)])
    wait_for(lambda: services.webhooks.ledger.states()[5].disabled_ms)
    post(client, [crossing(2)])
    assert [status for status, _ in receiver.received] == [410]
    assert services.webhooks.ledger.states()[5].disabled_why == "the receiver answered 410 Gone"
    receiver.answer = 200
    services.webhooks.ledger.resume(5)
    receiver.wait(lambda r: 2 in numbers(r))
    assert numbers(receiver) == [1, 2]


def test_resuming_may_skip_what_was_missed(services, client, deliver, receiver):
    receiver.answer = 410
    deliver({"url": receiver.url, "site": 1, "id": 5})
    post(client, [crossing(1)])
    wait_for(lambda: services.webhooks.ledger.states()[5].disabled_ms)
    receiver.answer = 200
    services.webhooks.ledger.resume(5, skip_to=services.journal.last_seq)
    post(client, [crossing(2)])
    receiver.wait(lambda r: 2 in numbers(r))
    assert numbers(receiver) == [2]


def test_a_new_address_begins_without_the_failures_of_the_old_one(services, client, deliver, receiver):
    with receiving(410) as old:
        deliver({"url": old.url, "site": 1, "id": 5})
        post(client, [crossing(1)])
        wait_for(lambda: services.webhooks.ledger.states()[5].disabled_ms)
    services.catalogue.apply(with_webhooks({"url": receiver.url, "site": 1, "id": 5}))
    receiver.wait(lambda r: r.events)
    assert numbers(receiver) == [1]


def test_a_range_of_time_is_sent_again(services, client, deliver, receiver):
    deliver({"url": receiver.url, "site": 1, "id": 5})
    post(client, [crossing(number) for number in range(500)])
    receiver.wait(lambda r: len(r.events) == 500)
    receiver.received.clear()
    start, end = at("2026-03-02T10:00:10.250+00:00"), at("2026-03-02T10:07:00+00:00")
    replay = services.webhooks.ledger.ask_replay(5, start, end, services.journal.last_seq, 0)
    wait_for(lambda: services.webhooks.ledger.replays(5)[0].finished_ms)
    assert numbers(receiver) == list(range(10, 420))
    assert {got.headers["passerby-replay"] for got in receiver.accepted} == {str(replay.id)}
    assert services.webhooks.ledger.replays(5)[0].sent == 410
    post(client, [crossing(1000)])
    receiver.wait(lambda r: 1000 in numbers(r))
    assert "passerby-replay" not in receiver.accepted[-1].headers


def test_a_webhook_that_is_removed_takes_its_log_along(services, client, deliver, receiver):
    deliver({"url": receiver.url, "site": 1, "id": 5})
    post(client, [crossing(1)])
    wait_for(lambda: services.webhooks.ledger.attempts(5))
    services.catalogue.apply(with_webhooks(), prune=True)
    assert services.webhooks.ledger.attempts(5) == []
    assert services.webhooks.ledger.states() == {}
    post(client, [crossing(2)])
    assert numbers(receiver) == [1]


def test_a_webhook_from_the_dashboard_is_told_of_every_row_from_there_on(services, client, url, receiver):
    services.catalogue.apply(with_webhooks())
    post(client, [crossing(1)])
    form = {"url": receiver.url, "place": "site 1", "what": "events", "every_s": "5"}
    assert Browser(services, url).post("/app/webhooks/new", form).status_code == 303
    post(client, [crossing(2)])  # before the thread that delivers has taken the webhook up
    services.webhooks.start()
    receiver.wait(lambda r: 2 in numbers(r))
    assert numbers(receiver) == [2]


def at(text):

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def wait_for(condition, timeout_s=20):

    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
