"""`passerby credentials`: make, list and revoke what programs log in with."""

from __future__ import annotations

import json
from typing import Annotated, get_args

import typer

from passerby.catalogue.model import Catalogue, Credential, DialectName, Scope
from passerby.cli import UsageError
from passerby.cli.catalogue import AccountOption, DataOption, open_existing

_DIALECTS: tuple[DialectName, ...] = get_args(DialectName)
_SCOPES: tuple[Scope, ...] = get_args(Scope)
_COLUMNS = ("id", "dialect", "name", "scopes", "sees")

_HELP = """What programs log in with.

Example: passerby credentials create --dialect native --data ./data
"""
group = typer.Typer(no_args_is_help=True, help=_HELP)


def register(app: typer.Typer) -> None:
    """Adds the group to the command line."""
    app.add_typer(group, name="credentials")


@group.command()
def create(  # noqa: PLR0913  # one argument per option
    *,
    data: DataOption,
    dialect: Annotated[str, typer.Option("--dialect", metavar="NAME", help=f"One of {', '.join(_DIALECTS)}.")],
    brand: Annotated[
        list[int] | None, typer.Option("--brand", metavar="ID", help="Only this brand; repeatable.")
    ] = None,
    site: Annotated[list[int] | None, typer.Option("--site", metavar="ID", help="Only this site; repeatable.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", metavar="SCOPE", help=f"Native keys: {', '.join(_SCOPES)}; repeatable. Default ingest and read."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The public half: client id, key or user name. Default: made up.")
    ] = None,
    account: AccountOption = None,
) -> None:
    """Make a credential with a random secret and print both as JSON. The secret is not shown again.

    Example: passerby credentials create --dialect analytiks --site 1 --site 2 --data ./data
    """
    known_dialect = next((known for known in _DIALECTS if known == dialect), None)
    if known_dialect is None:
        raise UsageError(f"--dialect: expected one of {', '.join(_DIALECTS)}")
    scopes = [known for known in _SCOPES if known in (scope or ())]
    if len(scopes) != len(set(scope or ())):
        raise UsageError(f"--scope: expected some of {', '.join(_SCOPES)}")
    if scopes and known_dialect != "native":
        raise UsageError("--scope: only native keys have scopes; the other dialects only read")
    with open_existing(data) as repository:
        issued = repository.create_credential(
            known_dialect, account_id=account, brands=brand or (), sites=site or (), scopes=scopes, name=name
        )
    typer.echo(json.dumps(issued.document(), ensure_ascii=False))


@group.command(name="list")
def list_(data: DataOption) -> None:
    """List the credentials and what they may see, never their secrets.

    Example: passerby credentials list --data ./data
    """
    with open_existing(data) as repository:
        catalogue = repository.current()
    rows = [_COLUMNS, *(_row(credential, catalogue) for credential in catalogue.credentials.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@group.command()
def revoke(
    credential_id: Annotated[int, typer.Argument(metavar="ID", help="As `passerby credentials list` shows it.")],
    data: DataOption,
) -> None:
    """End a credential. A running server refuses it within half a second.

    Example: passerby credentials revoke 3 --data ./data
    """
    with open_existing(data) as repository:
        revoked = repository.revoke(credential_id)
    typer.echo(f"revoked the {revoked.dialect} credential {revoked.name}")


def _row(credential: Credential, catalogue: Catalogue) -> tuple[str, ...]:
    account = catalogue.accounts[credential.account_id]
    limits = [
        f"{noun} {', '.join(map(str, sorted(ids)))}"
        for noun, ids in (("brands", credential.brand_ids), ("sites", credential.site_ids))
        if ids is not None
    ]
    if credential.sensor_id is not None:
        limits.append(f"sensor {credential.sensor_id}")
    sees = " and ".join(limits) or "everything"
    return (
        str(credential.id),
        credential.dialect,
        credential.name,
        " ".join(sorted(credential.scopes)),
        f"{sees} of account {account.id} ({account.name})",
    )
