"""A server that is killed while it makes an export: a program that only asks again gets its rows from the next one."""

import time

import httpx
import pytest
import yaml
from tests.support.servers import ServerProcess

pytestmark = pytest.mark.crash
LOCATIONS = 130
DAYS = 60
KEY = "psb_exports"
USER = ("demo", "demo-token")
ASK = {
    "data_type": "ots",
    "time_resolution": "1h",
    "start": "2025-05-01T00:00:00",
    "end": "2025-06-29T23:59:59",
    "sites": "1",
}


def network():
    sensors = [{"id": 100 + n, "uid": f"screen-{n}", "name": f"Screen {n}"} for n in range(LOCATIONS)]
    return {
        "account": {"id": 1, "name": "Acme"},
        "settings": {"quividi_calls_per_minute": 0},
        "credentials": [
            {"dialect": "native", "key": KEY, "scopes": ["ingest", "read", "admin"]},
            {"dialect": "quividi", "username": USER[0], "token": USER[1]},
        ],
        "brands": [
            {"id": 1, "name": "B", "sites": [{"id": 1, "name": "S", "timezone": "Europe/Paris", "sensors": sensors}]}
        ],
    }


@pytest.fixture
def start(tmp_path):
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump(network()))
    started = []

    def start_one():
        started.append(ServerProcess(tmp_path / "data", *([] if started else ["--catalogue", file])))
        return started[-1]

    yield start_one
    for server in started:
        if server.process.poll() is None:
            server.kill()


def ask(server, **more):
    answer = httpx.get(f"{server.url}/api/v1/data/", params={**ASK, **more}, auth=USER, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def until_finished(server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = ask(server)
        if answer["state"] == "finished":
            return answer["data"]
        assert answer["state"] == "in_progress"
        time.sleep(0.1)
    raise AssertionError("the export is not finished")


def test_an_export_under_way_at_a_kill_is_made_by_the_next_server(start):
    server = start()
    rows = [
        {"kind": "uptime", "sensor": 100 + n, "start": "2025-05-01T00:00:00Z", "duration_ms": DAYS * 86_400_000}
        for n in range(LOCATIONS)
    ] + [
        {"kind": "view", "sensor": 100 + n, "start": "2025-05-02T10:00:00Z", "duration_ms": 1000, "attention_ms": 500}
        for n in range(LOCATIONS)
    ]
    posted = httpx.post(
        f"{server.url}/v1/observations?wait=visible", json=rows, headers={"Authorization": f"Bearer {KEY}"}, timeout=60
    )
    assert posted.json()["accepted"] == len(rows)
    assert ask(server) == {"state": "started"}
    for _ in range(3):
        server.kill()
        server = start()
        assert ask(server)["state"] != "started"  # it is known, and made without being asked for anew
    data = until_finished(server)
    assert len(data) == LOCATIONS * DAYS * 24
    assert sum(row["ots_count"] for row in data if row["ots_count"]) == LOCATIONS
    assert ask(server, force_rebuild="1") == {"state": "started"}
    server.kill()
    server = start()
    assert until_finished(server) == data
    assert server.stop() == 0
