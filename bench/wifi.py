"""(f) The Analytiks WiFi export v4, with every bucket and zero, beside the same SQL straight in DuckDB."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson
import pyarrow as pa
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bench import facts, network
from bench.client import closed_loop, request
from bench.data import Statement, new_data_directory, straight
from bench.exports import END, LOCATIONS, START
from bench.inside import application
from bench.report import Figure, Section, Target, spread
from bench.server import serve
from passerby import observations
from passerby.store import DuckDBStore

# Part of the folder's name: raise it when what is built changes.
VERSION = 1
SEED = 20_250_102
VISITS_PER_SITE_AND_DAY = 137  # 50 million in a year of a thousand sites
# Of the devices of a site and day, how many there are for each visit; most change their address between visits.
DEVICES_PER_VISIT = 0.7
PATH = "/wifi/json/v4"
FLOOR = "its SQL + one orjson.dumps"
TO_SQL = Target(
    1.3,
    remedy="72,000 numbers of 50 locations, 12 metrics and 120 hours are laid over zeros and written: columns straight "
    "into text instead of one dictionary for each series.",
)


def run(folder: Path, days: int) -> Section:
    """The export on `days` days of a thousand sites."""
    section = Section("f", f"WiFi export v4: {LOCATIONS} locations, 5 days, every hour and metric")
    data = _data_directory(folder, days)
    body = orjson.dumps({"startDate": START, "endDate": END, "locations": list(range(1, LOCATIONS + 1))})
    with application(data) as inside:
        token = inside.token()
        answers = [inside.post(PATH, body, token) for _ in range(10)]
    document, statements = orjson.loads(answers[-1].body), answers[-1].statements
    with straight(data) as connection:
        ((stored,),) = connection.execute("select count(*) from wifi_visits").fetchall()
        _check(connection, document)
        floor = [_sql_and_dumps(connection, statements, document) for _ in range(11)][1:]
    with serve(data, folder / "wifi.log") as server:
        ask = request("POST", PATH, server.token(), body)
        closed_loop(server.port, ask, 1, 0)  # warm
        served = closed_loop(server.port, ask, 1, 5)
    if orjson.loads(served.body) != document:
        raise RuntimeError("the server and the application in this process answer differently")
    p50, p99 = spread(served.seconds)
    floor_ms, _ = spread(floor)
    section.add(Figure("1 connection, p50", p50, "ms", floor_ms, FLOOR, TO_SQL))
    section.add(Figure("1 connection, p99", p99, "ms"))
    inside_ms, _ = spread([answer.seconds for answer in answers[1:]])
    section.add(Figure("in one process without a network, p50", inside_ms, "ms", floor_ms, FLOOR))
    section.note(
        f"{stored:,} WiFi visits stored. The answer is {len(served.body) / 1e6:.2f} MB; visits and walk-bys were "
        f"checked against a count in SQL. Its statements: {', '.join(sorted({each.name for each in statements}))}."
    )
    return section


def _sql_and_dumps(connection: duckdb.DuckDBPyConnection, statements: list[Statement], document: Any) -> float:
    begin = time.perf_counter()
    for statement in statements:
        statement.run(connection)
    orjson.dumps(document)
    return time.perf_counter() - begin


def _check(connection: duckdb.DuckDBPyConnection, document: list[dict[str, Any]]) -> None:
    """Refuse to time a wrong answer: whoever was heard visited or walked by."""
    start_ms = round(datetime.fromisoformat(START).timestamp() * 1000)
    counted = connection.execute(
        "select sensor_id - $door, count(*) from wifi_visits where started_ms >= $start_ms and started_ms < $end_ms"
        " and sensor_id between $door + 1 and $door + $locations group by all",
        {
            "door": network.door_sensor(0),
            "start_ms": start_ms,
            "end_ms": start_ms + 5 * facts.DAY_MS,
            "locations": LOCATIONS,
        },
    ).fetchall()
    told = {each["locationId"]: sum(each["allVisits"].values()) + sum(each["walkBys"].values()) for each in document}
    if told != dict(counted):
        raise RuntimeError("visits and walk-bys are not those stored")


def _data_directory(folder: Path, days: int) -> Path:
    """The data directory, built when it is not there yet."""
    ready = folder / f"wifi-v{VERSION}-{days}"
    if ready.exists():
        return ready
    building = folder / f"{ready.name}.building"
    shutil.rmtree(building, ignore_errors=True)
    new_data_directory(building)
    path = building / "facts.duckdb"
    DuckDBStore(path).close()
    names = [column.name for column in observations.table("wifi_visit").schema]
    # A hash has 32 hexadecimal digits, which DuckDB makes faster than Python.
    hashed = ", ".join("md5(device) as device" if name == "device" else name for name in names)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]:,} rows"))
    rows = 0
    with duckdb.connect(str(path)) as connection, Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("building WiFi visits", total=days, rows=0)
        for table in _days(days):
            connection.register(
                "day_of_facts", table.append_column("seq", pa.array(range(rows + 1, rows + 1 + len(table))))
            )
            connection.execute(f"insert into wifi_visits select {hashed} from day_of_facts")
            connection.unregister("day_of_facts")
            rows += len(table)
            progress.update(task, advance=1, rows=rows)
        connection.execute("update store_state set cursor = 1, last_seq = ?", [rows])
        connection.execute("checkpoint")
    building.rename(ready)
    return ready


def _days(days: int) -> Iterator[pa.Table]:
    """The WiFi visits of each UTC day, as the store keeps them but for the device's hash, in order of arrival."""
    for number in range(days):
        day = network.YEAR_END - timedelta(days=days - number)
        random = np.random.default_rng([SEED, day.toordinal()])
        sites = np.repeat(np.arange(1, network.SITES + 1), random.poisson(VISITS_PER_SITE_AND_DAY, network.SITES))
        rows = len(sites)
        started = int(day.timestamp() * 1000) + random.integers(0, facts.DAY_MS, rows)
        ended = started + np.minimum(random.lognormal(6.0, 1.2, rows) * 1000, 4 * 3_600_000).astype(np.int64)
        device = random.integers(0, round(VISITS_PER_SITE_AND_DAY * DEVICES_PER_VISIT), rows)
        order = np.argsort(ended, kind="stable")
        made = {
            "sensor_id": sites + network.door_sensor(0),
            "started_ms": started,
            "ended_ms": ended,
            "identity": random.integers(-(2**63), 2**63 - 1, rows),
            "device": np.char.add(np.char.add(sites.astype("U4"), f"/{day:%j}/"), device.astype("U4")),
            "rssi": random.integers(-95, -40, rows),
            "randomized": random.random(rows) < 0.9,
            "received_ms": ended + random.integers(100, 3_000, rows),
        }
        columns = {name: pa.array(values[order]) for name, values in made.items()}
        yield pa.table({**columns, "id": pa.nulls(rows, pa.string()), "zone_id": pa.nulls(rows, pa.int64())})
