"""`passerby serve` as a process."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
import yaml
from tests.support.networks import KEY, network
from tests.support.servers import ServerProcess

HEADERS = {"Authorization": f"Bearer {KEY}"}
PASSERBY = [sys.executable, "-c", "from passerby.cli import main; main()"]


def run(*arguments, **environment):
    return subprocess.run(
        [*PASSERBY, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


@pytest.fixture
def catalogue(tmp_path):
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump(network()))
    return file


def visit(number):
    return {"kind": "visit", "sensor": 3024, "start": "2026-01-01T00:00:00Z", "duration_ms": 1, "id": f"v{number}"}


def test_sigterm_under_load_loses_nothing_and_ends_with_0(tmp_path, catalogue):
    server = ServerProcess(tmp_path / "data", "--catalogue", catalogue)
    acknowledged = []

    def send(worker):
        with httpx.Client(base_url=server.url, headers=HEADERS) as http:
            for number in range(100_000):
                rows = [visit(f"{worker}-{number}-{n}") for n in range(20)]
                try:
                    answer = http.post("/v1/observations", json=rows)
                except httpx.TransportError:
                    return
                if answer.status_code != 200:
                    return
                acknowledged.extend(row["id"] for row in rows)

    senders = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for sender in senders:
        sender.start()
    while len(acknowledged) < 1000:
        assert server.process.poll() is None
        time.sleep(0.01)
    assert server.stop() == 0
    for sender in senders:
        sender.join()
    again = ServerProcess(tmp_path / "data")
    try:
        lines = httpx.get(f"{again.url}/v1/observations/visit", params={"format": "csv"}, headers=HEADERS).text
    finally:
        assert again.stop() == 0
    kept = [line.split(",")[1].strip('"') for line in lines.splitlines()[1:]]
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)


def test_logs_are_json_and_hold_no_secrets(tmp_path, catalogue):
    server = ServerProcess(tmp_path / "data", "--catalogue", catalogue)
    httpx.post(f"{server.url}/v1/observations", json=[visit(1)], headers=HEADERS)
    httpx.get(f"{server.url}/v1/rejected", headers={"Authorization": "Bearer psb_a_wrong_key"})
    assert server.stop() == 0
    text = server.log.read_text()
    events = [json.loads(line) for line in text.splitlines()]
    assert "catalogue applied" in [event["event"] for event in events]
    assert KEY not in text
    assert "psb_a_wrong_key" not in text


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (
            ["--catalogue-url", "postgresql://x"],
            1,
            "--catalogue-url: this release has only the embedded engine (SQLite)",
        ),
        (["--store-url", "clickhouse://x"], 1, "--store-url: this release has only the embedded engine"),
        (["--catalogue", "no-such-file.yaml"], 1, "no-such-file.yaml"),
        (["--port", "70000"], 2, "--port"),
        (["--no-such-option"], 2, "No such option"),
    ],
)
def test_what_is_refused_is_said_on_one_line(tmp_path, arguments, status, words):
    done = run("serve", "--data", tmp_path / "data", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_data_is_needed():
    done = run("serve")
    assert done.returncode == 2
    assert "--data" in done.stderr


def test_a_wrong_setting_in_the_environment(tmp_path):
    done = run("serve", "--data", tmp_path / "data", PASSERBY_MAX_BODY_MB="much")
    assert done.returncode == 1
    assert done.stderr == "passerby: PASSERBY_MAX_BODY_MB: expected an integer\n"


def test_a_port_or_a_folder_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--data", tmp_path / "data", "--port", port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    server = ServerProcess(tmp_path / "data")
    done = run("serve", "--data", tmp_path / "data", "--port", 0)
    assert server.stop() == 0
    assert done.returncode == 1
    assert "in use by another process" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_has_an_example():
    done = run("serve", "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout


def test_a_taken_port_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--data", tmp_path / "data", "--port", port)
    assert done.returncode == 1
    assert done.stderr == f"passerby: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_a_file_is_no_data_directory(tmp_path):
    file = tmp_path / "facts"
    file.write_text("")
    done = run("serve", "--data", file)
    assert (done.returncode, done.stderr) == (1, f"passerby: --data: {file} is a file; it must be a directory\n")
