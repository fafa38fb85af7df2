"""What `passerby simulate` does: writes a made-up network's observations, or sends them as they happen."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from passerby.calendar import DAY_MS
from passerby.catalogue.yaml_text import to_yaml
from passerby.observations import encoder
from passerby.simulate.delivery import deliveries
from passerby.simulate.live import Sender, arriving_from
from passerby.simulate.network import Network, catalogue_document, network

_BUFFER_ROWS = 4_096


def write_catalogue(made: Network, path: Path) -> None:
    """Write the catalogue file of a made-up network."""
    path.write_text(to_yaml(catalogue_document(made)), encoding="utf-8")


def write(made: Network, first: date, days: int, path: Path | None) -> None:
    """Write the observations of `days` local dates as NDJSON to a file, or to the standard output."""
    if path is None:
        _write(made, first, days, sys.stdout.buffer)
    else:
        with path.open("wb") as file:
            _write(made, first, days, file)


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


__all__ = ["network", "say", "send", "stopped_by_signals", "write", "write_catalogue"]
