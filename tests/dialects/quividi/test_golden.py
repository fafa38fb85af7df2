"""The examples of the document: observations that lead to each, and the answer as it is printed.

Keys that the document does not print (names of later releases) may stand beside them. `shape_only` names the keys whose
printed values contradict the document itself: of those only the type is the document's.
"""

import json
from pathlib import Path

import pytest
from tests.support.quividi import VidiCenter, catalogue, send
from tests.support.servers import serving

from passerby.services import open_services

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "quividi").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_example(path, tmp_path):
    example = json.loads(path.read_text())
    services = open_services(tmp_path / "data")
    services.catalogue.apply(catalogue(example.get("vehicle_factors")))
    with serving(services) as url, VidiCenter(url) as vidi:
        send(url, example["observations"])
        rows = vidi.export(**example["request"])
    services.close()
    printed, shape_only = example["data"], example.get("shape_only", [])
    assert len(rows) >= len(printed) if example.get("more") else len(rows) == len(printed)
    for wanted in printed:
        found = [row for row in rows if matches(row, wanted, shape_only)]
        assert len(found) == 1, (wanted, rows)


def matches(row, wanted, shape_only):
    """Equal in every printed key, also in the type of each value."""
    return all(
        key in row and type(row[key]) is type(value) and (key in shape_only or row[key] == value)
        for key, value in wanted.items()
    )
