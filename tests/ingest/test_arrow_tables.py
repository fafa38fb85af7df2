"""Tables from outside: small bodies that claim to be large, damaged ones, and types that no field has."""

import io
import signal
import struct
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.bodies import body

from passerby.errors import InvalidInputError
from passerby.ingest import apart, arrow_tables
from passerby.ingest.columnar import decode_arrow, decode_parquet
from passerby.ingest.compression import TooLargeError

LIMIT = 1 << 20
ROW = {"kind": "uptime", "sensor": 3024, "start": "2026-01-01T00:00:00Z", "duration_ms": 5}


def parquet(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def stream(table, compression=None):
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return out.getvalue()


def read(taken):
    return [row for batch in taken.batches for row in batch.to_pylist()]


@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_compressed_streams_are_read(compression):
    table = pa.table({"a": ["x" * 100] * 1000, "b": range(1000)})
    assert read(arrow_tables.stream(stream(table, compression), LIMIT)) == table.to_pylist()


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_a_stream_that_opens_into_more_than_the_limit(compression):
    bomb = stream(pa.table({"a": pa.array([0] * 2_000_000, pa.int64())}), compression)
    assert len(bomb) < LIMIT
    with pytest.raises(TooLargeError):
        arrow_tables.stream(bomb, LIMIT)


def test_a_dictionary_that_opens_into_more_than_the_limit():
    table = pa.table({"a": pa.array(["x" * 4_000_000]).dictionary_encode()})
    with pytest.raises(TooLargeError):
        arrow_tables.stream(stream(table, "zstd"), LIMIT)


def test_rows_without_columns_count_as_well():
    nothing = pa.table({"a": pa.nulls(10_000_000)})
    with pytest.raises(TooLargeError):
        arrow_tables.stream(stream(nothing), LIMIT)
    with pytest.raises(TooLargeError):
        arrow_tables.parquet(parquet(nothing), LIMIT)


def test_a_parquet_file_of_many_equal_rows():
    with pytest.raises(TooLargeError):
        arrow_tables.parquet(parquet(pa.table({"a": pa.array([7] * 1_000_000)})), LIMIT)


def test_a_parquet_file_of_a_list_of_many_equal_values():
    with pytest.raises(TooLargeError):
        arrow_tables.parquet(parquet(pa.table({"a": pa.array([[7] * 1_000_000])})), LIMIT)


@pytest.mark.parametrize("write", [parquet, stream])
def test_texts_longer_than_any_field_takes(write):
    table = pa.table({"a": ["x" * 2000]})
    taken = {parquet: arrow_tables.parquet, stream: arrow_tables.stream}[write](write(table), LIMIT)
    with pytest.raises(InvalidInputError, match="longer than 1024 bytes"):
        read(taken)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([b"x"], pa.binary()),
        pa.array(["x"], pa.string_view()),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.RunEndEncodedArray.from_arrays(pa.array([5], pa.int32()), pa.array([1])),
        pa.array([{"a": b"x"}], pa.struct([("a", pa.binary())])),
        pa.array([1], pa.date32()),
    ],
)
def test_types_that_no_field_has(values):
    with pytest.raises(InvalidInputError) as caught:
        arrow_tables.stream(stream(pa.table({"device": values})), LIMIT)
    assert caught.value.problems[0].path == "device"


@given(data=st.data())
def test_damaged_bodies_are_said_to_be(data):
    format_, decode = data.draw(st.sampled_from([("parquet", decode_parquet), ("arrow", decode_arrow)]))
    whole = bytearray(body(format_, [ROW] * 20))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(whole), len(whole) // 2, 10, 0]))
    try:
        decoded = decode(bytes(whole[:cut]), "uptime", LIMIT)
    except (InvalidInputError, TooLargeError):
        return
    assert len(decoded.observations) + len(decoded.refused) <= LIMIT // 16


def test_a_body_that_kills_its_reader_is_damaged_and_the_next_one_is_read(monkeypatch):
    dying = [sys.executable, "-c", "import os; os.read(0, 8); os.abort()"]
    process = subprocess.Popen(dying, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    monkeypatch.setattr(apart, "_HELPER", apart._Helper())
    apart._HELPER._process = process
    good = body("parquet", [ROW] * 3)
    with pytest.raises(InvalidInputError, match="damaged"):
        decode_parquet(good, "uptime", LIMIT)
    assert process.returncode == -signal.SIGABRT
    assert len(decode_parquet(good, "uptime", LIMIT).observations) == 3
    apart._HELPER.close()


@pytest.mark.parametrize("kind", ["parquet", "stream"])
@pytest.mark.parametrize("data", [b"", b"x", b"PAR1PAR1", struct.pack("<II", 0xFFFFFFFF, 2**31 - 1), b"{}" * 50])
def test_what_is_something_else(kind, data):
    with pytest.raises(InvalidInputError, match="or it is damaged"):
        getattr(arrow_tables, kind)(data, LIMIT)
