"""Senders that keep posting observations, retry what was not acknowledged, and remember what was."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import UTC, datetime, timedelta
from random import Random

import httpx
from tests.support.networks import KEY

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_KINDS = ("visit", "passage", "uptime")
SENSOR = 3024
ROWS = 20


def observation(name, number):
    """Observation `number` of the sender `name`: always the same; times wander over four days, out of order."""
    start = _EPOCH + timedelta(seconds=number * 7919 % (4 * 86_400))
    return {
        "kind": _KINDS[number % len(_KINDS)],
        "sensor": SENSOR,
        "id": f"{name}-{number}",
        "start": start.isoformat(),
        "duration_ms": 1000 + number % 5000,
    }


class Load:
    """Several senders at once against a server at `url`, that may go away (`away`) and come back (`back`).

    `acknowledged` and `sent` hold the ids of observations, `refusals` the answers other than 200.
    """

    def __init__(self, url, seed, senders=4):
        self._url = url
        self._up = threading.Event()
        self._up.set()
        self.acknowledged = set()
        self.sent = set()
        self.refusals = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(f"s{n}", Random(seed + n))) for n in range(senders)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        """End after the request under way; what is not acknowledged by then is not retried any more."""
        self._stop.set()
        self._up.set()
        for thread in self._threads:
            thread.join()

    def away(self):
        """The server has been killed: its senders meet that, and then leave the machine to its next start."""
        self._up.clear()

    def back(self, url):
        """The server is there again, at `url`."""
        self._url = url
        self._up.set()

    def wait_for(self, count, timeout_s=60.0):
        """Wait until `count` more observations were acknowledged."""
        wanted = len(self.acknowledged) + count
        deadline = time.monotonic() + timeout_s
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, f"only {len(self.acknowledged)} acknowledged: {self.refusals[-3:]}"
            time.sleep(0.005)

    def _send(self, name, chance):
        number = 0
        with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=10) as http:
            while not self._stop.is_set():
                batch = [observation(name, number + n) for n in range(ROWS)]
                number += ROWS
                key = f"{name}-{number}" if chance.random() < 0.5 else None
                self._until_acknowledged(http, batch, key)
                if chance.random() < 0.1:  # a sensor that did not notice its answer
                    self._until_acknowledged(http, batch, key)

    def _until_acknowledged(self, http, batch, key):
        ids = {one["id"] for one in batch}
        with self._lock:
            self.sent |= ids
        headers = {"Idempotency-Key": key} if key else {}
        while self._up.wait() and not self._stop.is_set():
            with contextlib.suppress(httpx.TransportError):
                answer = http.post(f"{self._url}/v1/observations", json=batch, headers=headers)
                if answer.status_code == 200:
                    assert answer.json()["rejected"] == []
                    with self._lock:
                        self.acknowledged |= ids
                    return
                self.refusals.append((answer.status_code, dict(answer.headers), answer.text))
            self._stop.wait(0.05)
