"""`passerby export`: series of metrics into a file, from a running server or straight from a data directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from passerby.cli import UsageError
from passerby.errors import ConflictError, InvalidInputError, NotFoundError, PasserbyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from passerby.metrics.registry import Level

    Progress = Callable[[int, int | None], None]
    """Called with (done, of how much or None)."""


class Form(StrEnum):
    """What the file is."""

    csv = "csv"
    json = "json"
    parquet = "parquet"
    arrow = "arrow"


@dataclass(frozen=True)
class _Request:
    metrics: list[str]
    places: dict[Level, list[str]]
    options: dict[str, str]
    """start, end, bucket, and of timezone, fill and role what was given."""
    form: Form


def register(app: typer.Typer) -> None:
    """Add `export`."""
    app.command("export", no_args_is_help=True)(export)


def export(  # noqa: PLR0913, PLR0917  # one parameter per option, all given by name
    metrics: Annotated[list[str], typer.Argument(metavar="METRIC...", help="Names, such as visits dwell_time.")],
    start: Annotated[str, typer.Option(metavar="T", help="RFC 3339, or local without offset with --timezone.")],
    end: Annotated[str, typer.Option(metavar="T", help="As --start; exclusive.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", dir_okay=False, help="Where to write.")],
    bucket: Annotated[str, typer.Option(metavar="SIZE", help="5m 10m 15m 30m 1h 1d 1w 1M 1y.")] = "1d",
    brand: Annotated[list[str] | None, typer.Option(metavar="ID", help="Repeatable.")] = None,
    site: Annotated[list[str] | None, typer.Option(metavar="ID", help="Repeatable; default every site.")] = None,
    sensor: Annotated[list[str] | None, typer.Option(metavar="ID", help="Id or uid; repeatable.")] = None,
    zone: Annotated[list[str] | None, typer.Option(metavar="ID", help="Uid or sensor/id; repeatable.")] = None,
    line: Annotated[list[str] | None, typer.Option(metavar="ID", help="Uid or sensor/id; repeatable.")] = None,
    content: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Id or content_id; repeatable; narrows the places.")
    ] = None,
    form: Annotated[Form | None, typer.Option("--format", help="Default: by the end of the file's name.")] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="IANA name, or site. Default UTC.")] = None,
    fill: Annotated[str, typer.Option(metavar="HOW", help="none, zero or null (not observed).")] = "none",
    role: Annotated[str | None, typer.Option(metavar="ROLE", help="any: staff too; or one role.")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="A running server.")] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="PASSERBY_KEY", help="A native key of that server.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="A data directory that no server uses.")
    ] = None,
) -> None:
    """Write series of metrics to a file. An existing file is replaced only when all went well.

    Example: passerby export visits dwell_time --start 2026-03-01 --end 2026-04-01 --timezone site --bucket 1d
    --format csv -o march.csv --url http://127.0.0.1:8080 --key psb_demo_key
    """
    if (url is None) == (data is None):
        raise UsageError("give --url of a running server, or --data with a data directory that no server uses")
    options = {"start": start, "end": end, "bucket": bucket, "fill": fill, "timezone": timezone, "role": role}
    places: dict[Level, list[str]] = {
        "brand": brand or [],
        "site": site or [],
        "sensor": sensor or [],
        "zone": zone or [],
        "line": line or [],
        "content": content or [],
    }
    given = {name: value for name, value in options.items() if value is not None}
    request = _Request(metrics, places, given, form or _form_of(output))
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file, _progress(output.name) as progress:
            size = 0
            for piece in _pieces(request, url, key, data, progress):
                size += file.write(piece)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"{output}: {size} bytes")


def _form_of(output: Path) -> Form:
    ending = output.suffix.removeprefix(".").lower()
    if ending not in {form.value for form in Form}:
        raise UsageError(f"give --format, one of {', '.join(Form)}: the name {output.name} does not end in one")
    return Form(ending)


def _pieces(
    request: _Request, url: str | None, key: str | None, data: Path | None, progress: Progress
) -> Iterator[bytes]:
    if data is not None:
        return _from_data(request, data, progress)
    if not key:
        raise UsageError("give a native key of the server with --key or in PASSERBY_KEY")
    return _from_server(request, str(url), key, progress)


def _from_data(request: _Request, data: Path, progress: Progress) -> Iterator[bytes]:
    from passerby.catalogue.database import FILE_NAME  # noqa: PLC0415  # loads much; no other command needs it
    from passerby.logs import configure  # noqa: PLC0415
    from passerby.metrics import documents, question, series  # noqa: PLC0415
    from passerby.services import open_services  # noqa: PLC0415

    configure(level="WARNING", lasting=False)
    if not (data / FILE_NAME).exists():
        raise NotFoundError(f"{data} holds no catalogue; is it a data directory of Passerby?")
    try:
        services = open_services(data)
    except ConflictError as error:
        raise ConflictError(f"{error.message}: give its --url instead of --data") from None
    try:
        catalogue = services.catalogue.current()
        subjects = question.subjects(catalogue, None, request.places)
        period = (request.options["start"], request.options["end"])
        more = {name: value for name, value in request.options.items() if name not in {"start", "end", "bucket"}}
        with _usage():
            asked = question.question(request.metrics, subjects, period, request.options["bucket"], **more)
            answer = series.answer(services.store, catalogue, asked)
        total = len(asked.pairs())

        def counted() -> Iterator[Any]:
            for done, each in enumerate(answer, start=1):
                yield each
                progress(done, total)

        yield from documents.pieces(asked, counted(), request.form.value)
    finally:
        services.close()


def _from_server(request: _Request, url: str, key: str, progress: Progress) -> Iterator[bytes]:
    import httpx  # noqa: PLC0415  # loads much; few commands need it

    parameters: dict[str, Any] = {
        "metric": request.metrics,
        **{level: texts for level, texts in request.places.items() if texts},
        **request.options,
        "format": request.form.value,
    }
    headers = {"Authorization": f"Bearer {key}"}
    done = 0
    try:
        with httpx.stream(
            "GET", f"{url.rstrip('/')}/v1/metrics", params=parameters, headers=headers, timeout=600
        ) as response:
            if not response.is_success:
                raise _refusal(response)
            for piece in response.iter_bytes():
                done += len(piece)
                progress(done, None)
                yield piece
    except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise PasserbyError(f"{url}: {error or type(error).__name__}") from None


def _refusal(response: Any) -> PasserbyError:  # noqa: ANN401  # an httpx.Response, imported where it is needed
    response.read()
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = response.text[:200]
    kind = UsageError if response.status_code == 400 else PasserbyError
    return kind(detail or f"the server answered with status {response.status_code}")


@contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except InvalidInputError as error:
        raise UsageError(error.message) from None


@contextmanager
def _progress(name: str) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task(name, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
