"""`passerby demo`: a whole network to look at, on this machine, with nothing else needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(no_args_is_help=True)(demo)


def demo(
    data: Annotated[Path, typer.Option(help="The data directory. Empty: a simulated network is loaded into it.")],
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port on 127.0.0.1; 0: any free one.")] = 8080,
    sites: Annotated[int, typer.Option(min=1, max=1_000, help="How many sites a new demonstration has.")] = 12,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days of past are simulated.")] = 14,
    seed: Annotated[int, typer.Option(help="Another seed, another network.")] = 1,
) -> None:
    """Load a simulated network, serve it on this machine, and keep its sensors sending.

    Example: passerby demo --data ./demo-data
    """
    from passerby.simulate.demo import run  # noqa: PLC0415 - loads much, which other commands need not wait for

    run(data, port, sites, days, seed)
