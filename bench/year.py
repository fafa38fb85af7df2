"""(e) A year by day over all sites: raw facts beside a roll-up by 15 minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import orjson

from bench import facts, network
from bench.data import data_directory, straight
from bench.inside import application
from bench.report import Figure, Section, Target, spread
from bench.server import MemoryWatch, serve

TIMES = 3
TO_SQL = Target(1.5, remedy="a roll-up, see the figure beside it.")
ROLL_UP = """
    create temp table roll_up as
    select sensor_id, started_ms // 900000 as slot, count(*) as visits
    from visits
    where role is null and (ended_ms is null or ended_ms - started_ms >= 5000)
    group by all
"""
YEAR_FROM_ROLL_UP = """
    select site, (slot * 900000 + offset_ms) // 86400000 as day, sum(visits)
    from roll_up join offsets using (sensor_id)
    group by all
"""


def question(size: facts.Size) -> str:
    """The path of the request: daily visits of every stored site, in its own time zone."""
    parameters: list[tuple[str, str]] = [("metric", "visits")]
    parameters += [("site", str(site)) for site in range(1, size.sites + 1)]
    # A day inside what is stored at either end, so that each local day is whole.
    first, end = size.first_day + timedelta(days=1), network.YEAR_END - timedelta(days=1)
    parameters += [("start", f"{first:%Y-%m-%dT00:00:00}"), ("end", f"{end:%Y-%m-%dT00:00:00}")]
    parameters += [("bucket", "1d"), ("timezone", "site")]
    return "/v1/metrics?" + urlencode(parameters)


def run(folder: Path, size: facts.Size) -> Section:
    """Measure the year (or as much as the size has)."""
    section = Section("e", f"One daily series of visits over {size.days} days and {size.sites:,} sites")
    data = data_directory(folder, size)
    path = question(size)
    with application(data) as inside:
        inside.get(path)
        answer = inside.get(path)
    with straight(data) as connection:
        sql = _times(lambda: [statement.run(connection) for statement in answer.statements])
        rolled, rows = _roll_up(connection)
    with serve(data, folder / "year.log") as server, MemoryWatch(server.process.pid) as memory:
        server.get(path)
        seconds = _times(lambda: server.get(path))
        body = server.get(path)
    series = orjson.loads(body)["series"]
    p50, p99 = spread(seconds)
    section.add(Figure("over HTTP, p50", p50, "ms", spread(sql)[0], "its SQL straight in DuckDB", TO_SQL))
    section.add(Figure("over HTTP, slowest", p99, "ms"))
    section.add(Figure("the same SQL from a 15-minute roll-up", spread(rolled)[0], "ms"))
    section.add(Figure("server's peak memory", memory.peak / 2**20, "MiB"))
    section.note(
        f"{len(series):,} series with {sum(len(each['points']) for each in series):,} points, "
        f"{len(body) / 1e6:.1f} MB. The roll-up has {rows:,} rows; it holds visits alone, by sensor and slot, "
        f"and knows one offset for each zone, so it shows what a roll-up would bring and is not a replacement."
    )
    return section


def _times(work: Callable[[], object]) -> list[float]:
    seconds = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return seconds


def _roll_up(connection: duckdb.DuckDBPyConnection) -> tuple[list[float], int]:
    """(seconds of the year from a roll-up, rows of the roll-up)."""
    connection.execute(ROLL_UP)
    connection.execute("create temp table offsets (sensor_id bigint, site bigint, offset_ms bigint)")
    rows = [(network.door_sensor(site), site, facts.offset_ms(site)) for site in network.site_ids()]
    connection.executemany("insert into offsets values (?, ?, ?)", rows)
    ((count,),) = connection.execute("select count(*) from roll_up").fetchall()
    return _times(lambda: connection.sql(YEAR_FROM_ROLL_UP).to_arrow_table()), count
