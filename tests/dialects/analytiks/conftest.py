import pytest
from tests.support.analytiks import Program, catalogue, other_catalogue, running


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """(services, http client) of a Passerby with the two accounts; tests of a module use different days."""
    with running(tmp_path_factory.mktemp("analytiks") / "data", catalogue(), other_catalogue()) as opened:
        yield opened


@pytest.fixture(scope="module")
def http(world):
    return world[1]


@pytest.fixture(scope="module")
def demo(http):
    """The client that sees sites 1, 2 and 3 of brand 1234."""
    return Program(http, "demo")


@pytest.fixture(scope="module")
def wifi(http):
    """The same client, asking for WiFi exports."""
    return Program(http, "demo", page="wifi/json")


@pytest.fixture(scope="module")
def everything(http):
    """The client that sees every site of the account."""
    return Program(http, "all")
