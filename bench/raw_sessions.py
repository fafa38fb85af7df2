"""(k) Raw Seemetrix sessions, a million of them, beside DuckDB writing the same rows as JSON."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import duckdb
import httpx
import pyarrow as pa

from bench.data import straight
from bench.report import Figure, Section, Target
from bench.server import MemoryWatch, serve
from passerby.catalogue.repository import Repository
from passerby.store import DuckDBStore, queries

SESSIONS = 1_000_000
DEVICES = 200
_FIRST_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
_EVERY_MS = 2_592  # a month of them
_USER_KEY = "d482d4c3c4bd4dd796abccf726ae1266"
VERSION = 1
MORE_MEMORY = Target(200, unit="MB", remedy="fewer sessions sorted at a time.")
TO_FLOOR = Target(3.0, remedy="intervals kept in the form in which they are printed.")
# Three looks, six emotions and two movies each.
_VIEWS = """
    insert into views by name
    select
        i % $devices + 1 as sensor_id,
        $first_ms + i * $every_ms as started_ms,
        $first_ms + i * $every_ms + 6000 + i % 7000 as ended_ms,
        i * 7919 as identity,
        4000 as attention_ms,
        [
            {'looking': true, 'ms': 3000}, {'looking': false, 'ms': 2000 + i % 7000}, {'looking': true, 'ms': 1000}
        ] as attention,
        if(i % 3 = 0, 'female', 'male') as gender,
        ['child', 'young', 'adult', 'senior', 'unknown'][i % 5 + 1] as age_group,
        [
            {'emotion': 'surprised', 'ms': 1458}, {'emotion': 'happy', 'ms': 948}, {'emotion': 'neutral', 'ms': 1221},
            {'emotion': 'unknown', 'ms': 278}, {'emotion': 'neutral', 'ms': 748}, {'emotion': 'angry', 'ms': 328}
        ] as emotions,
        [
            {'content_id': 8482, 'start_ms': 0, 'duration_ms': 5000, 'attention_ms': null, 'mood': null},
            {'content_id': 9457, 'start_ms': 5000, 'duration_ms': 1000 + i % 7000, 'attention_ms': null, 'mood': null}
        ] as contents,
        i // $devices + 1 as session_number,
        $first_ms as received_ms,
        i + 1 as seq
    from range($sessions) as rows(i)
"""
_STRUCTURE = (
    '{"a":"BIGINT","at":[{"a":"BIGINT","d":"BIGINT"}],"b":"VARCHAR","d":"BIGINT","e":"VARCHAR",'
    '"em":[{"d":"BIGINT","e":"BIGINT"}],"i":"BIGINT","o":"BIGINT","s":"BIGINT",'
    '"v":[{"d":"BIGINT","i":"BIGINT","s":"BIGINT"}]}'
)


def run(folder: Path, sessions: int = SESSIONS) -> Section:
    """Ask for all of them and count what comes."""
    section = Section("k", "Raw Seemetrix sessions")
    data = _data_directory(folder, sessions)
    floor_s = _floor(data, folder, sessions)
    query = {"key": _USER_KEY, "b": "2025/01/01 00:00:00", "e": "2025/12/31 00:00:00"}
    with serve(data, folder / "sessions.log") as server, httpx.Client(base_url=server.url, timeout=600) as client:
        path = "/api/statistics/user/1/raw/data/"
        client.get(path, params={**query, "e": "2025/01/01 06:00:00"}).raise_for_status()  # warm
        with MemoryWatch(server.process.pid) as memory:
            begin = time.perf_counter()
            rows = size = 0
            first_s = 0.0
            with client.stream("GET", path, params=query, headers={"Accept-Encoding": "identity"}) as answer:
                answer.raise_for_status()
                for piece in answer.iter_raw():
                    first_s = first_s or time.perf_counter() - begin
                    rows += piece.count(b'"em":')  # one too few where a piece ends within it
                    size += len(piece)
            seconds = time.perf_counter() - begin
    if rows < 0.999 * sessions:
        raise RuntimeError(f"{rows} sessions came of {sessions}")
    rise = (memory.peak - memory.before) / 1e6
    section.add(Figure(f"{sessions:,} sessions", seconds, "s", floor_s, "DuckDB writing the same rows", TO_FLOOR))
    section.add(Figure("rise of the server's memory", rise, "MB", target=MORE_MEMORY))
    section.add(Figure("speed", sessions / seconds, "sessions/s"))
    section.add(Figure("first byte after", first_s * 1000, "ms"))
    section.note(
        f"{DEVICES} devices, a month; three looks, six emotions and two movies a session; {size / 1e6:,.0f} MB. "
        "The floor has the rows ready and sorted, and writes a file."
    )
    return section


def _data_directory(folder: Path, sessions: int) -> Path:
    """Sessions of all devices, kept for the next run."""
    ready = folder / f"sessions-v{VERSION}-{sessions}"
    if ready.exists():
        return ready
    building = folder / f"{ready.name}.building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    sensors = [{"id": n, "uid": f"device-{n}", "name": f"Device {n}"} for n in range(1, DEVICES + 1)]
    site = {"id": 1, "name": "Mall", "timezone": "Europe/Zurich", "sensors": sensors}
    repository = Repository(building / "catalogue.sqlite")
    repository.apply(
        {
            "account": {"id": 1, "name": "Bench"},
            "credentials": [{"dialect": "seemetrix", "name": "bench", "user_key": _USER_KEY}],
            "brands": [{"id": 1, "name": "Screens", "sites": [site]}],
        }
    )
    repository.close()
    DuckDBStore(building / "facts.duckdb").close()
    with duckdb.connect(str(building / "facts.duckdb")) as connection:
        numbers = {"devices": DEVICES, "first_ms": _FIRST_MS, "every_ms": _EVERY_MS, "sessions": sessions}
        connection.execute(_VIEWS, numbers)
        # One entry brought it all: the journal continues after it.
        connection.execute("update store_state set cursor = 1, last_seq = ?", [sessions])
    building.rename(ready)
    return ready


def _floor(data: Path, folder: Path, sessions: int) -> float:
    """Seconds that DuckDB takes to write the same rows, held in a table, as a JSON file; the best of three."""
    written = folder / "sessions.json"
    asked = {"start_ms": 0, "end_ms": 2**62, "until_seq": sessions, "offset_ms": 0}
    with straight(data) as connection:
        connection.register("wanted_sensors", pa.table({"sensor_id": list(range(1, DEVICES + 1))}))
        connection.execute("create temp table lines (line varchar)")
        connection.execute(
            f"insert into lines {queries.text('seemetrix/sessions')}",
            {**asked, "content": None, "excluded": "staff", "only": None},
        )
        connection.execute(
            f"create temp table rows as select unnest(from_json(rtrim(line, ','), '{_STRUCTURE}')) from lines"
        )
        took = []
        for _ in range(3):
            begin = time.perf_counter()
            connection.execute(f"copy rows to '{written}' (format json)")
            took.append(time.perf_counter() - begin)
    written.unlink()
    return min(took)
