"""(j) Seemetrix' unified statistics, beside their own SQL and one dumps of the document."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import orjson

from bench.data import straight
from bench.inside import application
from bench.report import Figure, Section, Target, spread
from bench.server import MemoryWatch, serve
from passerby.catalogue.repository import Repository
from passerby.store import DuckDBStore

DEVICES = 50
DAYS = 184
VIEWS = 50_000_000
TIMES = 5
USER_KEY = "0" * 31 + "1"
VERSION = 1
_FIRST_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
_SQL_FLOOR = "its SQL + one orjson.dumps"
TO_SQL = Target(1.3, remedy="the document's bytes written by the engine.")
# A view every 318 ms, in order of arrival: 7 of 10 with attention, every kind of viewer, lengths up to 21 s.
_VIEWS = """
    insert into views by name
    select
        (hash(i) % $devices + 1)::bigint as sensor_id,
        $first_ms + i * $range_ms // $views as started_ms,
        $first_ms + i * $range_ms // $views + 1000 + (hash(i + 1) % 20000)::bigint as ended_ms,
        (hash(i + 2) >> 1)::bigint as identity,
        case when hash(i + 3) % 10 < 7 then 1 + (hash(i + 4) % 1000)::bigint else 0 end as attention_ms,
        ['male', 'female', 'unknown'][(hash(i + 5) % 3)::bigint + 1] as gender,
        ['child', 'young', 'adult', 'senior', 'unknown'][(hash(i + 6) % 5)::bigint + 1] as age_group,
        $first_ms + $range_ms as received_ms,
        i + 1 as seq
    from range($views) as numbers(i)
"""
_COUNT = """
    select count(*), count(*) filter (where attention_ms > 0), sum(ended_ms - started_ms) from views
    where started_ms >= $first_ms and started_ms < $first_ms + $range_ms
"""


def catalogue() -> dict[str, object]:
    """One site with all devices."""
    sensors = [
        {"id": number, "uid": f"device-{number}", "name": f"Device {number}"} for number in range(1, DEVICES + 1)
    ]
    site = {"id": 1, "name": "Screens", "timezone": "UTC", "sensors": sensors}
    return {
        "account": {"id": 1, "name": "Bench"},
        "credentials": [{"dialect": "seemetrix", "name": "bench", "user_key": USER_KEY}],
        "brands": [{"id": 1, "name": "Screens", "sites": [site]}],
    }


def data_directory(folder: Path) -> Path:
    """The views of all devices, kept for the next run."""
    ready = folder / f"seemetrix-v{VERSION}"
    if ready.exists():
        return ready
    building = folder / f"{ready.name}.building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    repository = Repository(building / "catalogue.sqlite")
    repository.apply(catalogue())
    repository.close()
    DuckDBStore(building / "facts.duckdb").close()
    with duckdb.connect(str(building / "facts.duckdb"), config={"memory_limit": "4096MB"}) as connection:
        connection.execute(_VIEWS, {**_range(), "devices": DEVICES, "views": VIEWS})
        # One entry brought it all: the journal continues after it.
        connection.execute("update store_state set cursor = 1, last_seq = ?", [VIEWS])
    building.rename(ready)
    return ready


def question() -> str:
    """The path of the request: all devices on one page."""
    parameters = {
        "key": USER_KEY,
        "b": "2025/01/01 00:00:00",
        "e": "2025/07/04 00:00:00",
        "tzo": "0",
        "obj_in_page": DEVICES,
    }
    return f"/api/v2/statistics/user/1/devices/dates/ages/?{urlencode(parameters)}"


def run(folder: Path) -> Section:
    """Measure the tree of devices, dates and ages."""
    section = Section("j", f"Seemetrix: devices/dates/ages, {DEVICES} devices over {DAYS} days on {VIEWS:,} views")
    data, path = data_directory(folder), question()
    with application(data) as inside:
        answer = inside.get(path)
    document = orjson.loads(answer.body)
    with straight(data) as connection:
        _check(connection, document)

        def floor() -> None:
            for statement in answer.statements:
                statement.run(connection)
            orjson.dumps(document)

        floor_ms = spread(_times(floor))[0]
    with serve(data, folder / "seemetrix.log") as server, MemoryWatch(server.process.pid) as memory:
        server.get(path)
        p50, slowest = spread(_times(lambda: server.get(path)))
    section.add(Figure("over HTTP, p50", p50, "ms", floor_ms, _SQL_FLOOR, TO_SQL))
    section.add(Figure("over HTTP, slowest", slowest, "ms"))
    section.add(Figure("server's peak memory", memory.peak / 2**20, "MiB"))
    nodes = answer.body.count(b'"n":')
    section.note(f"{nodes:,} nodes, {len(answer.body) / 1e6:.1f} MB of JSON, {len(answer.statements)} statement.")
    return section


def _range() -> dict[str, int]:
    return {"first_ms": _FIRST_MS, "range_ms": DAYS * 86_400_000}


def _check(connection: duckdb.DuckDBPyConnection, document: dict[str, dict[str, int]]) -> None:
    """Refuse to time a wrong answer: the root has every view."""
    (counted,) = connection.execute(_COUNT, _range()).fetchall()
    root = document["data"]
    if counted != (root["ots"], root["v"], root["otsd"]):
        raise RuntimeError(f"the answer has {root['ots']}, {root['v']}, {root['otsd']}; stored are {counted}")


def _times(work: Callable[[], object]) -> list[float]:
    seconds = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return seconds
