"""A server that is killed again and again: no session's number changes, none is given twice, and none is left out."""

import contextlib
import os
import secrets
import threading
from datetime import UTC, datetime, timedelta
from random import Random

import httpx
import pytest
import yaml
from tests.support.seemetrix import KEY, USER_KEY, catalogue
from tests.support.servers import ServerProcess
from tests.support.sessions import Numbers

pytestmark = pytest.mark.crash
KILLS = int(os.environ.get("PASSERBY_SOAK", "1"))
BATCHES = 6
SEED = int(os.environ.get("PASSERBY_SEED", secrets.randbelow(10**9)))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SENSORS = (3024, 3026, 3027)


def view(number, chance):
    """A view at an instant of its own, by which it is known; some have numbers of their own, and they come late."""
    session = chance.choice((None, None, chance.randint(0, 40)))
    start = BEGIN + timedelta(seconds=number * 7919 % 100_003)
    row = {"kind": "view", "sensor": chance.choice(SENSORS), "start": start.isoformat(), "id": str(number)}
    return {**row, "duration_ms": 1000, "attention_ms": 500} | ({} if session is None else {"session": session})


def post(server, rows, **parameters):
    head = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{server.url}/v1/observations", json=rows, headers=head, params=parameters, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []


def numbers(server):
    """The number of each session by its begin."""
    query = {"key": USER_KEY, "b": "2026/01/01 00:00:00", "e": "2026/02/01 00:00:00"}
    found = httpx.get(f"{server.url}/api/statistics/user/632/raw/data/", params=query, timeout=30).json()["objects"]
    return {one["b"]: one["o"] for one in found}


def expected(rows):
    twin = Numbers()
    return {
        f"{datetime.fromisoformat(row['start']):%Y-%m-%dT%H:%M:%S.%f}": twin.number(row["sensor"], row.get("session"))
        for row in rows
    }


def test_numbers_survive_kills(tmp_path):
    print(f"PASSERBY_SEED={SEED}")  # noqa: T201 - shown when it fails: the same seed kills at about the same instants
    chance = Random(SEED)
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump(catalogue()))
    sent, known = [], {}
    server = ServerProcess(tmp_path / "data", "--catalogue", file)
    try:
        for _ in range(KILLS):
            killer = threading.Timer(chance.uniform(0.05, 0.6), server.process.kill)
            killer.start()
            batches = [[view(len(sent) + n, chance) for n in range(20)]]
            sent += batches[0]
            with contextlib.suppress(httpx.TransportError):
                for _ in range(BATCHES):
                    post(server, batches[-1], wait="visible")
                    known |= numbers(server)
                    batches.append([view(len(sent) + n, chance) for n in range(20)])
                    sent += batches[-1]
            killer.join()
            server.kill()
            server = ServerProcess(tmp_path / "data")
            post(server, batches[-1], wait="visible")  # perhaps once more
            found = numbers(server)
            assert {begin: found[begin] for begin in known} == known
            assert found == expected(sent)
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()
