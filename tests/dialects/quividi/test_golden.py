"""The examples of the document: observations that lead to each, and the answer as it is printed.

Keys that the document does not print (names of later releases) may stand beside them.
"""

import json
from pathlib import Path

import pytest

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "quividi").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_example(path, vidi, post):
    example = json.loads(path.read_text())
    post([row for each in example["observations"] for row in several(each)])
    rows = vidi.export(**example["request"])
    printed = example["data"]
    assert len(rows) >= len(printed) if example.get("more") else len(rows) == len(printed)
    for wanted in printed:
        found = [row for row in rows if matches(row, wanted)]
        assert len(found) == 1, (wanted, rows)


def several(observation):
    """`times: n` stands for n rows alike; each gets an id of its own."""
    times = observation.pop("times", 1)
    return [{**observation, "id": f"{n}"} for n in range(times)] if times > 1 else [observation]


def matches(row, wanted):
    """Equal in every printed key, also in the type of each value."""
    return all(key in row and row[key] == value and type(row[key]) is type(value) for key, value in wanted.items())
