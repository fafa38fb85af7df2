"""Series as bytes: JSON as in the contract, or a table with a row per point. Piece by piece, each encoded once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal

import orjson
import pyarrow as pa

from passerby.metrics.question import Question
from passerby.metrics.series import Series
from passerby.store.raw import arrow_pieces, csv_pieces, parquet_pieces

Format = Literal["json", "csv", "parquet", "arrow"]
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
SCHEMA = pa.schema(
    [
        pa.field("level", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("bucket", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
    ]
)
# Beside the place, where contents are asked for.
_CONTENT = pa.field("content", pa.string())
_PIECE_BYTES = 1 << 18
_BATCH_ROWS = 32_768


def pieces(question: Question, series: Iterator[Series], format_: Format) -> Iterator[bytes]:
    """The answer to a question as the bytes of a body or file."""
    if format_ == "json":
        return _json(question, series)
    write = {"csv": csv_pieces, "parquet": parquet_pieces, "arrow": arrow_pieces}[format_]
    with_content = any(subject.level == "content" for subject in question.subjects)
    schema = SCHEMA.append(_CONTENT) if with_content else SCHEMA
    return write(_batches(series, schema), schema)


def _json(question: Question, series: Iterator[Series]) -> Iterator[bytes]:
    head = orjson.dumps({"bucket": question.bucket, "timezone": question.timezone})
    waiting, size, comma = [head[:-1], b',"series":['], 0, b""
    for each in series:
        within = each.subject.within
        document: dict[str, object] = {within.level: within.reference} if within else {}
        document |= {
            each.subject.level: each.subject.reference,
            "metric": each.metric.name,
            "points": [*zip(each.labels, each.values, strict=True)],
        }
        text = orjson.dumps(document)
        waiting += [comma, text]
        size, comma = size + len(text), b","
        if size >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join([*waiting, b"]}"])


def _batches(series: Iterator[Series], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    waiting: list[Series] = []
    rows = 0
    for each in series:
        waiting.append(each)
        rows += len(each.labels)
        if rows >= _BATCH_ROWS:
            yield _batch(waiting, schema)
            waiting, rows = [], 0
    if rows:
        yield _batch(waiting, schema)


def _batch(series: list[Series], schema: pa.Schema) -> pa.RecordBatch:
    lengths = [len(each.labels) for each in series]

    def repeated(texts: list[str | None]) -> pa.Array:
        indices = chain.from_iterable([index] * length for index, length in enumerate(lengths))
        return pa.array(texts, pa.string()).take(pa.array(indices, pa.int64()))

    places = [each.subject.within or each.subject for each in series]
    columns = [
        repeated([each.level for each in places]),
        repeated([str(each.reference) for each in places]),
        repeated([each.metric.name for each in series]),
        pa.array([label for each in series for label in each.labels], pa.string()),
        pa.array([value for each in series for value in each.values], pa.float64()),
    ]
    if len(schema) > len(columns):
        subjects = [each.subject for each in series]
        columns.append(repeated([str(each.reference) if each.level == "content" else None for each in subjects]))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
