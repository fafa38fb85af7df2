"""Opens the catalogue database: location, connections, migrations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from passerby.errors import CorruptDataError, InvalidInputError, UnavailableError

FILE_NAME = "catalogue.sqlite"
# How long a writer waits for another one; each transaction here takes milliseconds.
BUSY_TIMEOUT_MS = 10_000


def refuse_other_database(url: str | None) -> None:
    """Refuses any catalogue URL: this version keeps the catalogue only inside the data directory."""
    if url:
        raise InvalidInputError(
            f"this version keeps the catalogue only in DATA/{FILE_NAME}; leave the option out", "--catalogue-url"
        )


def catalogue_path(location: Path | str) -> Path:
    """The database file in a data directory, or the file itself when `location` names one."""
    if "://" in str(location):
        refuse_other_database(str(location))
    path = Path(location)
    return path / FILE_NAME if path.is_dir() else path


def open_database(path: Path) -> Engine:
    """An engine on the file at `path`, created readable by its owner only, with every migration applied."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise UnavailableError(f"cannot open {path}: {error.strerror}") from error
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        with writing(engine) as connection:
            migrate(connection, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database from beginning to end."""
    with _explained(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is alone in writing from its beginning; durable once this returns."""
    with _explained(), engine.connect() as connection:
        alone = connection.execution_options(passerby_begin="BEGIN IMMEDIATE")
        with alone.begin():
            yield alone


def migrate(connection: Connection, path: Path) -> None:
    """Brings the tables up to date inside the caller's transaction; refuses a database from the future."""
    config = migrations_config()
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise UnavailableError(
            f"{path} was made by a newer version of Passerby (its format is {current}); start that version, "
            f"or restore a backup made by this one"
        )
    command.upgrade(config, "head")


def migrations_config() -> Config:
    """Alembic's configuration; the migrations are part of the package, there is no ini file."""
    config = Config()
    config.set_main_option("script_location", "passerby.catalogue:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # Transactions are begun by `_begin`, not by the driver, which would begin none for reads.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("passerby_begin", "BEGIN"))


@contextmanager
def _explained() -> Iterator[None]:
    """Turns the database's own errors into those of this program."""
    try:
        yield
    except sqlalchemy.exc.TimeoutError as error:
        raise UnavailableError("too many requests are writing to the catalogue") from error
    except sqlalchemy.exc.OperationalError as error:
        raise UnavailableError(f"the catalogue database: {error.orig}") from error
    except sqlalchemy.exc.DatabaseError as error:
        raise CorruptDataError(f"the catalogue database: {error.orig}") from error
