"""The reference page of the catalogue file says what the program reads."""

import re
from pathlib import Path

import msgspec
import pytest

from passerby.catalogue import document
from passerby.catalogue.repository import Repository
from passerby.catalogue.yaml_text import from_yaml

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "catalogue-file.md").read_text()
HOOK_SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
ENTRIES = [entry for entry in vars(document).values() if isinstance(entry, type) and issubclass(entry, document.Entry)]


def test_the_example_of_the_page_can_be_applied(tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    variables = {name: f"value of {name}" for name in re.findall(r"env:(\w+)", example)}
    variables["ACME_WEBHOOK"] = HOOK_SECRET
    with Repository(tmp_path, environment=variables) as repository:
        repository.apply(from_yaml(example))
        assert repository.verify("native", "value of ACME_KEY")


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_key_is_on_the_page(entry):
    missing = [field.name for field in msgspec.structs.fields(entry) if not re.search(rf"`{field.name}\b", PAGE)]
    assert missing == []
