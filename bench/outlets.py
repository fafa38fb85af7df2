"""(h) Webhooks delivered to one receiver, and report feeds that programs poll."""

from __future__ import annotations

import http.client
import http.server
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import psutil

from bench import network
from bench.client import closed_loop, request
from bench.report import Figure, Section, Target, spread
from bench.server import Server, serve
from passerby.catalogue.repository import Repository

EVENTS = 20_000
ROWS_PER_POST = 500
SINGLES = 40
CONNECTIONS = 4
FEED_ID = "0123456789abcdef0123456789abcdef"
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
_FIRST = datetime(2025, 6, 2, 8, tzinfo=UTC)


class Receiver(http.server.ThreadingHTTPServer):
    """Counts events; `arrived` has the number of those that came and when the last one did."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.changed = threading.Condition()
        self.events = self.messages = 0
        self.last = 0.0

    def wait(self, events: int) -> float:
        """When the event of that number had arrived."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.events >= events, 120):
                raise RuntimeError(f"only {self.events} of {events} events arrived")
            return self.last


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        events = len(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
        with self.server.changed:
            self.server.events += events
            self.server.messages += 1
            self.server.last = time.perf_counter()
            self.server.changed.notify_all()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def run(folder: Path, seconds: float) -> Section:
    """Both, in one server with an otherwise idle site."""
    section = Section("h", "Webhooks to one receiver on the loopback, and polls of a report feed")
    data = folder / "outlets"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    with _receiving() as receiver:
        _apply(data, f"http://127.0.0.1:{receiver.server_port}/")
        with serve(data, folder / "outlets.log") as server:
            _webhooks(section, server, receiver)
            _feeds(section, server, seconds)
    shutil.rmtree(data, ignore_errors=True)
    return section


@contextmanager
def _receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()


def _apply(data: Path, url: str) -> None:
    feed = {"id": FEED_ID, "name": "Visitors", "type": "series", "metric": "all_visits", "site": 1, "bucket": "15m"}
    outlets = {"webhooks": [{"url": url, "site": 1, "secret": SECRET}], "feeds": [feed]}
    with Repository(data / "catalogue.sqlite") as repository:
        repository.apply(network.catalogue({"allow_private_webhooks": True}) | outlets)


def _crossings(first: int, count: int) -> bytes:
    return orjson.dumps(
        [
            {
                "kind": "crossing",
                "sensor": network.door_sensor(1),
                "line": network.LINE_ID,
                "at": (_FIRST + timedelta(milliseconds=37 * number)).isoformat(),
                "direction": "in",
                "object_id": number,
            }
            for number in range(first, first + count)
        ]
    )


def _post(connection: http.client.HTTPConnection, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {network.INGEST_KEY}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/observations", body, headers)
    answer = connection.getresponse()
    if answer.read() and answer.status != 200:
        raise RuntimeError(f"POST: {answer.status}")


def _webhooks(section: Section, server: Server, receiver: Receiver) -> None:
    connection = server.connection()
    waits = []
    for number in range(SINGLES):
        _post(connection, _crossings(number, 1))
        answered = time.perf_counter()
        waits.append(receiver.wait(number + 1) - answered)
        time.sleep(0.05)
    messages = receiver.messages
    bodies = [_crossings(SINGLES + first, ROWS_PER_POST) for first in range(0, EVENTS, ROWS_PER_POST)]
    began = time.perf_counter()
    for body in bodies:
        _post(connection, body)
    took = receiver.wait(SINGLES + EVENTS) - began
    connection.close()
    p50, p99 = spread(waits)
    target = Target(1_000, at_least=True, unit="events/s")
    section.add(Figure("events delivered to one receiver", EVENTS / took, "events/s", target=target))
    section.add(Figure("one event, from its acknowledgement to its arrival, p50", p50, "ms"))
    section.add(Figure("the same, p99", p99, "ms"))
    sent = receiver.messages - messages
    section.note(f"{EVENTS:,} crossings posted in {len(bodies)} requests arrived in {sent} signed messages.")


def _feeds(section: Section, server: Server, seconds: float) -> None:
    polled = request("GET", f"/feed/report/{FEED_ID}", "none")
    closed_loop(server.port, polled, 1, 0)  # warm
    process = psutil.Process(server.process.pid)
    before = process.cpu_times()
    polls = closed_loop(server.port, polled, CONNECTIONS, seconds, most=10**6)
    after = process.cpu_times()
    floor = closed_loop(server.port, request("GET", "/healthz", "none"), CONNECTIONS, seconds, most=10**6)
    rate, most = (len(each.seconds) / sum(each.seconds) * CONNECTIONS for each in (polls, floor))
    cpu_us = (after.user + after.system - before.user - before.system) / len(polls.seconds) * 1e6
    p50, p99 = spread(polls.seconds)
    section.add(Figure("polls of one feed", rate, "polls/s", floor=most, floor_name="GET /healthz"))
    section.add(Figure("processor time of a poll", cpu_us, "us"))
    section.add(Figure("answer of a poll, p50", p50, "ms"))
    section.add(Figure("the same, p99", p99, "ms"))
    section.note(
        f"{CONNECTIONS} connections, each asking again at once. A program that polls every 5 s is 0.2 polls/s."
    )
