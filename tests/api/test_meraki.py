"""Meraki's cloud against a real server: what it posts counts once, and nothing of it can be found afterwards."""

import json

import httpx
import pytest
from tests.support.networks import KEY, network
from tests.support.privacy import assert_nowhere

VALIDATOR, SECRET = "meraki-validator-7f3a", "meraki-shared-secret-91c2"
ADDRESS = "psb_meraki_address_key"
PEOPLE = ("3c:22:fb:00:00:0a", "3c:22:fb:00:00:0b", "74:da:38:00:00:0c")
PERSONAL = ("someone@example.org", "10.0.0.251", "Anna's phone", "GuestNetwork", "51.5355", "GroundFloorPlan")
SECOND = {
    "version": "2.0",
    "secret": SECRET,
    "type": "DevicesSeen",
    "data": {
        "apMac": "0c:8d:db:00:00:01",
        "apFloors": [],
        "apTags": ["dev", "entrance"],
        "observations": [
            {
                "ipv4": "/10.0.0.251",
                "location": {"lat": 51.5355157, "lng": -0.0699035, "unc": 1.23, "x": [], "y": []},
                "seenTime": "2026-03-28T10:00:23Z",
                "ssid": "GuestNetwork",
                "os": None,
                "clientMac": PEOPLE[0],
                "seenEpoch": 1774692023,
                "rssi": 47,
                "ipv6": None,
                "manufacturer": "Espressif",
            },
            {
                "ipv4": None,
                "location": None,
                "seenTime": "2026-03-28T10:00:40Z",
                "ssid": None,
                "os": "Generic Linux",
                "clientMac": PEOPLE[1],
                "seenEpoch": 1774692040,
                "rssi": 12,
                "ipv6": None,
                "manufacturer": "Edimax",
            },
        ],
    },
}


def position(time, *heard):
    return {
        "x": "7.97",
        "y": "NaN",
        "lat": 51.5355157,
        "lng": 6.09,
        "variance": 1.6,
        "floorPlanId": "g_1",
        "floorPlanName": "GroundFloorPlan",
        "nearestApTags": ["", "Office"],
        "time": time,
        "rssiRecords": [{"apMac": name, "rssi": rssi} for name, rssi in heard],
    }


THIRD = {
    "version": "3.0",
    "secret": SECRET,
    "type": "WiFi",
    "data": {
        "networkId": "L_000000000000000001",
        "observations": [
            {
                "locations": [
                    position("2026-03-28T11:00:00Z", ("0c:8d:db:00:00:01", -32), ("0c:8d:db:00:00:02", -54)),
                    position("2026-03-28T11:01:00Z", ("0c:8d:db:00:00:02", -51)),
                    position("2026-03-28T11:02:30Z", ("0c:8d:db:00:00:01", -34), ("0c:8d:db:00:00:09", -20)),
                ],
                "ipv4": "10.0.0.251",
                "ssid": "GuestNetwork",
                "os": "iOS",
                "clientMac": PEOPLE[2],
                "userId": "someone@example.org",
                "name": "Anna's phone",
                "latestRecord": {
                    "time": "2026-03-28T11:02:30Z",
                    "nearestApMac": "0c:8d:db:00:00:01",
                    "nearestApRssi": "-34",
                },
                "ipv6": None,
                "manufacturer": "Apple",
            }
        ],
    },
}
BLUETOOTH = {"version": "2.0", "secret": SECRET, "type": "BluetoothDevicesSeen", "data": {"observations": [{}, {}]}}


def shop():
    document = network()
    sensors = [{"id": 501, "uid": "0c:8d:db:00:00:01"}, {"id": 502, "uid": "0C:8D:DB:00:00:02"}]
    document["brands"][0]["sites"][1]["sensors"] += sensors
    producers = {"meraki": {"validator": VALIDATOR, "secret": SECRET}}
    document["credentials"].append(
        {"dialect": "native", "name": "meraki", "key": ADDRESS, "scopes": ["ingest"], "producers": producers}
    )
    return document


@pytest.fixture(scope="module")
def shop_server(server):
    return server(shop())


@pytest.fixture(scope="module")
def http(shop_server):
    with httpx.Client(base_url=shop_server.url, timeout=30) as client:
        yield client


def post(http, document, **changes):
    return http.post(f"/in/meraki/{ADDRESS}", json={**document, **changes})


def ended(http, until):
    """All that was heard before `until` is over."""
    answer = http.post(
        "/v1/sightings",
        params={"until": until, "sensor": "501", "wait": "visible"},
        headers={"Authorization": f"Bearer {KEY}"},
        json=[],
    )
    assert answer.status_code == 200, answer.text


def visits(http):
    answer = http.get("/v1/observations/wifi_visit", headers={"Authorization": f"Bearer {KEY}"})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    return sorted((row["start"], row["duration_ms"], row["sensor"], row["rssi"], row["randomized"]) for row in rows)


EXPECTED = [
    ("2026-03-28T10:00:23.000Z", 0, 501, -48, False),
    ("2026-03-28T10:00:40.000Z", 0, 501, -83, False),
    ("2026-03-28T11:00:00.000Z", 150_000, 501, -32, False),
]


def test_the_cloud_asks_for_its_validator(http):
    answer = http.get(f"/in/meraki/{ADDRESS}")
    assert (answer.status_code, answer.text) == (200, VALIDATOR)


def test_both_versions_posted_again_and_again_count_once(http):
    for _ in range(2):
        assert post(http, SECOND).json() == {"accepted": 2, "rejected": [], "ignored": {}}
        assert post(http, THIRD).json() == {"accepted": 3, "rejected": [], "ignored": {}}
        assert post(http, BLUETOOTH).json() == {"accepted": 0, "rejected": [], "ignored": {"bluetooth": 2}}
    ended(http, "2026-03-29T00:00:00Z")
    assert visits(http) == EXPECTED
    assert post(http, SECOND).status_code == post(http, THIRD).status_code == 200
    ended(http, "2026-03-29T00:00:00Z")
    assert visits(http) == EXPECTED
    answer = http.get(
        "/v1/metrics",
        params={
            "metric": ["wifi_all_visits", "wifi_walk_bys", "wifi_visits"],
            "site": 2,
            "start": "2026-03-28T00:00:00Z",
            "end": "2026-03-29T00:00:00Z",
            "bucket": "1d",
        },
        headers={"Authorization": f"Bearer {KEY}"},
    ).json()
    found = {one["metric"]: sum(number for _, number in one["points"]) for one in answer["series"]}
    assert found == {"wifi_all_visits": 2, "wifi_walk_bys": 1, "wifi_visits": 1}


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({**SECOND, "secret": "guessed-wrong-secret"}, 403),
        ({**SECOND, "secret": None}, 403),
        ({key: value for key, value in THIRD.items() if key != "secret"}, 403),
        ({**SECOND, "type": "Thread"}, 400),
        ({**THIRD, "data": {"networkId": "L_1"}}, 400),
    ],
)
def test_what_does_not_come_from_the_cloud_is_refused(http, document, status):
    answer = http.post(f"/in/meraki/{ADDRESS}", json=document)
    assert answer.status_code == status
    assert SECRET not in answer.text
    assert "guessed-wrong-secret" not in answer.text


def test_nothing_personal_and_no_secret_stays(server):
    """Posts of all sorts; then every file of the data directory, and the log, is searched for what was in them."""
    running = server(shop())
    with httpx.Client(base_url=running.url, timeout=30) as http:
        post(http, SECOND)
        post(http, THIRD)
        post(http, SECOND, secret="guessed-wrong-secret")
        unknown = {**SECOND["data"], "apMac": "0c:8d:db:00:00:77"}
        assert len(post(http, SECOND, data=unknown).json()["rejected"]) == 1
        odd = [
            {**SECOND["data"]["observations"][0], "seenEpoch": None, "seenTime": PEOPLE[0], "rssi": PEOPLE[1]},
            {**SECOND["data"]["observations"][0], "rssi": 20_000, "seenTime": "someone@example.org"},
            {**SECOND["data"]["observations"][0], "clientMac": f"{PEOPLE[1]} of someone@example.org"},
            f"someone@example.org {PEOPLE[1]}",
            {**SECOND["data"]["observations"][0], "seenEpoch": 4_200_000_000},
        ]
        answer = post(http, SECOND, data={**SECOND["data"], "observations": odd})
        assert answer.status_code == 200
        assert len(answer.json()["rejected"]) == len(odd)
        answers = answer.text
        cut = json.dumps(THIRD)[:-20]
        malformed = http.post(f"/in/meraki/{ADDRESS}", content=cut.encode())
        assert malformed.status_code == 400
        answers += malformed.text
        http.post(f"/in/meraki/{ADDRESS}x", content=cut.encode())
        kept = http.get("/v1/rejected", headers={"Authorization": f"Bearer {KEY}"})
        assert len(kept.json()["rejected"]) == 1 + len(odd)
        answers += kept.text
    assert running.stop() == 0
    assert_nowhere(running.data, PEOPLE, logs=[running.log, answers])
    files = [path for path in running.data.rglob("*") if path.is_file()]
    everything = b"".join(path.read_bytes() for path in [*files, running.log]).lower() + answers.lower().encode()
    for text in (*PERSONAL, SECRET, VALIDATOR, ADDRESS, "guessed-wrong-secret"):
        assert text.lower().encode() not in everything, text
