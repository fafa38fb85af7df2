"""Sends what happens in the made-up network now to a running server, as its sensors would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from threading import Event
from urllib.parse import urlsplit

import httpx
import msgspec

from passerby.errors import PasserbyError
from passerby.observations import encoder
from passerby.simulate.delivery import Delivery, deliveries
from passerby.simulate.network import Network

BATCH_ROWS = 2_000
_TICK_S = 1.0
_LONGEST_WAIT_S = 30.0
_REPORT_EVERY_S = 30.0
_CENTURY_DAYS = 36_500
_BUSY = {429, 502, 503, 504}


class _Answer(msgspec.Struct):
    """What matters here of the server's answer to a batch."""

    accepted: int = 0
    rejected: list[dict[str, object]] = []


def arriving_from(made: Network, now_ms: int) -> Iterator[Delivery]:
    """All deliveries at or after an instant: exactly those that a history up to that instant does not hold."""
    # A local date is over at most 12 hours after that of UTC, and nothing of it arrives more than 5 hours later.
    first = datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(days=2)
    return (delivery for delivery in deliveries(made, first, _CENTURY_DAYS) if delivery.arrives_ms >= now_ms)


@dataclass
class Sender:
    """Posts deliveries as their time comes. Keeps a batch until the server has taken it.

    Attributes:
        url: Of the server, such as http://127.0.0.1:8080.
        key: A native key with the scope `ingest`.
        stop: Set it to end `run`; whatever waits is woken.
        say: Takes one line for a person at a time.
    """

    url: str
    key: str
    stop: Event
    say: Callable[[str], None]
    sent: int = field(default=0, init=False)
    _said: tuple[float, int] = field(default=(0.0, 0), init=False)

    def run(self, source: Iterator[Delivery]) -> int:
        """Send until told to stop; the number of observations that the server took.

        Raises:
            PasserbyError: The server refused (a wrong key, say), which trying again would not change.
        """
        self._said = (time.monotonic(), 0)
        waiting = next(source, None)
        with httpx.Client(trust_env=not _is_here(self.url), timeout=30) as client:
            while waiting is not None and not self.stop.is_set():
                batch: list[Delivery] = []
                now_ms = time.time() * 1000
                while waiting is not None and waiting.arrives_ms <= now_ms and len(batch) < BATCH_ROWS:
                    batch.append(waiting)
                    waiting = next(source, None)
                if batch:
                    self._deliver(client, batch)
                    self._report()
                elif waiting is not None:
                    self.stop.wait(min(_TICK_S, waiting.arrives_ms / 1000 - now_ms / 1000))
        return self.sent

    def _deliver(self, client: httpx.Client, batch: list[Delivery]) -> None:
        encode = encoder().encode
        body = b"\n".join(encode(delivery.observation) for delivery in batch)
        wait = _TICK_S
        while not self.stop.is_set():
            problem, asked = self._post(client, body, len(batch))
            if problem is None:
                return
            pause = wait if asked is None else asked
            self.say(f"{problem}; trying again in {pause:.0f} s")
            self.stop.wait(pause)
            wait = min(wait * 2, _LONGEST_WAIT_S)

    def _post(self, client: httpx.Client, body: bytes, rows: int) -> tuple[str | None, float | None]:
        """(what was wrong, or None once the server has the batch; how many seconds it asks us to wait)."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/x-ndjson"}
        try:
            answer = client.post(f"{self.url.rstrip('/')}/v1/observations", content=body, headers=headers)
        except httpx.TransportError as error:
            return f"{self.url} does not answer ({error})", None
        if answer.status_code in _BUSY:
            after = answer.headers.get("Retry-After", "")
            return f"{self.url} is busy ({answer.status_code})", float(after) if after.isdigit() else None
        if answer.status_code != 200:
            raise PasserbyError(f"{self.url} refused the observations: {answer.status_code} {answer.text[:300]}")
        taken = msgspec.json.decode(answer.content, type=_Answer)
        if taken.rejected:
            first = taken.rejected[0].get("error")
            self.say(f"{len(taken.rejected)} of {rows} observations were rejected, the first because: {first}")
        self.sent += rows - len(taken.rejected)
        return None, None

    def _report(self) -> None:
        since, before = self._said
        now = time.monotonic()
        if now - since >= _REPORT_EVERY_S:
            self.say(f"sent {self.sent - before} observations in {now - since:.0f} s, {self.sent} in all")
            self._said = (now, self.sent)


def _is_here(url: str) -> bool:
    """Whether a URL names this machine: then no proxy of the environment is asked."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
