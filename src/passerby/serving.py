"""Running the HTTP server: uvicorn, one worker."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import typer
import uvicorn

from passerby.errors import InvalidInputError
from passerby.server import create_app
from passerby.services import Services

_SHUTDOWN_S = 30


class Server(uvicorn.Server):
    """uvicorn, which says where it listens once it really does, and ends with status 0 on SIGTERM.

    `before_shutdown` ends the answers that would go on for ever.
    """

    before_shutdown: Callable[[], None]
    once_listening: Callable[[str], None] | None = None
    """Told the address, after it has been printed."""
    failure: OSError | None = None
    """Why it cannot listen; in place of uvicorn's line in the log."""

    @property
    def address(self) -> str:
        """Where it listens, as a URL; known once it has started."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        scheme = "https" if self.config.is_ssl else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # uvicorn names socket types by platform
        """Open the port, then say so."""
        uvicorn_log = logging.getLogger("uvicorn.error")
        uvicorn_log.addFilter(self._noted)
        try:
            await super().startup(sockets)  # type: ignore[arg-type]
        finally:
            uvicorn_log.removeFilter(self._noted)
        if self.started:
            typer.echo(f"listening on {self.address}")
            if self.once_listening is not None:
                self.once_listening(self.address)

    def _noted(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, OSError):
            self.failure = record.msg
        return self.failure is None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new requests and finish those under way."""
        self.before_shutdown()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """As uvicorn's, but a signal that was obeyed is not raised again afterwards: the end is orderly."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A TLS certificate with its chain, and its private key, both PEM files."""

    chain: Path
    key: Path

    def check(self) -> None:
        """Raise InvalidInputError or OSError when a server could not use it."""
        for path in (self.chain, self.key):
            path.read_bytes()  # an error of it names the file; those of ssl do not
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", None) or str(error)
            raise InvalidInputError(
                f"{self.chain} and {self.key} are not a PEM certificate and its own unencrypted private key ({reason})",
                "--certificate",
            ) from None


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def server(services: Services, host: str, port: int, certificate: Certificate | None = None) -> Server:
    """A server of `services`, ready to `run`; it speaks TLS with a certificate. Port 0: any free one."""
    made = Server(
        uvicorn.Config(
            create_app(services),
            host=host,
            port=port,
            ssl_certfile=None if certificate is None else certificate.chain,
            ssl_keyfile=None if certificate is None else certificate.key,
            http="httptools",
            loop="uvloop",
            ws="none",
            lifespan="off",  # nothing of ours waits for it
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
    )
    made.before_shutdown = services.live.hang_up
    return made
