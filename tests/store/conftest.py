"""The contract suite runs once per engine: to add one, add a line to `ENGINES`."""

from __future__ import annotations

import pytest

from passerby.store import DuckDBStore

# name -> how to open a store in a folder; opening the same folder again gives the same facts.
ENGINES = {
    "duckdb": lambda folder: DuckDBStore(folder / "facts.duckdb", memory_mb=512),
}


@pytest.fixture(params=sorted(ENGINES))
def open_store(request, tmp_path):
    """Opens a store in a sub-folder; what is still open at the end of the test is closed."""
    opened = []

    def open_one(name="store"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        opened.append(ENGINES[request.param](folder))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()
