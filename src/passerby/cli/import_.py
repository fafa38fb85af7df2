"""`passerby import`: files into a running server, or straight into a data directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passerby.cli import FAILURE, UsageError
from passerby.errors import InvalidInputError

if TYPE_CHECKING:
    from passerby.importing.delivery import Delivery
    from passerby.importing.run import Outcome, Progress


def register(app: typer.Typer) -> None:
    """Add `import`."""
    app.command("import", no_args_is_help=True)(import_files)


def _list_formats(asked: bool) -> None:
    if not asked:
        return
    from passerby.ingest.files import FORMATS  # noqa: PLC0415  # loads much; no other command needs it

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
    sensor: Annotated[str | None, typer.Option(metavar="ID", help="Id or uid of the sensor of the files.")] = None,
    start: Annotated[str | None, typer.Option(metavar="TIME", help="Tracks: when the first frame was taken.")] = None,
    fps: Annotated[float | None, typer.Option(metavar="N", help="Tracks: frames per second.")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="A running server.")] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="PASSERBY_KEY", help="A native key of that server.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="A data directory that no server uses.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="IANA zone of times without offset.")] = None,
    every: Annotated[str | None, typer.Option(metavar="30m", help="Counts: how long an interval is.")] = None,
    line: Annotated[str | None, typer.Option(metavar="ID", help="Counts: id or uid of the line.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", "--column", metavar="in=..,out=..", help="What the file calls its columns."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Native CSV, Parquet or Arrow: the kind of the rows.")
    ] = None,
    height: Annotated[
        float | None,
        typer.Option(metavar="PIXELS", help="Pictures: their height, if lines are drawn with y up from the bottom."),
    ] = None,
    y_down: Annotated[
        bool,
        typer.Option("--y-down", help="tracks-csv: pixels of the picture that lines are drawn on, y downwards."),
    ] = False,
    hysteresis: Annotated[
        str,
        typer.Option(
            metavar="5%",
            help="Tracks: how far past a line one must get before turning back counts, as a share of the line's "
            "length or a distance in the file's unit.",
        ),
    ] = "5%",
    gap: Annotated[float, typer.Option(metavar="S", min=0, help="Tracks: unseen for longer, a track ends.")] = 10.0,
    bridge: Annotated[
        float, typer.Option(metavar="S", min=0, help="Tracks: absences up to this do not end a zone visit.")
    ] = 1.0,
    keep_open: Annotated[
        bool,
        typer.Option("--keep-open", help="Sightings: more of the same sites follows, leave their sessions open."),
    ] = False,
    webhooks: Annotated[
        bool, typer.Option("--webhooks", help="Tell webhooks of what is imported; without it they are not.")
    ] = False,
    _list: Annotated[
        bool,
        typer.Option("--list-formats", help="List the formats and exit.", callback=_list_formats, is_eager=True),
    ] = False,
) -> int:
    """Bring recordings and other files in; importing a file again changes nothing.

    Prints how many rows were read and how many observations were accepted, held already and rejected. Exits with
    1 when something was rejected.

    Example: passerby import tracks.csv --format tracks-csv --sensor 3024 --start 2026-03-02T10:00:00+01:00 --fps 25
    --url http://127.0.0.1:8080 --key psb_demo_key
    """
    from passerby.importing import options  # noqa: PLC0415  # loads much; no other command needs it
    from passerby.importing.run import run  # noqa: PLC0415
    from passerby.ingest.files import format_named  # noqa: PLC0415
    from passerby.ingest.files.base import Options  # noqa: PLC0415
    from passerby.tracks.crossings import Hysteresis  # noqa: PLC0415

    with _usage():
        chosen = format_named(format_name)
        given = Options(
            sensor=options.reference(sensor),
            start=options.instant(start, options.timezone(timezone)),
            fps=options.frame_rate(fps),
            every_ms=options.length_ms(every),
            timezone=options.timezone(timezone),
            line=options.reference(line),
            columns=options.renamed(columns or [], chosen),
            height=height,
            y_down=y_down,
            kind=kind,
            hysteresis=Hysteresis.parse(hysteresis),
            gap_s=gap,
            bridge_s=bridge,
            keep_open=keep_open,
        )
        options.check(chosen, given)
    delivery = _delivery(url, key, data, given.sensor, webhooks=webhooks)
    try:
        with _progress(files) as progress:
            outcome = run(delivery, chosen, given, files, progress)
    finally:
        delivery.close()
    return _report(outcome)


@contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except InvalidInputError as error:
        raise UsageError(error.message) from None


def _delivery(
    url: str | None, key: str | None, data: Path | None, sensor: int | str | None, *, webhooks: bool
) -> Delivery:
    from passerby.importing.delivery import DirectDelivery, HttpDelivery  # noqa: PLC0415
    from passerby.logs import configure  # noqa: PLC0415

    if data is not None and url is None:
        configure(level="WARNING", lasting=False)
        return DirectDelivery(data, sensor, webhooks=webhooks)
    if url is None or data is not None:
        raise UsageError("give --url of a running server, or --data with a data directory that no server uses")
    if not key:
        raise UsageError("give a native key of the server with --key or in PASSERBY_KEY")
    with _usage():
        return HttpDelivery(
            url, key, webhooks=webhooks, waiting=lambda reason: typer.echo(f"waiting for {url}: {reason}", err=True)
        )


@contextmanager
def _progress(files: Sequence[Path]) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        tasks = {path: shown.add_task(path.name, total=path.stat().st_size) for path in files}
        yield lambda path, size: shown.update(tasks[path], completed=size)


def _report(outcome: Outcome) -> int:
    tally = outcome.tally
    typer.echo(
        f"{tally.read} rows read; accepted {outcome.accepted}, duplicates {outcome.duplicates}, "
        f"rejected {tally.rejected}"
    )
    for reason, number in sorted(tally.left_out.items()):
        typer.echo(f"left out {number}: {reason}", err=True)
    for rejection in tally.rejections:
        typer.echo(f"rejected {rejection}", err=True)
    if tally.rejected > len(tally.rejections):
        typer.echo(f"rejected {tally.rejected - len(tally.rejections)} more", err=True)
    return FAILURE if tally.rejected else 0
