"""`/in/<producer>/<key>`: what holds for every producer, shown with one that exists only here."""

import gzip
import hmac
import json
import threading
import traceback
from collections import Counter

import httpx
import pytest
from structlog.testing import capture_logs
from tests.support.networks import KEY as EVERYTHING
from tests.support.networks import SENSOR_KEY, network

from passerby.errors import InvalidInputError
from passerby.ingest.producers import PRODUCERS
from passerby.ingest.producers.base import Producer, Pushed

KEY = "psb_sender"
SECRETS = {"validator": "acme-validator", "secret": "acme-secret"}


def decode(body, sender):
    """{"secret": ..., "records": [{"door": uid of a sensor, "start": ...}, "ping", ...]}."""
    try:
        records = json.loads(body)["records"]
    except (ValueError, KeyError, TypeError):
        raise InvalidInputError("expected {records: [...]}") from None
    pushed = Pushed(ignored=Counter(ping=records.count("ping")))
    for index, record in enumerate(records):
        if record == "ping":
            continue
        sensor = sender.sensor(record["door"])
        if sensor is None:
            pushed.refuse(index, "door: no such sensor", record)
        else:
            passage = {"kind": "passage", "sensor": sensor.id, "start": record["start"], "duration_ms": 1000}
            pushed.take(index, passage, record)
    return pushed


def proves(body, secrets):
    return hmac.compare_digest(str(json.loads(body).get("secret")), secrets["secret"])


@pytest.fixture(autouse=True)
def producers(monkeypatch):
    """`acme` just sends; `meraki`, whose secrets the catalogue knows, stands for those that also prove and greet."""
    monkeypatch.setitem(PRODUCERS, "acme", Producer("acme", "Acme Counter", decode))
    cloud = Producer("meraki", "Acme Cloud", decode, proves, lambda secrets: secrets["validator"])
    monkeypatch.setitem(PRODUCERS, "meraki", cloud)


@pytest.fixture
def services(services):
    document = network()
    document["credentials"][2]["producers"] = {"meraki": SECRETS}
    services.catalogue.apply(document)
    return services


@pytest.fixture
def http(url):
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


def passage(door="door-1", start="2026-03-29T10:00:00Z"):
    return {"door": door, "start": start}


def stored(services, http):
    """The sensors of the passages that queries see."""
    services.loader.wait_visible(services.journal.last_entry).result(30)
    answer = http.get("/v1/observations/passage", headers={"Authorization": f"Bearer {EVERYTHING}"})
    return sorted(json.loads(line)["sensor"] for line in answer.text.splitlines())


def test_good_records_are_kept_bad_ones_told_and_others_counted(http, services):
    records = [passage(), "ping", passage("nowhere"), passage(start="yesterday"), passage("door-2")]
    answer = http.post(f"/in/acme/{KEY}", json={"records": records})
    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": 2,
        "rejected": [
            {"index": 2, "error": "door: no such sensor"},
            {
                "index": 3,
                "error": "start: expected a time in RFC 3339 with an offset, such as 2026-03-29T01:30:00+01:00",
            },
        ],
        "ignored": {"ping": 1},
    }
    assert stored(services, http) == [3024, 3026]


def test_rejected_records_are_kept_aside_with_their_producer(http):
    http.post(f"/in/acme/{KEY}", json={"records": [passage("nowhere")]})
    kept = http.get("/v1/rejected", headers={"Authorization": f"Bearer {EVERYTHING}"}).json()["rejected"]
    assert [(one["source"], one["index"], one["row"]) for one in kept] == [("acme", 0, passage("nowhere"))]


def test_the_same_push_again_changes_nothing(http, services):
    for _ in range(2):
        assert http.post(f"/in/acme/{KEY}", json={"records": [passage()]}).json()["accepted"] == 1
    assert stored(services, http) == [3024]


def test_a_sensors_own_key_sends_for_that_sensor_whatever_the_record_names(http, services):
    answer = http.post(f"/in/acme/{SENSOR_KEY}", json={"records": [passage("door-2")]})
    assert answer.json()["accepted"] == 1
    assert stored(services, http) == [3024]


def test_a_narrowed_key_does_not_know_the_sensors_of_other_sites(http):
    answer = http.post("/in/acme/psb_site_2", json={"records": [passage("door-1"), passage("door-2")]})
    assert answer.json()["accepted"] == 1
    assert answer.json()["rejected"] == [{"index": 0, "error": "door: no such sensor"}]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "address", ["/in/acme/psb_wrong", "/in/nobody/psb_sender", "/in/nobody/psb_wrong", "/in/meraki/psb_wrong"]
)
def test_what_is_wrong_with_an_address_is_not_told(http, method, address):
    answers = [http.request(method, where, content=b"{") for where in (address, "/in/nobody/x")]
    assert answers[0].status_code == 404
    assert answers[0].content == answers[1].content


def test_a_key_that_may_only_read_cannot_push(http):
    answer = http.post("/in/acme/psb_reader", json={"records": []})
    assert answer.status_code == 403
    assert "scope ingest" in answer.json()["detail"]


def test_the_greeting_is_exactly_the_validator(http):
    answer = http.get(f"/in/meraki/{KEY}")
    assert answer.status_code == 200
    assert answer.content == b"acme-validator"
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("address", [f"/in/acme/{KEY}", "/in/meraki/psb_site_2"])
def test_who_has_nothing_to_greet_with_is_not_there(http, address):
    assert http.get(address).status_code == 404


def test_a_body_that_does_not_prove_itself_is_refused_and_nothing_of_it_kept(http, services):
    before = services.journal.last_entry
    answer = http.post(f"/in/meraki/{KEY}", json={"secret": "wrong", "records": [passage(), passage("nowhere")]})
    assert answer.status_code == 403
    assert "wrong" not in answer.text.replace("acme", "")
    assert services.journal.last_entry == before
    assert http.post(f"/in/meraki/{KEY}", json={"secret": "acme-secret", "records": [passage()]}).status_code == 200


def test_a_key_without_the_secrets_says_where_they_belong(http):
    answer = http.post("/in/meraki/psb_site_2", json={"secret": "acme-secret", "records": []})
    assert answer.status_code == 403
    assert "producers in the catalogue file" in answer.json()["detail"]


def test_a_body_may_be_compressed(http):
    body = gzip.compress(json.dumps({"records": [passage()]}).encode())
    answer = http.post(f"/in/acme/{KEY}", content=body, headers={"Content-Encoding": "gzip"})
    assert answer.json()["accepted"] == 1
    assert http.post(f"/in/acme/{KEY}", content=body, headers={"Content-Encoding": "br"}).status_code == 415


def test_a_body_is_opened_no_further_than_the_limit(http):
    large = json.dumps({"records": ["ping"], "padding": " " * (17 << 20)}).encode()
    assert http.post(f"/in/acme/{KEY}", content=large).status_code == 413
    answer = http.post(f"/in/acme/{KEY}", content=gzip.compress(large), headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 413


def test_a_body_of_which_nothing_can_be_told_is_a_bad_request(http):
    answer = http.post(f"/in/acme/{KEY}", content=b"{")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_large_body_is_decoded_beside_the_event_loop(http, monkeypatch):
    threads = []

    def noting(body, sender):
        threads.append(threading.current_thread().name)
        return decode(body, sender)

    monkeypatch.setitem(PRODUCERS, "acme", Producer("acme", "Acme Counter", noting))
    for padding in ("", " " * (1 << 18)):
        assert http.post(f"/in/acme/{KEY}", json={"records": [passage()], "padding": padding}).status_code == 200
    assert threads[0] == "test-server"
    assert threads[1] != "test-server"


def test_a_full_loader_holds_pushes_back(http, services, monkeypatch):
    monkeypatch.setattr(services.loader, "must_hold", lambda: True)

    async def hold():
        pass

    monkeypatch.setattr(services.loader, "hold", hold)
    answer = http.post(f"/in/acme/{KEY}", json={"records": [passage()]})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_metrics_know_the_route_and_never_the_key(http):
    http.post(f"/in/acme/{KEY}", json={"records": [passage()]})
    http.get("/in/nobody/psb_secret_key")
    text = http.get("/metrics").text
    assert 'route="/in/{producer}/{key}"' in text
    assert KEY not in text
    assert "psb_secret_key" not in text


def test_what_a_failure_logs_has_neither_key_nor_secret(http, monkeypatch):
    def broken(body, sender):
        raise RuntimeError("a bug")

    monkeypatch.setitem(PRODUCERS, "acme", Producer("acme", "Acme Counter", broken))
    with capture_logs() as logs:
        assert http.post(f"/in/acme/{KEY}", content=b"acme-secret").status_code == 500
        http.post(f"/in/meraki/{KEY}", json={"secret": "not-that-secret", "records": []})
        http.post("/in/meraki/psb_guessed", json={"secret": "acme-secret"})
    said = "".join(f"{entry} {''.join(traceback.format_exception(entry['exc_info']))}" for entry in logs)
    assert "a bug" in said
    for secret in (KEY, "acme-secret", "not-that-secret", "psb_guessed"):
        assert secret not in said


def test_a_servers_log_has_no_key(server):
    running = server()
    for address in (f"/in/acme/{KEY}", "/in/meraki/psb_guessed", f"/in/meraki/{KEY}/more", f"/in/meraki/{KEY}?x=%zz"):
        httpx.post(f"{running.url}{address}", content=b"{}")
        httpx.get(f"{running.url}{address}")
    assert running.stop() == 0
    assert "psb_" not in running.log.read_text()
