import asyncio

import httpx
import pytest
from tests.support.networks import KEY

PATH = "/v1/observations"
ROW = {"kind": "visit", "sensor": 3024, "start": "2026-03-29T01:30:00+01:00", "duration_ms": 5000}
BAD = {**ROW, "duration_ms": -1}


def send(client, rows, key="once", **more):
    return client.post(PATH, json=rows, headers={"Idempotency-Key": key}, **more)


@pytest.mark.parametrize("parameters", [{}, {"wait": "visible"}])
def test_the_same_request_gets_the_first_answer_and_writes_nothing(client, services, parameters):
    first = send(client, [ROW, BAD], params=parameters)
    entry = services.journal.last_entry
    again = send(client, [ROW, BAD], params=parameters)
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert first.json()["accepted"] == 1
    assert services.journal.last_entry == entry
    assert len(client.get("/v1/rejected").json()["rejected"]) == 1


def test_another_body_is_a_conflict(client):
    assert send(client, [ROW]).status_code == 200
    answer = send(client, [{**ROW, "id": "other"}])
    assert answer.status_code == 409
    assert answer.json()["status"] == 409


def test_another_format_is_another_body(client):
    assert send(client, []).status_code == 200
    content = {"content": b"[]", "headers": {"Idempotency-Key": "once", "Content-Type": "application/x-ndjson"}}
    assert client.post(PATH, **content).status_code == 409


def test_a_key_belongs_to_the_credential_that_sends_it(client):
    assert send(client, [ROW]).status_code == 200
    other = {**ROW, "duration_ms": 77_000}
    answer = client.post(PATH, json=[other], headers={"Idempotency-Key": "once", "Authorization": "Bearer psb_sender"})
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_keys_that_are_refused(client, key):
    answer = send(client, [ROW], key=key)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "Idempotency-Key"


def test_a_request_that_failed_may_be_sent_again(client):
    assert (
        client.post(
            PATH, content=b"{", headers={"Idempotency-Key": "k", "Content-Type": "application/json"}
        ).status_code
        == 400
    )
    assert send(client, [ROW], key="k").status_code == 200


@pytest.mark.parametrize("parameters", [{}, {"wait": "visible"}])
def test_at_the_same_time_only_one_is_written(url, services, parameters):
    async def many():
        headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "together"}
        async with httpx.AsyncClient(base_url=url, headers=headers) as http:
            rows = [ROW, {**ROW, "id": "two"}]
            return await asyncio.gather(*(http.post(PATH, json=rows, params=parameters) for _ in range(20)))

    answers = asyncio.run(many())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert services.journal.last_seq == 2
    assert services.journal.last_entry == 1
