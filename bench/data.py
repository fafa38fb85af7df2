"""Data directories to measure on: built once, kept in the bench data folder, reused by the next run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bench import facts, network
from passerby import observations
from passerby.catalogue.repository import Repository
from passerby.store import DuckDBStore, queries
from passerby.store.contract import Parameter

# Part of the folder's name: raise it when facts.py or network.py give something else.
VERSION = 1


def new_data_directory(folder: Path) -> None:
    """An empty data directory that knows the network's catalogue."""
    folder.mkdir(parents=True)
    repository = Repository(folder / "catalogue.sqlite")
    repository.apply(network.catalogue())
    repository.close()


def set_settings(data: Path, settings: Mapping[str, object]) -> None:
    """Give the account of a data directory these settings and no others."""
    repository = Repository(data / "catalogue.sqlite")
    repository.apply(network.catalogue(settings), prune=True)
    repository.close()


def data_directory(folder: Path, size: facts.Size) -> Path:
    """The data directory of a size, built when it is not there yet."""
    ready = folder / f"v{VERSION}-{size.name}"
    if ready.exists():
        return ready
    building = folder / f"{ready.name}.building"
    shutil.rmtree(building, ignore_errors=True)
    new_data_directory(building)
    path = building / "facts.duckdb"
    DuckDBStore(path).close()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]:,} rows"))
    with duckdb.connect(str(path)) as connection, Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task(f"building {size.name} visits", total=size.days, rows=0)
        rows = facts.write(connection, size, lambda days, rows: progress.update(task, completed=days, rows=rows))
        # One entry brought it all: the journal continues after it.
        connection.execute("update store_state set cursor = 1, last_seq = ?", [rows])
    building.rename(ready)
    return ready


class RecordingStore:
    """A store that notes which statements it is asked for."""

    def __init__(self, store: DuckDBStore) -> None:
        self._store = store
        self.statements: list[Statement] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def query(
        self, name: str, parameters: Mapping[str, Parameter], tables: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """As the store's, noted."""
        self.statements.append(Statement(name, dict(parameters), dict(tables or {})))
        return self._store.query(name, parameters, tables)

    def stream(
        self, name: str, parameters: Mapping[str, Parameter], tables: Mapping[str, pa.Table] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """As the store's, noted."""
        self.statements.append(Statement(name, dict(parameters), dict(tables or {})))
        return self._store.stream(name, parameters, tables)


class Statement:
    """One statement as the store ran it, to be run again straight in DuckDB."""

    def __init__(self, name: str, parameters: dict[str, Parameter], tables: dict[str, pa.Table]) -> None:
        self.name, self.parameters, self.tables = name, parameters, tables
        self.text = queries.text(name)

    def run(self, root: duckdb.DuckDBPyConnection) -> int:
        """Run it on a cursor of its own; returns the number of rows of its answer."""
        with root.cursor() as cursor:
            for name, table in self.tables.items():
                cursor.register(name, table)
            relation = cursor.sql(self.text, params=self.parameters) if self.parameters else cursor.sql(self.text)
            return int(relation.to_arrow_table().num_rows)


@contextmanager
def straight(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB itself on the facts of a data directory, with the store's own settings."""
    store = DuckDBStore(data / "facts.duckdb")
    store.close()
    config: dict[str, Any] = {"threads": 2, "memory_limit": "4096MB"}
    with duckdb.connect(str(data / "facts.duckdb"), config=config) as connection:
        yield connection


def stored_visits(connection: duckdb.DuckDBPyConnection) -> int:
    """Visits held."""
    ((rows,),) = connection.execute(f"select count(*) from {observations.table('visit').name}").fetchall()
    return int(rows)
