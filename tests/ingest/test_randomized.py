"""What becomes of WiFi devices with made-up addresses, and of the answer that tells."""

import json

import pytest
from tests.support.networks import network

from passerby.catalogue.repository import Repository
from passerby.importing.delivery import Delivered, DirectDelivery
from passerby.ingest.files.base import Parcel

PATH = "/v1/observations"
FIXED, MADE_UP = "a8:bb:cc:00:00:01", "aa:bb:cc:00:00:01"


def seen(device, second=0, **more):
    start = f"2026-03-29T08:00:{second:02}Z"
    row = {"kind": "wifi_visit", "sensor": "door-1", "start": start, "duration_ms": 90_000, "device": device}
    return {**row, "rssi": -50, **more}


ROWS = [
    seen(FIXED),
    seen(MADE_UP),
    seen("Anna", 1),  # nobody knows
    seen("Anna", 2, randomized=True),
    seen(MADE_UP, 3, randomized=False),  # the sender knows better
    seen(MADE_UP, 4, rssi=5),  # wrong in any case
]


def setting(value, level="account"):
    """The network with `wifi_randomized` set."""
    document = network()
    place = document if level == "account" else document["brands"][0]["sites"][0]
    place["settings"] = {**place.get("settings", {}), "wifi_randomized": value}
    return document


@pytest.mark.parametrize("level", ["account", "site"])
def test_dropped_rows_are_neither_accepted_nor_rejected_and_the_answer_says_how_many(client, services, level):
    services.catalogue.apply(setting("drop", level))
    answer = client.post(PATH, json=ROWS, params={"wait": "visible"}).json()
    assert [one["index"] for one in answer.pop("rejected")] == [5]
    assert answer == {"accepted": 3, "duplicates": 0, "dropped": 2}
    assert services.store.counts()["wifi_visit"] == 3
    rejected = client.get("/v1/rejected").json()["rejected"]
    assert [one["index"] for one in rejected] == [5]
    assert 'passerby_ingest_rows_total{outcome="dropped"} 2.0' in client.get("/metrics").text


def test_a_body_of_dropped_rows_alone_is_answered_and_repeated(client, services):
    services.catalogue.apply(setting("drop"))
    expected = {"accepted": 0, "duplicates": None, "rejected": [], "dropped": 1}
    assert client.post(PATH, json=[seen(MADE_UP)]).json() == expected
    for _ in range(2):
        answer = client.post(PATH, json=[seen(MADE_UP)], headers={"Idempotency-Key": "one"})
        assert answer.json() == expected
    assert client.post(PATH, json=[seen(MADE_UP)], params={"wait": "visible"}).json() == {**expected, "duplicates": 0}
    assert services.store.counts()["wifi_visit"] == 0


@pytest.mark.parametrize("value", ["count", "visits_only"])
def test_otherwise_everything_is_kept_with_its_flag(client, services, value):
    services.catalogue.apply(setting(value))
    answer = client.post(PATH, json=ROWS[:5], params={"wait": "visible"}).json()
    assert answer == {"accepted": 5, "duplicates": 0, "rejected": []}
    kept = [json.loads(line) for line in client.get("/v1/observations/wifi_visit").text.splitlines()]
    assert sorted(str(row.get("randomized")) for row in kept) == ["False", "False", "None", "True", "True"]


@pytest.mark.parametrize("value", ["count", "visits_only", "drop"])
def test_metrics_of_what_was_kept_before_the_setting(client, services, value):
    client.post(PATH, json=ROWS[:5], params={"wait": "visible"})
    services.catalogue.apply(setting(value))
    names = ["wifi_visits", "wifi_randomized_visits", "wifi_new_visitors", "wifi_returning_visitors"]
    asked = {"metric": names, "site": 1, "start": "2026-03-29T00:00:00Z", "end": "2026-03-30T00:00:00Z", "bucket": "1d"}
    series = client.get("/v1/metrics", params={**asked, "fill": "zero"}).json()["series"]
    # Anna and the made-up address were both heard twice, once of each kind.
    expected = {"count": [5, 2, 3, 2], "visits_only": [5, 2, 3, 0], "drop": [3, 0, 3, 0]}[value]
    assert [one["points"][0][1] for one in series] == expected
    assert {one["name"] for one in client.get("/v1/metrics/names").json()} >= set(names)


def test_an_import_says_what_was_dropped(tmp_path):
    catalogue = Repository(tmp_path)
    catalogue.apply(setting("drop"))
    catalogue.close()
    delivery = DirectDelivery(tmp_path, None)
    body = b"\n".join(json.dumps(row).encode() for row in ROWS[:4])
    assert delivery.send(Parcel(body, "application/x-ndjson", list("1234"))) == Delivered(2, 0, (), 2)
    only = json.dumps(ROWS[1]).encode()
    assert delivery.send(Parcel(only, "application/x-ndjson", ["1"])) == Delivered(0, 0, (), 1)
    delivery.close()


@pytest.mark.parametrize("rotation", ["daily", "weekly", "monthly"])
def test_rows_of_a_period_whose_key_is_gone_are_rejected_saying_so(client, services, monkeypatch, rotation):
    services.catalogue.apply({**network(), "settings": {"wifi_key_rotation": rotation}})
    assert client.post(PATH, json=seen(FIXED)).json()["accepted"] == 1
    after = services.devices._clock() + 3 * 86_400_000
    monkeypatch.setattr(services.devices, "_clock", lambda: after)
    answer = client.post(PATH, json=seen(FIXED)).json()
    assert answer["rejected"] == [
        {
            "index": 0,
            "error": "start: too long ago, the key that hid the devices of that time is destroyed "
            "(see wifi_key_rotation)",
        }
    ]
