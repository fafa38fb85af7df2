"""Raw rows out of the store, in the native wire form, as bytes of one of four formats, piece by piece.

Whatever is written here can be posted again and is then known. Memory does not grow with the answer: JSON lines are
written by the engine, the other formats batch by batch.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from passerby.observations import STRUCTS, table
from passerby.store.contract import Parameter, Store

RawFormat = Literal["ndjson", "csv", "parquet", "arrow"]
MEDIA_TYPES: dict[RawFormat, str] = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}

Text = TypeVar("Text", bytes, memoryview)

_END_OF_TIME = 2**62
_INSTANT = pa.timestamp("ms", "UTC")
# Rows of one Parquet row group: enough for its columns to compress well.
_GROUP_ROWS = 131_072


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: of which sensors, started in [start, end), received at or after, and by order of arrival.

    Of the order of arrival: after `after_seq` and up to `until_seq`, so an answer is one snapshot whatever
    arrives while it is read.
    """

    sensor_ids: Sequence[int]
    until_seq: int
    after_seq: int = 0
    start_ms: int = -_END_OF_TIME
    end_ms: int = _END_OF_TIME
    received_from_ms: int = -_END_OF_TIME

    @property
    def parameters(self) -> dict[str, Parameter]:
        """What the queries bind."""
        names = ("start_ms", "end_ms", "received_from_ms", "after_seq", "until_seq")
        return {name: getattr(self, name) for name in names}

    @property
    def tables(self) -> dict[str, pa.Table]:
        """What the queries join."""
        return {"wanted_sensors": pa.table({"sensor_id": pa.array(self.sensor_ids, pa.int64())})}


def raw_rows(store: Store, kind: str, wanted: Wanted, format_: RawFormat) -> Iterator[bytes]:
    """The rows of `kind` as the bytes of a body."""
    if format_ == "ndjson":
        return text_pieces(store.stream(f"observations/{kind}_lines", wanted.parameters, wanted.tables))
    batches = _wire(store.stream(f"observations/{kind}", wanted.parameters, wanted.tables), kind)
    write = {"csv": csv_pieces, "parquet": parquet_pieces, "arrow": arrow_pieces}[format_]
    return write(batches, wire_schema(kind))


@cache
def wire_schema(kind: str) -> pa.Schema:
    """The columns of a kind in the native wire form, as Arrow types."""
    struct = STRUCTS[kind]
    kept = {column.name: column.type for column in table(kind).columns}
    names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    return pa.schema([pa.field(wire, _wire_type(field, kept)) for field, wire in names])


# Fields that are kept under another name, or as another type.
_KEPT_AS = {
    "sensor": "sensor_id",
    "line": "line_id",
    "zone": "zone_id",
    "content": "content_id",
    "group": "visit_group",
    "in_": "count_in",
    "out": "count_out",
    "trigger": "trigger_id",
    "type": "event_type",
    "class_": "class",
}


def _wire_type(field: str, kept: dict[str, pa.DataType]) -> pa.DataType:
    if field in {"start", "at"}:
        return _INSTANT
    if field == "duration_ms":
        return pa.int64()
    if field == "contents":
        shown = kept[field].value_type
        return pa.list_(pa.struct([shown.field(0).with_name("content"), *map(shown.field, range(1, shown.num_fields))]))
    return kept[_KEPT_AS.get(field, field)]


def _wire(batches: Iterator[pa.RecordBatch], kind: str) -> Iterator[pa.RecordBatch]:
    schema = wire_schema(kind)
    for batch in batches:
        yield pa.RecordBatch.from_arrays([batch.column(field.name).cast(field.type) for field in schema], schema=schema)


def text_pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """The texts of the first column, one after the other, as UTF-8; a piece for each batch."""
    for view in text_views(batches):
        yield bytes(view)


def text_views(batches: Iterator[pa.RecordBatch]) -> Iterator[memoryview]:
    """As `text_pieces`, without a copy: a piece keeps its batch in memory."""
    for batch in batches:
        lines = batch.column(0).cast(pa.large_string())
        offsets, data = lines.buffers()[1:]
        ends = pa.Array.from_buffers(pa.int64(), len(lines) + 1, [None, offsets], offset=lines.offset)
        start, end = ends[0].as_py(), ends[len(lines)].as_py()
        if end > start:
            yield memoryview(data)[start:end]


def listed(pieces: Iterator[Text]) -> Iterator[Text]:
    """Pieces of JSON values that each end with a comma, but for the last one's: the inside of an array."""
    before: Text | None = None
    for piece in pieces:
        if before:
            yield before
        before = piece
    if before:
        yield before[:-1]


class _Sink(io.RawIOBase):
    """What a writer has written since the last `take`."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401  # any buffer, as of every file
        part = bytes(data)
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def csv_pieces(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[bytes]:
    """Rows as CSV; a nested value is JSON in its cell."""
    texts = pa.schema([pa.field(field.name, _cell_type(field.type)) for field in schema])
    sink = _Sink()
    with pa_csv.CSVWriter(sink, texts) as writer:
        for batch in batches:
            columns = [_cells(column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=texts))
            yield sink.take()
    yield sink.take()


def _is_nested(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind))


def _cell_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if _is_nested(kind) or pa.types.is_timestamp(kind) else kind


def _cells(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
    if not _is_nested(column.type):
        return column
    encode = msgspec.json.encode
    return pa.array([None if cell is None else encode(cell).decode() for cell in column.to_pylist()], pa.string())


def parquet_pieces(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[bytes]:
    """Rows as a Parquet file."""
    sink = _Sink()
    waiting: list[pa.RecordBatch] = []
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            waiting.append(batch)
            if sum(one.num_rows for one in waiting) >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting, schema))
                waiting.clear()
                yield sink.take()
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, schema))
    yield sink.take()


def arrow_pieces(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[bytes]:
    """Rows as an Arrow stream."""
    sink = _Sink()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()
