"""Native files are cut into parcels and otherwise left as they are."""

import io
import json

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from tests.support.importing import write

from passerby.errors import InvalidInputError
from passerby.ingest.files import base, format_named, native
from passerby.ingest.files.base import Options, Tally

ROWS = [
    {"kind": "visit", "sensor": 5, "start": f"2026-03-02T09:00:{n:02}Z", "duration_ms": n, "id": "a,\n"}
    for n in range(25)
]
COLUMNS = pa.table({name: [row[name] for row in ROWS] for name in ("sensor", "start", "duration_ms", "id")})


@pytest.fixture(autouse=True)
def small_parcels(monkeypatch):
    for module in (base, native):
        monkeypatch.setattr(module, "PARCEL_ROWS", 10)


def parcels(path, **options):
    tally = Tally()
    return list(format_named("native").read(path, Options(**options), tally)), tally


def check_places(found, what, first=1):
    places = [place for parcel in found for place in parcel.places]
    assert places == [f"{what} {n}" for n in range(first, first + len(places))]


@pytest.mark.parametrize("extension", ["ndjson", "jsonl"])
def test_json_lines(tmp_path, extension):
    path = write(tmp_path, f"a.{extension}", "\n".join(map(json.dumps, ROWS)) + "\n")
    found, tally = parcels(path)
    assert [len(parcel.places) for parcel in found] == [10, 10, 5]
    assert {parcel.content_type for parcel in found} == {"application/x-ndjson"}
    assert [json.loads(line) for parcel in found for line in parcel.body.split(b"\n")] == ROWS
    check_places(found, f"a.{extension}, line")
    assert tally.read == 25


def test_an_array_however_it_is_laid_out(tmp_path):
    found, tally = parcels(write(tmp_path, "a.json", json.dumps(ROWS, indent=2)))
    assert [row for parcel in found for row in json.loads(parcel.body)] == ROWS
    assert {parcel.content_type for parcel in found} == {"application/json"}
    check_places(found, "a.json, item")
    assert tally.read == 25


def test_one_object(tmp_path):
    ((parcel,), _) = parcels(write(tmp_path, "a.json", json.dumps(ROWS[0])))
    assert json.loads(parcel.body) == ROWS[:1]


def test_csv_keeps_its_header_in_each_parcel(tmp_path):
    path = tmp_path / "visits.csv"
    pyarrow.csv.write_csv(COLUMNS, path)
    found, tally = parcels(path)
    back = [
        row
        for parcel in found
        for row in pyarrow.csv.read_csv(
            io.BytesIO(parcel.body), parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)
        ).to_pylist()
    ]
    assert [row["duration_ms"] for row in back] == list(range(25))
    assert {parcel.kind for parcel in found} == {"visit"}
    assert tally.read == 25


@pytest.mark.parametrize("extension", ["parquet", "arrow"])
def test_columns(tmp_path, extension):
    path = tmp_path / f"visit.2026-03.{extension}"
    if extension == "parquet":
        pq.write_table(COLUMNS, path)
    else:
        with pa.ipc.new_stream(path, COLUMNS.schema) as writer:
            writer.write_table(COLUMNS)
    found, tally = parcels(path)
    assert [len(parcel.places) for parcel in found] == [10, 10, 5]
    assert pa.concat_tables([pa.ipc.open_stream(parcel.body).read_all() for parcel in found]) == COLUMNS
    check_places(found, f"{path.name}, row")
    assert tally.read == 25


def test_the_kind_is_asked_for_when_the_name_does_not_say(tmp_path):
    path = write(tmp_path, "march.csv", "sensor\n5\n")
    with pytest.raises(InvalidInputError, match="give --kind"):
        parcels(path)
    ((parcel,), _) = parcels(path, kind="uptime")
    assert parcel.kind == "uptime"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "", "expected a file named"),
        ("a.json", "{", "not JSON"),
        ("visit.parquet", "PAR", "not parquet"),
        ("visit.arrow", "ARR", "not arrow"),
        ("visit.csv", b"\xff", "not UTF-8"),
    ],
)
def test_files_that_are_not_what_they_say(tmp_path, name, text, message):
    with pytest.raises(InvalidInputError, match=message):
        parcels(write(tmp_path, name, text))


def test_a_parcel_is_bounded_in_bytes_too(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "PARCEL_BYTES", 300)
    path = write(tmp_path, "a.ndjson", b"\n".join(map(msgspec.json.encode, ROWS)))
    found, _ = parcels(path)
    assert all(len(parcel.body) <= 400 for parcel in found)
    assert sum(len(parcel.places) for parcel in found) == 25


def test_columns_are_cut_to_size_too(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "PARCEL_BYTES", 200)
    path = tmp_path / "visit.parquet"
    pq.write_table(COLUMNS, path)
    found, tally = parcels(path)
    assert max(len(parcel.places) for parcel in found) < 10
    assert pa.concat_tables([pa.ipc.open_stream(parcel.body).read_all() for parcel in found]) == COLUMNS
    check_places(found, "visit.parquet, row")
    assert tally.read == 25
