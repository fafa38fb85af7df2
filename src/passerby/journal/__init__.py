"""The journal: every accepted request, safe on disk before it is answered.

One SQLite file (write-ahead log, `synchronous=full`) and one thread that writes it. Requests that arrive while
a commit is under way share the next one (group commit). Readers follow it at their own pace; an entry is
removed when every reader is done with it and it is old enough.
"""

from passerby.journal.feed import Feed
from passerby.journal.journal import Journal
from passerby.journal.records import (
    DamagedEntryError,
    Entry,
    Idempotency,
    KeptAside,
    Receipt,
    Rejected,
    Row,
    Rows,
    Submission,
)

__all__ = [
    "DamagedEntryError",
    "Entry",
    "Feed",
    "Idempotency",
    "Journal",
    "KeptAside",
    "Receipt",
    "Rejected",
    "Row",
    "Rows",
    "Submission",
]
