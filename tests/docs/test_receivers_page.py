"""The receivers printed in the page on webhooks work as printed, with a real server."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from tests.support.networks import KEY, network

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "receive-webhooks.md").read_text()
RECEIVERS = re.findall(r"<!-- (receiver\.\w+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


def test_both_receivers_are_found():
    assert [name for name, _ in RECEIVERS] == ["receiver.py", "receiver.mjs"]


@pytest.mark.parametrize(("name", "text"), RECEIVERS)
def test_a_printed_receiver_takes_what_is_genuine_once(tmp_path, server, name, text):
    program = sys.executable if name.endswith(".py") else shutil.which("node")
    if program is None:
        pytest.skip("there is no node on this machine")
    file = tmp_path / name
    file.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [program, str(file)],
        env={**os.environ, "ACME_WEBHOOK": SECRET, "PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until_listening(port)
        url = f"http://127.0.0.1:{port}/"
        hook = {"url": url, "site": 1, "secret": SECRET}
        running = server(network() | {"settings": {"allow_private_webhooks": True}, "webhooks": [hook]})
        row = {"kind": "crossing", "sensor": 3024, "line": 1, "at": "2026-03-02T10:00:07.25Z", "direction": "in"}
        headers = {"Authorization": f"Bearer {KEY}"}
        assert httpx.post(f"{running.url}/v1/observations", json=row, headers=headers).status_code == 200
        assert process.stdout.readline() == "2026-03-02 10:00:07.250 TripwireCrossed line-door-1\n"
        forged = {"webhook-id": "msg_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
        assert httpx.post(url, content=b"[]", headers=forged).status_code == 401
        assert httpx.post(url, content=b"[]").status_code == 401
    finally:
        process.kill()
        process.communicate()


def wait_until_listening(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return
