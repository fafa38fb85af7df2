"""`passerby feed`: saved reports with an address of their own."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from passerby.cli.catalogue import AccountOption, DataOption, account_of, open_existing

_HELP = """Report feeds: saved reports that anyone who knows their address may read.

Example: passerby feed create --name "Visitors today" --type number --metric visits --site 1 --data ./data
"""
group = typer.Typer(no_args_is_help=True, help=_HELP)


def register(app: typer.Typer) -> None:
    """Adds the group to the command line."""
    app.add_typer(group, name="feed")


@group.command()
def create(  # noqa: PLR0913  # one argument per option
    *,
    data: DataOption,
    name: Annotated[str, typer.Option("--name", help="What it is called; also the name of its series.")],
    type_: Annotated[str, typer.Option("--type", metavar="TYPE", help="number, series or distribution.")],
    metric: Annotated[str, typer.Option("--metric", help="As in /v1/metrics/names; a number: also occupancy, queue.")],
    brand: Annotated[int | None, typer.Option("--brand", metavar="ID")] = None,
    site: Annotated[int | None, typer.Option("--site", metavar="ID")] = None,
    sensor: Annotated[str | None, typer.Option("--sensor", metavar="ID", help="Id or uid.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", metavar="ID", help="Uid, or sensor/id.")] = None,
    line: Annotated[str | None, typer.Option("--line", metavar="ID", help="Uid, or sensor/id.")] = None,
    period: Annotated[str, typer.Option("--period", help="today, yesterday, 7d, 30d or month.")] = "today",
    bucket: Annotated[str, typer.Option("--bucket", help="Of a series: 15m 30m 1h 1d 1w 1M.")] = "1h",
    by: Annotated[str, typer.Option("--by", help="Of a distribution: hour or weekday.")] = "hour",
    compare: Annotated[bool, typer.Option("--compare", help="Also the period before.")] = False,
    account: AccountOption = None,
) -> None:
    """Make a feed with a random id, or change the one of that name; print its address as JSON.

    Example: passerby feed create --name Footfall --type series --metric visits --site 1 --bucket 15m --data ./data
    """
    places: dict[str, object] = {"brand": brand, "site": site, "sensor": sensor, "zone": zone, "line": line}
    entry: dict[str, object] = {key: value for key, value in places.items() if value is not None}
    entry |= {"name": name, "type": type_, "metric": metric, "period": period, "bucket": bucket, "by": by}
    with open_existing(data) as repository:
        number = account_of(repository.current(), account)
        owner = repository.current().accounts[number]
        document = {
            "account": {"id": number, "name": owner.name},
            "settings": dict(owner.settings),
            "feeds": [entry | {"compare": compare}],
        }
        repository.apply(document)
        feed_id = repository.feed_ids(number)[name]
    typer.echo(json.dumps({"name": name, "id": feed_id, "path": _path(feed_id)}, ensure_ascii=False))


@group.command(name="list")
def list_(data: DataOption, account: AccountOption = None) -> None:
    """List the feeds with their addresses. Whoever knows an address may read the report.

    Example: passerby feed list --data ./data
    """
    from passerby.catalogue.targets import written  # noqa: PLC0415  # loaded by the commands that need it

    with open_existing(data) as repository:
        number = account_of(repository.current(), account)
        feeds = [feed for feed in repository.current().feeds.values() if feed.account_id == number]
        ids = repository.feed_ids(number)
    rows = [("name", "type", "metric", "of", "period", "path")]
    rows += [
        (feed.name, feed.type, feed.metric, written(feed.target), feed.period, _path(ids[feed.name])) for feed in feeds
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@group.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `passerby feed list` shows it.")],
    data: DataOption,
    account: AccountOption = None,
) -> None:
    """End a feed. In a running server its address is unknown within half a second.

    Example: passerby feed revoke "Visitors today" --data ./data
    """
    with open_existing(data) as repository:
        repository.remove_feed(account_of(repository.current(), account), name)
    typer.echo(f"revoked the feed {name}")


def _path(feed_id: str) -> str:
    return f"/feed/report/{feed_id}"
