"""`passerby catalogue`: apply a catalogue file, show the catalogue as one."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passerby.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:  # the database's libraries are loaded by the commands that need them, not by --help
    from passerby.catalogue.model import Catalogue
    from passerby.catalogue.repository import Repository

DataOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="The data directory.", file_okay=False)]
AccountOption = Annotated[
    int | None, typer.Option("--account", metavar="ID", help="Which account, where there are several.")
]
_HEADER = """\
# Secrets are not shown: a credential without one, and a sensor without a key, keep what they have.
"""

_HELP = """What exists: accounts, brands, sites, sensors.

Example: passerby catalogue apply network.yaml --data ./data
"""
group = typer.Typer(no_args_is_help=True, help=_HELP)


class Format(StrEnum):
    """How `show` writes."""

    YAML = "yaml"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Adds the group to the command line."""
    app.add_typer(group, name="catalogue")


def open_existing(data: Path) -> Repository:
    """The catalogue of a data directory that has one; a mistyped directory is an error, not a new catalogue."""
    from passerby.catalogue.database import FILE_NAME  # noqa: PLC0415  # see above
    from passerby.catalogue.repository import Repository  # noqa: PLC0415

    if not (data / FILE_NAME).exists():
        raise NotFoundError(f"{data} holds no catalogue; make one with: passerby catalogue apply FILE --data {data}")
    return Repository(data)


def account_of(catalogue: Catalogue, account_id: int | None) -> int:
    """The account asked for, or the only one."""
    known = sorted(catalogue.accounts)
    if account_id is None and len(known) == 1:
        return known[0]
    if account_id is None and not known:
        raise InvalidInputError("the catalogue is empty; apply a catalogue file first")
    if account_id is None:
        raise InvalidInputError(f"there are the accounts {', '.join(map(str, known))}; name one", "--account")
    if account_id not in known:
        raise NotFoundError(f"there is no account {account_id}")
    return account_id


@group.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A catalogue file (YAML or JSON); - reads stdin.")],
    data: DataOption,
    *,
    prune: Annotated[bool, typer.Option("--prune", help="Also delete what FILE does not name.")] = False,
) -> None:
    """Make the catalogue equal to FILE and print what changed. Works beside a running server.

    Example: passerby catalogue apply network.yaml --data ./data
    """
    from passerby.catalogue.repository import Repository, read_catalogue_file  # noqa: PLC0415

    try:
        document = read_catalogue_file(sys.stdin.buffer if str(file) == "-" else file)
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with Repository(data) as repository:
            changes = repository.apply(document, prune=prune)
    except InvalidInputError as error:
        for problem in error.problems:
            typer.echo(f"passerby: {problem}", err=True)
        raise typer.Exit(1) from None
    for change in changes:
        typer.echo(str(change))
    if not changes:
        typer.echo("nothing to change")


@group.command()
def show(
    data: DataOption,
    account: AccountOption = None,
    format_: Annotated[Format, typer.Option("--format", help="yaml or json.")] = Format.YAML,
) -> None:
    """Print the catalogue as a file that `apply` accepts, without secrets.

    Example: passerby catalogue show --data ./data > network.yaml
    """
    from passerby.catalogue.view import file_document  # noqa: PLC0415
    from passerby.catalogue.yaml_text import to_yaml  # noqa: PLC0415

    with open_existing(data) as repository:
        catalogue = repository.current()
    document = file_document(catalogue, account_of(catalogue, account))
    if format_ is Format.JSON:
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        typer.echo(_HEADER + to_yaml(document), nl=False)
