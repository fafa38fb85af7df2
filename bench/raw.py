"""(d) A raw export of ten million rows: how fast, and how much memory it takes."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlencode

from bench import facts, network
from bench.data import data_directory, straight
from bench.report import Figure, Section, Target
from bench.server import MemoryWatch, Server, serve

ROWS = 10_000_000
RISE = Target(
    200.0,
    unit="MiB",
    remedy="not the engine's cache: with a sixteenth of its memory limit the rise is the same; pieces of a quarter "
    "of the size took 34 MiB less, of a sixteenth no less than that.",
)


def run(folder: Path, size: facts.Size, rows: int = ROWS) -> Section:
    """Export the last `rows` visits as NDJSON."""
    section = Section("d", "Raw NDJSON export")
    data = data_directory(folder, size)
    start_ms, rows = _beginning(data, rows)
    floor = _engine_alone(data, start_ms)
    with serve(data, folder / "raw.log") as server:
        server.live()  # the live numbers are made: reading all facts for them fills the engine's cache
        _export(server, network.YEAR_END.timestamp() * 1000 - 3_600_000)  # warm: one hour
        with MemoryWatch(server.process.pid) as memory:
            begin = time.perf_counter()
            lines, size_bytes, first_s = _export(server, start_ms)
            took = time.perf_counter() - begin
    if lines != rows:
        raise RuntimeError(f"{lines} rows exported, {rows} stored")
    section.add(Figure("rise of the server's memory", (memory.peak - memory.before) / 2**20, "MiB", target=RISE))
    section.add(Figure("server's peak memory", memory.peak / 2**20, "MiB"))
    section.add(Figure("speed", rows / took, "rows/s", rows / floor, "DuckDB alone to Arrow batches of JSON lines"))
    section.add(Figure("first byte after", first_s * 1000, "ms"))
    section.note(
        f"{rows:,} visits, {size_bytes / 1e6:,.0f} MB, over one connection to a client that only counts lines."
    )
    return section


def _beginning(data: Path, rows: int) -> tuple[int, int]:
    """The start of the day from which on at least `rows` visits are stored (or all are), and how many they are."""
    with straight(data) as connection:
        days = connection.execute(
            "select started_ms // 86400000 * 86400000 as day, count(*) from visits group by day order by day desc"
        ).fetchall()
    first_ms = total = 0
    for day_ms, count in days:
        first_ms, total = int(day_ms), total + count
        if total >= rows:
            break
    return first_ms, total


def _engine_alone(data: Path, start_ms: int) -> float:
    """Seconds that DuckDB takes to write the same rows as lines of JSON, handed over as Arrow."""
    with straight(data) as connection:
        begin = time.perf_counter()
        relation = connection.sql(
            "select to_json(visits)::varchar from visits where started_ms >= $start_ms", params={"start_ms": start_ms}
        )
        for _ in relation.to_arrow_reader(32_768):
            pass
        return time.perf_counter() - begin


def _export(server: Server, start_ms: float) -> tuple[int, int, float]:
    """(lines, bytes, seconds to the first byte) of the visits from `start_ms` on."""
    start = facts.iso(start_ms)
    query = urlencode({"start": start, "end": network.YEAR_END.isoformat(), "format": "ndjson"})
    connection = server.connection()
    begin = time.perf_counter()
    connection.request(
        "GET", f"/v1/observations/visit?{query}", headers={"Authorization": f"Bearer {network.INGEST_KEY}"}
    )
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {answer.read()[:500]!r}")
    lines = total = 0
    first_s = 0.0
    while piece := answer.read1(1 << 20):
        first_s = first_s or time.perf_counter() - begin
        lines += piece.count(b"\n")
        total += len(piece)
    connection.close()
    return lines, total, first_s
