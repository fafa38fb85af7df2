"""Columns of rows: rounding, nulls, and numbers written as the document writes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from passerby.metrics.places import Flags, Floats, Integers

_TENTH_MS = 100
Columns = Mapping[str, object]


def half_up(values: Floats, decimals: int = 0) -> Floats:
    """Rounded once, halves away from zero upwards. What lacks a half by no more than a float's own error has it."""
    scale = 10.0**decimals
    rounded: Floats = np.floor(values * scale * (1 + 4 * np.finfo(np.float64).eps) + 0.5) / scale
    return rounded


def tenths(milliseconds: Floats) -> Integers:
    """Milliseconds as tenths of seconds."""
    return half_up(milliseconds / _TENTH_MS).astype(np.int64)


def whole(values: Floats, known: Flags | None = None) -> pa.Array:
    """Integers; null where `known` says that nothing is."""
    return pa.array(half_up(values).astype(np.int64), mask=None if known is None else ~known)


def two_decimals(values: Floats, *, zero: str = "0.0") -> pa.Array:
    """Numbers of two decimals at most. `zero`: how the document writes none at this place, 0 or 0.0."""
    rounded = half_up(values, 2)
    texts = pc.cast(pa.array(rounded), pa.string())
    # A whole number is 2.0, so that programs of languages that tell the two apart always read the same type.
    without_point = pc.invert(pc.match_substring_regex(texts, "[.e]"))
    texts = pc.if_else(without_point, pc.binary_join_element_wise(texts, ".0", ""), texts)
    texts = pc.if_else(pa.array(rounded == 0), zero, texts)
    return pa.ExtensionArray.from_storage(pa.json_(pa.string()), texts)


def rows(columns: Columns, which: Integers) -> pa.Table:
    """The rows with these numbers, in this order."""
    table = pa.table(dict(columns))
    return table if len(which) == len(table) and (which == np.arange(len(which))).all() else table.take(pa.array(which))
