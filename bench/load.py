"""The load generator: posts of mixed observations over a few connections, for a bounded time and count.

Runs as a process of its own (`python -m bench.load --help`) and talks to loopback only. It shares the machine
with the server, so it must cost little: bodies are encoded before the clock starts, and a post only has its
second patched in (one `bytes.join`). A template is used at most once a second, so no two rows are alike.
"""

from __future__ import annotations

import argparse
import random
import selectors
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import orjson

from bench import network

ROWS_PER_POST = 100
TEMPLATES = 6_000
PLACEHOLDER = b"@"
# Sites whose scanners send sightings.
SIGHTING_SITES = 100
# How many of each kind stand in one post.
MIX = {
    "visit": 30,
    "zone_visit": 20,
    "passage": 15,
    "crossing": 15,
    "view": 6,
    "level": 4,
    "count": 3,
    "event": 3,
    "wifi_visit": 2,
    "uptime": 1,
    "play": 1,
}


def observation(kind: str, random_: random.Random) -> dict[str, object]:
    """One observation in the native wire format, its second left open as the placeholder."""
    when = f"@.{random_.randrange(1000):03d}Z"
    lasted = {"start": when, "duration_ms": random_.randrange(1_000, 3_600_000)}
    crossed = {"at": when, "line": network.LINE_ID, "direction": random_.choice(["in", "out"])}
    site = random_.randrange(1, network.SITES + 1)
    fields: dict[str, dict[str, object]] = {
        "visit": {**lasted, "group": random_.choice([None, None, None, "g1"])},
        "zone_visit": {**lasted, "zone": random_.choice(network.ZONE_IDS)},
        "passage": {**lasted, "class": random_.choice(["person", "person", "bike"])},
        "crossing": {**crossed, "object_id": random_.randrange(10**6)},
        "view": {**lasted, "attention_ms": random_.randrange(1_000), "gender": "female", "age_group": "adult"},
        "level": {"at": when, "value": random_.randrange(400)},
        "count": {"start": when, "line": network.LINE_ID, "duration_ms": 60_000, "in": 3, "out": random_.randrange(9)},
        "event": {"at": when, "type": "Loitering", "object_id": random_.randrange(10**6)},
        "wifi_visit": {**lasted, "device": f"3c:22:fb:{random_.randrange(10, 99)}:10:07", "rssi": -60},
        "uptime": {**lasted},
        "play": {**lasted, "content": network.CONTENT_ID},
    }
    return {"kind": kind, "sensor": network.door_sensor(site), **fields[kind]}


def post_of_observations(random_: random.Random, rows: int = ROWS_PER_POST) -> list[dict[str, object]]:
    """The observations of one post, kinds mixed as in MIX."""
    kinds = [kind for kind, times in MIX.items() for _ in range(times)]
    random_.shuffle(kinds)
    return [observation(kinds[i % len(kinds)], random_) for i in range(rows)]


def post_of_sightings(random_: random.Random, rows: int = ROWS_PER_POST) -> list[dict[str, object]]:
    """The sightings of one post: one site's scanner, a few hundred devices in each of the sites."""
    sensor = network.door_sensor(random_.randrange(1, SIGHTING_SITES + 1))
    return [
        {
            "sensor": sensor,
            "at": f"@.{random_.randrange(1000):03d}Z",
            "device": f"3c:22:fb:10:{random_.randrange(2):02x}:{random_.randrange(256):02x}",
            "rssi": random_.randrange(-95, -40),
            "zone": random_.choice([None, *network.ZONE_IDS]),
        }
        for _ in range(rows)
    ]


# What is sent where.
POSTS = {"observations": post_of_observations, "sightings": post_of_sightings}


def template(
    host: str, key: str, random_: random.Random, rows: int = ROWS_PER_POST, of: str = "observations"
) -> list[bytes]:
    """One request, cut where the second goes: `second.join(template)` is ready to be sent."""
    body = orjson.dumps(POSTS[of](random_, rows))
    length = len(body) + body.count(PLACEHOLDER) * (len("2026-01-01T00:00:00") - len(PLACEHOLDER))
    head = (
        f"POST /v1/{of} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    return (head.encode() + body).split(PLACEHOLDER)


def second(instant: float) -> bytes:
    """A UTC second as the templates take it."""
    return datetime.fromtimestamp(int(instant), UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


class Connection:
    """One HTTP/1.1 connection with at most one request under way."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.status, self.wanted = 0, -1
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        """Put one request on the wire."""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """(status, body) once the answer is whole, else None. Call it when the socket is readable."""
        piece = self.socket.recv(1 << 20)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self.buffer += piece
        if self.wanted < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = bytes(self.buffer[:end]).lower()
            del self.buffer[: end + 4]
            self.status = int(head[9:12])
            self.wanted = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self.buffer) < self.wanted:
            return None
        body = bytes(self.buffer)
        self.buffer.clear()
        self.wanted = -1
        return self.status, body


@dataclass
class Outcome:
    """What one run of the generator did. Times in seconds."""

    posts: int = 0
    rows: int = 0
    refused: int = 0
    rejected: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    started_at: float = 0.0
    latencies: list[float] = field(default_factory=list, repr=False)

    def finish(self, seconds: float, cpu_seconds: float) -> Outcome:
        """Fill in what is known at the end."""
        self.seconds, self.cpu_seconds = seconds, cpu_seconds
        ordered = sorted(self.latencies) or [0.0]
        self.p50_ms, self.p99_ms = (1000 * ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
        self.max_ms = 1000 * ordered[-1]
        self.latencies = []
        return self


class Generator:
    """Sends templates in turn over `connections`, at most `rate` posts a second (0: as fast as answers come)."""

    def __init__(self, connections: list[Connection], templates: list[list[bytes]], rate: float) -> None:
        self.idle = list(connections)
        self.selector = selectors.DefaultSelector()
        for connection in connections:
            self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        self.templates = templates
        self.rate = rate
        self.outcome = Outcome()
        self.sent = 0

    def run(self, seconds: float, max_posts: int) -> Outcome:
        """Send until time or count is used up, wait for the last answers, and say what happened."""
        self.outcome.started_at = time.time()
        begin, cpu = time.perf_counter(), time.process_time()
        under_way = 0
        while True:
            elapsed = time.perf_counter() - begin
            more = elapsed < seconds and self.sent < max_posts
            if more:
                under_way += self._send_due(elapsed)
            elif not under_way:
                break
            under_way -= self._receive(self._until_due(begin) if more and self.idle else 1.0)
        return self.outcome.finish(time.perf_counter() - begin, time.process_time() - cpu)

    def _send_due(self, elapsed: float) -> int:
        due = len(self.idle) if not self.rate else min(len(self.idle), int(elapsed * self.rate) + 1 - self.sent)
        for _ in range(due):
            pieces = self.templates[self.sent % len(self.templates)]
            self.idle.pop().send(self._second().join(pieces))
            self.sent += 1
        return max(due, 0)

    def _until_due(self, begin: float) -> float:
        return max(0.0, begin + self.sent / self.rate - time.perf_counter()) if self.rate else 0.0

    def _second(self) -> bytes:
        """The present second, or a later one when every template was used already in the present one."""
        now = int(time.time())
        rounds = self.sent // len(self.templates)
        return second(max(now, int(self.outcome.started_at) + rounds))

    def _receive(self, wait_s: float) -> int:
        finished = 0
        for key, _ in self.selector.select(wait_s):
            connection: Connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            finished += 1
            self.idle.append(connection)
            self._note(connection, *answer)
        return finished

    def _note(self, connection: Connection, status: int, body: bytes) -> None:
        outcome = self.outcome
        outcome.latencies.append(time.perf_counter() - connection.sent_at)
        if status != 200:
            outcome.refused += 1
            return
        answer = orjson.loads(body)
        outcome.posts += 1
        outcome.rows += answer["accepted"]
        outcome.rejected += len(answer["rejected"])
        if answer["rejected"] and outcome.rejected < 3:
            print(answer["rejected"][:1], file=sys.stderr)


def main() -> None:
    """Send, and print the outcome as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--posts", type=int, default=10_000_000, help="stop after this many posts")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rate", type=float, default=0, help="posts a second; 0: as fast as answers come")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--of", choices=POSTS, default="observations", help="what to send")
    options = parser.parse_args()
    random_ = random.Random(options.seed)
    host = "127.0.0.1"
    templates = [template(host, network.INGEST_KEY, random_, of=options.of) for _ in range(TEMPLATES)]
    connections = [Connection(host, options.port) for _ in range(options.connections)]
    outcome = Generator(connections, templates, options.rate).run(min(options.seconds, 600), options.posts)
    print(orjson.dumps(asdict(outcome)).decode())


if __name__ == "__main__":
    main()
