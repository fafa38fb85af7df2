"""`passerby people`: who may sign in to the dashboard; for operators, also when nobody can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passerby.cli import UsageError
from passerby.cli.catalogue import AccountOption, DataOption, account_of, open_existing

if TYPE_CHECKING:  # the database's libraries are loaded by the commands that need them, not by --help
    from passerby.catalogue.repository import Repository
    from passerby.people import People, Person

AddressOption = Annotated[str, typer.Option("--address", metavar="URL", help="How people call the server.")]
EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="As `passerby people list` shows it.")]
_HERE = "http://127.0.0.1:8080"
_HELP = """People who may sign in to the dashboard.

Example: passerby people create --email ana@example.com --name Ana --role admin --data ./data
"""
group = typer.Typer(no_args_is_help=True, help=_HELP)


def register(app: typer.Typer) -> None:
    """Adds the group to the command line."""
    app.add_typer(group, name="people")


def invite(people: People, address: str) -> None:
    """Print the link that makes the first person, as long as there is nobody. To stdout: it never gets into a log."""
    token = people.first_link()
    if token is not None:
        typer.echo(f"nobody can sign in yet; make the first person at:\n  {address}/app/welcome/{token}")


@group.command()
def create(  # noqa: PLR0913  # one argument per option
    *,
    data: DataOption,
    email: Annotated[str, typer.Option("--email", help="What the person signs in with.")],
    name: Annotated[str, typer.Option("--name", help="What the person is called.")],
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="viewer, editor or admin.")] = "viewer",
    brand: Annotated[
        list[int] | None, typer.Option("--brand", metavar="ID", help="Only this brand; repeatable.")
    ] = None,
    site: Annotated[list[int] | None, typer.Option("--site", metavar="ID", help="Only this site; repeatable.")] = None,
    account: AccountOption = None,
    address: AddressOption = _HERE,
) -> None:
    """Add a person and print, as JSON, the link that sets their password. It works once, for three days.

    Example: passerby people create --email ana@example.com --name Ana --role admin --data ./data
    """
    from passerby.errors import InvalidInputError  # noqa: PLC0415
    from passerby.people.person import ROLES, problems_of_limits  # noqa: PLC0415

    known = next((each for each in ROLES if each == role), None)
    if known is None:
        raise UsageError(f"--role: expected one of {', '.join(ROLES)}")
    brands, sites = brand or (), site or ()
    with _opened(data) as (repository, people):
        catalogue = repository.current()
        number = account_of(catalogue, account)
        if problems := problems_of_limits(catalogue, number, known, brands, sites):
            raise InvalidInputError(problems)
        made = people.create(account_id=number, name=name, email=email, role=known, brands=brands, sites=sites)
        token = people.password_link(made.id, number)
    _show_link(made, token, address)


@group.command(name="list")
def list_(data: DataOption) -> None:
    """List the people, what they may see, and whether they may sign in.

    Example: passerby people list --data ./data
    """
    rows: list[tuple[str, ...]] = [("email", "name", "role", "account", "sees", "state")]
    with _opened(data) as (_, people):
        rows += [_row(person) for person in people.of_account()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@group.command(name="reset-link")
def reset_link(email: EmailArgument, data: DataOption, address: AddressOption = _HERE) -> None:
    """Print a link by which a person sets another password. It works once, for three days.

    The password of now goes on working until the link is used.

    Example: passerby people reset-link ana@example.com --data ./data
    """
    with _opened(data) as (_, people):
        person = people.named(email)
        token = people.password_link(person.id, person.account_id)
    _show_link(person, token, address)


@group.command()
def disable(email: EmailArgument, data: DataOption) -> None:
    """Sign a person out everywhere and let them no longer in; their share links stop working.

    Example: passerby people disable ana@example.com --data ./data
    """
    with _opened(data) as (_, people):
        person = people.named(email)
        people.disable(person.id, person.account_id)
    typer.echo(f"{person.email} may not sign in")


@group.command()
def enable(email: EmailArgument, data: DataOption) -> None:
    """Let a disabled person in again, with the password of before.

    Example: passerby people enable ana@example.com --data ./data
    """
    with _opened(data) as (_, people):
        person = people.named(email)
        people.enable(person.id, person.account_id)
    typer.echo(f"{person.email} may sign in")


@group.command()
def remove(email: EmailArgument, data: DataOption) -> None:
    """Forget a person, with every link that they shared. Records of what they did keep their address.

    Example: passerby people remove ana@example.com --data ./data
    """
    with _opened(data) as (_, people):
        person = people.named(email)
        people.remove(person.id, person.account_id)
    typer.echo(f"removed {person.email}")


@group.command(name="first-link")
def first_link(data: DataOption, address: AddressOption = _HERE) -> None:
    """Print the link that makes the first person, while there is nobody; `passerby serve` prints one at its start.

    Example: passerby people first-link --data ./data
    """
    from passerby.errors import ConflictError  # noqa: PLC0415

    with _opened(data) as (_, people):
        if people.any():
            raise ConflictError("there are people already: give one of them a link with `passerby people reset-link`")
        invite(people, address)


@contextmanager
def _opened(data: Path) -> Iterator[tuple[Repository, People]]:
    from passerby.people import People  # noqa: PLC0415

    with open_existing(data) as repository:
        yield repository, People(repository.engine)


def _show_link(person: Person, token: str, address: str) -> None:
    link = f"{address.rstrip('/')}/app/welcome/{token}"
    typer.echo(json.dumps({"email": person.email, "role": person.role, "link": link}, ensure_ascii=False))


def _row(person: Person) -> tuple[str, ...]:
    limits = [
        f"{noun} {', '.join(map(str, sorted(ids)))}"
        for noun, ids in (("brands", person.brand_ids), ("sites", person.site_ids))
        if ids is not None
    ]
    state = "disabled" if not person.active else "invited" if person.invited else "active"
    sees = " and ".join(limits) or "everything"
    return person.email, person.name, person.role, str(person.account_id), sees, state
