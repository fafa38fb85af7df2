"""A server of the document's network."""

import pytest
from tests.support.quividi import VidiCenter, catalogue, other_account, send
from tests.support.servers import serving

from passerby.services import open_services


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a server of the document's network answers; one for the tests of a module, each with times of its own."""
    opened = open_services(tmp_path_factory.mktemp("quividi") / "data")
    opened.catalogue.apply(catalogue())
    opened.catalogue.apply(other_account())
    with serving(opened) as url:
        yield url
    opened.close()


@pytest.fixture
def vidi(address):
    """A client of it."""
    one = VidiCenter(address)
    yield one
    one.http.close()


@pytest.fixture
def post(address):
    """Posts observations."""
    return lambda observations: send(address, observations)
