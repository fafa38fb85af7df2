"""What a server does when it is asked for too much, and what it shows to whom."""

import asyncio
import gzip
import json
import re
from concurrent.futures import Future
from pathlib import Path

import httpx
import pytest
from tests.support.networks import KEY, OTHER_KEY, other_network

from passerby.errors import UnavailableError

PATH = "/v1/observations"
ROW = {"kind": "visit", "sensor": 3024, "start": "2026-03-29T01:30:00+01:00", "duration_ms": 5000}
JSON = {"Content-Type": "application/json"}
MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b" " * (16 * MEGABYTE + 1), JSON),
        (iter([b" " * MEGABYTE] * 17), JSON),
        (gzip.compress(b" " * (16 * MEGABYTE + 1)), {**JSON, "Content-Encoding": "gzip"}),
    ],
    ids=["announced", "in chunks", "compressed"],
)
def test_bodies_that_are_too_large(client, content, headers):
    answer = client.post(PATH, content=content, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "the body is larger than 16 MB"


def test_a_body_of_just_the_limit(client):
    row = json.dumps([ROW]).encode()
    assert client.post(PATH, content=row.ljust(16 * MEGABYTE), headers=JSON).json()["accepted"] == 1


def test_a_backlog_holds_requests_back_and_then_refuses_them(client, services, monkeypatch):
    async def in_vain():
        held.append(True)

    held = []
    monkeypatch.setattr(services.loader, "must_hold", lambda: True)
    monkeypatch.setattr(services.loader, "hold", in_vain)
    answer = client.post(PATH, json=ROW)
    assert held == [True]
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    monkeypatch.undo()
    assert client.post(PATH, json=ROW).status_code == 200


def test_rows_that_cannot_be_written_are_not_acknowledged(client, services, monkeypatch):
    def full(_submission):
        failed = Future()
        failed.set_exception(UnavailableError("the disk is full", retry_after_s=7))
        return failed

    monkeypatch.setattr(services.journal, "append", full)
    answer = client.post(PATH, json=ROW)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["detail"] == "the disk is full"


def test_what_nobody_expected_is_a_500_that_says_nothing_of_its_cause(client, services, monkeypatch):
    def broken(_submission):
        raise RuntimeError("secret cause")

    monkeypatch.setattr(services.journal, "append", broken)
    answer = client.post(PATH, json=ROW)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret cause" not in answer.text


def test_two_clients_at_the_same_time(url, services):
    """Both send the same rows, in other orders and groups: each is new for exactly one of them."""
    rows = [{**ROW, "id": f"row-{number}"} for number in range(400)]

    async def send(batches):
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60) as http:
            answers = [await http.post(PATH, json=batch, params={"wait": "visible"}) for batch in batches]
        return [answer.json() for answer in answers]

    async def both():
        forwards = [rows[at : at + 20] for at in range(0, 400, 20)]
        backwards = [rows[at : at + 25][::-1] for at in range(375, -1, -25)]
        return await asyncio.gather(send(forwards), send(backwards))

    answers = [answer for one in asyncio.run(both()) for answer in one]
    assert sum(answer["accepted"] for answer in answers) == 400
    assert sum(answer["duplicates"] for answer in answers) == 400
    assert services.store.counts()["visit"] == 400


FOREIGN = "elsewhere"  # the uid of a sensor of another account, whose id is 9000 and whose site is 90


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v1/observations/visit", [{"sensor": FOREIGN}, {"sensor": "nowhere"}]),
        ("/v1/observations/visit", [{"sensor": "9000"}, {"sensor": "9001"}]),
        ("/v1/observations/visit", [{"site": "90"}, {"site": "91"}]),
        ("/v1/rejected", [{"sensor": FOREIGN}, {"sensor": "nowhere"}]),
        ("/v1/rejected", [{"sensor": "9000"}, {"sensor": "9001"}]),
    ],
)
def test_what_is_foreign_is_as_if_it_were_not(client, url, services, path, parameters):
    services.catalogue.apply(other_network())
    theirs = {"Authorization": f"Bearer {OTHER_KEY}"}
    rows = [{**ROW, "sensor": FOREIGN}, {**ROW, "sensor": FOREIGN, "duration_ms": -1}]
    assert httpx.post(url + PATH, json=rows, headers=theirs, params={"wait": "visible"}).json()["accepted"] == 1
    foreign, unknown = (client.get(path, params=one) for one in parameters)
    assert foreign.status_code == unknown.status_code
    assert foreign.content == unknown.content
    everything = client.get(path).text + client.get("/v1/catalogue").text
    assert FOREIGN not in everything
    assert "9000" not in everything


def test_a_foreign_sensor_is_an_unknown_one(client, services):
    services.catalogue.apply(other_network())
    rows = [{**ROW, "sensor": sensor} for sensor in (FOREIGN, 9000, "nowhere", 9001)]
    rejected = client.post(PATH, json=rows).json()["rejected"]
    assert [one["error"] for one in rejected] == ["sensor: unknown sensor"] * 4


def test_the_example_of_the_reference_is_true(client):
    text = Path("docs/reference/http-api.md").read_text()
    sent = json.loads(re.search(r"-d '(\[.*?\])'", text, re.DOTALL)[1])
    printed = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    # The first of each shape: others follow in sections with tests of their own.
    keys = ("errors", "duplicates", "next", "kind")
    error, answer, rejected, row = (next(each for each in printed if key in each) for key in keys)
    assert client.post(PATH, json=sent).json() == answer
    assert client.get(f"{PATH}/visit", params={"cursor": "x"}).json() == error
    kept = client.get("/v1/rejected").json()
    kept["rejected"][0]["received"] = rejected["rejected"][0]["received"]
    assert kept == rejected
    client.post(PATH, json=sent, params={"wait": "visible"})
    assert json.loads(client.get(f"{PATH}/visit", params={"site": 1}).text) == row
