"""A server of the document's network."""

import pytest
from tests.support.quividi import VidiCenter, catalogue, other_account, send
from tests.support.servers import serving

from passerby.services import open_services


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The document's network; one for the tests of a module, each with times of its own."""
    services = open_services(tmp_path_factory.mktemp("quividi") / "data")
    services.catalogue.apply(catalogue())
    services.catalogue.apply(other_account())
    yield services
    services.close()


@pytest.fixture(scope="module")
def address(opened):
    """Where a server of it answers."""
    with serving(opened) as url:
        yield url


@pytest.fixture
def vidi(address):
    """A client of it."""
    with VidiCenter(address) as one:
        yield one


@pytest.fixture
def post(address):
    """Posts observations."""
    return lambda observations: send(address, observations)
