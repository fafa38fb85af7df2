"""The application run in this process, without a network, its store noting each statement that it is asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import network
from bench.data import RecordingStore, Statement
from passerby.server import create_app
from passerby.services import open_services


@dataclass
class Answer:
    """One answer: its body, the statements it took, and how long it took in seconds."""

    body: bytes
    statements: list[Statement]
    seconds: float


class Application:
    """The real application over a store that records."""

    def __init__(self, client: httpx.AsyncClient, runner: asyncio.Runner, store: RecordingStore) -> None:
        self._client, self._runner, self._store = client, runner, store

    def get(self, path: str) -> Answer:
        """GET under the bench's native key."""
        return self._ask("GET", path, b"", network.INGEST_KEY)

    def post(self, path: str, body: bytes, token: str) -> Answer:
        """POST a JSON body."""
        return self._ask("POST", path, body, token)

    def token(self) -> str:
        """An access token for the camera exports."""
        answer = self._runner.run(self._client.post("/", json=network.GRANT))
        return str(answer.json()["access_token"])

    def _ask(self, method: str, path: str, body: bytes, token: str) -> Answer:
        self._store.statements.clear()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        begin = time.perf_counter()
        answer = self._runner.run(self._client.request(method, path, content=body, headers=headers))
        seconds = time.perf_counter() - begin
        if answer.status_code != 200:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.content[:500]!r}")
        return Answer(answer.content, list(self._store.statements), seconds)


@contextmanager
def application(data: Path) -> Iterator[Application]:
    """The application on a data directory that no server has open."""
    services = open_services(data)
    try:
        recording = RecordingStore(services.store)
        services.store = recording
        transport = httpx.ASGITransport(app=create_app(services))
        client = httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=600)
        with asyncio.Runner() as runner:
            yield Application(client, runner, recording)
    finally:
        services.close()
