"""Arrow and Parquet bodies as record batches, no larger in memory than a body may be.

Both formats compress inside, so a small body can claim to be gigabytes: sizes are checked before anything is
opened, texts stay dictionaries so that one long text cannot be repeated a million times, and only the plain
types that a field can have are read. What comes from outside is validated before it is looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from passerby.errors import InvalidInputError
from passerby.ingest.compression import TooLargeError

_ROWS_AT_ONCE = 4096
# The smallest row has a sensor and a time of eight bytes each.
_SMALLEST_ROW = 16
# No field takes a text as long as this.
_LONGEST_TEXT = 1024


@dataclass(frozen=True, slots=True)
class ArrowBody:
    """A body that has been looked over: its columns, and its rows in pieces."""

    names: list[str]
    batches: Iterator[pa.RecordBatch]


def parquet(body: bytes, limit: int) -> ArrowBody:
    """A Parquet file of at most `limit` bytes once it is opened. Raises InvalidInputError or TooLargeError."""
    with _explained("Parquet"):
        metadata = pq.read_metadata(pa.BufferReader(body))
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        values = [group.column(number).num_values for group in groups for number in range(group.num_columns)]
        _check_size(sum(group.total_byte_size for group in groups), limit)
        _check_size(max([metadata.num_rows, *values]) * _SMALLEST_ROW, limit)
        columns = [metadata.schema.column(number) for number in range(metadata.num_columns)]
        texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        file = pq.ParquetFile(pa.BufferReader(body), read_dictionary=texts)
        _check_types(file.schema_arrow)
        return ArrowBody(file.schema_arrow.names, _guarded(file.iter_batches(batch_size=_ROWS_AT_ONCE), "Parquet"))


def stream(body: bytes, limit: int) -> ArrowBody:
    """An Arrow IPC stream of at most `limit` bytes once it is opened. Raises InvalidInputError or TooLargeError."""
    with _explained("an Arrow stream"):
        size = rows = 0
        for message in pa.ipc.MessageReader.open_stream(pa.BufferReader(body)):
            if message.body is not None:
                opened, length = _announced(message)
                size, rows = size + opened, rows + length
                _check_size(max(size, rows * _SMALLEST_ROW), limit)
        reader = pa.ipc.open_stream(pa.BufferReader(body))
        _check_types(reader.schema)
        return ArrowBody(reader.schema.names, _guarded(iter(reader), "an Arrow stream"))


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLargeError


def _guarded(batches: Iterator[pa.RecordBatch], what: str) -> Iterator[pa.RecordBatch]:
    with _explained(what):
        for batch in batches:
            batch.validate(full=True)
            for column in batch.columns:
                _check_texts(column)
            yield batch


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, struct.error, IndexError):
        raise InvalidInputError(f"the body is not {what}, or it is damaged") from None


def _check_types(schema: pa.Schema) -> None:
    for field in schema:
        if not _is_plain(field.type):
            raise InvalidInputError(f"no field can be of the type {str(field.type)[:64]}", field.name[:64])


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _is_plain(kind.value_type)
    if pa.types.is_struct(kind):
        return all(_is_plain(kind.field(number).type) for number in range(kind.num_fields))
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    plain = (pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_timestamp)
    return _is_text(kind) or any(is_it(kind) for is_it in plain)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _check_texts(column: pa.Array) -> None:
    kind = column.type
    if pa.types.is_dictionary(kind):
        _check_texts(column.dictionary)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        _check_texts(column.values)
    elif pa.types.is_struct(kind):
        for number in range(kind.num_fields):
            _check_texts(column.field(number))
    elif _is_text(kind) and (pc.max(pc.binary_length(column)).as_py() or 0) > _LONGEST_TEXT:
        raise InvalidInputError(f"a text is longer than {_LONGEST_TEXT} bytes")


# What a message of an IPC stream announces has to be known before its buffers are opened, and pyarrow shows only the
# bytes of it: a flatbuffer (Message.fbs, Schema.fbs of the Arrow format).
_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2


def _announced(message: pa.ipc.Message) -> tuple[int, int]:
    """(bytes of its buffers once they are opened, rows) of a message with a body."""
    metadata = message.metadata.to_pybytes()
    root = _Table(metadata, struct.unpack_from("<I", metadata)[0])
    (header,) = struct.unpack_from("<B", metadata, root.field(1) or 0)
    batch = root.table(2)
    if header == _DICTIONARY_BATCH:
        batch = batch.table(1)
    length = batch.field(0)
    rows = struct.unpack_from("<q", metadata, length)[0] if length else 0
    if batch.field(3) is None:
        return message.body.size, rows
    return sum(_opened_sizes(message.body, batch)), rows


def _opened_sizes(body: pa.Buffer, batch: _Table) -> Iterator[int]:
    """The size of each compressed buffer once it is opened: it stands before it, or -1 when it is not compressed."""
    for offset, length in batch.pairs(2):
        announced = struct.unpack("<q", body.slice(offset, 8).to_pybytes())[0] if length >= 8 else -1
        yield length if announced < 0 else announced


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a flatbuffer: `position` is that of its vtable offset."""

    data: bytes
    position: int

    def field(self, number: int) -> int | None:
        """Where a field stands; None when it is left out."""
        vtable = self.position - struct.unpack_from("<i", self.data, self.position)[0]
        slot = 4 + 2 * number
        if slot >= struct.unpack_from("<H", self.data, vtable)[0]:
            return None
        offset = struct.unpack_from("<H", self.data, vtable + slot)[0]
        return self.position + offset if offset else None

    def table(self, number: int) -> _Table:
        """The table that a field points to."""
        return _Table(self.data, self._target(number))

    def pairs(self, number: int) -> Iterator[tuple[int, int]]:
        """The elements of a vector of structs of two 64-bit integers."""
        start = self._target(number)
        (count,) = struct.unpack_from("<I", self.data, start)
        yield from struct.iter_unpack("<qq", self.data[start + 4 : start + 4 + 16 * count])

    def _target(self, number: int) -> int:
        place = self.field(number)
        if place is None:
            raise IndexError(number)
        return place + int(struct.unpack_from("<I", self.data, place)[0])
