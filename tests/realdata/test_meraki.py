"""The vendor's own example payloads, posted as its cloud posts them, twice, to a real server; they count once."""

import json
import os
from pathlib import Path

import httpx
import pytest
from tests.support.networks import KEY, network

FOLDER = Path(os.environ.get("PASSERBY_REALDATA", ""), "..", "producers", "meraki_scanning").resolve()
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not os.environ.get("PASSERBY_REALDATA") or not FOLDER.is_dir(),
        reason="no folder producers/meraki_scanning beside the one that PASSERBY_REALDATA names",
    ),
]
SECRET = "supersecret"  # of the vendor's examples
ADDRESS = "psb_meraki_examples"


def shop():
    """Version 2 knows an access point, version 3 names the network and three points, of which one is known."""
    document = network()
    sensors = [{"id": 501, "uid": "00:18:0a:13:dd:b0"}, {"id": 502, "uid": "aa:aa:aa:11:11:11"}]
    document["brands"][0]["sites"][1]["sensors"] += sensors
    producers = {"meraki": {"validator": "validator", "secret": SECRET}}
    document["credentials"].append(
        {"dialect": "native", "name": "meraki", "key": ADDRESS, "scopes": ["ingest"], "producers": producers}
    )
    return document


@pytest.mark.parametrize(
    ("file", "sensor", "expected"),
    [
        # 47 above -95 dBm.
        (
            "v2_devices_seen.json",
            501,
            [("2016-09-24T00:06:23.000Z", 0, -48), ("2016-09-24T00:06:40.000Z", 0, -48)],
        ),
        # Three positions of one device: one stay, as strong as its best position.
        ("v3_wifi.json", 502, [("2019-11-28T14:27:21.000Z", 25_000, -32)]),
    ],
)
def test_posted_twice_it_counts_once(server, file, sensor, expected):
    body = (FOLDER / file).read_bytes()
    running = server(shop())
    with httpx.Client(base_url=running.url, timeout=30) as http:
        for _ in range(2):
            answer = http.post(f"/in/meraki/{ADDRESS}", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 200, answer.text
            assert answer.json()["rejected"] == []
        native = {"Authorization": f"Bearer {KEY}"}
        over = {"until": "2020-01-01T00:00:00Z", "sensor": str(sensor), "wait": "visible"}
        assert http.post("/v1/sightings", params=over, headers=native, json=[]).status_code == 200
        rows = [json.loads(line) for line in http.get("/v1/observations/wifi_visit", headers=native).text.splitlines()]
    assert running.stop() == 0
    found = sorted((row["start"], row["duration_ms"], row["rssi"]) for row in rows if row.get("zone") is None)
    assert found == expected
    assert {row["sensor"] for row in rows} == {sensor}
