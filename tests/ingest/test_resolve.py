"""What a sensor sends and what is kept of it, side by side."""

import json
from contextlib import closing
from dataclasses import astuple

import pytest
from tests.support.networks import SENSOR_KEY, network

from passerby.catalogue.repository import Repository
from passerby.ingest import identity
from passerby.ingest.intake import resolve
from passerby.ingest.native import decode_json
from passerby.ingest.resolve import Resolver
from passerby.ingest.wifi_keys import Devices
from passerby.observations import table

MS = 1774771200000  # 2026-03-29T08:00:00Z
AT = "2026-03-29T10:00:00+02:00"


@pytest.fixture
def catalogue(tmp_path):
    with closing(Repository(tmp_path)) as opened:
        opened.apply(network())
        yield opened


@pytest.fixture
def kept(catalogue, tmp_path):
    """kept(row) -> what is kept, by column; or the error as a text."""
    with closing(Devices(tmp_path / "wifi-keys.sqlite")) as devices:

        def of(row, key="psb_test_key", *, new_ids=False):
            credential = catalogue.verify("native", key)
            resolver = Resolver(catalogue.current(), credential, devices)
            register = lambda name: catalogue.register_content(632, *astuple(name))  # noqa: E731
            resolved = resolve(decode_json(json.dumps(row).encode()), resolver, register, new_ids=new_ids)
            if resolved.refused:
                return resolved.refused[0].error
            names = [column.name for column in table(row["kind"]).row_columns]
            return dict(zip(names, resolved.rows[row["kind"]][0], strict=True))

        yield of


VISIT = {"kind": "visit", "sensor": "door-1", "start": AT, "duration_ms": 61000}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (VISIT, {"sensor_id": 3024, "started_ms": MS, "ended_ms": MS + 61000, "id": None, "visit_group": None}),
        ({**VISIT, "duration_ms": None}, {"ended_ms": None}),
        ({**VISIT, "group": 7, "role": "staff"}, {"visit_group": "7", "role": "staff"}),
        ({**VISIT, "id": "a"}, {"id": "a", "identity": identity.explicit("visit", 3024, MS, "a")}),
        ({**VISIT, "id": "~00000000000000ff"}, {"id": None, "identity": 255}),
        ({**VISIT, "start": "2026-03-29T08:00:00.9999Z"}, {"started_ms": MS + 999}),
        (
            {"kind": "crossing", "sensor": 3024, "line": "line-door-1", "at": AT, "direction": "out", "origin": ""},
            {
                "started_ms": MS,
                "line_id": 1,
                "direction": "out",
                "class": "person",
                "also_visit": False,
                "origin": None,
            },
        ),
        (
            {"kind": "count", "sensor": 3024, "line": 2, "start": AT, "duration_ms": 0, "in": -0.0, "out": 3},
            {"line_id": 2, "count_in": 0.0, "count_out": 3.0, "ended_ms": MS},
        ),
        ({"kind": "level", "sensor": 3024, "zone": "zone-door-1", "at": AT, "value": 2}, {"zone_id": 11, "value": 2.0}),
        ({"kind": "event", "sensor": 3024, "at": AT, "type": "X", "trigger": "zone-door-1"}, {"trigger_id": 11}),
        ({"kind": "event", "sensor": 3024, "at": AT, "type": "X", "trigger": 2}, {"trigger_id": 2}),
        ({"kind": "play", "sensor": 3024, "content": "spring", "start": AT, "duration_ms": 5}, {"content_id": 8482}),
        (
            {
                "kind": "view",
                "sensor": 3024,
                "start": AT,
                "duration_ms": 100,
                "attention": [{"looking": True, "ms": 30}, {"looking": False, "ms": 90}, {"looking": True, "ms": 5}],
                "contents": [{"content": 8482, "start_ms": 0, "duration_ms": 100}],
            },
            {
                "attention_ms": 35,
                "gender": "unknown",
                "contents": [
                    {"content_id": 8482, "start_ms": 0, "duration_ms": 100, "attention_ms": None, "mood": None}
                ],
            },
        ),
    ],
)
def test_what_is_kept(kept, sent, expected):
    found = kept(sent)
    assert {name: found[name] for name in expected} == expected


def test_the_zero_of_a_count_has_no_sign(kept):
    row = {"kind": "count", "sensor": 3024, "line": 2, "start": AT, "duration_ms": 0, "out": 0}
    assert kept({**row, "in": -0.0})["identity"] == kept({**row, "in": 0})["identity"]


@pytest.mark.parametrize(
    "other",
    [
        {**VISIT, "sensor": 3026},
        {**VISIT, "start": "2026-03-29T08:00:00.001Z"},
        {**VISIT, "duration_ms": 61001},
        {**VISIT, "duration_ms": None},
        {**VISIT, "role": "staff"},
        {**VISIT, "group": 1},
        {**VISIT, "id": "a"},
    ],
)
def test_another_content_is_another_observation(kept, other):
    assert kept(other)["identity"] != kept(VISIT)["identity"]


def test_a_content_that_nobody_named_before_registers_itself(kept, catalogue):
    play = {"kind": "play", "sensor": 3024, "content": "new", "start": AT, "duration_ms": 5}
    first = kept(play)
    assert catalogue.current().content(632, "new").id == first["content_id"]
    assert kept(play) == first
    assert kept({**play, "content": 999}) == "content: unknown content"
    assert kept({**play, "sensor": 1, "content": "never"}) == "sensor: unknown sensor"
    assert catalogue.current().content(632, "never") is None


def test_contents_register_themselves_under_the_id_that_names_them_only_if_the_sender_asks_for_it(kept, catalogue):
    play = {"kind": "play", "sensor": 3024, "content": 999, "start": AT, "duration_ms": 5}
    assert kept(play) == "content: unknown content"
    assert kept(play, new_ids=True)["content_id"] == 999
    assert kept(play)["content_id"] == 999
    found = catalogue.current().content(632, 999)
    assert (found.content_id, found.registered) == ("999", True)
    catalogue.apply({"account": {"id": 7, "name": "Other"}, "contents": [{"id": 1000, "content_id": "theirs"}]})
    assert "the id 1000 is taken" in kept({**play, "content": 1000}, new_ids=True)
    assert "at most 999,999,999" in kept({**play, "content": 1_000_000_000}, new_ids=True)
    assert kept({**play, "content": "by name"}, new_ids=True)["content_id"] >= 1_000_000_000


def test_what_a_view_tells_of_a_content_goes_to_the_catalogue_and_not_into_the_view(kept, catalogue):
    def view(*names):
        shown = [{"content": "new", "start_ms": n, "duration_ms": 1, **name} for n, name in enumerate(names)]
        return {"kind": "view", "sensor": 3024, "start": AT, "duration_ms": 5, "attention_ms": 1, "contents": shown}

    first = kept(view({}, {"app_id": "player"}))
    assert kept(view({"campaign_id": "spring", "app_id": "other"}, {"campaign_id": "summer"})) == first
    (number,) = {shown["content_id"] for shown in first["contents"]}
    found = catalogue.current().contents[number]
    assert (found.content_id, found.app_id, found.campaign_id) == ("new", "player", "spring")
    declared = {"content": 8482, "start_ms": 0, "duration_ms": 1, "app_id": "other", "campaign_id": "spring"}
    before = catalogue.current()
    kept(view(declared))
    assert catalogue.current() is before
    assert kept(view({"content": number, "app_id": "other"}))["contents"][0]["content_id"] == number


def test_what_the_catalogue_says_now_counts(kept, catalogue):
    changed = network()
    changed["brands"][0]["sites"][0]["sensors"][0]["active"] = False
    assert isinstance(kept(VISIT), dict)
    catalogue.apply(changed)
    assert kept(VISIT) == "sensor: not active, it accepts no observations"


@pytest.mark.parametrize(("sensor", "accepted"), [(3024, True), (3025, False), (3026, False)])
def test_a_sensors_own_key_is_good_for_that_sensor(kept, sensor, accepted):
    found = kept({**VISIT, "sensor": sensor}, key=SENSOR_KEY)
    assert isinstance(found, dict) if accepted else found == "sensor: unknown sensor"


WIFI = {"kind": "wifi_visit", "sensor": 3024, "start": AT, "duration_ms": 5, "device": "02:00:00:00:00:01", "rssi": -60}


def test_a_device_is_kept_as_its_hash(kept):
    found = kept({**WIFI, "id": "visit of 02:00:00:00:00:01"})
    assert found["id"] is None
    assert len(found["device"]) == 32
    assert found["randomized"] is True
    assert kept({**WIFI, "device": "02-00-00-00-00-01", "randomized": False})["randomized"] is False
    assert kept({**WIFI, "device": "0200.0000.0001"})["identity"] == kept(WIFI)["identity"]
    assert kept({**WIFI, "id": "a"})["identity"] == kept({**WIFI, "id": "a", "rssi": -50})["identity"]
    assert kept({**WIFI, "id": "a"})["identity"] != kept({**WIFI, "id": "b"})["identity"]
