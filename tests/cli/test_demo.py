"""The demonstration as somebody starts it who has never seen Passerby."""

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest
from tests.support.networks import network as other_network

from passerby.services import open_services
from passerby.simulate import showcase

COMMAND = [sys.executable, "-c", "from passerby.cli import main; main()", "demo"]
SMALL = ["--sites", "6", "--days", "1", "--port", "0"]


class Demo:
    """A running demonstration; `shown` is what it printed until it was ready."""

    def __init__(self, data, *options):
        self.process = subprocess.Popen(
            [*COMMAND, "--data", str(data), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.shown = []
        for line in self.process.stdout:
            self.shown.append(line.rstrip("\n"))
            if line.startswith("The data lies"):
                break
        else:
            raise AssertionError(self.process.communicate()[1])
        self.url = re.search(r"http://127\.0\.0\.1:\d+", "\n".join(self.shown))[0]

    def stop(self, number=signal.SIGTERM):
        """(exit status, what it said on stderr)."""
        self.process.send_signal(number)
        errors = self.process.communicate(timeout=60)[1]
        return self.process.returncode, errors


@pytest.fixture
def demo():
    started = []

    def start(data, *options):
        started.append(Demo(data, *options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_a_new_demonstration_and_the_next_start(demo, tmp_path):
    data = tmp_path / "demo-data"
    first = demo(data, *SMALL)
    assert httpx.get(f"{first.url}/healthz").status_code == 200
    assert first.shown[2:4] == [
        f"Passerby's demonstration: {first.url}/",
        f"Sign in as {showcase.EMAIL} with the password {showcase.PASSWORD}",
    ]
    with httpx.Client(base_url=first.url, follow_redirects=True) as browser:
        token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)[1]
        given = {"csrf": token, "email": showcase.EMAIL, "password": showcase.PASSWORD}
        assert browser.post("/app/sign-in", data=given).url.path == "/app/"
    commands = [line.strip() for line in first.shown if line.startswith("  ")]
    assert len(commands) == 6
    if shutil.which("curl"):
        for command in commands:
            answer = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout
            assert not any(word in answer for word in ("problem", "error", "Unauthorized")), answer
            assert len(json.loads(answer)) > 0
    status, said = first.stop()
    assert status == 0, said
    loaded = re.search(r"loaded ([\d,]+) observations of 6 sites", said)
    assert int(loaded[1].replace(",", "")) > 5_000
    with contextlib.closing(open_services(data)) as services:
        before = sum(services.store.counts().values())
        assert {kind for kind, rows in services.store.counts().items() if rows} >= {"visit", "crossing", "uptime"}
    assert before >= int(loaded[1].replace(",", ""))

    second = demo(data, "--port", "0")  # goes on with the network that is there
    status, said = second.stop(signal.SIGINT)
    assert status == 0, said
    again = re.search(r"loaded ([\d,]+) observations of 6 sites", said)
    assert int(again[1].replace(",", "")) < 2_000


def test_an_interrupted_start_is_gone_on_with(demo, tmp_path):
    data = tmp_path / "demo-data"
    data.mkdir()
    with contextlib.closing(open_services(data)):
        pass
    (data / "demo.json").write_text(json.dumps({"sites": 6, "seed": 1, "first": f"{datetime.now(UTC):%Y-%m-%d}"}))
    assert demo(data, *SMALL).stop()[0] == 0
    assert json.loads((data / "demo.json").read_text())["until_ms"]


def test_somebodys_own_data_is_served_as_it_is(demo, tmp_path):
    with contextlib.closing(open_services(tmp_path)) as services:
        services.catalogue.apply(other_network())
        held = services.catalogue.current().version
    status, said = demo(tmp_path, *SMALL).stop()
    assert (status, "loaded" in said) == (0, False)
    with contextlib.closing(open_services(tmp_path)) as services:
        assert services.catalogue.current().version == held
        assert not any(services.store.counts().values())


def test_a_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "--data", str(tmp_path / "new"), "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"passerby: port {port} on 127.0.0.1 is taken: choose another with --port (Address already in use)\n"
    )
    assert not (tmp_path / "new").exists()


def test_a_damaged_mark(tmp_path):
    (tmp_path / "demo.json").write_text("{}")
    done = subprocess.run(
        [*COMMAND, "--data", str(tmp_path), "--port", "0"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"passerby: {tmp_path / 'demo.json'} is damaged: remove {tmp_path} to start afresh"
    )
