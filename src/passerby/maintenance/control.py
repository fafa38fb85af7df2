"""How `passerby backup` and `passerby check` reach the server that has the data directory open.

The server listens on a Unix socket in the data directory, `control.sock`, which only the directory's owner may
open: the file system is the authentication, and nothing of this can be reached over the network. One line of JSON
asks, lines of JSON answer: `{"tell": ...}` for progress, then `{"done": ...}` or `{"error": ...}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from passerby.errors import InvalidInputError, PasserbyError, UnavailableError
from passerby.maintenance.backup import backup
from passerby.maintenance.check import check
from passerby.services import Services

SOCKET = "control.sock"
Tell = Callable[[str], None]
_log = structlog.get_logger("passerby.control")


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer one request."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # whoever asked has gone away
            try:
                request = json.loads(self.rfile.readline(65_536))
                done = perform(self.server.services, request, lambda text: self._send({"tell": text}))
            except (PasserbyError, OSError) as error:
                self._send({"error": str(error)})
            except Exception as error:  # noqa: BLE001 - whoever asked must learn of it, and the server goes on
                _log.exception("a maintenance request failed")
                self._send({"error": f"{type(error).__name__}: {error}; see the server's log"})
            else:
                self._send({"done": done})

    def _send(self, message: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(message).encode() + b"\n")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, address: str, services: Services) -> None:
        self.services = services
        super().__init__(address, _Handler)


def perform(services: Services, request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What a request asks for: `{"do": "backup", "folder": ...}` or `{"do": "check"}`; the answer as JSON values."""
    match request:
        case {"do": "backup", "folder": str(folder)}:
            return asdict(backup(services, Path(folder), tell))
        case {"do": "check"}:
            return {"areas": [asdict(area) for area in check(services, tell)]}
        case _:
            raise InvalidInputError("no such request")


@contextlib.contextmanager
def listening(services: Services) -> Iterator[None]:
    """Answer maintenance requests for `services` while the block runs."""
    path = services.data / SOCKET
    path.unlink(missing_ok=True)  # left by a process that was killed; the folder's lock says it is not in use
    with _short(path) as address:
        server = _Server(address, services)
    path.chmod(0o600)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        path.unlink(missing_ok=True)


def ask(data: Path, request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Have the server that works on `data` do something; its answer. Raises UnavailableError when it cannot."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with _short(data / SOCKET) as address:
                connection.connect(address)
        except OSError as error:
            raise UnavailableError(
                f"{data} is in use by a process that does not answer on {data / SOCKET}: try again when it has ended"
            ) from error
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps(request).encode() + b"\n")
            stream.flush()
            for line in stream:
                message = json.loads(line)
                if "done" in message:
                    return dict(message["done"])
                if "error" in message:
                    raise UnavailableError(message["error"])
                tell(message["tell"])
    raise UnavailableError("the server ended before it had answered")


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of at most 100 bytes for a socket: the system allows no more, a data directory may be longer."""
    if len(os.fsencode(path)) <= 100:
        yield str(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "data"
        link.symlink_to(path.parent.resolve(), target_is_directory=True)
        yield str(link / path.name)
