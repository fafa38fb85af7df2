"""The dashboard over HTTP, without a browser."""

import re
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from tests.support.dashboard import Dashboard, add_people
from tests.support.networks import network, other_network
from tests.support.servers import serving

from passerby.services import open_services


@pytest.fixture
def fresh(services):
    """A server with people on a catalogue of its own."""
    services.catalogue.apply(other_network())
    add_people(services)
    with serving(services) as address:
        yield Dashboard(address, services)


class Client(httpx.Client):
    """A browser's habits: it keeps cookies, and forms that it sends bring their token."""

    def form(self, path, data=None, page="/app/sign-in", **more):
        """Send a form as it stands on `page`."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get(page).text)[1]
        return self.post(path, data={"csrf": token, **(data or {})}, **more)

    def sign_in(self, who, password):
        return self.form("/app/sign-in", {"email": f"{who}@example.com", "password": password})


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """The same for tests that leave everything as it was: one for a module."""
    services = open_services(tmp_path_factory.mktemp("standing") / "data")
    try:
        services.catalogue.apply(network())
        services.catalogue.apply(other_network())
        add_people(services)
        with serving(services) as address:
            yield Dashboard(address, services)
    finally:
        services.close()


@pytest.fixture
def open_client(fresh):
    """Opens clients of `fresh`: `open_client()` signed out, `open_client("viewer")` signed in."""
    with _opening(fresh) as start:
        yield start


@pytest.fixture
def visit(standing):
    """Opens clients of `standing`."""
    with _opening(standing) as start:
        yield start


@contextmanager
def _opening(dashboard):
    with ExitStack() as stack:

        def start(who=None, **headers):
            client = Client(base_url=dashboard.url, headers={"Accept": "text/html", **headers}, timeout=60)
            stack.enter_context(client)
            if who:
                client.cookies.set("passerby_session", dashboard.token(who))
            return client

        yield start
