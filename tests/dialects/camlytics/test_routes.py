"""The methods over HTTP: lists, filters, who sees what, errors, long answers."""

import base64
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.support import camlytics
from tests.support.camlytics import API, Program, refusal

from passerby import __version__
from passerby.catalogue.model import Credential
from passerby.dialects.camlytics import places, reading, requests
from passerby.dialects.camlytics.reading import Reading
from passerby.dialects.camlytics.requests import METHODS, Asked

AT = "2026-02-01T10:00:00Z"


def crossings(sensor, count, prefix=""):
    row = {"kind": "crossing", "sensor": sensor, "line": 1, "at": AT, "direction": "in"}
    return [{**row, "id": f"{prefix}{number}", "object_id": number} for number in range(count)]


def test_locations(program):
    found = program.result("locations")
    assert [(row["id"], row["name"]) for row in found] == [(1, "Manhattan store"), (2, "Zurich store"), (3, "Patan")]
    assert {row["version"] for row in found} == {__version__}
    hashes = {row["hash"] for row in found}
    assert len(hashes) == 3
    assert all(len(base64.b64decode(one)) == 64 for one in hashes)
    assert program.result("locations") == found
    for row, zone in zip(found, ("America/New_York", "Europe/Zurich", "Asia/Kathmandu"), strict=True):
        assert row["timezone_offset"] == datetime.now(ZoneInfo(zone)).isoformat()[-6:]
    assert found[2]["timezone_offset"] == "+05:45"
    assert program.result("locations", order="DESC", limit=2) == found[::-1][:2]
    assert program.result("locations", location_id=2) == found[1:2]


def test_channels_and_triggers(program):
    channels = program.result("channels")
    assert [(row["id"], row["active"], row["location_id"]) for row in channels] == [
        ("door-1", 1, 1),
        ("frozen-1", 0, 1),
        ("door-2", 1, 2),
        ("door-3", 1, 3),
    ]
    assert program.result("channels", location_id=1, order="DESC") == channels[1::-1]
    assert program.result("channels", channel_id="door-2") == channels[2:3]
    assert program.result("channels", channel_id="door-2", location_id=1) == []
    triggers = program.result("triggers")
    assert [(row["id"], row["type"]) for row in triggers][:3] == [
        ("line-door-1", "Line"),
        ("line-2-door-1", "Line"),
        ("zone-door-1", "Zone"),
    ]
    assert program.result("triggers", trigger_id="zone-door-2") == [
        row for row in triggers if row["id"] == "zone-door-2"
    ]
    assert program.result("triggers", channel_id="door-3") == triggers[-3:]


def test_a_key_sees_its_own_places_alone(program, zurich, other):
    assert [row["id"] for row in zurich.result("locations")] == [2]
    assert {row["id"] for row in zurich.result("channels")} == {"door-2"}
    assert {row["channel_id"] for row in zurich.result("triggers")} == {"door-2"}
    assert [row["id"] for row in other.result("locations")] == [90]
    assert {row["id"] for row in other.result("channels")} == {"elsewhere"}


FOREIGN = {"location_id": (1, 4711), "channel_id": ("door-1", "no-such"), "trigger_id": ("zone-door-1", "no-such")}


@pytest.mark.parametrize(
    ("method", "name"), [(method, name) for method, known in METHODS.items() for name in known if name in FOREIGN]
)
def test_a_foreign_place_is_as_unknown_as_none(method, name, program, zurich, other):
    foreign, missing = FOREIGN[name]
    assert program.ask(method, **{name: foreign}).status_code == 200
    for key in (zurich, other):
        answers = [key.ask(method, **{name: value}) for value in (foreign, missing)]
        assert [refusal(answer) for answer in answers] == [(400, 4004)] * 2
        texts = [answer.json()["msg"] for answer in answers]
        assert texts[0].replace(str(foreign), "") == texts[1].replace(str(missing), "")


@pytest.mark.parametrize("method", METHODS)
def test_errors_are_in_the_envelope(method, program):
    assert program.refusal(method, colour="red") == (400, 4001)
    assert program.refusal(method, location_id="x") == (400, 4003)
    assert refusal(program.http.get(f"{API}/{method}")) == (401, 4011)


@pytest.mark.parametrize("path", ["", "/", "/cameras", "/totals", "/events/1"])
def test_unknown_methods(program, path):
    assert refusal(program.http.get(API + path)) == (404, 4040)


def test_the_totals_of_events_without_a_trigger(running, program):
    sabotage = {"kind": "event", "sensor": 3027, "at": AT, "type": "Sabotage"}
    camlytics.send(running[1], [sabotage, *crossings(3027, 2)])
    assert program.result("totals/triggers", location_id=3) == [
        {"trigger_name": "", "trigger_id": "-1", "count": 1, "channel_id": "door-3", "location_id": 3},
        {"trigger_name": "Enter", "trigger_id": "line-door-3", "count": 2, "channel_id": "door-3", "location_id": 3},
    ]
    assert program.result("totals/types", location_id=3) == [
        {"count": 1, "type": "Sabotage", "channel_id": "door-3"},
        {"count": 2, "type": "TripwireCrossed", "channel_id": "door-3"},
    ]
    assert [row["trigger_id"] for row in program.result("events", location_id=3, trigger_id="-1")] == ["-1"]


def test_polling_by_the_last_id_misses_nothing_and_repeats_nothing(tmp_path):
    with camlytics.running(tmp_path / "data", camlytics.catalogue()) as (_, http):
        program, last, polled = Program(http), 0, []
        for round_ in range(4):
            # The newer ones happened earlier: ids follow the arrival.
            rows = crossings(3024, 5, f"{round_}-")
            camlytics.send(http, [{**row, "at": f"2026-02-01T{20 - round_}:00:00Z"} for row in rows])
            found = program.result("events", since_id=last)
            last = found[-1]["id"]
            polled += found
        assert polled == program.result("events")
        assert len(polled) == 20


def test_ids_are_the_same_after_a_restore(tmp_path):
    from passerby.maintenance.backup import backup, restore  # noqa: PLC0415 - only here

    with camlytics.running(tmp_path / "data", camlytics.catalogue()) as (services, http):
        stay = {"kind": "zone_visit", "sensor": 3024, "zone": 11, "start": AT, "duration_ms": 9000}
        camlytics.send(http, [*crossings(3024, 3), stay])
        before = Program(http).result("events")
        backup(services, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    with camlytics.running(tmp_path / "restored") as (_, http):
        program = Program(http)
        program.nonces = iter(range(100, 200))
        assert program.result("events") == before
        camlytics.send(http, crossings(3024, 1, "later"))
        assert program.result("events", since_id=before[-1]["id"])[0]["id"] > before[-1]["id"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [None, 3, 10, 11, 64, 1000])
def test_a_long_answer_is_read_in_pages(tmp_path, descending, limit):
    """Pages of 10 events give what one page would, however unevenly events lie among other rows."""
    with camlytics.running(tmp_path / "data", camlytics.catalogue()) as (services, http):
        visit = {"kind": "visit", "sensor": 3024, "duration_ms": 1000, "start": AT}
        stay = {"kind": "zone_visit", "sensor": 3024, "zone": 11, "start": AT}
        camlytics.send(http, crossings(3024, 25, "a"))
        camlytics.send(http, [{**visit, "id": str(number)} for number in range(200)])
        camlytics.send(http, [{**stay, "duration_ms": number} for number in range(20)])
        catalogue = services.catalogue.current()
        credential = Credential(1, 632, "camlytics", "pub-1", frozenset(), None, None)
        asked = Asked(limit=limit, descending=descending)
        where = places.find(catalogue, credential, asked)
        tables = list(Reading(services.store, where, asked, page=10).events())
        assert all(table.num_rows <= 10 for table in tables)
        ids = [id_ for table in tables for id_ in table.column("id").to_pylist()]
        everything = Reading(services.store, where, Asked()).events()
        wanted = [id_ for table in everything for id_ in table.column("id").to_pylist()]
        assert len(wanted) == 65
        assert ids == (wanted[::-1] if descending else wanted)[:limit]


@pytest.mark.parametrize("descending", [False, True])
def test_a_few_events_are_looked_for_farther_and_farther_away(tmp_path, descending, monkeypatch):
    monkeypatch.setattr(reading, "_NEAR", 4)
    with camlytics.running(tmp_path / "data", camlytics.catalogue()) as (_, http):
        visit = {"kind": "visit", "sensor": 3024, "duration_ms": 1000, "start": AT}
        camlytics.send(http, crossings(3024, 3, "a"))
        camlytics.send(http, [{**visit, "id": str(number)} for number in range(50)])
        camlytics.send(http, crossings(3024, 4, "b"))
        program = Program(http)
        order = "DESC" if descending else "ASC"
        everything = program.result("events", order=order)
        assert len(everything) == 7
        for limit in (1, 3, 4, 6, 7, 8):
            assert program.result("events", order=order, limit=limit) == everything[:limit]


def test_a_key_that_sees_nothing(tmp_path):
    document = camlytics.catalogue()
    document["credentials"].append(camlytics.credential("later", "later-secret", sites=[77]))
    with camlytics.running(tmp_path / "data", document) as (_, http):
        camlytics.send(http, crossings(3024, 3))
        program = Program(http, "later", "later-secret")
        assert [program.result(method) for method in METHODS] == [[]] * len(METHODS)


def test_too_long_a_range_of_histograms(program):
    asked = {"since": "2024-01-01T00:00:00Z", "until": "2025-01-02T00:00:01Z"}
    assert program.refusal("histograms", **asked) == (400, 4003)


def test_the_width_of_a_bin_is_a_setting_of_the_site(tmp_path):
    document = camlytics.catalogue()
    document["brands"][0]["sites"][0]["settings"] = {"lifetime_bin_s": 30}
    stays = [
        {"kind": "zone_visit", "sensor": sensor, "zone": 11, "start": AT, "duration_ms": 90_000}
        for sensor in (3024, 3026)
    ]
    with camlytics.running(tmp_path / "data", document) as (_, http):
        camlytics.send(http, stays)
        found = Program(http).result("histograms")
    assert [row["lifetime_data"] for row in found] == [[0, 0, 0, 1], [0, 1]]


def test_the_documented_parameters_are_those_of_the_methods(running):
    document = running[1].get("/docs/openapi.json").json()
    for method in METHODS:
        operation = document["paths"][f"{API}/{method}"]["get"]
        assert [one["name"] for one in operation["parameters"]] == ["nonce", *METHODS[method]]
        assert operation["security"] == [{"camlyticsKey": [], "camlyticsSignature": []}]
    assert requests.LARGEST == 2**53 - 1
