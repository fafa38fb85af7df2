"""`passerby backup`, `restore` and `check`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from passerby.errors import NotFoundError

Data = Annotated[Path, typer.Option(help="The data directory.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)
    app.command()(check)


def backup(
    folder: Annotated[Path, typer.Argument(help="Where to write it: a folder that is empty or does not exist yet.")],
    data: Data,
) -> None:
    """Write a backup: facts as Parquet, the catalogue, the server's key. The server may run meanwhile.

    The backup holds secrets (credentials, the key that seals them): keep it where only you can read it.

    Example: passerby backup /backups/2026-03-29 --data ./data
    """
    done = _perform(data, {"do": "backup", "folder": str(folder.absolute())})
    typer.echo(f"wrote {sum(done['rows'].values())} observations into {folder}")


def restore(
    folder: Annotated[Path, typer.Argument(help="The backup to restore.")],
    data: Annotated[Path, typer.Option(help="The data directory to make: empty or not there yet.")],
) -> None:
    """Make a data directory from a backup.

    Example: passerby restore /backups/2026-03-29 --data ./data
    """
    from passerby.maintenance.backup import restore as read  # noqa: PLC0415 - keeps --help fast

    with _progress() as tell:
        manifest = read(folder.absolute(), data.absolute(), tell)
    typer.echo(f"restored {sum(manifest.rows.values())} observations into {data}")


def check(data: Data) -> None:
    """Re-read everything and say whether journal, facts and catalogue agree; exit status 1 when they do not.

    The server may run meanwhile.

    Example: passerby check --data ./data
    """
    areas = _perform(data, {"do": "check"})["areas"]
    for area in areas:
        typer.echo(f"{area['name']}: {area['summary']}: {'something is wrong' if area['wrong'] else 'good'}")
        for sentence in area["wrong"]:
            typer.echo(f"  {sentence}")
    if any(area["wrong"] for area in areas):
        raise typer.Exit(1)


def _perform(data: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Have the running server do it, or open the data directory and do it here when none runs."""
    from passerby.lock import holder  # noqa: PLC0415 - keeps --help fast
    from passerby.logs import configure  # noqa: PLC0415 - keeps --help fast
    from passerby.maintenance.control import ask, perform  # noqa: PLC0415 - keeps --help fast
    from passerby.services import open_services  # noqa: PLC0415 - keeps --help fast

    configure(level="WARNING", lasting=False)
    if not (data / "catalogue.sqlite").is_file():
        raise NotFoundError(f"{data} is not a data directory: it has no catalogue")
    with _progress() as tell:
        if holder(data) is not None:
            return ask(data, request, tell)
        with contextlib.closing(open_services(data)) as services:
            return perform(services, request, tell)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Shows what is under way on a terminal's last line, on stderr; says nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update
