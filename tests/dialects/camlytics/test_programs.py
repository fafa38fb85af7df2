"""The document's own signing examples, run by Node and PHP against a running server."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support import camlytics
from tests.support.camlytics import Program, refusal

PROGRAMS = Path(__file__).parent / "programs"
SINCE = {"js": "2020-10-13T06%3A12%3A00.000%2B01%3A00", "php": "2020-10-12T14%3A00%3A00Z"}


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    site = {"id": 32, "name": "Shop", "timezone": "UTC"}
    brands = [{"id": 1, "name": "Brand", "sites": [site]}]
    document = camlytics.catalogue(brands=brands)
    document["credentials"] = [one for one in document["credentials"] if not one.get("sites")]
    with camlytics.running(tmp_path_factory.mktemp("programs") / "data", document) as (_, opened):
        yield opened


@pytest.mark.parametrize(("language", "interpreter", "first"), [("js", "node", 100), ("php", "php", 200)])
def test_the_documents_examples(http, language, interpreter, first):
    found = shutil.which(interpreter)
    if found is None:
        pytest.skip(f"{interpreter} is not on PATH (make test installs PHP where it can)")

    def run(nonce, *changed):
        command = [found, PROGRAMS / f"sign.{language}", str(http.base_url), str(nonce), *changed]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    assert run(first + 1) == "200 0"
    # Any one byte other than what was signed, the last of the query included.
    target = f"{camlytics.API}/events?location_id=32&nonce={first + 2}&since={SINCE[language]}"
    for changed in (
        target.replace("location_id=32", "location_id=33"),
        target.replace(f"nonce={first + 2}", f"nonce={first + 3}"),
        target.replace("/events", "/Events"),
        target + "0",
    ):
        # A method that does not exist is not there for anybody, signed or not.
        assert run(first + 2, changed) == ("404 4040" if "/Events" in changed else "401 4012")
    assert run(first + 2, target) == "200 0"
    assert run(first + 2, target) == "401 4014"
    assert run(first + 1) == "401 4014"
    assert refusal(Program(http).ask("events", nonce=first + 2)) == (401, 4014)
