"""Rows that were kept aside, taken again once what was wrong is mended."""

import anyio
import pytest
from tests.support.networks import network, sensor

from passerby.api.replay import NO_DEVICE, NOT_WHOLE, Replayed, never, replay
from passerby.catalogue import editing
from passerby.catalogue.editing import Form
from passerby.catalogue.model import Credential

OWNER = Credential(-1, 632, "native", "someone", frozenset({"read", "ingest"}), None, None)
CROSSING = {"kind": "crossing", "sensor": 3024, "line": 77, "at": "2026-03-02T10:00:00Z", "direction": "in"}


def kept(services):
    return services.journal.rejected(632)


def again(services, rows=None, who=OWNER):
    return anyio.run(replay, services, who, kept(services) if rows is None else rows)


def crossings(services):
    services.loader.wait_visible(services.journal.last_entry).result(timeout=30)
    return services.store.counts()["crossing"]


def add_line(services, number):
    drawn = {"lines": [{"id": number, "points": [[0, 0], [1, 0]]}], "zones": []}
    editing.save_drawing(services.catalogue, Form(OWNER, drawn, 3024))


def test_a_mended_row_is_accepted_and_leaves_the_list(services, client):
    client.post("/v1/observations", json=[CROSSING, CROSSING | {"line": 78}])
    assert again(services).accepted == 0
    assert len(kept(services)) == 2
    add_line(services, 77)
    told = again(services)
    (left,) = kept(services)
    assert told == Replayed(1, {left.id: "line: this sensor has no such line"})
    assert '"line":78' in left.rejected.row.replace(" ", "")
    assert crossings(services) == 1


def test_a_row_that_came_in_another_way_meanwhile_counts_once(services, client):
    client.post("/v1/observations", json=CROSSING)
    rows = kept(services)
    add_line(services, 77)
    assert client.post("/v1/observations?wait=visible", json=CROSSING).json()["accepted"] == 1
    assert again(services, rows).accepted == 1
    assert again(services, rows).accepted == 1  # two people at once
    assert (crossings(services), kept(services)) == (1, [])


def test_what_is_wrong_now_is_said(services, client):
    client.post("/v1/observations", json=CROSSING | {"sensor": "new", "line": 1})
    document = network()
    document["brands"][0]["sites"][0]["sensors"].append(sensor(3050, "new") | {"lines": []})
    services.catalogue.apply(document)
    again(services)
    assert [one.rejected.error for one in kept(services)] == ["line: this sensor has no such line"]


def test_a_producers_record_is_decoded_as_it_came(services, client):
    services.catalogue.apply(network())
    event = {
        "channel_id": "camera 9",
        "event_type": "TripwireCrossed",
        "event_time": "2026-03-02 10:00:00.000",
        "origin": "Pedestrian",
        "trigger_id": "1",
    }
    client.post("/in/camlytics/psb_test_key", json=[event])
    assert [one.source for one in kept(services)] == ["camlytics"]
    assert again(services).accepted == 0
    document = network()
    lines = [{"id": 1, "points": [[0, 0], [1, 0]]}]
    document["brands"][0]["sites"][0]["sensors"].append({"id": 3050, "uid": "camera 9", "lines": lines})
    services.catalogue.apply(document)
    assert again(services).accepted == 1
    assert (crossings(services), kept(services)) == (1, [])


def test_what_was_not_kept_whole_says_so_and_stays(services, client):
    visit = {"kind": "wifi_visit", "sensor": "nobody", "start": "2026-03-02T10:00:00Z", "duration_ms": 1, "rssi": -60}
    client.post("/v1/observations", json=[visit | {"device": "aa:bb:cc:dd:ee:ff"}, {"kind": "nothing"}])
    client.post("/v1/observations", content=b'{"kind": "visit"\n', headers={"content-type": "application/x-ndjson"})
    client.post("/v1/sightings", json=[{"sensor": "x", "device": "aa", "at": "2026-03-02T10:00:00Z", "rssi": -1}])
    rows = kept(services)
    assert [never(row) for row in rows] == [NO_DEVICE, NOT_WHOLE, NOT_WHOLE, NO_DEVICE]
    assert again(services) == Replayed(0, {row.id: row.rejected.error for row in rows})
    assert kept(services) == rows


@pytest.mark.parametrize(("limits", "taken"), [({"sites": {1}}, 1), ({"sites": {2}}, 0), ({"brands": {1235}}, 0)])
def test_nobody_replays_for_sensors_that_they_do_not_see(services, client, limits, taken):
    client.post("/v1/observations", json=CROSSING)
    add_line(services, 77)
    brands, sites = (
        None if limit is None else frozenset(limit) for limit in (limits.get("brands"), limits.get("sites"))
    )
    who = Credential(-2, 632, "native", "limited", frozenset({"ingest"}), brands, sites)
    assert again(services, who=who).accepted == taken
    assert crossings(services) == taken
