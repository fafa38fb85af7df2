"""Runs Alembic, which is loaded only when a database is made or upgraded."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Brings the tables to a revision, inside the caller's transaction."""
    made = config()
    made.attributes["connection"] = connection
    command.upgrade(made, revision)


def config() -> Config:
    """Alembic's configuration; the migrations are part of the package, there is no ini file."""
    made = Config()
    made.set_main_option("script_location", "passerby.catalogue:migrations")
    made.set_main_option("path_separator", "os")
    return made
