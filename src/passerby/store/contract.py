"""What a fact store does, whichever engine stands behind it.

`tests/store/` is the same contract as a suite; it runs once per engine in `ENGINES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

Parameter = int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one `load` did: new rows, and rows that the store already held, by kind and by journal entry."""

    accepted: int
    duplicates: int
    accepted_by_entry: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class FactBatch:
    """Rows of consecutive journal entries. `rows[kind]` follows `observations.table(kind).schema`.

    `entries[kind]` says, for each row, which journal entry brought it; `cursor` is the last entry's number.
    """

    rows: Mapping[str, pa.Table]
    entries: Mapping[str, Sequence[int]]
    cursor: int


class Store(Protocol):
    """Append-only facts and the named queries over them. Safe to use from several threads."""

    def load(self, batch: FactBatch) -> Loaded:
        """Add the rows that are not yet held and move the cursor, both in one commit.

        A row is held already when one of its kind has the same `identity` and `started_ms`, in the store or
        earlier in the batch. Loading a batch again changes nothing.
        """
        ...

    def cursor(self) -> int:
        """The last journal entry that was loaded; 0 when none was."""
        ...

    def query(
        self, name: str, parameters: Mapping[str, Parameter], tables: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """The whole answer of `sql/<name>.sql`; `tables` are visible to it under their names."""
        ...

    def stream(
        self, name: str, parameters: Mapping[str, Parameter], tables: Mapping[str, pa.Table] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """As `query`, piece by piece: memory does not grow with the answer."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Rows held, by kind."""
        ...

    def backup(self, folder: Path) -> None:
        """Write every fact table as `<table>.parquet`, and the cursor, from one consistent snapshot."""
        ...

    def restore(self, folder: Path) -> None:
        """Fill an empty store from a backup."""
        ...

    def check(self) -> list[str]:
        """Re-read everything; one sentence for each thing found wrong."""
        ...

    def close(self) -> None:
        """Finish what is under way and let go of the files."""
        ...
