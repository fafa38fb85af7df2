"""What `passerby demo` does: a network with a past, served on this machine, with its sensors sending."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from passerby import logs
from passerby.calendar import DAY_MS
from passerby.cli.people import invite
from passerby.errors import PasserbyError, UnavailableError
from passerby.services import Services, open_services
from passerby.serving import Server, server
from passerby.simulate import history, showcase
from passerby.simulate.command import say, stopped_by_signals
from passerby.simulate.delivery import Delivery, deliveries
from passerby.simulate.live import Sender, arriving_from
from passerby.simulate.network import network

_HOST = "127.0.0.1"
_CENTURY_DAYS = 36_500
_OVERLAP_MS = 600_000
_MARK = "demo.json"


def run(data: Path, port: int, sites: int, days: int, seed: int) -> None:
    """Serve `data`, after loading a network of `sites` sites and `days` days into it if it is empty.

    Raises:
        PasserbyError: The port is taken, or the directory holds a demonstration that does not work.
    """
    logs.configure()
    with contextlib.closing(_bound(port)) as listening:
        fresh = not data.exists() or not any(data.iterdir())
        with contextlib.closing(open_services(data)) as services:
            if fresh:
                first = datetime.now(UTC).date() - timedelta(days=days)
                Mark(sites, seed, first).write(data)
            mark = Mark.read(data)
            if mark is None:
                _serve(services, listening, None)
                return
            with stopped_by_signals() as stop:
                later = _catch_up(services, mark, days, stop)
            if later is not None:
                _serve(services, listening, later)
                # What the sensors had not yet sent as they were stopped comes again; what they had, counts once.
                msgspec.structs.replace(mark, until_ms=_now_ms() - _OVERLAP_MS).write(data)


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a data directory a demonstration: the network in it, and how far its past has been loaded.

    `until_ms` is null until all of it has been loaded for the first time.
    """

    sites: int
    seed: int
    first: date
    until_ms: int | None = None

    @classmethod
    def read(cls, data: Path) -> Mark | None:
        """The mark of a data directory; None where there is none: somebody's own data."""
        path = data / _MARK
        if not path.exists():
            return None
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except msgspec.DecodeError:
            raise PasserbyError(f"{path} is damaged: remove {data} to start afresh") from None

    def write(self, data: Path) -> None:
        """Leave the mark."""
        (data / _MARK).write_bytes(msgspec.json.encode(self) + b"\n")


def _bound(port: int) -> socket.socket:
    """The port, taken now: a demonstration that cannot be reached should not load first."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((_HOST, port))
    except OSError as error:
        listening.close()
        raise UnavailableError(
            f"port {port} on {_HOST} is taken: choose another with --port ({error.strerror})"
        ) from None
    return listening


def _catch_up(services: Services, mark: Mark, days: int, stop: Event) -> Iterator[Delivery] | None:
    """Load what happened until now; what comes next, or None when told to stop."""
    made = network(mark.sites, mark.seed)
    credential = services.catalogue.verify("native", showcase.NATIVE_KEY)
    if credential is None:
        services.catalogue.apply(showcase.document(made))
        credential = services.catalogue.verify("native", showcase.NATIVE_KEY)
    if credential is None:
        raise PasserbyError(f"the catalogue in {services.data} is not the demonstration's: use an empty directory")
    now = _now_ms()
    if mark.until_ms is None:  # new, or interrupted the first time: what is there already counts once
        since = int(datetime(mark.first.year, mark.first.month, mark.first.day, tzinfo=UTC).timestamp()) * 1000
        source = deliveries(made, mark.first, _CENTURY_DAYS)
    else:
        since = max(mark.until_ms, now - days * DAY_MS)
        source = arriving_from(made, since)
    started = time.monotonic()
    with _bar(since, now) as show:

        def progress(instant: int) -> bool:
            show(instant)
            return not stop.is_set()

        loaded = history.load(services, credential, source, now, progress)
    if stop.is_set():
        say("stopped before everything was loaded; the next start goes on")
        return None
    msgspec.structs.replace(mark, until_ms=now).write(services.data)
    say(f"loaded {loaded.rows:,} observations of {len(made.sites)} sites in {time.monotonic() - started:.1f} s")
    return loaded.later


@contextlib.contextmanager
def _bar(since: int, until: int) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("simulating the last days", total=max(1, until - since))
        yield lambda instant: progress.update(task, completed=max(0, instant - since))


def _serve(services: Services, listening: socket.socket, later: Iterator[Delivery] | None) -> None:
    """Serve until SIGINT or SIGTERM, with the sensors of the network sending meanwhile."""
    stop = Event()
    threads: list[Thread] = []

    class DemoServer(Server):
        """The server, which starts the sensors once it listens and silences them before it ends."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # type: ignore[override]  # as Server's
            await super().startup(sockets)  # type: ignore[arg-type]  # as Server's
            if self.started:
                _introduce(self.address, services, demonstration=later is not None)
                if later is not None:
                    thread = Thread(target=_send, args=(self.address, later, stop), name="simulator", daemon=True)
                    thread.start()
                    threads.append(thread)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            stop.set()
            await super().shutdown(sockets)

    port = listening.getsockname()[1]
    services.webhooks.start()
    serving = DemoServer(server(services, _HOST, port).config)
    serving.before_shutdown = services.live.hang_up
    serving.run(sockets=[listening])
    for thread in threads:
        thread.join()


def _send(address: str, later: Iterator[Delivery], stop: Event) -> None:
    try:
        Sender(address, showcase.NATIVE_KEY, stop, say).run(later)
    except PasserbyError as error:  # the server goes on: there is a past to look at
        say(f"the simulator stopped: {error.message}")


def _introduce(address: str, services: Services, *, demonstration: bool) -> None:
    typer.echo(f"\nPasserby's demonstration: {address}/")
    if demonstration and showcase.add_person(services):
        typer.echo(f"Sign in as {showcase.EMAIL} with the password {showcase.PASSWORD}\n")
    else:
        invite(services.people, address)
        typer.echo()
    for example in showcase.examples(address, services.catalogue.current(), datetime.now(UTC)):
        typer.echo(f"{example.title}:\n  {example.command}\n")
    typer.echo(f"The data lies in {services.data}. Stop with Ctrl-C.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
