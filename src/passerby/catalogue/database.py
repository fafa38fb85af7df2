"""Opens the catalogue database: location, connections, migrations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import msgspec
import sqlalchemy
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
    known = _revisions()
    current = _revision(connection)
    if current == known[-1]:
        return
    if current is not None and current not in known:
        raise UnavailableError(
            f"{path} was made by a newer version of Passerby (its format is {current}); start that version, "
            f"or restore a backup made by this one"
        )
    # Imported only where a database is made or upgraded: it takes a tenth of each command's time to load.
    from passerby.catalogue.migrations.running import upgrade  # noqa: PLC0415  # see above

    upgrade(connection)


def _revisions() -> list[str]:
    """The revisions of this version, oldest first: the numbers of the files (tests see to it that they are)."""
    names = (file.name for file in files("passerby.catalogue.migrations.versions").iterdir())
    return sorted(name[1:5] for name in names if name.startswith("r") and name.endswith(".py"))


def _revision(connection: Connection) -> str | None:
    """The revision of a database; None for a new one. The table is Alembic's."""
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()


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
