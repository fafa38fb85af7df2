"""Golden files: observations posted to a server, a request as a customer sends it, the answer to the last byte.

`tests/golden/analytiks/*.json`; add a file to add a case.
"""

import json
from pathlib import Path

import orjson
import pytest
from tests.support.analytiks import POI_1, POI_2, Program, catalogue, other_catalogue, running, send

FOLDER = Path(__file__).parents[2] / "golden" / "analytiks"
FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden(file, tmp_path):
    case = json.loads(file.read_text())
    document = catalogue()
    document["settings"] = case.get("settings", {})
    with running(tmp_path / "data", document, other_catalogue()) as (_, http):
        send(http, case["observations"])
        program = Program(http, case.get("client", "demo"))
        answer = http.post(case["path"], json=case["request"], headers=program.headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (case["status"], "application/json")
    assert json.loads(answer.content) == case["response"]
    # Not only equal but written the same: order of fields and buckets, numbers without a decimal point.
    assert answer.content == orjson.dumps(case["response"])


def test_the_sample_of_the_document_is_the_answer_less_what_the_document_left_out():
    """The vendor's printed answer shows fewer metrics; those it shows are the golden file's to the last number."""
    case = json.loads((FOLDER / "document-sample.json").read_text())
    (location,) = case["response"]
    assert sum(location["visits"].values()) == 21
    assert sum(location["groupVisits"].values()) == 20
    assert set(location["dwellTime"].values()) == {111_111}
    assert [zone["id"] for zone in location["pointOfInterest"]] == [POI_1, POI_2]
    assert [sum(zone["visits"].values()) for zone in location["pointOfInterest"]] == [8, 40]
    assert [max(zone["peakVisits"].values()) for zone in location["pointOfInterest"]] == [1, 2]
