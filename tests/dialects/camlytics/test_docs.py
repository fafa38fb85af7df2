"""docs/reference/camlytics.md says what the code does."""

import re
from pathlib import Path

from passerby.dialects.camlytics.auth import LARGEST_NONCE
from passerby.dialects.camlytics.codes import Code
from passerby.dialects.camlytics.requests import METHODS
from passerby.dialects.camlytics.routes import MAX_HOURS, PREFIX

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "camlytics.md").read_text()


def test_the_table_of_codes_is_that_of_the_code():
    rows = [line for line in PAGE.splitlines() if re.match(r"\| \d{4} \|", line)]
    assert rows == [f"| {code.number} | {code.status} | {code.meaning} |" for code in Code]
    assert all(code.number // 10 == code.status for code in Code)


def test_every_method_and_parameter_is_on_the_page():
    assert all(f"`GET {PREFIX}/{method}`" in PAGE for method in METHODS)
    assert all(f"| `{name}` |" in PAGE for names in METHODS.values() for name in names)


def test_limits_are_those_of_the_code():
    assert str(LARGEST_NONCE) in PAGE
    assert f"up to {MAX_HOURS // 24} days" in PAGE
