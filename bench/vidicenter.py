"""(i) VidiCenter exports, beside DuckDB writing the same rows as JSON.

An export and its floor are measured in turns, and the middle one of each counts: on a machine that does other work as
well, two times taken minutes apart say nothing about each other.
"""

from __future__ import annotations

import base64
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from urllib.parse import urlencode, urlsplit

import duckdb
import httpx
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import zstandard

from bench.report import Figure, Section, Target, number
from bench.server import MemoryWatch, Server, serve
from passerby.catalogue.repository import Repository
from passerby.observations import table
from passerby.store import DuckDBStore

Numbers = npt.NDArray[np.int64]

LOCATIONS = 200
DAYS = 90
# Watchers of the finest exports; of those nobody's attention is 0, and each was shown one content or two.
VIEWS = 3_000_000
CONTENTS = 50
_WITH_TWO = 0.25
_FIRST_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
_DAY_MS = 86_400_000
_RANGE = {
    "start": "2025-01-01T00:00:00",
    "end": f"{datetime.fromtimestamp(_FIRST_MS / 1000 + DAYS * 86_400 - 1, UTC):%Y-%m-%dT%H:%M:%S}",
}
_USER = ("bench", "bench-token")
_POLL_S = 0.02
_PIECE = 1 << 18
_EXPORTED = 3
_STREAMED = 5
_BEFORE, _BEHIND = len('{"state":"finished","data":'), len(',"creation_date":"2025-01-01 00:00:00"}')
VERSION = 2
EXPORTS = {
    f"viewers by the hour: {LOCATIONS} locations x {DAYS} days": {"data_type": "viewers", "time_resolution": "1h"},
    f"viewers, finest: {VIEWS:,} rows": {"data_type": "viewers", "time_resolution": "finest"},
    f"viewers with contents, finest: {VIEWS:,} rows": {"data_type": "viewers_apc", "time_resolution": "finest"},
}
TO_FLOOR = Target(3.0, remedy="the rows written straight into the compressor, without a copy in Python.")
TO_FILE = Target(0.5, at_least=True, remedy="what clients that take zstd get: the file as it is kept.")
MORE_MEMORY = Target(300, unit="MB", remedy="locations computed fewer at a time.")
FLOOR = "DuckDB writing the same rows as JSON"


def catalogue() -> dict[str, object]:
    """One site for each location, in three zones."""
    zones = ("America/New_York", "Europe/Paris", "Asia/Kathmandu")
    sites = [
        {
            "id": number,
            "name": f"Site {number}",
            "timezone": zones[number % len(zones)],
            "sensors": [{"id": number, "uid": f"location-{number}", "name": f"Location {number}"}],
        }
        for number in range(1, LOCATIONS + 1)
    ]
    return {
        "account": {"id": 1, "name": "Bench"},
        "settings": {"quividi_calls_per_minute": 0},
        "credentials": [{"dialect": "quividi", "username": _USER[0], "token": _USER[1]}],
        "contents": [{"id": number, "content_id": f"spot-{number}"} for number in range(1, CONTENTS + 1)],
        "brands": [{"id": 1, "name": "Screens", "sites": sites}],
    }


def data_directory(folder: Path) -> Path:
    """Views and uptimes of all locations, kept for the next run."""
    ready = folder / f"vidicenter-v{VERSION}"
    if ready.exists():
        return ready
    building = folder / f"{ready.name}.building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    repository = Repository(building / "catalogue.sqlite")
    repository.apply(catalogue())
    repository.close()
    DuckDBStore(building / "facts.duckdb").close()
    with duckdb.connect(str(building / "facts.duckdb")) as connection:
        rows = _insert(connection, "view", _views())
        rows += _insert(connection, "uptime", _uptimes())
        # One entry brought it all: the journal continues after it.
        connection.execute("update store_state set cursor = 1, last_seq = ?", [rows])
    building.rename(ready)
    return ready


def _insert(connection: duckdb.DuckDBPyConnection, kind: str, columns: dict[str, pa.Array]) -> int:
    """Rows of these columns, null in the others, in order of their start."""
    schema = table(kind).schema
    length = len(columns["sensor_id"])
    full = [columns.get(field.name, pa.nulls(length, field.type)).cast(field.type) for field in schema]
    connection.register("rows", pa.Table.from_arrays(full, schema=schema))
    connection.execute(f"insert into {table(kind).name} by name select * from rows order by started_ms")
    return length


def _views() -> dict[str, pa.Array]:
    random = np.random.default_rng(1)
    start = _FIRST_MS + _DAY_MS + random.integers(0, (DAYS - 2) * _DAY_MS, VIEWS)
    attention = random.integers(1, 4_000, VIEWS)
    moods = {name: pa.array(random.integers(0, 256, VIEWS)) for name in _MOODS}
    return {
        "sensor_id": pa.array(random.integers(1, LOCATIONS + 1, VIEWS)),
        "started_ms": pa.array(start),
        "ended_ms": pa.array(start + attention + random.integers(0, 20_000, VIEWS)),
        "attention_ms": pa.array(attention),
        "gender": _chosen(random, ["male", "female", "unknown"]),
        "age_group": _chosen(random, ["child", "young", "adult", "senior", "unknown"]),
        "age": pa.array(random.integers(3, 90, VIEWS)),
        "glasses": _chosen(random, ["none", "glasses", "sunglasses"]),
        "mustache": pa.array(random.random(VIEWS) < 0.1),
        "beard": pa.array(random.random(VIEWS) < 0.2),
        "mood": pa.StructArray.from_arrays(list(moods.values()), list(moods)),
        "contents": _contents(random, start, attention),
        **_arrivals(VIEWS, 0, random),
    }


def _contents(random: np.random.Generator, start: Numbers, attention: Numbers) -> pa.Array:
    """What was on the screen: the second content, where there is one, after the first."""
    counts = 1 + (random.random(VIEWS) < _WITH_TWO)
    view = np.repeat(np.arange(VIEWS), counts)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    second = np.arange(len(view)) - offsets[view]
    shown = {
        "content_id": pa.array(random.integers(1, CONTENTS + 1, len(view))),
        "start_ms": pa.array(start[view] + second * 5_000),
        "duration_ms": pa.array(random.integers(1_000, 5_000, len(view))),
        "attention_ms": pa.array(attention[view] // counts[view]),
    }
    kind = table("view").schema.field("contents").type
    fields = list(kind.value_type)
    full = [shown.get(field.name, pa.nulls(len(view), field.type)) for field in fields]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.StructArray.from_arrays(full, fields=fields))


_MOODS = ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")


def _chosen(random: np.random.Generator, names: list[str]) -> pa.Array:
    return pa.array(names).take(pa.array(random.integers(0, len(names), VIEWS)))


def _uptimes() -> dict[str, pa.Array]:
    """A day each, so that every hour was observed."""
    length = LOCATIONS * (DAYS + 2)
    start = _FIRST_MS - _DAY_MS + np.repeat(np.arange(DAYS + 2), LOCATIONS) * _DAY_MS
    return {
        "sensor_id": pa.array(np.tile(np.arange(1, LOCATIONS + 1), DAYS + 2)),
        "started_ms": pa.array(start),
        "ended_ms": pa.array(start + _DAY_MS),
        **_arrivals(length, VIEWS, np.random.default_rng(2)),
    }


def _arrivals(length: int, before: int, random: np.random.Generator) -> dict[str, pa.Array]:
    return {
        "identity": pa.array(random.integers(-(2**63), 2**63 - 1, length)),
        "seq": pa.array(np.arange(before + 1, before + length + 1)),
        "received_ms": pa.array(np.full(length, _FIRST_MS + DAYS * _DAY_MS)),
    }


# -- measuring


@dataclass
class Export:
    """One export as a client sees it: its body and rows, the server's memory, and seconds of each try and floor."""

    body: int
    rows: int
    more_memory: int
    seconds: list[float]
    floors: list[float]
    streamed: list[float]
    read: list[float]
    sent_as_kept: list[float]


def run(folder: Path) -> Section:
    """The exports with their floors, and how fast a cached one streams."""
    section = Section("i", "VidiCenter exports")
    data = data_directory(folder)
    for name, asked in EXPORTS.items():
        shutil.rmtree(data / "exports", ignore_errors=True)
        # A server of its own for each, so that the memory of one is not the other's.
        with serve(data, folder / "vidicenter.log") as server, httpx.Client(auth=_USER, timeout=600) as client:
            export = _measured(client, server, asked, folder)
        _tell(section, name, export)
    shutil.rmtree(data / "exports")
    section.note(
        f"Times are the middle ones of {_EXPORTED} exports and floors, and of {_STREAMED} answers and readings, "
        "measured in turns; memory is that of the first export of its server. The client that streams does nothing "
        "but read from its socket; MB are those of the JSON, also where the file is sent as it is kept."
    )
    return section


def _measured(client: httpx.Client, server: Server, asked: Mapping[str, str], folder: Path) -> Export:
    parameters = {"sites": ",".join(map(str, range(1, LOCATIONS + 1))), **_RANGE, **asked}
    url = f"{server.url}/api/v1/data/?{urlencode(parameters)}"
    _warm(client, server.url, asked)
    with MemoryWatch(server.process.pid) as memory:
        seconds = [_timed(lambda: _finished(client, f"{url}&status_only="))]
    body, rows = _counted(client, url)
    export = Export(body, rows, memory.peak - memory.before, seconds, [], [], [], [])
    result = _newest(folder)
    with _rows_in_duckdb(result, folder) as floor:
        export.floors.append(_timed(floor))
        while len(seconds) < _EXPORTED:
            seconds.append(_timed(lambda: _rebuilt(client, url)))
            export.floors.append(_timed(floor))
    result = _newest(folder)
    for _ in range(_STREAMED):
        export.streamed.append(_timed(lambda: _stream(url, "identity")))
        export.read.append(_timed(lambda: _read(result)))
        export.sent_as_kept.append(_timed(lambda: _stream(url, "zstd")))
    return export


def _tell(section: Section, name: str, export: Export) -> None:
    finished, floor = median(export.seconds) * 1000, median(export.floors) * 1000
    section.add(Figure(f"{name}, finished after", finished, "ms", floor, FLOOR, TO_FLOOR))
    section.add(Figure(f"{name}, rise of memory", export.more_memory / 1e6, "MB", target=MORE_MEMORY))
    megabytes = export.body / 1e6
    streamed, read = megabytes / median(export.streamed), megabytes / median(export.read)
    of = "reading and decompressing its file"
    section.add(Figure(f"{name}, a cached answer", streamed, "MB/s", read, of, TO_FILE))
    as_kept = megabytes / median(export.sent_as_kept)
    section.add(Figure(f"{name}, a cached answer to a client that takes zstd", as_kept, "MB/s", read, of, TO_FILE))
    every = [f"{_list(seconds)} ms" for seconds in (export.seconds, export.floors)]
    section.note(
        f"{export.rows:,} rows, {megabytes:,.0f} MB of JSON. Each export took {every[0]}, each floor {every[1]}."
    )


def _list(seconds: Sequence[float]) -> str:
    return ", ".join(number(each * 1000) for each in seconds)


def _warm(client: httpx.Client, url: str, asked: Mapping[str, str]) -> None:
    """The same export of one location and hour, so that the first real one pays for no imports."""
    hour = {"start": "2025-01-10T00:00:00", "end": "2025-01-10T00:59:59", "locations": "1"}
    _finished(client, f"{url}/api/v1/data/?{urlencode({**asked, **hour})}")


def _counted(client: httpx.Client, url: str) -> tuple[int, int]:
    """(bytes, rows) of a cached answer."""
    size = rows = 0
    key, tail = b'"location_id"', b""
    with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw():
            size += len(piece)
            rows += (tail + piece).count(key)
            tail = piece[1 - len(key) :]
    return size, rows


def _rebuilt(client: httpx.Client, url: str) -> None:
    """The same export made anew."""
    client.get(f"{url}&status_only=&force_rebuild=").raise_for_status()
    _finished(client, f"{url}&status_only=")


def _newest(folder: Path) -> Path:
    """The file of the export that was made last."""
    results = (folder / f"vidicenter-v{VERSION}" / "exports").glob("*.zst")
    return max(results, key=lambda path: path.stat().st_mtime_ns)


def _finished(client: httpx.Client, url: str) -> None:
    """Ask as the document's curl calls do, until it is finished."""
    while True:
        answer = client.get(url)
        answer.raise_for_status()
        state = answer.json()
        if state["state"] == "finished":
            return
        if state["state"] == "failed":
            raise RuntimeError(state["fail_reason"])
        time.sleep(_POLL_S)


def _stream(url: str, coding: str) -> None:
    """Read a cached answer as fast as the system gives it, looking at nothing: no client of Python's is in the way."""
    address = urlsplit(url)
    token = base64.b64encode(":".join(_USER).encode()).decode()
    head = f"GET {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Basic {token}\r\n"
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(f"{head}Accept-Encoding: {coding}\r\nConnection: close\r\n\r\n".encode())
        buffer = bytearray(4 * _PIECE)
        while connection.recv_into(buffer):
            pass


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _read(result: Path) -> float:
    """Seconds to read and decompress the file of a finished export."""

    def read() -> None:
        with result.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as pieces:
            while pieces.read(_PIECE):
                pass

    return _timed(read)


@contextmanager
def _rows_in_duckdb(result: Path, folder: Path) -> Iterator[Callable[[], object]]:
    """What writes the rows of a finished export, held in a table of DuckDB's, as a JSON file."""
    array, written = folder / "vidicenter-rows.json", folder / "vidicenter.json"
    with result.open("rb") as file, array.open("wb") as out, zstandard.ZstdDecompressor().stream_reader(file) as pieces:
        pieces.read(_BEFORE)
        shutil.copyfileobj(pieces, out, _PIECE)
        out.truncate(out.tell() - _BEHIND)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"create table rows as select * from read_json('{array}', format = 'array')")
        array.unlink()
        yield lambda: connection.execute(f"copy rows to '{written}' (format json)")
    written.unlink()
