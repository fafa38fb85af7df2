"""Each file of `tests/golden/producers/<producer>/`: a body, who sends it, and what it says.

`sensors` are those of the catalogue; `key` is the sensor whose own key is used, else the key sees them all. `body` is
JSON, `text` is sent as it is.
"""

import json
from pathlib import Path

import msgspec
import pytest
from tests.support.producers import sender

from passerby.errors import InvalidInputError
from passerby.ingest.producers import PRODUCERS

FOLDER = Path(__file__).parents[2] / "golden" / "producers"
CASES = sorted(FOLDER.glob("*/*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden(path):
    case = json.loads(path.read_text())
    body = case["text"].encode() if "text" in case else json.dumps(case["body"]).encode()
    producer = PRODUCERS[path.parent.name]
    if "error" in case:
        with pytest.raises(InvalidInputError) as refused:
            producer.decode(body, sender(case["sensors"], case.get("key")))
        assert str(refused.value) == case["error"]
        return
    pushed = producer.decode(body, sender(case["sensors"], case.get("key")))
    assert json.loads(msgspec.json.encode(pushed.observations)) == case["observations"]
    refused = [{"index": one.index, "error": one.error, "row": json.loads(one.row)} for one in pushed.refused]
    assert refused == case["refused"]
    assert {name: count for name, count in pushed.ignored.items() if count} == case["ignored"]


def test_every_producer_has_golden_files():
    assert {path.parent.name for path in CASES} == set(PRODUCERS)
