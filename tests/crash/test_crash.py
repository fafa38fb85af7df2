"""Real servers that are killed, stopped, or run out of disk, under load: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
import shutil
import subprocess
import sys
import time
from random import Random

import duckdb
import httpx
import pytest
import yaml
from tests.support.networks import network
from tests.support.senders import Load
from tests.support.servers import ServerProcess

from passerby.maintenance.check import check
from passerby.services import open_services

pytestmark = pytest.mark.crash
KILLS = int(os.environ.get("PASSERBY_SOAK", "6"))
SEED = int(os.environ.get("PASSERBY_SEED", secrets.randbelow(10**9)))


@pytest.fixture
def start(tmp_path):
    """Starts `passerby serve` on the one data directory of the test."""
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump(network()))
    started = []

    def start_one(data=tmp_path / "data"):
        started.append(ServerProcess(data, *([] if data.exists() else ["--catalogue", file])))
        return started[-1]

    yield start_one
    for server in started:
        if server.process.poll() is None:
            server.kill()


def verify(data, load):
    """Every acknowledged observation is there, none twice, and nothing that nobody sent; journal and facts agree."""
    services = open_services(data)
    try:
        assert {area.name: area.wrong for area in check(services) if area.wrong} == {}
    finally:
        services.close()
    union = " union all ".join(f"select id from {table}" for table in ("visits", "passages", "uptimes"))
    with duckdb.connect(str(data / "facts.duckdb"), read_only=True) as connection:
        held = [name for (name,) in connection.execute(union).fetchall()]
    assert len(held) == len(set(held)), "observations were stored twice"
    assert load.acknowledged - set(held) == set(), "acknowledged observations were lost"
    assert set(held) - load.sent == set()
    assert load.acknowledged


def test_kill_at_random_instants_under_load(start, tmp_path):
    print(f"PASSERBY_SEED={SEED}")  # noqa: T201 - shown when it fails: the same seed kills at the same instants
    chance = Random(SEED)
    data = tmp_path / "data"
    server = start()
    with Load(server.url, SEED) as load:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 0.6))
            assert server.process.poll() is None, server.log.read_text()[-2000:]
            server.kill()
            load.away()
            if chance.random() < 0.2:
                kill_while_starting(data, chance.uniform(0.1, 1.5))
            server = start()
            load.back(server.url)
        load.wait_for(100)
    assert server.stop() == 0
    verify(data, load)


def kill_while_starting(data, after_s):
    command = [sys.executable, "-c", "from passerby.cli import main; main()", "serve", "--data", str(data)]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
        process.kill()


def test_sigterm_under_load_loses_nothing_and_exits_0(start, tmp_path):
    server = start()
    with Load(server.url, SEED) as load:
        load.wait_for(200)
        assert server.stop() == 0
    with duckdb.connect(str(tmp_path / "data" / "facts.duckdb"), read_only=True) as connection:
        held = sum(
            connection.execute(f"select count(*) from {t}").fetchone()[0] for t in ("visits", "passages", "uptimes")
        )
    assert held >= len(load.acknowledged), "an orderly end leaves nothing to load"
    verify(tmp_path / "data", load)


# -- a full disk


class SizeLimit:
    """No file of the server may grow any more: what the system says then is what it says when a disk is full."""

    def __init__(self, server, data):
        self._server = server
        largest = max(path.stat().st_size for path in data.iterdir())
        self._set(largest + 4096)

    def _set(self, soft):
        _, hard = resource.prlimit(self._server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._server.process.pid, resource.RLIMIT_FSIZE, (min(soft, hard) if hard > 0 else soft, hard))

    def end(self):
        self._set(resource.prlimit(self._server.process.pid, resource.RLIMIT_FSIZE)[1])


class FullDisk:
    """A file that takes all the room that is left."""

    def __init__(self, data):
        self._file = data.parent / "filler"
        with self._file.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
                file.flush()

    def end(self):
        self._file.unlink()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 MB, more than the load of the test fills by itself; skips where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("no mount command, so no small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def refuse_then_recover(server, load, fill):
    load.wait_for(200)
    limit = fill()
    try:
        deadline = time.monotonic() + 60
        while not any(status == 503 for status, _, _ in load.refusals):
            assert time.monotonic() < deadline, "the disk is full, yet nothing was refused"
            time.sleep(0.01)
        assert httpx.get(f"{server.url}/healthz").status_code == 200
    finally:
        limit.end()
    load.wait_for(200)
    _, headers, text = next(refusal for refusal in load.refusals if refusal[0] == 503)
    assert headers["content-type"] == "application/problem+json"
    assert int(headers["retry-after"]) >= 1
    assert "journal cannot be written" in text
    assert {status for status, _, _ in load.refusals} == {503}


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system cannot limit another process's files")
def test_files_that_may_not_grow_are_refusals_and_no_corruption(start, tmp_path):
    server = start()
    with Load(server.url, SEED) as load:
        refuse_then_recover(server, load, lambda: SizeLimit(server, tmp_path / "data"))
    assert server.stop() == 0
    verify(tmp_path / "data", load)


def test_a_full_disk_is_refusals_and_no_corruption(start, small_disk):
    data = small_disk / "data"
    server = start(data)
    with Load(server.url, SEED) as load:
        refuse_then_recover(server, load, lambda: FullDisk(data))
    assert server.stop() == 0
    verify(data, load)
