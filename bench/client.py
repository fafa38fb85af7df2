"""Closed-loop HTTP clients for reading: each connection asks again as soon as it was answered."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from bench.load import Connection


@dataclass
class Timing:
    """Seconds of each answer, and the last body."""

    seconds: list[float]
    body: bytes


def request(method: str, path: str, token: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
    """An HTTP/1.1 request, ready to be sent."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def ask(connection: Connection, request_: bytes) -> tuple[int, bytes]:
    """Send one request and wait for its answer."""
    connection.send(request_)
    while True:
        answer = connection.receive()
        if answer is not None:
            return answer


def closed_loop(port: int, request_: bytes, connections: int, seconds: float, most: int = 10_000) -> Timing:
    """Ask over `connections` connections for `seconds` (at least 5 times each); any status but 200 is an error."""
    timings = [Timing([], b"") for _ in range(connections)]
    errors: list[BaseException] = []
    end = time.perf_counter() + seconds

    def run(timing: Timing) -> None:
        try:
            connection = Connection("127.0.0.1", port)
            while (time.perf_counter() < end or len(timing.seconds) < 5) and len(timing.seconds) < most:
                begin = time.perf_counter()
                status, timing.body = ask(connection, request_)
                timing.seconds.append(time.perf_counter() - begin)
                if status != 200:
                    raise RuntimeError(f"{status}: {timing.body[:500]!r}")
            connection.socket.close()
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(timing,)) for timing in timings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return Timing([s for timing in timings for s in timing.seconds], timings[0].body)
