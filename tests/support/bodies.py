"""The same observations as bodies of every format."""

import csv
import gzip
import io
import json
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

UIDS = {3024: "door-1", 3026: "door-2", 3027: "door-3"}
MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
OF_KIND = ("csv", "parquet", "arrow")

_MOOD = pa.struct([(name, pa.int64()) for name in ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")])
_TYPES = {
    "attention": pa.list_(pa.struct([("looking", pa.bool_()), ("ms", pa.int64())])),
    "mood": _MOOD,
    "emotions": pa.list_(pa.struct([("emotion", pa.string()), ("ms", pa.int64())])),
    "contents": pa.list_(
        pa.struct(
            [
                ("content", pa.string()),
                ("start_ms", pa.int64()),
                ("duration_ms", pa.int64()),
                ("attention_ms", pa.int64()),
                ("mood", _MOOD),
            ]
        )
    ),
    "start": pa.timestamp("us", "UTC"),
    "at": pa.timestamp("us", "UTC"),
    "in": pa.float64(),
    "out": pa.float64(),
    "value": pa.float64(),
}
_INTEGERS = {"duration_ms", "attention_ms", "age", "session", "object_id", "snapshot_id", "record_id", "rssi"}
_FLAGS = {"mustache", "beard", "also_visit", "also_events", "randomized"}


def body(format_, rows):
    """`rows` (JSON objects, of one kind unless JSON or NDJSON) as a body."""
    return {"json": _json, "ndjson": _ndjson, "csv": _csv, "parquet": _parquet, "arrow": _arrow}[format_](rows)


def packed(data, encoding):
    """`data` under a Content-Encoding."""
    return {"": lambda raw: raw, "gzip": gzip.compress, "zstd": zstandard.compress}[encoding](data)


def _json(rows):
    return json.dumps(rows).encode()


def _ndjson(rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _csv(rows):
    names = _names(rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return text.getvalue().encode()


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _names(rows):
    return list(dict.fromkeys(name for row in rows for name in row))


def table(rows):
    """`rows` of one kind as an Arrow table: references as texts, times as timestamps."""
    columns = {}
    for name in _names(rows):
        values = [_as_text(name, row.get(name), row) for row in rows]
        if name in ("start", "at"):
            values = [None if value is None else datetime.fromisoformat(value) for value in values]
        columns[name] = _column(name, values)
    return pa.table(columns)


def _as_text(name, value, row):
    """References to sensors, lines and zones as texts: a column has one type."""
    if not isinstance(value, int) or name not in ("sensor", "line", "zone", "trigger"):
        return value
    sensor = UIDS.get(row["sensor"], row["sensor"])
    return {"sensor": sensor, 1: f"line-{sensor}", 2: f"line-2-{sensor}", 11: f"zone-{sensor}"}.get(
        name if name == "sensor" else value
    )


def _column(name, values):
    if name in _TYPES:
        return pa.array(values, _TYPES[name])
    if name in _INTEGERS:
        return pa.array(values, pa.int64())
    if name in _FLAGS:
        return pa.array(values, pa.bool_())
    whole = all(value is None or isinstance(value, int) for value in values)
    return pa.array(values, pa.int64()) if whole else pa.array([None if v is None else str(v) for v in values])


def _parquet(rows):
    out = io.BytesIO()
    pq.write_table(table(rows), out)
    return out.getvalue()


def _arrow(rows):
    out = io.BytesIO()
    found = table(rows)
    with pa.ipc.new_stream(out, found.schema) as writer:
        writer.write_table(found)
    return out.getvalue()
