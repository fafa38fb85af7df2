"""Receivers of webhooks for tests."""

import contextlib
import http.server
import json
import threading
import time
from dataclasses import dataclass


@dataclass
class Received:
    """One request that a receiver got."""

    path: str
    headers: dict
    body: bytes

    @property
    def events(self):
        return json.loads(self.body)


class Receiver:
    """An HTTP server on the loopback. `answer` says what it does with a request: a status, or a callable.

    A callable gets the handler, which it may make answer by hand, and returns a status or None.

    `arrived` has every request before it is answered, so whoever got an answer finds its request there; `received`
    has it with the status, which a callable that answers by hand gives only after the answer is on its way.
    """

    def __init__(self, answer=200):
        self.answer = answer
        self.arrived = []
        self.received = []
        self.changed = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got = Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                outer.arrived.append(got)
                answer = outer.answer
                if callable(answer):
                    self.got = got
                    answer = answer(self)
                with outer.changed:
                    outer.received.append((answer, got))
                    outer.changed.notify_all()
                if answer is not None:
                    self.send_response(answer)
                    self.send_header("Content-Length", "0")
                    if answer == 301:
                        self.send_header("Location", f"{outer.url}/moved")
                    self.end_headers()

            def do_GET(self):
                self.do_POST()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def accepted(self):
        """The requests that were answered with 2xx."""
        return [got for status, got in self.received if status is not None and 200 <= status < 300]

    @property
    def events(self):
        """The events of those, in order."""
        return [event for got in self.accepted for event in got.events]

    def wait(self, condition, timeout_s=30.0):
        """Wait until `condition(self)` holds."""
        deadline = time.monotonic() + timeout_s
        with self.changed:
            while not condition(self):
                left = deadline - time.monotonic()
                assert left > 0, (
                    f"still not after {timeout_s} s: {len(self.received)} requests, {len(self.events)} events"
                )
                self.changed.wait(left)


@contextlib.contextmanager
def receiving(answer=200):
    """A receiver that runs."""
    with Receiver(answer) as receiver:
        yield receiver
