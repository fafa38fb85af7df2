"""What goes into the journal and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from passerby.errors import CorruptDataError

Row = Sequence[Any]
Rows = Mapping[str, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that was refused: its place in the batch, why, and the row itself as JSON text.

    Whoever makes one has already taken out what must not be kept (a WiFi device's address).
    """

    account_id: int
    index: int
    error: str
    row: str


@dataclass(frozen=True, slots=True)
class KeptAside:
    """A rejected row as the journal keeps it. `id` grows with arrival; `received_ms` is UTC."""

    id: int
    received_ms: int
    source: str
    rejected: Rejected


@dataclass(frozen=True, slots=True)
class Idempotency:
    """One request under an `Idempotency-Key`: a digest of its body, and the answer that it got."""

    account_id: int
    key: str
    digest: bytes
    answer: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """One accepted request: valid rows by kind, rejected rows, and its idempotency key if it had one.

    A row is a tuple in the order of `observations.table(kind).row_columns`, or of `sightings.sighting.JOURNAL_ONLY`
    for what never becomes a fact. `source` says where it came from
    (`native`, a producer's name, `import`); it is kept for people who look for the origin of a row.
    `quiet`: webhooks are not told of these rows (they are history that was brought in later).
    `mended`: ids of rows kept aside that are taken this time: they leave the list together with the rows' arrival.
    """

    rows: Rows
    rejected: Sequence[Rejected] = ()
    idempotency: Idempotency | None = None
    source: str = "native"
    quiet: bool = False
    mended: Sequence[int] = ()

    @property
    def row_count(self) -> int:
        """Valid rows, all kinds together."""
        return sum(map(len, self.rows.values()))


@dataclass(frozen=True, slots=True)
class Receipt:
    """The journal holds the submission, safe from a crash, as `entry`.

    Its rows have the numbers `first_seq` to `first_seq + row_count - 1`. With `repeated` set the same request
    had been answered before: nothing was written, `repeated.answer` is the answer to give, and the other
    fields mean nothing.
    """

    entry: int
    received_ms: int
    first_seq: int
    row_count: int
    repeated: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as readers see it. Rows are numbered from `first_seq` on, kind after kind as `rows` lists them."""

    number: int
    received_ms: int
    first_seq: int
    row_count: int
    source: str
    rows: Rows = field(repr=False)

    @property
    def last_seq(self) -> int:
        """The number of its last row; `first_seq - 1` when it has none."""
        return self.first_seq + self.row_count - 1


class DamagedEntryError(CorruptDataError):
    """An entry of the journal is not what was written. `number` says which."""

    def __init__(self, number: int, message: str) -> None:
        self.number = number
        super().__init__(message)
