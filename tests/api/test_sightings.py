"""`POST /v1/sightings` in every format and encoding, its limits, and the settings of sessions at each level."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support.bodies import MEDIA_TYPES, body, packed
from tests.support.networks import KEY, network

PATH = "/v1/sightings"
MAC = "68:ec:c5:24:03:44"
MADE_UP = "6a:ec:c5:24:03:44"
MEGABYTE = 1 << 20
# The day before at an hour that is no midnight at any site.
START = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0) - timedelta(days=1)
END = {"wait": "visible", "until": (START + timedelta(hours=2)).isoformat()}


def sighting(seconds, sensor=3024, device=MAC, **more):
    at = (START + timedelta(seconds=seconds)).isoformat()
    return {"sensor": sensor, "at": at, "device": device, "rssi": -60, **more}


def visits(client, **asked):
    """(sensor, zone, seconds, randomized) of each."""
    answer = client.get("/v1/observations/wifi_visit", params=asked).text
    rows = [json.loads(line) for line in answer.splitlines()]
    return sorted(
        [(row["sensor"], row["zone"], row["duration_ms"] // 1000, row["randomized"]) for row in rows], key=str
    )


def test_every_format_and_encoding(client):
    ways = [(format_, encoding) for format_ in MEDIA_TYPES for encoding in ("", "gzip", "zstd")]
    for number, (format_, encoding) in enumerate(ways):
        device = f"68:ec:c5:24:03:{number:02x}"
        # A bad row among good ones: of a known sensor, with a zone of no sensor. Stays are told apart by their length.
        rows = [sighting(0, device=device, zone=11), sighting(60, device=device, zone=2)]
        rows.append(sighting(120 + number, device=device, zone=None))
        headers = {"Content-Type": MEDIA_TYPES[format_], **({"Content-Encoding": encoding} if encoding else {})}
        answer = client.post(PATH, params=END, content=packed(body(format_, rows), encoding), headers=headers)
        assert answer.status_code == 200, (format_, encoding, answer.text)
        rejected = [{"index": 1, "error": "zone: this sensor has no such zone"}]
        assert answer.json() == {"accepted": 2, "duplicates": None, "rejected": rejected}, (format_, encoding)
    of_zone = [(3024, 11, 0, False)] * len(ways)
    assert visits(client) == [*of_zone, *((3024, None, 120 + number, False) for number in range(len(ways)))]
    assert "68:ec:c5" not in client.get("/v1/rejected").text


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b" " * (16 * MEGABYTE + 1), {}),
        (iter([b" " * MEGABYTE] * 17), {}),
        (gzip.compress(b" " * (16 * MEGABYTE + 1)), {"Content-Encoding": "gzip"}),
    ],
    ids=["announced", "in chunks", "compressed"],
)
def test_bodies_that_are_too_large(client, content, headers):
    answer = client.post(PATH, content=content, headers={"Content-Type": "application/json", **headers})
    assert (answer.status_code, answer.json()["detail"]) == (413, "the body is larger than 16 MB")


def test_a_media_type_that_is_none(client):
    assert client.post(PATH, content=b"x", headers={"Content-Type": "text/plain"}).status_code == 415


def test_an_idempotency_key_is_for_one_body(client):
    headers = {"Idempotency-Key": "k"}
    first = client.post(PATH, json=[sighting(0)], headers=headers)
    assert client.post(PATH, json=[sighting(0)], headers=headers).text == first.text
    assert client.post(PATH, json=[sighting(1)], headers=headers).status_code == 409


# (environment, settings of the account, of site 1), and then of sites 1 and 2: lengths of the visits of the first day,
# new and returning visitors of two days. A device with a made-up address is there twice for ten seconds, 100 seconds
# apart, on the first day, and for two minutes on the next one.
APART, TOGETHER = [10, 10], [120]
ENVIRONMENT = {"PASSERBY_WIFI_SESSION_GAP_S": "90", "PASSERBY_WIFI_KEY_ROTATION": "monthly"}
LEVELS = [
    ({}, {}, {}, (TOGETHER, 2, 0), (TOGETHER, 2, 0)),
    (ENVIRONMENT, {}, {"wifi_session_gap_s": 110}, (TOGETHER, 1, 1), (APART, 0, 1)),
    (ENVIRONMENT, {"wifi_session_gap_s": 600}, {"wifi_key_rotation": "daily"}, (TOGETHER, 2, 0), (TOGETHER, 1, 1)),
    (
        {"PASSERBY_WIFI_RANDOMIZED": "drop"},
        {"wifi_randomized": "visits_only"},
        {"wifi_randomized": "count"},
        (TOGETHER, 2, 0),
        (TOGETHER, 0, 0),
    ),
    ({"PASSERBY_WIFI_RANDOMIZED": "drop"}, {}, {"wifi_randomized": "count"}, (TOGETHER, 2, 0), ([], 0, 0)),
]


@pytest.mark.parametrize("level", LEVELS)
def test_the_narrowest_level_of_a_setting_wins(server, level):
    environment, account, site, first, second = level
    document = {**network(), "settings": account}
    document["brands"][0]["sites"][0]["settings"] = site
    url = server(document, environment=environment).url
    # Two days of one month that began long ago: keys are made at first use.
    times = [f"10T15:0{at}" for at in ("0:00", "0:10", "1:50", "2:00")] + ["11T15:00:00", "11T15:01:00", "11T15:02:00"]
    rows = [
        {"sensor": number, "at": f"2026-03-{at}Z", "device": MADE_UP, "rssi": -60}
        for number in (3024, 3026)
        for at in times
    ]
    month = {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}
    names = ["wifi_new_visitors", "wifi_returning_visitors"]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as client:
        parameters = {**END, "sensor": [3024, 3026]}
        assert client.post(PATH, json=rows, params=parameters).status_code == 200
        for number, (lengths, new, returning) in ((3024, first), (3026, second)):
            assert [seconds for sensor, _, seconds, _ in first_day(client) if sensor == number] == lengths
            asked = {"site": 1 if number == 3024 else 2, "metric": names, "bucket": "1M", "fill": "zero", **month}
            answer = client.get("/v1/metrics", params=asked).json()
            assert [one["points"][0][1] for one in answer["series"]] == [new, returning]


def first_day(client):
    return visits(client, end="2026-03-11T00:00:00Z")
