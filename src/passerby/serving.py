"""Running the HTTP server: uvicorn, one worker."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Generator

import typer
import uvicorn

from passerby.server import create_app
from passerby.services import Services

_SHUTDOWN_S = 30


class Server(uvicorn.Server):
    """uvicorn, which says where it listens once it really does, and ends with status 0 on SIGTERM.

    `before_shutdown` ends the answers that would go on for ever.
    """

    before_shutdown: Callable[[], None]
    failure: OSError | None = None
    """Why it cannot listen; in place of uvicorn's line in the log."""

    @property
    def address(self) -> str:
        """Where it listens, as a URL; known once it has started."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

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


def server(services: Services, host: str, port: int) -> Server:
    """A server of `services`, ready to `run`. Port 0: any free one."""
    made = Server(
        uvicorn.Config(
            create_app(services),
            host=host,
            port=port,
            http="httptools",
            loop="uvloop",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
    )
    made.before_shutdown = services.live.hang_up
    return made
