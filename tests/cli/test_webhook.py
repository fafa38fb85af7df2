"""`passerby webhook` and `passerby feed`, beside a real server."""

import json
import re
import time

import httpx
import pytest
from tests.support.networks import KEY, network
from tests.support.receivers import receiving

from passerby import cli


@pytest.fixture
def run(capsys):
    def call(*arguments):
        capsys.readouterr()  # what the server of the test says
        status = cli.run([str(argument) for argument in arguments])
        found = capsys.readouterr()
        return status, found.out, found.err

    return call


def test_webhooks_are_listed_logged_replayed_and_resumed(run, server):
    with receiving() as receiver:
        hook = {"id": 5, "url": f"{receiver.url}/?token=t", "site": 1}
        running = server(network() | {"settings": {"allow_private_webhooks": True}, "webhooks": [hook]})
        rows = [
            {"kind": "crossing", "sensor": 3024, "line": 1, "at": f"2026-03-02T10:00:0{n}Z", "direction": "in"}
            for n in range(5)
        ]
        httpx.post(f"{running.url}/v1/observations", json=rows, headers={"Authorization": f"Bearer {KEY}"})
        receiver.wait(lambda r: len(r.events) == 5)
        data = ("--data", running.data)
        assert run("webhook", "list", *data)[1].splitlines()[1].split() == [
            "5", f"{receiver.url}/", "events", "site", "1", "no", "ok",
        ]  # fmt: skip
        wait_for(lambda: "delivered" in run("webhook", "log", 5, *data)[1])
        span = ("--start", "2026-03-02T10:00:01Z", "--end", "2026-03-02T10:00:03Z")
        assert run("webhook", "replay", 5, *span, *data)[1] == "replay 1 of webhook 5\n"
        receiver.wait(lambda r: len(r.events) == 7)
        assert [event["event_time"][-6:] for event in receiver.events[5:]] == ["01.000", "02.000"]
        receiver.answer = 410
        rows[0]["at"] = "2026-03-02T11:00:00Z"
        httpx.post(f"{running.url}/v1/observations", json=rows[:1], headers={"Authorization": f"Bearer {KEY}"})
        wait_for(lambda: "410 Gone" in run("webhook", "list", *data)[1])
        receiver.answer = 200
        assert run("webhook", "resume", 5, *data)[1] == "resumed webhook 5\n"
        receiver.wait(lambda r: len(r.events) == 8)
        assert running.stop() == 0
        assert "token" not in running.log.read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (("log", 9), 1, "there is no webhook 9"),
        (("resume", 9), 1, "there is no webhook 9"),
        (("replay", 5, "--start", "x", "--end", "y"), 2, "--start: expected a time with an offset"),
        (("replay", 5, "--start", "2026-03-02T10:00:00Z", "--end", "2026-03-02"), 2, "--end: expected a time"),
        (("replay", 5, "--start", "2026-03-02T10:00:00Z", "--end", "2026-03-01T10:00:00Z"), 2, "--end: must be later"),
    ],
)
def test_mistakes_are_named(run, services, arguments, status, error):
    found = run("webhook", *arguments, "--data", services.data)
    assert (found[0], found[1]) == (status, "")
    assert error in found[2]


def test_feeds_are_created_listed_and_revoked(run, services, url):
    data = ("--data", services.data)
    made = run("feed", "create", "--name", "Door", "--type", "number", "--metric", "visits", "--site", 1, *data)
    feed = json.loads(made[1])
    assert re.fullmatch("[0-9a-f]{32}", feed["id"])
    address = f"{url}{feed['path']}"
    wait_for(lambda: httpx.get(address).status_code == 200)
    assert httpx.get(address).json()["report"]["data"] == {"counter": 0}
    again = run(
        "feed", "create", "--name", "Door", "--type", "series", "--metric", "visits", "--site", 1, "--compare", *data
    )
    assert json.loads(again[1])["id"] == feed["id"], "its address stays"
    assert run("feed", "list", *data)[1].splitlines()[1].split() == [
        "Door", "series", "visits", "site", "1", "today", feed["path"],
    ]  # fmt: skip
    assert run("feed", "revoke", "Door", *data)[1] == "revoked the feed Door\n"
    wait_for(lambda: httpx.get(address).status_code == 404)
    assert run("feed", "revoke", "Door", *data)[0] == 1


def test_a_feed_of_nothing_is_refused(run, services):
    found = run(
        "feed", "create", "--name", "X", "--type", "number", "--metric", "visit", "--site", 1, "--data", services.data
    )
    assert found[0] == 1
    assert "there is no such metric; did you mean visits?" in found[2]


def wait_for(condition, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
