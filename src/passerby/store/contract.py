"""What a fact store does, whichever engine stands behind it.

`tests/store/` is the same contract as a suite; it runs once per engine in `ENGINES`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Parameter = int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one `load` did: new rows, rows that the store held already, and new rows by journal entry."""

    accepted: int
    duplicates: int
    accepted_by_entry: Mapping[int, int]  # entries without rows may be missing


@dataclass(frozen=True, slots=True)
class FactBatch:
    """Rows of consecutive journal entries. `rows[kind]` follows `observations.table(kind).schema`.

    `entries[kind]` says, for each row, which journal entry brought it; `cursor` is the last entry's number and
    `last_seq` the number of the last row that the journal had given then.
    """

    rows: Mapping[str, pa.Table]
    entries: Mapping[str, NDArray[np.int64]]
    cursor: int
    last_seq: int


class Store(Protocol):
    """Append-only facts and the named queries over them. Safe to use from several threads."""

    def load(self, batch: FactBatch) -> Loaded:
        """Add the rows that are not yet held and move the cursor, both in one commit.

        A row is held already when one of its kind has the same `identity` and `started_ms`, in the store or
        earlier in the batch. Loading a batch again changes nothing. Only one thread may load.

        Raises InvalidInputError when a row can never be loaded; any other error may pass.
        """
        ...

    def cursor(self) -> int:
        """The last journal entry that was loaded; 0 when none was."""
        ...

    def last_seq(self) -> int:
        """The number of the last row that the journal had given when it gave entry `cursor()`."""
        ...

    def version(self, kinds: Collection[str], start_ms: int, end_ms: int) -> int:
        """A number for the facts of these kinds that start in [start, end); it rises whenever any are added.

        Who asks for it before reading them may keep what they read for as long as it stays the same. It means
        nothing to another process or after a restart.
        """
        ...

    def refresh(self) -> None:
        """After a failed `load`: learn whether it happened, and mend what can be mended."""
        ...

    def safe_cursor(self) -> int:
        """As `cursor`, after the worst loss that the store repairs by itself: the journal must keep what follows."""
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

    def missing(self, batch: FactBatch) -> Mapping[str, int]:
        """How many rows of the batch the store does not hold, by kind; kinds of which it holds all are left out."""
        ...

    def check(self, tell: Callable[[str], None] = ...) -> list[str]:
        """Re-read everything; one sentence for each thing found wrong. `tell` gets each kind as its turn comes."""
        ...

    def close(self) -> None:
        """Finish what is under way and let go of the files."""
        ...
