"""`passerby webhook`: how webhooks fare, what they were sent; send a range of time again, resume one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from passerby.cli import UsageError
from passerby.cli.catalogue import DataOption, open_existing
from passerby.errors import NotFoundError

if TYPE_CHECKING:  # loaded by the commands that need them, not by --help
    from passerby.catalogue.repository import Repository
    from passerby.webhooks.ledger import Ledger

_HELP = """Webhooks: how they fare, what they were sent.

Example: passerby webhook list --data ./data
"""
group = typer.Typer(no_args_is_help=True, help=_HELP)
IdArgument = Annotated[int, typer.Argument(metavar="ID", help="As `passerby webhook list` shows it.")]


def register(app: typer.Typer) -> None:
    """Adds the group to the command line."""
    app.add_typer(group, name="webhook")


@group.command(name="list")
def list_(data: DataOption) -> None:
    """List the webhooks: where they go (only the host: the rest may be secret), of what, and how they fare.

    Example: passerby webhook list --data ./data
    """
    from urllib.parse import urlsplit  # noqa: PLC0415

    from passerby.catalogue.targets import written  # noqa: PLC0415

    with open_existing(data) as repository:
        webhooks = repository.current().webhooks.values()
        states = _ledger(repository).states()
    rows: list[tuple[str, ...]] = [("id", "to", "what", "of", "signed", "state")]
    for one in webhooks:
        state = states.get(one.id)
        fares = "new" if state is None else "ok"
        if state is not None and state.disabled_ms is not None:
            fares = f"disabled {_text(state.disabled_ms)}: {state.disabled_why}"
        elif state is not None and state.failing_since_ms is not None:
            fares = f"failing since {_text(state.failing_since_ms)}, {state.failures} attempts"
        parts = urlsplit(one.url)
        where = f"{parts.scheme}://{parts.netloc}/"
        rows.append((str(one.id), where, one.what, written(one.target), "yes" if one.signed else "no", fares))
    _table(rows)


@group.command()
def log(
    webhook_id: IdArgument,
    data: DataOption,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="How many attempts.")] = 20,
) -> None:
    """List the last attempts of a webhook, newest first. A thousand of each are kept.

    Example: passerby webhook log 1234567890 --limit 50 --data ./data
    """
    with open_existing(data) as repository:
        _check(repository, webhook_id)
        attempts = _ledger(repository).attempts(webhook_id, limit=limit)
    rows: list[tuple[str, ...]] = [("at", "events", "took", "replay", "outcome", "message")]
    for _, one in attempts:
        replay = "" if one.replay_id is None else str(one.replay_id)
        rows.append((_text(one.at_ms), str(one.events), f"{one.took_ms} ms", replay, one.outcome, one.message))
    _table(rows)


@group.command()
def replay(
    webhook_id: IdArgument,
    data: DataOption,
    start: Annotated[str, typer.Option(metavar="TIME", help="Events at or after it, such as 2026-03-02T10:00:00Z.")],
    end: Annotated[str, typer.Option(metavar="TIME", help="Events before it.")],
) -> None:
    """Have the events of a range of time sent again, imported ones too. A running server begins within a second.

    Example: passerby webhook replay 1234567890 --start 2026-03-02T00:00:00Z --end 2026-03-03T00:00:00Z --data ./data
    """
    first, last = _instant(start, "--start"), _instant(end, "--end")
    if last <= first:
        raise UsageError("--end: must be later than --start")
    with open_existing(data) as repository:
        _check(repository, webhook_id, events=True)
        # All that has arrived when the server takes it up: only the server knows the journal's last row.
        made = _ledger(repository).ask_replay(webhook_id, first, last, 2**53, time.time_ns() // 1_000_000)
    typer.echo(f"replay {made.id} of webhook {webhook_id}")


@group.command()
def resume(
    webhook_id: IdArgument,
    data: DataOption,
    skip: Annotated[bool, typer.Option("--skip", help="Leave out what was missed.")] = False,
) -> None:
    """Deliver again at once what a disabled or failing webhook is owed. A running server begins within a second.

    Example: passerby webhook resume 1234567890 --data ./data
    """
    with open_existing(data) as repository:
        _check(repository, webhook_id)
        # A cursor beyond the journal's end is put back to that end by the server.
        _ledger(repository).resume(webhook_id, skip_to=2**53 if skip else None)
    typer.echo(f"resumed webhook {webhook_id}")


def _ledger(repository: Repository) -> Ledger:
    from passerby.webhooks.ledger import Ledger  # noqa: PLC0415

    return Ledger(repository.engine)


def _check(repository: Repository, webhook_id: int, *, events: bool = False) -> None:
    webhook = repository.current().webhooks.get(webhook_id)
    if webhook is None:
        raise NotFoundError(f"there is no webhook {webhook_id}")
    if events and webhook.what != "events":
        raise UsageError(f"webhook {webhook_id} is told of the {webhook.what} of the moment; nothing can be repeated")


def _instant(text: str, option: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901  # has no offset, which is refused below
    if found.tzinfo is None:
        raise UsageError(f"{option}: expected a time with an offset, such as 2026-03-02T10:00:00Z")
    return round(found.timestamp() * 1000)


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
