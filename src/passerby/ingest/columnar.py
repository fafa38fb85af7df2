"""The native format as a table, one kind a body: CSV, Parquet, Arrow stream.

Columns are the fields of the kind. A nested field is JSON in its CSV cell, and a list or struct in Parquet and
Arrow. An empty cell or a null is a field that was not given; where a field must be given and may be null (the
duration of a visit) it is that null.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
import msgspec.inspect as inspection
import pyarrow as pa

from passerby.errors import InvalidInputError, Problem
from passerby.ingest import apart, arrow_tables
from passerby.ingest.arrow_tables import ArrowBody
from passerby.ingest.compression import TooLargeError
from passerby.ingest.decoded import Decoded, Refused
from passerby.ingest.privacy import scrubbed
from passerby.ingest.wording import parts, refusal, type_of
from passerby.sightings.sighting import INPUTS, KIND

Cell = Callable[[str], object]

_INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_LONGEST_CELL = 1 << 20
# Rows are made of Python objects, many times the size of a table's: a large table is turned over in pieces.
_PIECE = 1000
# Refused rows are kept as JSON, with the names of their fields: larger than they were, within reason.
_KEPT_TIMES = 4
_OF_DEVICES = ("wifi_visit", KIND)


def decode_csv(body: bytes, kind: str, _limit: int) -> Decoded:
    """The observations of `kind` in a CSV file with a header line. Raises InvalidInputError for a bad header."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError("the body is not UTF-8 text") from None
    csv.field_size_limit(_LONGEST_CELL)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    decoded = Decoded(indexes=[])
    try:
        names = next(lines, None)
        if not names:
            raise InvalidInputError("expected a header line with the names of the columns")
        _check_columns(names, kind)
        readers = [_cells(kind)[name] for name in names]
        rows = _csv_rows(lines, names, readers, decoded, kind)
        _convert(rows, kind, decoded)
    except csv.Error as error:
        raise InvalidInputError(f"not CSV: line {lines.line_num}: {error}") from None
    return decoded


def _csv_rows(
    lines: Iterable[list[str]], names: Sequence[str], readers: Sequence[Cell], decoded: Decoded, kind: str
) -> Iterable[tuple[int, dict[str, Any]]]:
    missing = {name: None for name in _null_for_missing(kind) if name in names}
    for index, cells in enumerate(line for line in lines if line):
        if len(cells) != len(names):
            # Cells that have moved can hold anything under any name: nothing of them is kept of a device.
            known = {} if kind in _OF_DEVICES else dict(zip(names, cells, strict=False))
            row = json.dumps({**known, "kind": kind}, ensure_ascii=False)
            error = f"expected {len(names)} cells, as in the header line; found {len(cells)}"
            decoded.refused.append(Refused(index, error, row.encode()))
            continue
        given = {name: read(cell) for name, read, cell in zip(names, readers, cells, strict=True) if cell}
        yield index, {**missing, **given} if missing else given


def decode_parquet(body: bytes, kind: str, limit: int) -> Decoded:
    """The observations of `kind` in a Parquet file that holds at most `limit` bytes once it is opened."""
    return _decode_table(apart.parquet(body, limit), kind, limit)


def decode_arrow(body: bytes, kind: str, limit: int) -> Decoded:
    """The observations of `kind` in an Arrow IPC stream that holds at most `limit` bytes once it is opened."""
    return _decode_table(arrow_tables.stream(body, limit), kind, limit)


def _decode_table(table: ArrowBody, kind: str, limit: int) -> Decoded:
    _check_columns(table.names, kind)
    decoded = Decoded(indexes=[])
    start = 0
    for batch in table.batches:
        for offset in range(0, batch.num_rows, _PIECE):
            rows = _without_fractions(batch.slice(offset, _PIECE)).to_pylist()
            _convert(_arrow_rows(rows, kind, start + offset), kind, decoded)
        if sum(len(one.row) for one in decoded.refused) > _KEPT_TIMES * limit:
            raise TooLargeError
        start += batch.num_rows
    return decoded


def _without_fractions(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Nanoseconds cut to microseconds: Python has no others."""
    columns = [
        column.cast(pa.timestamp("us", column.type.tz), safe=False)
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns"
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _arrow_rows(rows: list[dict[str, Any]], kind: str, start: int) -> Iterable[tuple[int, dict[str, Any]]]:
    nullable = _null_for_missing(kind)
    for index, row in enumerate(rows, start):
        yield index, {name: _given(value) for name, value in row.items() if value is not None or name in nullable}


def _given(value: object) -> object:
    """A nested value without the nulls that stand for fields that were not given."""
    if isinstance(value, dict):
        return {name: _given(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_given(inner) for inner in value]
    return value


def _convert(rows: Iterable[tuple[int, dict[str, Any]]], kind: str, decoded: Decoded) -> None:
    struct = INPUTS[kind]
    for index, row in rows:
        try:
            decoded.add(index, msgspec.convert(row, struct))
        except msgspec.ValidationError as error:
            decoded.refused.append(Refused(index, refusal(error, kind), _as_json(row, kind)))


def _as_json(row: dict[str, Any], kind: str) -> bytes:
    """A refused row as the JSON that would have said the same."""
    return msgspec.json.encode({"kind": kind, **row}, enc_hook=str)


def _check_columns(names: Sequence[str], kind: str) -> None:
    known = _cells(kind)
    problems = [
        Problem(scrubbed(name[:64]), f"no such field of a {kind}; there are: {', '.join(known)}")
        for name in names
        if name not in known
    ]
    problems += [Problem(name, "two columns of this name") for name in known if list(names).count(name) > 1]
    if problems:
        raise InvalidInputError(problems)


@cache
def _null_for_missing(kind: str) -> frozenset[str]:
    """The fields that must be given and may be null."""
    return frozenset(
        field.encode_name
        for field in type_of(kind).fields
        if field.required and any(isinstance(part, inspection.NoneType) for part in parts(field.type))
    )


@cache
def _cells(kind: str) -> dict[str, Cell]:
    """How the cells of each column are read; `kind` may stand in a column of its own."""
    return {"kind": str, **{field.encode_name: _cell(field.type) for field in type_of(kind).fields}}


def _cell(wanted: inspection.Type) -> Cell:
    kinds = {type(part) for part in parts(wanted)}
    if inspection.IntType in kinds and inspection.StrType in kinds:
        return _reference
    if inspection.IntType in kinds:
        return _integer
    if inspection.FloatType in kinds:
        return _number
    if inspection.BoolType in kinds:
        return _flag
    if kinds & {inspection.ListType, inspection.StructType}:
        return _nested
    return str


# What a cell does not hold in the right form stays text, so that the refusal says what was expected.


def _integer(cell: str) -> object:
    return int(cell) if _INTEGER.fullmatch(cell) else cell


def _number(cell: str) -> object:
    return float(cell) if _NUMBER.fullmatch(cell) else cell


def _flag(cell: str) -> object:
    return {"true": True, "false": False}.get(cell, cell)


def _reference(cell: str) -> object:
    return int(cell) if _INTEGER.fullmatch(cell) else cell


def _nested(cell: str) -> object:
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        return cell
