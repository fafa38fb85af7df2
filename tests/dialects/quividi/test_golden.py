"""The examples of the document: observations that lead to each, and the answer as it is printed.

Keys that the document does not print (names of later releases) may stand beside them.
"""

import json
from pathlib import Path

import pytest
from tests.support.quividi import catalogue

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "quividi").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_example(path, vidi, post, opened):
    example = json.loads(path.read_text())
    opened.catalogue.apply(catalogue(example.get("vehicle_factors")))
    post(example["observations"])
    rows = vidi.export(**example["request"])
    printed = example["data"]
    assert len(rows) >= len(printed) if example.get("more") else len(rows) == len(printed)
    for wanted in printed:
        found = [row for row in rows if matches(row, wanted)]
        assert len(found) == 1, (wanted, rows)


def matches(row, wanted):
    """Equal in every printed key, also in the type of each value."""
    return all(key in row and row[key] == value and type(row[key]) is type(value) for key, value in wanted.items())
