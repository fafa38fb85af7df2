"""Servers for tests: one in a thread of this process, and real ones in processes of their own."""

import contextlib
import os
import threading
import time

from tests.support.forking import Process

from passerby.serving import server as make_server

STARTED = "listening on "


@contextlib.contextmanager
def serving(services):
    """`services` behind a real port, in a thread of this process; gives the URL."""
    running = make_server(services, "127.0.0.1", 0)
    thread = threading.Thread(target=running.run, name="test-server")
    thread.start()
    try:
        while not running.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.002)
        yield running.address
    finally:
        running.should_exit = True
        thread.join()


class ServerProcess:
    """A `passerby serve` process that is ready. `url` is where it listens, `log` the file with its stderr."""

    def __init__(self, data, *arguments, environment=None):
        self.data = data
        self.log = data.parent / f"{data.name}.log"
        command = ["serve", "--data", str(data), "--port", "0", *map(str, arguments)]
        with self.log.open("ab") as log:
            self.process = Process(command, log, {**os.environ, **(environment or {})})
        line = self.process.stdout.readline()
        if not line.startswith(STARTED):
            self.kill()
            raise AssertionError(f"the server did not start: {line!r} {self.log.read_text()}")
        self.url = line.removeprefix(STARTED).strip()

    def stop(self):
        """SIGTERM; the exit status once it has ended."""
        self.process.terminate()
        return self._ended()

    def kill(self):
        """SIGKILL: a crash."""
        self.process.kill()
        return self._ended()

    def _ended(self):
        status = self.process.wait(timeout=60)
        self.process.stdout.close()
        return status
