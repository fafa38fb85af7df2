"""(b) and (c): the Analytiks camera export, beside the same SQL straight in DuckDB and beside a bare count."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from bench import facts, network
from bench.client import Timing, closed_loop, request
from bench.data import Statement, data_directory, set_settings, stored_visits, straight
from bench.inside import application
from bench.report import Figure, Section, Target, spread
from bench.server import MemoryWatch, serve

LOCATIONS = 50
CONNECTIONS = (1, 2, 4)
SLOT_MS = 900_000
# Five days that every size holds, in the last weeks of the year.
START, END = "2025-12-15T00:00:00Z", "2025-12-19T23:59:00Z"
BARE_COUNT = """
    select sensor_id, started_ms // $slot_ms as slot, count(*) as visits
    from visits
    where started_ms >= $start_ms and started_ms < $end_ms and sensor_id between $first and $last
    group by all
"""
TO_SQL = Target(
    1.3,
    remedy="the kernels that find groups and peaks, the document and HTTP stand above the statements: fewer steps in "
    "Python, or zones computed in a second thread.",
)
TO_COUNT = Target(6.0, remedy="one statement for all kinds of facts, so that planning is paid once.")
GROWTH = Target(2.0, remedy="fewer rows to look at for what was before the asked days: see the statements above.")
SQL_FLOOR = "its SQL + one orjson.dumps"
SETTINGS: dict[str, dict[str, object]] = {"default settings": {}, "group_name_s: 86400": {"group_name_s": 86_400}}


def question() -> bytes:
    """The body of the request."""
    return orjson.dumps(
        {"startDate": START, "endDate": END, "interval": "15min", "locations": list(range(1, LOCATIONS + 1))}
    )


@dataclass
class Inside:
    """What one request does inside: its statements and its document, and how long it takes in this process."""

    statements: list[Statement]
    document: list[dict[str, Any]]
    seconds: list[float]


@dataclass
class Floors:
    """Seconds of each run of the two floors."""

    sql_and_dumps: list[float]
    bare_count: list[float]


def look_inside(data: Path, seconds: float) -> Inside:
    """Ask the real application in this process, its store recording what it is asked for."""
    with application(data) as inside:
        token = inside.token()
        timings: list[float] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(timings) < 5:
            answer = inside.post("/json/v1", question(), token)
            timings.append(answer.seconds)
    return Inside(answer.statements, orjson.loads(answer.body), timings)


def measure_floors(data: Path, inside: Inside, seconds: float) -> Floors:
    """Both floors on the same facts, in turns."""
    found = Floors([], [])
    with straight(data) as connection:
        _check(connection, inside)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(found.bare_count) < 5:
            found.sql_and_dumps.append(_timed(lambda: _sql_and_dumps(connection, inside)))
            found.bare_count.append(_timed(lambda: _bare_count(connection)))
    return found


def _check(connection: duckdb.DuckDBPyConnection, inside: Inside) -> None:
    """Refuse to time a wrong answer: where nobody comes in by a side door, all visits must be those stored."""
    counted = connection.execute(
        "select sensor_id - $door, count(*) from visits where started_ms >= $start_ms and started_ms < $end_ms"
        " and sensor_id between $first and $last and role is null group by all",
        {**_range(), "door": network.door_sensor(0)},
    ).fetchall()
    answered = {location["locationId"]: sum(location["allVisits"].values()) for location in inside.document}
    for site, visits in counted:
        if site % network.SIDE_DOOR_EVERY and answered[site] != visits:
            raise RuntimeError(f"location {site}: {answered[site]} visits exported, {visits} stored")


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _sql_and_dumps(connection: duckdb.DuckDBPyConnection, inside: Inside) -> None:
    for statement in inside.statements:
        statement.run(connection)
    orjson.dumps(inside.document)


def _bare_count(connection: duckdb.DuckDBPyConnection) -> None:
    with connection.cursor() as cursor:
        cursor.sql(BARE_COUNT, params={**_range(), "slot_ms": SLOT_MS}).to_arrow_table()


def _range() -> dict[str, int]:
    """The five days and fifty locations as the facts know them."""
    start_ms = round(datetime.fromisoformat(START).timestamp() * 1000)
    return {
        "start_ms": start_ms,
        "end_ms": start_ms + 5 * facts.DAY_MS,
        "first": network.door_sensor(1),
        "last": network.door_sensor(LOCATIONS),
    }


@dataclass
class Measured:
    """Everything about one size."""

    size: facts.Size
    visits: int
    inside: Inside
    floors: Floors
    served: dict[int, Timing]
    """By the number of connections."""
    peak: int
    """The server's resident memory at its highest, in bytes."""


def measure(folder: Path, size: facts.Size, seconds: float, settings: Mapping[str, object]) -> Measured:
    """The export on one size, under the account's settings: inside, its floors, and over HTTP."""
    data = data_directory(folder, size)
    set_settings(data, settings)
    inside = look_inside(data, seconds)
    floors = measure_floors(data, inside, seconds)
    with straight(data) as connection:
        visits = stored_visits(connection)
    served = {}
    with serve(data, folder / "exports.log") as server, MemoryWatch(server.process.pid) as memory:
        ask = request("POST", "/json/v1", server.token(), question())
        closed_loop(server.port, ask, 1, 0)  # warm
        for connections in CONNECTIONS:
            served[connections] = closed_loop(server.port, ask, connections, seconds)
    if orjson.loads(served[1].body) != inside.document:
        raise RuntimeError("the server and the application in this process answer differently")
    return Measured(size, visits, inside, floors, served, memory.peak)


def run(folder: Path, sizes: Sequence[facts.Size], seconds: float) -> tuple[Section, Section]:
    """(b) on the largest size, and (c) over all of them, smallest first."""
    answer = Section("b", f"Camera export: {LOCATIONS} locations, 5 days, 15 minutes, all metrics and zones")
    growth = Section("c", "The same answer as facts grow")
    for name, settings in SETTINGS.items():
        print(f"{answer.title}, {name}")
        measured = []
        for size in sizes:
            measured.append(measure(folder, size, seconds, settings))
            _growth(growth, measured, name)
        _answer(answer, measured[-1], name)
    growth.note(
        "Every size holds the same rows for the asked days and locations: "
        f"{'; '.join(f'{s.name}: the last {s.days} days of {s.sites:,} sites' for s in facts.SIZES.values())}. The "
        "answers were compared: equal, but for group visits of sensors that had used a name before."
    )
    answer.note(
        "3 % of the visits carry a group name of their sensor. By default a name means the same group for ever, so "
        "the names of the asked days are looked up among all named visits ever stored, which have a narrow table of "
        "their own. With `group_name_s` of a day (for sensors that use names again) only the day before is looked at."
    )
    return answer, growth


def _answer(section: Section, measured: Measured, setting: str) -> None:
    count_ms, _ = spread(measured.floors.bare_count)
    sql_ms, _ = spread(measured.floors.sql_and_dumps)
    for connections, timing in measured.served.items():
        p50, p99 = spread(timing.seconds)
        name = f"{setting}, {connections} connection{'s' * (connections > 1)}"
        to_sql, to_count = (TO_SQL, TO_COUNT) if connections == 1 else (None, None)
        section.add(Figure(f"{name}, p50", p50, "ms", sql_ms, SQL_FLOOR, to_sql))
        section.add(Figure(f"{name}, p50", p50, "ms", count_ms, "bare count by slot", to_count))
        section.add(Figure(f"{name}, p99", p99, "ms"))
    inside_ms, _ = spread(measured.inside.seconds)
    section.add(Figure(f"{setting}, in one process without a network, p50", inside_ms, "ms", sql_ms, SQL_FLOOR))
    section.add(Figure(f"{setting}, server's peak memory", measured.peak / 2**20, "MiB"))
    body = measured.served[1].body
    section.note(
        f"{setting}: {measured.visits:,} visits stored. The answer is {len(body) / 1e6:.2f} MB; its visits were "
        f"checked against a count in SQL. Its statements: "
        f"{', '.join(sorted({statement.name for statement in measured.inside.statements}))}."
    )


def _growth(section: Section, measured: list[Measured], setting: str) -> None:
    first, last = measured[0], measured[-1]
    p50, p99 = spread(last.served[1].seconds)
    name = f"{setting}, {last.size.name} visits"
    if first is last:
        section.add(Figure(f"{name}, p50", p50, "ms"))
    else:
        target = GROWTH if last.size.name == "100M" else None
        floor, _ = spread(first.served[1].seconds)
        section.add(Figure(f"{name}, p50", p50, "ms", floor, f"{first.size.name} visits", target))
    section.add(Figure(f"{name}, p99", p99, "ms"))
    if _without_groups(last.inside.document) != _without_groups(first.inside.document):
        raise RuntimeError(f"{first.size.name} and {last.size.name} visits give different answers")


def _without_groups(document: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if name != "groupVisits"} for each in document]
