"""`native`: Passerby's own observations, passed through: .ndjson or .jsonl, .json, .csv, .parquet, .arrow.

Rows are only cut into parcels here; the server decodes them. CSV, Parquet and Arrow files hold rows of one kind:
the file's name says which (`visit.csv`, `visits.parquet`), or `--kind`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from passerby.errors import InvalidInputError
from passerby.ingest.files.base import PARCEL_BYTES, PARCEL_ROWS, Format, Options, Parcel, Tally
from passerby.ingest.files.text import rows
from passerby.observations import KINDS, table

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_ARROW = "application/vnd.apache.arrow.stream"


def read(path: Path, options: Options, tally: Tally) -> Iterator[Parcel]:
    """The file's rows, cut into parcels.

    Raises:
        InvalidInputError: an unknown extension, an unknown kind, or not a file of that format.
    """
    match path.suffix.lower():
        case ".ndjson" | ".jsonl":
            return _ndjson(path, tally)
        case ".json":
            return _json(path, tally)
        case ".csv":
            return _csv(path, _kind(path, options), tally)
        case ".parquet":
            return _arrow(path, _kind(path, options), tally, _parquet_batches(path))
        case ".arrow" | ".arrows":
            return _arrow(path, _kind(path, options), tally, _arrow_batches(path))
    raise InvalidInputError("expected a file named .ndjson, .jsonl, .json, .csv, .parquet or .arrow", str(path))


def _kind(path: Path, options: Options) -> str:
    stem = path.name.split(".")[0].lower()
    kind = options.kind or next((kind for kind in KINDS if stem in {kind, table(kind).name}), None)
    if kind not in KINDS:
        raise InvalidInputError(f"give --kind, which of: {', '.join(KINDS)}", str(path))
    return kind


def _ndjson(path: Path, tally: Tally) -> Iterator[Parcel]:
    def lines() -> Iterator[tuple[str, bytes]]:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path.name}, line {number}", line.strip()

    for places, group in _groups(lines(), tally):
        yield Parcel(b"\n".join(group), "application/x-ndjson", places)


def _json(path: Path, tally: Tally) -> Iterator[Parcel]:
    try:
        text = path.read_bytes()
        one = text.lstrip()[:1] == b"{"
        items = [msgspec.json.decode(text, type=msgspec.Raw)] if one else _ITEMS.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"not JSON: {error}", str(path)) from None
    numbered = ((f"{path.name}, item {number}", bytes(item)) for number, item in enumerate(items, start=1))
    for places, group in _groups(numbered, tally):
        yield Parcel(b"[" + b",".join(group) + b"]", "application/json", places)


def _csv(path: Path, kind: str, tally: Tally) -> Iterator[Parcel]:
    found = rows(path, tally, delimiter=",")
    _, header = next(found, (1, []))
    head = _csv_line(header)
    lines = ((f"{path.name}, line {number}", _csv_line(cells)) for number, cells in found)
    for places, group in _groups(lines, tally):
        yield Parcel(head + b"".join(group), "text/csv", places, kind)


def _csv_line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _groups(lines: Iterable[tuple[str, bytes]], tally: Tally) -> Iterator[tuple[list[str], list[bytes]]]:
    places: list[str] = []
    group: list[bytes] = []
    size = done = 0
    for place, line in lines:
        tally.read += 1
        places.append(place)
        group.append(line)
        size += len(line) + 1
        if len(group) >= PARCEL_ROWS or size >= PARCEL_BYTES:
            done += size
            tally.progress(done)
            yield places, group
            places, group, size = [], [], 0
    if group:
        yield places, group


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=PARCEL_ROWS)


def _arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as file:
        for batch in pa.ipc.open_stream(file):
            yield from (batch.slice(first, PARCEL_ROWS) for first in range(0, batch.num_rows, PARCEL_ROWS))


def _arrow(path: Path, kind: str, tally: Tally, batches: Iterator[pa.RecordBatch]) -> Iterator[Parcel]:
    try:
        for batch in batches:
            for part in _within(batch):
                first = tally.read + 1
                tally.read += part.num_rows
                places = [f"{path.name}, row {number}" for number in range(first, first + part.num_rows)]
                yield Parcel(_stream(part), _ARROW, places, kind)
    except pa.ArrowInvalid as error:
        raise InvalidInputError(f"not {path.suffix[1:]}: {error}", str(path)) from None


def _within(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in pieces that are not larger than a parcel may be, or are single rows."""
    if batch.num_rows > 1 and batch.nbytes > PARCEL_BYTES:
        half = batch.num_rows // 2
        yield from _within(batch.slice(0, half))
        yield from _within(batch.slice(half))
    elif batch.num_rows:
        yield batch


def _stream(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


FORMAT = Format(
    name="native",
    description="Passerby's own rows: .ndjson, .jsonl, .json, .csv, .parquet or .arrow",
    read=read,
)
