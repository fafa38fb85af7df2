"""`passerby import`: files into a running server, or straight into a data directory."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from passerby import calendar
from passerby.cli import FAILURE, UsageError
from passerby.cli._delivery import Delivery, HttpDelivery
from passerby.errors import InvalidInputError
from passerby.ingest.formats import FORMATS, format_named
from passerby.ingest.formats.base import Format, Options, Tally, sensor_of
from passerby.tracks.crossings import Hysteresis
from passerby.tracks.observe import DEFAULT_BRIDGE_S
from passerby.tracks.track import DEFAULT_GAP_S

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def register(app: typer.Typer) -> None:
    """Add `import`."""
    app.command("import", no_args_is_help=True)(import_files)


def _list_formats(asked: bool) -> None:
    if asked:
        width = max(map(len, FORMATS))
        for found in FORMATS.values():
            typer.echo(f"{found.name:<{width}}  {found.description}")
        raise typer.Exit


def import_files(  # noqa: PLR0913, PLR0917  # one parameter per option, all given by name
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", exists=True, dir_okay=False, readable=True, help="Files of one format."),
    ],
    format_name: Annotated[str, typer.Option("--format", metavar="NAME", help="See --list-formats.")],
    sensor: Annotated[
        str | None, typer.Option(metavar="ID", help="Id or uid of the sensor that made the files.")
    ] = None,
    start: Annotated[str | None, typer.Option(metavar="TIME", help="When the first frame was taken.")] = None,
    fps: Annotated[float | None, typer.Option(metavar="N", help="Frames per second.")] = None,
    url: Annotated[str | None, typer.Option(help="A running server.")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="PASSERBY_KEY", show_envvar=True, help="A native key of that server.")
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="A data directory that no server uses.")] = None,
    every: Annotated[str | None, typer.Option(metavar="30m", help="Counts: how long an interval is.")] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="IANA zone of times without offset.")] = None,
    line: Annotated[str | None, typer.Option(metavar="ID", help="Counts: id or uid of the line.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", "--column", metavar="in=..,out=..", help="Names of columns in the files."),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Native CSV, Parquet, Arrow: the kind of the rows.")] = None,
    height: Annotated[
        float | None,
        typer.Option(metavar="PIXELS", help="Pictures: their height, if lines are drawn with y up from the bottom."),
    ] = None,
    hysteresis: Annotated[
        str,
        typer.Option(
            metavar="5%",
            help="Tracks: how far past a line counts before turning back; a share of the line's length, or a "
            "distance in the file's unit.",
        ),
    ] = "5%",
    gap: Annotated[
        float, typer.Option(metavar="S", min=0, help="Tracks: unseen for longer, a track ends.")
    ] = DEFAULT_GAP_S,
    bridge: Annotated[
        float, typer.Option(metavar="S", min=0, help="Tracks: absences up to this do not end a zone visit.")
    ] = DEFAULT_BRIDGE_S,
    _list: Annotated[
        bool,
        typer.Option("--list-formats", help="List the formats and exit.", callback=_list_formats, is_eager=True),
    ] = False,
) -> int:
    """Bring recordings and other files in. Importing a file again changes nothing.

    Prints the numbers of rows accepted, held already and rejected; exits with 1 when a row was rejected.

    Example: passerby import tracks.csv --format tracks-csv --sensor 3024 --start 2026-03-02T10:00:00+01:00 --fps 25
    --url http://127.0.0.1:8080 --key psb_demo_key
    """
    with _usage():
        chosen = format_named(format_name)
        options = Options(
            sensor=_reference(sensor),
            start=_start(start, timezone),
            fps=_fps(fps),
            every_ms=_every(every),
            timezone=_timezone(timezone),
            line=_reference(line),
            columns=_columns(columns or [], chosen),
            height=height,
            kind=kind,
            hysteresis=_hysteresis(hysteresis),
            gap_s=gap,
            bridge_s=bridge,
        )
        _check(chosen, options)
        delivery = _delivery(url, key, data)
    try:
        if "scene" in chosen.needs:
            options = replace(options, drawn=delivery.drawn(sensor_of(options)))
        return _import(delivery, chosen, options, files)
    finally:
        delivery.close()


@contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except InvalidInputError as error:
        raise UsageError(error.message) from None


def _import(delivery: Delivery, chosen: Format, options: Options, files: Sequence[Path]) -> int:
    tally = Tally()
    accepted = duplicates = 0
    with _progress() as progress:
        for path in files:
            task = progress.add_task(path.name, total=path.stat().st_size)
            tally.progress = partial(_advance, progress, task)
            for parcel in chosen.read(path, options, tally):
                delivered = delivery.send(parcel)
                accepted += delivered.accepted
                duplicates += delivered.duplicates
                for index, reason in delivered.rejected:
                    tally.reject(parcel.places[index], reason)
            progress.update(task, completed=path.stat().st_size)
    return _report(accepted, duplicates, tally)


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _advance(progress: Progress, task: TaskID, size: int) -> None:
    progress.update(task, completed=size)


def _report(accepted: int, duplicates: int, tally: Tally) -> int:
    typer.echo(f"read {tally.read}: accepted {accepted}, duplicates {duplicates}, rejected {tally.rejected}")
    for reason, number in sorted(tally.left_out.items()):
        typer.echo(f"left out {number}: {reason}", err=True)
    for rejection in tally.rejections:
        typer.echo(f"rejected: {rejection}", err=True)
    if tally.rejected > len(tally.rejections):
        typer.echo(f"rejected: {tally.rejected - len(tally.rejections)} more", err=True)
    return FAILURE if tally.rejected else 0


def _check(chosen: Format, options: Options) -> None:
    given = {"sensor": options.sensor, "start": options.start, "fps": options.fps}
    missing = [f"--{name}" for name, value in given.items() if name in chosen.needs and value is None]
    if missing:
        raise UsageError(f"{chosen.name} needs {', '.join(missing)}")


def _delivery(url: str | None, key: str | None, data: Path | None) -> Delivery:
    if (url is None) == (data is None):
        raise UsageError("give --url of a running server, or --data with a data directory that no server uses")
    if url is None:
        raise UsageError("--data is not supported yet")
    if not key:
        raise UsageError("give the server's key with --key or in PASSERBY_KEY")
    return HttpDelivery(url, key)


def _reference(text: str | None) -> int | str | None:
    return int(text) if text and text.isascii() and text.isdigit() else text


def _timezone(name: str | None) -> str | None:
    return calendar.zone(name).key if name else None


def _start(text: str | None, timezone: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--start: expected a time such as 2026-03-02T10:00:00+01:00, found {text!r}") from None
    if time.tzinfo is not None:
        return time
    if timezone is None:
        raise UsageError("--start has no offset; add one, or give --timezone")
    return _EPOCH + timedelta(milliseconds=calendar.to_utc(time, timezone))


def _fps(fps: float | None) -> float | None:
    if fps is not None and not (0 < fps < math.inf):
        raise UsageError("--fps: expected a number of frames per second > 0")
    return fps


def _every(text: str | None) -> int | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if found is None or int(found[1]) == 0:
        raise UsageError(f"--every: expected a length such as 900s, 30m, 1h or 1d, found {text!r}")
    return int(found[1]) * _UNITS_MS[found[2]]


def _columns(texts: Sequence[str], chosen: Format) -> dict[str, str]:
    renamed: dict[str, str] = {}
    for text in ",".join(texts).split(",") if texts else ():
        name, equals, column = text.partition("=")
        if not equals or not column or name not in chosen.columns:
            raise UsageError(
                f"--columns: expected NAME=COLUMN, NAME one of {', '.join(chosen.columns) or 'none'}; found {text!r}"
            )
        renamed[name] = column
    return renamed


def _hysteresis(text: str) -> Hysteresis:
    try:
        return Hysteresis.parse(text)
    except InvalidInputError as error:
        raise UsageError(f"--hysteresis: {error.message}") from None
