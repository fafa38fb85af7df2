"""The document's signing examples and sample answers: shape, types, order of fields, and what values can be."""

import json
from pathlib import Path

import pytest
from tests.support import camlytics
from tests.support.camlytics import Program

from passerby.dialects.camlytics import auth

GOLDEN = Path(__file__).parents[2] / "golden" / "camlytics"
SIGNATURES = json.loads((GOLDEN / "signatures.json").read_text())
DOCUMENT = json.loads((GOLDEN / "document.json").read_text())
CHANNEL = "35576ahb-56656-45781-acb45_000015E2"
# What is Passerby's own to choose; the rest is as in the document.
OURS = {"version", "hash", "id"}


@pytest.mark.parametrize(("target", "signature"), SIGNATURES["signatures"].items())
def test_signatures(target, signature):
    assert auth.sign(SIGNATURES["secret"], target.encode()) == signature


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    sensor = {
        "id": 3024,
        "uid": CHANNEL,
        "name": "Lobby",
        "lines": [{"id": 1, "uid": "47576ahb-56656-45786-acb45_000015E2", "name": "Enter", "points": [[0, 0], [1, 1]]}],
        "zones": [
            {
                "id": 2,
                "uid": "47576ahb-56656-45786-acb45_000015E3",
                "name": "Shelf",
                "polygon": [[0, 0], [9, 0], [9, 9]],
            }
        ],
    }
    sites = [{"id": 123, "name": "Manhattan store", "timezone": "UTC", "sensors": [sensor]}]
    document = camlytics.catalogue(brands=[{"id": 1, "name": "Brand", "sites": sites}])
    document["credentials"] = [one for one in document["credentials"] if not one.get("sites")]
    with camlytics.running(tmp_path_factory.mktemp("golden") / "data", document) as (_, http):
        camlytics.send(http, DOCUMENT["observations"])
        yield Program(http)


@pytest.mark.parametrize(("path", "expected"), DOCUMENT["answers"].items())
def test_sample_answers(program, path, expected):
    method, _, query = path.partition("?")
    answer = program.raw(f"{camlytics.API}{method}?{query}{'&' if query else ''}nonce={next(program.nonces)}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    document = answer.json()
    assert list(document) == ["msg", "result", "code"]
    assert (document["msg"], document["code"]) == ("success", 0)
    for given, wanted in zip(document["result"], expected, strict=True):
        assert list(given) == list(wanted)
        assert {name: type(value) for name, value in given.items()} == {n: type(v) for n, v in wanted.items()}
        free = OURS if isinstance(wanted.get("id"), int) and "name" not in wanted else OURS - {"id"}
        assert {n: v for n, v in given.items() if n not in free} == {n: v for n, v in wanted.items() if n not in free}


def test_ids_are_of_no_two_events(program):
    ids = [event["id"] for event in program.result("events")]
    assert ids == sorted(set(ids))
    assert max(ids) < 2**53
