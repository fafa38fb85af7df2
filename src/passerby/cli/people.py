"""`passerby people`: who may sign in to the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:  # the database's libraries are loaded by the commands that need them, not by --help
    from passerby.people import People


def invite(people: People, address: str) -> None:
    """Print the link that makes the first person, as long as there is nobody. To stdout: it never gets into a log."""
    token = people.first_link()
    if token is not None:
        typer.echo(f"nobody can sign in yet; make the first person at:\n  {address}/app/welcome/{token}")
