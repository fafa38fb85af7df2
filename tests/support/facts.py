"""Made-up rows of every kind, as `ingest` hands them to the journal."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from passerby import observations

BASE_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_TEXTS = {"direction": "in", "class": "person", "event_type": "Loitering", "device": "k1", "gender": "female"}


def row(kind: str, number: int, **values: Any) -> tuple[Any, ...]:
    """A row of `kind` whose identity is `number`, one second after the row before it; `values` replace columns."""
    return tuple(
        values[column.name] if column.name in values else _value(column, number)
        for column in observations.table(kind).row_columns
    )


def _value(column: observations.Column, number: int) -> Any:
    started = BASE_MS + number * 1000
    known = {"sensor_id": 1 + number % 3, "started_ms": started, "ended_ms": started + 5000, "identity": number}
    if column.name in known:
        return known[column.name]
    if column.nullable:
        return None
    if pa.types.is_string(column.type):
        return _TEXTS.get(column.name, "unknown")
    if pa.types.is_boolean(column.type):
        return False
    return 1.5 if pa.types.is_floating(column.type) else 1


def rows(kind: str, *numbers: int) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of one kind with these identities, as a submission holds them."""
    return {kind: [row(kind, number) for number in numbers]}
