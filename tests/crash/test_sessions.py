"""A server that is killed while WiFi sessions are open: what comes out equals brute force over what was sent."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random

import duckdb
import httpx
import pytest
import yaml
from tests.support.networks import KEY, network
from tests.support.servers import ServerProcess
from tests.support.sightings import sessions

pytestmark = pytest.mark.crash
KILLS = max(5, int(os.environ.get("PASSERBY_SOAK", "6")) // 2)
SEED = int(os.environ.get("PASSERBY_SEED", secrets.randbelow(10**9)))
# The day before, at an hour that is no midnight in New York.
START = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0) - timedelta(days=1)
START_MS = int(START.timestamp() * 1000)
SITE, SENSOR = 1, 3024
HEADERS = {"Authorization": f"Bearer {KEY}"}


def made_up(chance):
    """One sighting in the form of `tests.support.sightings`, of few devices, so that most of them have sessions."""
    zone = chance.choice([None, None, 11])
    at = START_MS + chance.randrange(5 * 3_600_000)
    return (SITE, SENSOR, zone, f"02:00:00:00:00:{chance.randrange(30):02x}", at, chance.randrange(-90, -40), True)


def as_json(sighting):
    _, sensor, zone, device, at, rssi, _ = sighting
    instant = START + timedelta(milliseconds=at - START_MS)
    return {"sensor": sensor, "zone": zone, "device": device, "at": instant.isoformat(), "rssi": rssi}


def visits(data):
    with duckdb.connect(str(data / "facts.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select device, sensor_id, zone_id, started_ms, ended_ms, rssi from wifi_visits"
        ).fetchall()
    of_device = defaultdict(list)
    for device, *visit in rows:
        of_device[device].append(visit)
    return sorted((sorted(map(tuple, visits), key=str) for visits in of_device.values()), key=str)


def expected(sent):
    of_device = defaultdict(list)
    for _, device, *visit in sessions(sent, 600_000):
        of_device[device].append(tuple(visit))
    return sorted((sorted(visits, key=str) for visits in of_device.values()), key=str)


def post(url, body, **parameters):
    """Until it is acknowledged, as senders do; whether it was, before the server went away."""
    try:
        answer = httpx.post(f"{url}/v1/sightings", json=body, headers=HEADERS, params=parameters, timeout=20)
    except httpx.TransportError:
        return False
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []
    return True


def test_kill_at_random_instants_with_open_sessions(tmp_path):
    print(f"PASSERBY_SEED={SEED}")  # noqa: T201 - shown when it fails
    chance = Random(SEED)
    data = tmp_path / "data"
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump(network()))
    sent = []
    server = ServerProcess(data, "--catalogue", file)
    try:
        for _ in range(KILLS):
            for _ in range(chance.randrange(1, 12)):
                batch = [made_up(chance) for _ in range(chance.randrange(1, 40))]
                assert post(server.url, [as_json(one) for one in batch])
                sent += batch
            time.sleep(chance.uniform(0, 1.5))
            server.kill()
            server = ServerProcess(data)
        # Killed while the sessions end, and told once more to end them: each counts once.
        until = (START + timedelta(hours=6)).isoformat()
        assert post(server.url, [], until=until, sensor=SENSOR)
        time.sleep(chance.uniform(0, 0.5))
        server.kill()
        server = ServerProcess(data)
        assert post(server.url, [], until=until, sensor=SENSOR, wait="visible")
        again = chance.sample(sent, min(len(sent), 50))
        assert post(server.url, [as_json(one) for one in again], until=until, sensor=SENSOR, wait="visible")
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()
    assert visits(data) == expected(sent), json.dumps(SEED)
