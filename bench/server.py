"""A real `passerby serve` in a process of its own, its memory watched."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import orjson
import psutil

from bench import network

START_S = 120.0
SAMPLE_EVERY_S = 0.02


class MemoryWatch:
    """Samples the resident memory of a process; `peak` in bytes."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.before = self.peak = self._process.memory_info().rss

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_EVERY_S):
            try:
                self.peak = max(self.peak, self._process.memory_info().rss)
            except psutil.NoSuchProcess:
                return


class Server:
    """A running server: where it listens and who it is."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.port = urlsplit(url).port or 80

    def connection(self) -> http.client.HTTPConnection:
        """A new connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def get(self, path: str) -> bytes:
        """The body of one GET under the bench's key; raises on any status but 200."""
        connection = self.connection()
        connection.request("GET", path, headers={"Authorization": f"Bearer {network.INGEST_KEY}"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: {answer.status} {body[:500]!r}")
        return body

    def gauges(self) -> dict[str, float]:
        """The samples of /metrics by name (with labels, if any)."""
        lines = self.get("/metrics").decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def token(self) -> str:
        """An access token for the camera exports."""
        connection = self.connection()
        connection.request("POST", "/", orjson.dumps(network.GRANT), {"Content-Type": "application/json"})
        answer = orjson.loads(connection.getresponse().read())
        connection.close()
        return str(answer["access_token"])

    def live(self) -> None:
        """Wait until the live numbers are made, which begins with the server."""
        connection = self.connection()
        connection.request("GET", "/v1/live?site=1", headers={"Authorization": f"Bearer {network.INGEST_KEY}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"GET /v1/live: {answer.status}")


@contextmanager
def serve(data: Path, log: Path) -> Iterator[Server]:
    """Run the server on a free port of the loopback; its log goes to `log`. Stops it with SIGTERM."""
    command = [str(Path(sys.executable).with_name("passerby")), "serve"]
    command += ["--data", str(data), "--host", "127.0.0.1", "--port", "0"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            yield Server(process, _wait_until_ready(process, log))
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[str], log: Path) -> str:
    deadline = time.monotonic() + START_S
    while process.stdout is not None and time.monotonic() < deadline:
        line = process.stdout.readline()
        if found := re.search(r"listening on (http://\S+)", line):
            # Keep reading, or a chatty server would stop when the pipe is full.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return found[1]
        if not line:
            break
    raise RuntimeError(f"the server did not start; see {log}")
