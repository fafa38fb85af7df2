import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import msgspec
import pytest

from passerby.errors import PasserbyError
from passerby.observations import AnyObservation, Uptime
from passerby.simulate.day import at
from passerby.simulate.delivery import Delivery
from passerby.simulate.live import Sender


class Server:
    """Takes posts; answers what `answers` holds first, then 200 to all."""

    def __init__(self, *answers):
        self.answers, self.taken, self.keys = list(answers), [], set()
        self.got = Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, text = outer.answers.pop(0) if outer.answers else (200, {}, b'{"accepted": 1}')
                if status == 200:
                    outer.keys.add((self.path, self.headers["Authorization"], self.headers["Content-Type"]))
                    outer.taken += body.split(b"\n")
                    outer.got.set()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def serve():
    servers = []

    def start(*answers):
        servers.append(Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def due(*since_now_ms):
    now = int(time.time() * 1000)
    return iter(
        [
            Delivery(now + since, order, Uptime(sensor=order, start=at(now), duration_ms=1))
            for order, since in enumerate(since_now_ms)
        ]
    )


def sensors(server):
    return [msgspec.json.decode(line, type=AnyObservation).sensor for line in server.taken]


def test_sends_each_observation_once_its_time_has_come(serve):
    server, lines = serve(), []
    assert Sender(server.url, "psb_k", Event(), lines.append).run(due(-5, -4, 300)) == 3
    assert sensors(server) == [0, 1, 2]
    assert server.keys == {("/v1/observations", "Bearer psb_k", "application/x-ndjson")}
    assert lines == []


def test_keeps_what_a_busy_server_did_not_take(serve):
    server, lines = serve((503, {"Retry-After": "0"}, b""), (429, {"Retry-After": "0"}, b"")), []
    assert Sender(server.url, "psb_k", Event(), lines.append).run(due(-5, -4)) == 2
    assert sensors(server) == [0, 1]
    assert [line.split("; ")[0] for line in lines] == [f"{server.url} is busy (503)", f"{server.url} is busy (429)"]


def test_says_what_was_rejected(serve):
    answer = b'{"accepted": 1, "duplicates": null, "rejected": [{"index": 1, "error": "sensor: unknown"}]}'
    server, lines = serve((200, {}, answer)), []
    assert Sender(server.url, "psb_k", Event(), lines.append).run(due(-5, -4)) == 1
    assert lines == ["1 of 2 observations were rejected, the first because: sensor: unknown"]


def test_gives_up_where_trying_again_would_not_help(serve):
    server = serve((401, {}, b'{"title": "Unauthorized"}'))
    with pytest.raises(PasserbyError, match=r'refused the observations: 401 \{"title": "Unauthorized"\}'):
        Sender(server.url, "psb_k", Event(), print).run(due(-5))


def test_stops_while_the_server_is_away():
    stop = Event()
    lines = []

    def say(line):
        lines.append(line)
        stop.set()

    assert Sender("http://127.0.0.1:9", "psb_k", stop, say).run(due(-5)) == 0
    assert lines[0].startswith("http://127.0.0.1:9 does not answer")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_sends_until_a_signal_and_then_exits_cleanly(serve, number):
    server = serve()
    command = ["simulate", "--live", "--sites", "24", "--url", server.url, "--key", "psb_k"]
    with subprocess.Popen(
        [sys.executable, "-c", "from passerby.cli import main; main()", *command], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert server.got.wait(60)
            process.send_signal(number)
            output = process.communicate(timeout=30)[1]
        finally:
            process.kill()
    assert process.returncode == 0
    assert "sending what happens at 24 sites" in output
    assert "stopped after" in output


def test_live_needs_a_server():
    done = subprocess.run(
        [sys.executable, "-c", "from passerby.cli import main; main()", "simulate", "--live"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == ("passerby: --live needs --url, such as http://127.0.0.1:8080, and --key (or PASSERBY_KEY)\n")
