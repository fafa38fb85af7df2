"""A day of WiFi probe requests, heard by two sniffers in one room, against brute force over the same files.

See SOURCE.md of the recording. About 15 people at most were there, and hundreds of addresses.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest
from tests.support import brno
from tests.support.sightings import sessions

from passerby.services import open_services

FOLDER = os.environ.get("PASSERBY_REALDATA", "")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER, reason="PASSERBY_REALDATA names no folder with recordings"),
]
POSITIONS = {1: "position_1", 2: "position_2"}
KEY = "psb_brno"
MIDNIGHT_MS = 1_707_433_200_000  # 2024-02-09T00:00:00+01:00


def catalogue():
    sensors = [{"id": number, "uid": name, "name": name} for number, name in POSITIONS.items()]
    return {
        "account": {"id": 1, "name": "Brno"},
        "credentials": [{"dialect": "native", "key": KEY, "scopes": ["ingest", "read"]}],
        "brands": [
            {
                "id": 1,
                "name": "Brno",
                "sites": [{"id": 1, "name": "Lab", "timezone": "Europe/Prague", "sensors": sensors}],
            }
        ],
    }


def bring_in(number, *target):
    file = Path(FOLDER) / "wifi_probe_brno" / POSITIONS[number] / brno.DAY
    command = [sys.executable, "-c", "from passerby.cli import main; main()", "import", str(file)]
    options = ["--format", "sightings-csv", "--sensor", str(number), "--timezone", "Europe/Prague", *map(str, target)]
    ended = subprocess.run(
        [*command, *options], capture_output=True, text=True, env={**os.environ, "PASSERBY_KEY": KEY}, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def expected():
    """The visits by brute force. A device is another one after midnight: its key is of one local day."""
    heard = [
        (scope, sensor, zone, (device, at >= MIDNIGHT_MS), at, *rest)
        for number, name in POSITIONS.items()
        for scope, sensor, zone, device, at, *rest in brno.sightings(
            Path(FOLDER) / "wifi_probe_brno" / name / brno.DAY, 1, number
        )
    ]
    return sessions(heard, 600_000)


def visits(data):
    """(each device's visits, how many there are), a visit as (sensor, zone, first, last, rssi); no server may run."""
    with duckdb.connect(str(data / "facts.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select device, sensor_id, zone_id, started_ms, ended_ms, rssi from wifi_visits"
        ).fetchall()
    of_device = defaultdict(set)
    for device, *visit in rows:
        of_device[device].add(tuple(visit))
    return sorted(map(sorted, of_device.values())), len(rows)


def by_device(found):
    of_device = defaultdict(set)
    for _, device, *visit in found:
        of_device[device].add(tuple(visit))
    return sorted(map(sorted, of_device.values()))


@pytest.fixture
def data(tmp_path):
    services = open_services(tmp_path / "data")
    services.catalogue.apply(catalogue())
    services.close()
    return tmp_path / "data"


def test_the_day_of_both_sniffers_equals_brute_force_and_again_changes_nothing(data):
    assert "13238 rows read; accepted 13238" in bring_in(1, "--data", data, "--keep-open")
    assert "15345 rows read; accepted 15345" in bring_in(2, "--data", data)
    found, number = visits(data)
    assert found == by_device(expected())
    with sqlite3.connect(data / "sessions.sqlite") as state:
        assert state.execute("select count(*) from open").fetchone() == (0,)
    bring_in(2, "--data", data)
    assert visits(data)[1] == number


def test_into_a_running_server(server, tmp_path):
    running = server(catalogue(), data=tmp_path / "data")
    bring_in(2, "--url", running.url, "--keep-open")
    bring_in(1, "--url", running.url)
    assert running.stop() == 0
    assert visits(tmp_path / "data")[0] == by_device(expected())
