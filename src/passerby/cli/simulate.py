"""`passerby simulate`: observations of a made-up network, to a file or into a running server."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from passerby.calendar import DAY_MS
from passerby.catalogue.yaml_text import to_yaml
from passerby.cli import UsageError
from passerby.observations import encoder
from passerby.simulate.delivery import deliveries
from passerby.simulate.live import Sender, arriving_from
from passerby.simulate.network import Network, catalogue_document, network

# A Monday, six days before the clocks change in New York.
_FIRST_DAY = "2026-03-02"
_BUFFER_ROWS = 4_096


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(no_args_is_help=True)(simulate)


def simulate(  # noqa: PLR0913, PLR0917 - one parameter for each option
    sites: Annotated[int, typer.Option(min=1, max=10_000, help="How many sites; six bring every kind.")] = 12,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="How many local days.")] = 14,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first local day.")] = _FIRST_DAY,  # type: ignore[assignment]  # typer parses it
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file instead of the screen.")] = None,
    catalogue_out: Annotated[Path | None, typer.Option(help="Also write the catalogue file of the network.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Send what happens now, until stopped.")] = False,
    url: Annotated[str | None, typer.Option(help="The server, for --live.")] = None,
    key: Annotated[str | None, typer.Option(envvar="PASSERBY_KEY", help="A native key, for --live.")] = None,
) -> None:
    """Write the observations of a made-up network as NDJSON, in the order in which a server would get them.

    Example: passerby simulate --sites 12 --days 14 --seed 1 --catalogue-out network.yaml -o observations.ndjson
    """
    made = network(sites, seed)
    if catalogue_out is not None:
        write_catalogue(made, catalogue_out)
    if live:
        if not url or not key:
            raise UsageError("--live needs --url, such as http://127.0.0.1:8080, and --key (or PASSERBY_KEY)")
        send(made, url, key)
    elif output is None:
        _write(made, start.date(), days, sys.stdout.buffer)
    else:
        with output.open("wb") as file:
            _write(made, start.date(), days, file)


def write_catalogue(made: Network, path: Path, credentials: list[dict[str, object]] | None = None) -> None:
    """Write the catalogue file of a made-up network."""
    path.write_text(to_yaml(catalogue_document(made, credentials)), encoding="utf-8")


def send(made: Network, url: str, key: str) -> None:
    """Send what happens now until SIGINT or SIGTERM."""
    with stopped_by_signals() as stop:
        say(f"sending what happens at {len(made.sites)} sites to {url}; stop with Ctrl-C")
        sent = Sender(url, key, stop, say).run(arriving_from(made, int(time.time() * 1000)))
    say(f"stopped after {sent} observations")


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """An event that SIGINT and SIGTERM set, in the main thread."""
    stop = Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(line: str) -> None:
    """One line for the person at the terminal, apart from the rows."""
    typer.echo(line, err=True)


def _write(made: Network, first: date, days: int, file: BinaryIO) -> None:
    encode = encoder().encode
    lines: list[bytes] = []
    # Only people at a terminal see the bar, and never in the midst of the rows.
    shown = sys.stderr.isatty() and not (file is sys.stdout.buffer and sys.stdout.isatty())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as progress:
        task = progress.add_task("days", total=days)
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000
        for delivery in deliveries(made, first, days):
            lines.append(encode(delivery.observation))
            if len(lines) == _BUFFER_ROWS:
                _flush(lines, file)
                progress.update(task, completed=int((delivery.arrives_ms - begin) // DAY_MS))
        _flush(lines, file)
        progress.update(task, completed=days)


def _flush(lines: list[bytes], file: BinaryIO) -> None:
    if lines:
        file.write(b"\n".join(lines) + b"\n")
        lines.clear()
