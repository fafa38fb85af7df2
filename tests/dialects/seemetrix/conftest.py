"""A server of the document's users."""

import pytest
from tests.support.seemetrix import running


@pytest.fixture(scope="module")
def server_of_screens(tmp_path_factory):
    """(services, client); one for the tests of a module, each with times of its own."""
    with running(tmp_path_factory.mktemp("seemetrix") / "data") as opened:
        yield opened


@pytest.fixture(scope="module")
def opened(server_of_screens):
    """The services."""
    return server_of_screens[0]


@pytest.fixture(scope="module")
def page(server_of_screens):
    """A client with the user's key."""
    return server_of_screens[1]
