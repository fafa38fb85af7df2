"""One running Passerby for all tests of the dialect; each test works in places or with keys of its own."""

import pytest
from tests.support import camlytics


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with camlytics.running(
        tmp_path_factory.mktemp("camlytics") / "data", camlytics.catalogue(), camlytics.other_catalogue()
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def program(running):
    return camlytics.Program(running[1])


@pytest.fixture(scope="module")
def zurich(running):
    return camlytics.Program(running[1], "zurich", "zurich-secret")


@pytest.fixture(scope="module")
def other(running):
    return camlytics.Program(running[1], "other", "other-secret")
