import re
import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from passerby.catalogue.database import open_database, reading, refuse_other_database, writing
from passerby.catalogue.migrations.running import config, upgrade
from passerby.catalogue.repository import Repository
from passerby.catalogue.schema import metadata
from passerby.errors import CorruptDataError, InvalidInputError, UnavailableError

REVISIONS = [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()][::-1]


@pytest.fixture
def engine(tmp_path):
    opened = open_database(tmp_path / "catalogue.sqlite")
    yield opened
    opened.dispose()


def upgraded(path, revision):
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, revision)
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_any_release_becomes_what_the_program_expects(tmp_path, revision):
    upgraded(tmp_path / "catalogue.sqlite", revision)
    engine = open_database(tmp_path / "catalogue.sqlite")
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == REVISIONS[-1]
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_constraints_are_those_of_the_metadata(engine):
    """Autogenerate does not see deferred foreign keys or AUTOINCREMENT, so the texts of the tables are compared."""
    twin = sqlalchemy.create_engine("sqlite://")
    metadata.create_all(twin)
    query = "select name, sql from sqlite_master where type = 'table' and name not like 'alembic%'"
    with reading(engine) as connection, twin.connect() as expected:
        migrated, created = (
            {name: sorted(re.sub(r"[\s,()\"]+", " ", sql).split(" ")) for name, sql in one.exec_driver_sql(query)}
            for one in (connection, expected)
        )
    twin.dispose()
    assert migrated == created


def test_a_database_of_a_newer_program_is_refused(tmp_path):
    Repository(tmp_path).close()
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    with pytest.raises(UnavailableError, match=r"was made by a newer version of Passerby \(its format is 9999\)"):
        Repository(tmp_path)


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_every_connection_is_durable_and_keeps_references(engine, pragma, value):
    with reading(engine) as connection:
        assert connection.exec_driver_sql(f"pragma {pragma}").scalar() == value


def test_a_reader_sees_one_state_from_beginning_to_end(engine):
    count = sqlalchemy.text("select count(*) from accounts")
    with reading(engine) as reader:
        assert reader.execute(count).scalar() == 0
        with writing(engine) as writer:
            writer.execute(sqlalchemy.text("insert into accounts values (1, 'A', '{}')"))
        assert reader.execute(count).scalar() == 0
    with reading(engine) as reader:
        assert reader.execute(count).scalar() == 1


def test_what_is_not_a_database_is_not_overwritten(tmp_path):
    path = tmp_path / "catalogue.sqlite"
    path.write_text("my novel, chapter one\n" * 100)
    with pytest.raises(CorruptDataError, match="not a database"):
        open_database(path)
    assert path.read_text().startswith("my novel")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UnavailableError, match="No such file or directory"):
        open_database(tmp_path / "nowhere" / "catalogue.sqlite")


def test_only_the_owner_may_read_it(tmp_path):
    Repository(tmp_path).close()
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        "catalogue.sqlite": "0o600",
        "server.key": "0o600",
    }


@pytest.mark.parametrize("url", ["postgresql://localhost/passerby", "mysql://x", "sqlite:///other.sqlite"])
def test_another_database_is_refused(url):
    with pytest.raises(InvalidInputError, match=r"only in DATA/catalogue\.sqlite"):
        refuse_other_database(url)
    with pytest.raises(InvalidInputError, match=r"only in DATA/catalogue\.sqlite"):
        Repository(url)


def test_processes_that_open_a_new_directory_at_once_agree(tmp_path):
    code = f"from {Repository.__module__} import Repository; print(Repository({str(tmp_path)!r}).server_secret('x'))"
    racers = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [racer.communicate() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], answers
    assert len({secret for secret, _ in answers}) == 1
