"""Sessions behind a real server: over HTTP into the journal, across restarts, into facts, and never an address."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support.networks import KEY, OTHER_KEY, other_network
from tests.support.servers import serving

from passerby.maintenance.backup import backup, restore
from passerby.services import open_services

MAC = "68:ec:c5:24:03:44"
# The day before, when it is day at every site of the catalogue but the last: no session crosses a midnight.
START = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0) - timedelta(days=1)


def at(seconds):
    return (START + timedelta(seconds=seconds)).isoformat()


def sighting(seconds, rssi=-60, sensor=3024, device=MAC, **more):
    return {"sensor": sensor, "at": at(seconds), "device": device, "rssi": rssi, **more}


def send(client, *rows, **parameters):
    answer = client.post("/v1/sightings", json=rows, params={"wait": "visible", **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def visits(client):
    lines = client.get("/v1/observations/wifi_visit").text.splitlines()
    rows = [json.loads(line) for line in lines]
    seconds = [(datetime.fromisoformat(row["start"]) - START).total_seconds() for row in rows]
    return sorted(
        [
            (row["sensor"], row["zone"], second, row["duration_ms"] / 1000, row["rssi"])
            for row, second in zip(rows, seconds, strict=True)
        ],
        key=str,
    )


END = {"until": at(7200), "sensor": 3024}


def test_a_session_is_one_visit_of_the_site_and_one_of_each_zone(client):
    rows = [sighting(0, -80), sighting(300, -50, zone=11), sighting(500, -55, zone="zone-door-1"), sighting(899)]
    assert send(client, *rows[::-1], *rows) == {"accepted": 8, "duplicates": None, "rejected": []}
    assert visits(client) == []
    assert send(client, **END)["accepted"] == 0
    assert visits(client) == [(3024, 11, 300.0, 200.0, -50), (3024, None, 0.0, 899.0, -50)]


def test_what_is_sent_again_after_its_session_ended_makes_no_visit(client):
    rows = [sighting(0), sighting(300), sighting(599)]
    send(client, *rows, **END)
    once = visits(client)
    send(client, rows[1], rows[2], **END)
    send(client, *rows, **END)
    assert visits(client) == once == [(3024, None, 0.0, 599.0, -60)]


def test_a_gap_of_the_setting_starts_a_new_session(client):
    send(client, sighting(0), sighting(599.999), sighting(1199.999), **END)
    assert visits(client) == [(3024, None, 0.0, 599.999, -60), (3024, None, 1199.999, 0.0, -60)]


def test_open_sessions_are_the_live_state_and_survive_a_restart(client, services, tmp_path):
    now = datetime.now(UTC)
    live = {"sensor": 3024, "device": MAC, "rssi": -60, "zone": 11, "at": now.isoformat()}
    send(client, live, {**live, "device": "11:22:33:44:55:66", "zone": None})
    found = services.sessions.present(1)
    assert (found.devices, found.zones) == (2, {(3024, 11): 1})
    assert services.sessions.present(2).devices == 0
    later = int(now.timestamp() * 1000) + 600_001
    assert services.sessions.present(1, later).devices == 0
    services.close()
    again = open_services(services.data)
    try:
        assert again.sessions.present(1) == found
    finally:
        again.close()


def test_open_sessions_are_in_a_backup_and_end_once(client, services, tmp_path):
    send(client, sighting(0), sighting(60, zone=11))
    backup(services, tmp_path / "backup")
    send(client, **END)
    ended = [(3024, 11, 60.0, 0.0, -60), (3024, None, 0.0, 60.0, -60)]
    assert visits(client) == ended
    restore(tmp_path / "backup", tmp_path / "restored")
    for _ in range(2):  # and told once more, after another start
        other = open_services(tmp_path / "restored")
        try:
            with (
                serving(other) as url,
                httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as restored,
            ):
                assert other.sessions.open_count() == len(ended) - 1 - len(visits(restored)) // 2
                send(restored, **END)
                assert visits(restored) == ended
                assert other.sessions.open_count() == 0
        finally:
            other.close()


@pytest.mark.parametrize(
    ("key", "rows", "status", "error"),
    [
        ("psb_site_2", [sighting(0)], 200, "sensor: unknown sensor"),
        ("psb_test_key", [sighting(0, sensor=3025)], 200, "sensor: not active, it accepts no observations"),
        ("psb_test_key", [sighting(0, rssi=3)], 200, "rssi: expected an integer <= -1"),
        ("psb_test_key", [sighting(0, zone=99)], 200, "zone: this sensor has no such zone"),
        ("psb_test_key", [sighting(0, colour=1)], 200, "colour: unknown field"),
        ("psb_reader", [sighting(0)], 403, None),
        ("psb_nobody", [sighting(0)], 401, None),
    ],
)
def test_what_is_refused(client, key, rows, status, error):
    answer = client.post("/v1/sightings", json=rows, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == status
    if error:
        assert [row["error"] for row in answer.json()["rejected"]] == [error]
        kept = client.get("/v1/rejected").text
        assert MAC not in kept


def test_nobody_ends_sessions_of_others(client, services):
    services.catalogue.apply(other_network())
    send(client, sighting(0))
    for key in ("psb_site_2", OTHER_KEY):
        answer = client.post("/v1/sightings", json=[], params=END, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 400, answer.text
    assert visits(client) == []


@pytest.mark.parametrize("query", ["?kind=visit", "?until=soon", "?sensor=3024", "?wait=later", "?no=1"])
def test_unknown_parameters_are_errors(client, query):
    assert client.post(f"/v1/sightings{query}", json=[]).status_code == 400


def test_the_same_sightings_in_every_format_are_the_same(client):
    csv = f"sensor,at,device,rssi,zone\n3024,{at(0)},{MAC},-60,11\n3024,{at(60)},{MAC.upper()},-50,\n"
    headers = {"content-type": "text/csv"}
    assert client.post("/v1/sightings", content=csv, headers=headers).json()["accepted"] == 2
    lines = "\n".join(json.dumps(row) for row in (sighting(0, zone=11), sighting(60, -50)))
    headers = {"content-type": "application/x-ndjson", "idempotency-key": "one"}
    first = client.post("/v1/sightings", content=lines, headers=headers, params={"wait": "visible"})
    assert client.post("/v1/sightings", content=lines, headers=headers, params={"wait": "visible"}).text == first.text
    send(client, **END)
    assert visits(client) == [(3024, 11, 0.0, 0.0, -60), (3024, None, 0.0, 60.0, -50)]


def test_no_address_is_kept_anywhere(client, services):
    send(client, sighting(0), sighting(60, zone=99), sighting(120, rssi=5), {"device": MAC})
    client.post("/v1/sightings", content=f"{MAC},{MAC}\n", headers={"content-type": "text/csv"})
    services.sessions.catch_up()
    services.close()
    forms = {MAC, MAC.upper(), MAC.replace(":", ""), MAC.replace(":", "-")}
    wanted = [form.encode() for form in forms] + [bytes.fromhex(MAC.replace(":", ""))]
    for file in services.data.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [form for form in wanted if form in content], file
