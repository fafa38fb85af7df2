"""Fixtures that every area of the tests may use."""

import logging
import os
import shutil
from pathlib import Path

import httpx
import pytest
import structlog
import yaml
from hypothesis import HealthCheck, settings
from tests.support.networks import KEY, network
from tests.support.servers import ServerProcess, serving

from passerby.services import open_services

# On CI the examples are the same at each run of the same code: a run says something about the change, not about luck.
# Everywhere else they are new each time, which is how new failures are found.
settings.register_profile(
    "ci", deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("default", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("PASSERBY_HYPOTHESIS", "ci" if os.environ.get("CI") else "default"))


# Begun first, so that no worker is left alone with them at the end.
_LONGEST = (
    "tests/crash",
    "tests/realdata",
    "tests/browser",
    "tests/metrics",
    "tests/webhooks",
    "tests/dialects/quividi",
)


def pytest_collection_modifyitems(items):
    """Folders whose tests take longest come first; `--dist loadfile` hands files out in this order."""
    rank = {folder: number for number, folder in enumerate(_LONGEST)}
    items.sort(key=lambda item: min((rank[f] for f in _LONGEST if item.nodeid.startswith(f)), default=len(rank)))


@pytest.fixture(autouse=True)
def _logs_go_to_pytest():
    """What is logged is shown with a test that fails. A command run inside a test sends it elsewhere until its end."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.processors.KeyValueRenderer(key_order=["event"])],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory):
    """A data directory as the first start leaves it. Tests get copies: making one takes longer than most of them."""
    folder = tmp_path_factory.mktemp("empty") / "data"
    open_services(folder).close()
    (folder / "server.key").unlink()  # each copy makes its own
    return folder


@pytest.fixture
def services(tmp_path, empty_data):
    """A whole Passerby on an empty data directory (catalogue, journal, store, loader), with `networks.network()`."""
    opened = open_services(Path(shutil.copytree(empty_data, tmp_path / "data")))
    try:
        opened.catalogue.apply(network())
        yield opened
    finally:
        opened.close()


@pytest.fixture
def url(services):
    """Where `services` answers HTTP."""
    with serving(services) as address:
        yield address


@pytest.fixture
def client(url):
    """An HTTP client of `services` with the key that may do everything."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as http:
        yield http


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Starts real `passerby serve` processes: `server()`, `server(document, "--port", 0, data=folder)`.

    They are ended with the module. The catalogue is `networks.network()` unless another document is given.
    """
    started = []

    def start(document=None, *arguments, data=None, environment=None):
        folder = tmp_path_factory.mktemp("server")
        file = folder / "catalogue.yaml"
        file.write_text(yaml.safe_dump(document or network()))
        one = ServerProcess(data or folder / "data", "--catalogue", file, *arguments, environment=environment)
        started.append(one)
        return one

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()
