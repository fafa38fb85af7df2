"""docs/reference/analytiks.md shows what the golden files prove, and names every error code."""

import json
import re
from pathlib import Path

import pytest

from passerby.api.graphql import limits
from passerby.dialects.analytiks import errors, requests

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "analytiks.md").read_text()
EXAMPLES = re.findall(r"<!-- golden: (\S+) (\w+) -->\n```json\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("name", "part", "text"), EXAMPLES, ids=[f"{name} {part}" for name, part, _ in EXAMPLES])
def test_examples_are_golden(name, part, text):
    golden = json.loads((ROOT / "tests" / "golden" / "analytiks" / f"{name}.json").read_text())
    assert json.loads(text) == golden[part]


def test_there_are_examples():
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("code", [errors._CODES[status] for status in (400, 401, 413, 415)])
def test_every_error_code_is_on_the_page(code):
    assert f"`{code}`" in PAGE


def test_limits_are_those_of_the_code():
    for number in (limits.MAX_TOKENS, limits.MAX_FIELDS, limits.MAX_COST, limits.QUESTION_COST):
        assert f"{number:,}" in PAGE
    assert f"{limits.MAX_DEPTH} levels" in PAGE
    assert f"The limit of {requests.MAX_LOCATIONS} counts" in PAGE
    assert f"Years {requests.YEARS[0]} to {requests.YEARS[-1]}" in PAGE
