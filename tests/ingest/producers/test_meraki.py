"""Meraki's posts: whatever comes, and against a twin that counts with sets."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.producers import sender

from passerby.errors import InvalidInputError
from passerby.ingest.producers.meraki import decode, greets, proves

SENSORS = [{"id": 1, "uid": "0c:8d:db:00:00:01"}, {"id": 2, "uid": "0c:8d:db:00:00:02"}, {"id": 3, "uid": "L_1"}]
ACCESS_POINTS = [f"0c:8d:db:00:00:0{number}" for number in (1, 2, 3, 4)]
BASE = datetime(2026, 3, 28, 10, tzinfo=UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    ["clientMac", "seenEpoch", "seenTime", "rssi", "locations", "latestRecord", "time", "rssiRecords", "nearestApMac"]
)
parts = st.recursive(
    json_values | st.sampled_from(["3c:22:fb:00:00:0a", *ACCESS_POINTS, BASE.isoformat(), -40, "NaN"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=5),
    max_leaves=12,
)


@given(
    st.sampled_from(["DevicesSeen", "WiFi", "BLE"]) | json_values,
    st.lists(st.dictionaries(fields, parts, max_size=6), max_size=3) | json_values,
    json_values,
)
def test_no_body_does_worse_than_being_refused(kind, observations, other):
    data = {"apMac": other, "networkId": other, "observations": observations}
    body = json.dumps({"type": kind, "secret": other, "data": data}).encode()
    try:
        pushed = decode(body, sender(SENSORS))
    except InvalidInputError:
        return
    assert len(pushed.observations) == len(pushed.indexes)
    assert proves(body, {"secret": "s"}) == (other == "s")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff\xfe{", b"nul", b"1", b'"x"'])
def test_what_is_not_json_is_refused_whole(body):
    for function in (lambda: decode(body, sender(SENSORS)), lambda: proves(body, {"secret": "s"})):
        with pytest.raises(InvalidInputError):
            function()


devices = st.sampled_from(["3c:22:fb:00:00:0a", "3C-22-FB-00-00-0B", "3c22fb00000c"])
seconds = st.integers(0, 5)
strengths = st.integers(-90, -30)
records = st.dictionaries(st.sampled_from(ACCESS_POINTS), strengths, min_size=1)
positions = st.tuples(seconds, records)


def canonical(device):
    digits = device.lower().replace(":", "").replace("-", "")
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def third(clients):
    observations = [
        {
            "clientMac": device,
            "locations": [
                {
                    "time": (BASE + timedelta(seconds=second)).isoformat(),
                    "rssiRecords": [{"apMac": name, "rssi": rssi} for name, rssi in heard.items()],
                }
                for second, heard in found
            ],
        }
        for device, found in clients
    ]
    return json.dumps({"type": "WiFi", "data": {"networkId": "L_1", "observations": observations}}).encode()


def found(pushed):
    return {(one.sensor, one.device, one.at): one.rssi for one in pushed.observations}


@given(st.lists(st.tuples(devices, st.lists(positions, min_size=1, max_size=4)), max_size=4))
def test_the_third_version_against_a_twin(clients):
    expected = {}
    for device, heard_at in clients:
        for second, heard in heard_at:
            known = {name: rssi for name, rssi in heard.items() if name in ACCESS_POINTS[:2]}
            best = max(known or heard, key=lambda name: (heard[name], [-ord(one) for one in name]))
            sensor = {ACCESS_POINTS[0]: 1, ACCESS_POINTS[1]: 2}.get(best, 3)
            key = (sensor, canonical(device), BASE + timedelta(seconds=second))
            expected[key] = max(expected.get(key, -1000), heard[best])
    pushed = decode(third(clients), sender(SENSORS))
    assert found(pushed) == expected
    assert pushed.refused == []
    total = sum(len(heard_at) for _, heard_at in clients)
    assert pushed.ignored == Counter(repeated=total - len(expected)) or total == len(expected)
    assert len(pushed.observations) == len(expected)


@given(st.lists(st.tuples(devices, seconds, st.integers(0, 94)), max_size=8))
def test_the_second_version_against_a_twin(seen):
    observations = [
        {"clientMac": device, "seenEpoch": int(BASE.timestamp()) + second, "rssi": rssi}
        for device, second, rssi in seen
    ]
    body = {"type": "DevicesSeen", "data": {"apMac": ACCESS_POINTS[0], "observations": observations}}
    expected = {}
    for device, second, rssi in seen:
        key = (1, canonical(device), BASE + timedelta(seconds=second))
        expected[key] = max(expected.get(key, -1000), rssi - 95)
    assert found(decode(json.dumps(body).encode(), sender(SENSORS))) == expected


def test_the_secret_is_the_one_at_the_top_of_the_body():
    held = {"secret": "shared ✓", "validator": "v"}
    assert proves('{"secret": "shared ✓"}'.encode(), held)
    for body in (
        b"{}",
        b'{"secret": null}',
        b'{"secret": ["shared"]}',
        b'{"secret": ""}',
        b'{"data": {"secret": "shared"}}',
        b'{"secret": "\\ud800"}',
    ):
        assert not proves(body, held | {"secret": "shared"})
    assert proves(b'{"data": {"x": NaN}, "secret": "shared"}', held | {"secret": "shared"})


def test_the_greeting_is_the_validator():
    assert greets({"validator": "v", "secret": "s"}) == "v"
