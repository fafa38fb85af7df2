"""`passerby simulate`: observations of a made-up network, to a file or into a running server."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from passerby.cli import UsageError

# A Monday, six days before the clocks change in New York.
_FIRST_DAY = "2026-03-02"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(no_args_is_help=True)(simulate)


def simulate(  # noqa: PLR0913, PLR0917 - one parameter for each option
    sites: Annotated[int, typer.Option(min=1, max=1_000, help="How many sites; six bring every kind.")] = 12,
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
    from passerby.simulate import command  # noqa: PLC0415 - loads much, which other commands need not wait for

    if live and not (url and key):
        raise UsageError("--live needs --url, such as http://127.0.0.1:8080, and --key (or PASSERBY_KEY)")
    made = command.network(sites, seed)
    if catalogue_out is not None:
        command.write_catalogue(made, catalogue_out)
    if live and url and key:
        command.send(made, url, key)
    else:
        command.write(made, start.date(), days, output)
