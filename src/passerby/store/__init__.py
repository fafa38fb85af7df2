"""The fact store: contract, engines, queries."""

from __future__ import annotations

from pathlib import Path

from passerby.errors import InvalidInputError
from passerby.settings import Settings
from passerby.store.contract import FactBatch, Loaded, Parameter, Store
from passerby.store.duckdb import DuckDBStore

__all__ = ["DuckDBStore", "FactBatch", "Loaded", "Parameter", "Store", "open_store"]


def open_store(url: str | None, data: Path, settings: Settings) -> Store:
    """The store that `--store-url` names; None is the embedded one in the data directory.

    Raises InvalidInputError for any other, as no other engine is supported yet.
    """
    if url is not None:
        raise InvalidInputError(
            "only the embedded DuckDB store is supported so far: leave --store-url out", "--store-url"
        )
    return DuckDBStore(
        data / "facts.duckdb",
        memory_mb=settings.integer("store_memory_mb"),
        threads=settings.integer("store_threads"),
    )
