import pytest
from tests.support.analytiks import Program, catalogue, other_catalogue, running


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    with running(tmp_path_factory.mktemp("graphql") / "data", catalogue(), other_catalogue()) as (_, client):
        yield client


@pytest.fixture(scope="module")
def demo(http):
    """The client that sees sites 1, 2 and 3 of brand 1234."""
    return Program(http, "demo")


@pytest.fixture(scope="module")
def everything(http):
    """The client that sees every site of the account."""
    return Program(http, "all")
