"""(i) VidiCenter exports, beside DuckDB writing the same rows as JSON."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import httpx
import numpy as np
import pyarrow as pa
import zstandard

from bench.report import Figure, Section, Target
from bench.server import MemoryWatch, serve
from passerby.catalogue.repository import Repository
from passerby.observations import table
from passerby.store import DuckDBStore

LOCATIONS = 200
DAYS = 90
VIEWS = 3_000_000
# Watchers of the finest export; of those nobody's attention is 0.
_FIRST_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
_DAY_MS = 86_400_000
_RANGE = {
    "start": "2025-01-01T00:00:00",
    "end": f"{datetime.fromtimestamp(_FIRST_MS / 1000 + DAYS * 86_400 - 1, UTC):%Y-%m-%dT%H:%M:%S}",
}
_USER = ("bench", "bench-token")
_POLL_S = 0.1
_PIECE = 1 << 18
VERSION = 1
EXPORTS = {
    f"viewers by the hour: {LOCATIONS} locations x {DAYS} days": {"data_type": "viewers", "time_resolution": "1h"},
    f"viewers, finest: {VIEWS:,} rows": {"data_type": "viewers", "time_resolution": "finest"},
}
TO_FLOOR = Target(3.0, remedy="the rows written straight into the compressor, without a copy in Python.")
TO_FILE = Target(0.5, at_least=True, remedy="the file sent as it is to clients that accept zstd.")
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
        **_arrivals(VIEWS, 0, random),
    }


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
    """One export as a client sees it: seconds until it was finished, its body, and the server's memory in bytes."""

    seconds: float
    body: int
    rows: int
    more_memory: int


def run(folder: Path) -> Section:
    """Both exports with their floors, and how fast a cached one streams."""
    section = Section("i", "VidiCenter exports")
    data = data_directory(folder)
    shutil.rmtree(data / "exports", ignore_errors=True)
    for name, asked in EXPORTS.items():
        parameters = {"sites": ",".join(map(str, range(1, LOCATIONS + 1))), **_RANGE, **asked}
        # A server of its own for each, so that the memory of one is not the other's.
        with serve(data, folder / "vidicenter.log") as server, httpx.Client(auth=_USER, timeout=600) as client:
            url = f"{server.url}/api/v1/data/?{urlencode(parameters)}"
            _warm(client, server.url, asked)
            export = _export(client, url, server.process.pid)
            streamed = min(_streamed(client, url) for _ in range(3))
        results = sorted((data / "exports").glob("*.zst"), key=lambda path: path.stat().st_size)
        floor, read = _floor(results[-1], folder), min(_read(results[-1]) for _ in range(3))
        section.add(Figure(f"{name}, finished after", export.seconds * 1000, "ms", floor * 1000, FLOOR, TO_FLOOR))
        section.add(Figure(f"{name}, rise of memory", export.more_memory / 1e6, "MB", target=MORE_MEMORY))
        section.add(
            Figure(
                f"{name}, a cached answer",
                export.body / streamed / 1e6,
                "MB/s",
                export.body / read / 1e6,
                "reading and decompressing its file",
                TO_FILE,
            )
        )
        section.note(f"{export.rows:,} rows, {export.body / 1e6:,.0f} MB of JSON.")
        shutil.rmtree(data / "exports")
    return section


def _warm(client: httpx.Client, url: str, asked: dict[str, str]) -> None:
    """The same export of one location and hour, so that the first real one pays for no imports."""
    hour = {"start": "2025-01-10T00:00:00", "end": "2025-01-10T00:59:59", "locations": "1"}
    _finished(client, f"{url}/api/v1/data/?{urlencode({**asked, **hour})}")


def _export(client: httpx.Client, url: str, pid: int) -> Export:
    with MemoryWatch(pid) as memory:
        begin = time.perf_counter()
        _finished(client, f"{url}&status_only=")
        seconds = time.perf_counter() - begin
    size = rows = 0
    for piece in _pieces(client, url):
        size += len(piece)
        rows += piece.count(b'"location_id"')  # one too few where a piece ends within it
    return Export(seconds, size, rows, memory.peak - memory.before)


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


def _pieces(client: httpx.Client, url: str) -> Iterator[bytes]:
    with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        yield from answer.iter_raw()


def _streamed(client: httpx.Client, url: str) -> float:
    """Seconds that a client takes to read the cached answer, looking at nothing."""
    return _timed(lambda: sum(map(len, _pieces(client, url))))


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


def _floor(result: Path, folder: Path) -> float:
    """Seconds that DuckDB takes to write the rows of a finished export, held in a table, as a JSON file."""
    lines, written = folder / "vidicenter.ndjson", folder / "vidicenter.json"
    with result.open("rb") as file, lines.open("wb") as out, zstandard.ZstdDecompressor().stream_reader(file) as pieces:
        text = io.BufferedReader(pieces, _PIECE)  # type: ignore[arg-type]  # a reader in all but its class
        text.read(len(b'{"state":"finished","data":['))
        before = b""
        while piece := text.read(_PIECE):
            # No row holds an object, so this is where one ends.
            joined = before + piece
            whole, comma, before = joined.rpartition(b"},{")
            out.write(whole.replace(b"},{", b"}\n{") + (b"}\n" if comma else b""))
            before = b"{" + before if comma else joined
        out.write(before.partition(b"]")[0])
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"create table rows as select * from read_json('{lines}', format = 'nd')")
        seconds = min(_timed(lambda: connection.execute(f"copy rows to '{written}' (format json)")) for _ in range(3))
    lines.unlink()
    written.unlink()
    return seconds
