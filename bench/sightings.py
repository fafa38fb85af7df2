"""(g) How many WiFi sightings a second come in, are acknowledged and become sessions."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from bench import floors
from bench.data import new_data_directory
from bench.ingest import CONNECTIONS, generate
from bench.load import ROWS_PER_POST
from bench.report import Figure, Section, Target, number
from bench.server import MemoryWatch, serve

BACKLOG = "passerby_sessions_backlog_rows"
OPEN = "passerby_sessions_open"
REMEDY = "a sighting is hashed, journalled and added to its session in Python, one after another under one lock."


def run(folder: Path, seconds: float) -> Section:
    """Measure sightings for `seconds` at full rate."""
    section = Section("g", f"WiFi sightings: posts of {ROWS_PER_POST} over {CONNECTIONS} connections")
    work = folder / "sightings"
    shutil.rmtree(work, ignore_errors=True)
    new_data_directory(work / "server")
    floor_s = max(2.0, min(10.0, seconds / 3))
    before = floors.insert_rates(work, floor_s)
    with serve(work / "server", folder / "sightings.log") as server:
        with MemoryWatch(server.process.pid) as memory:
            # The keys that hide the devices of a day are made at its first sighting, one for each site.
            generate(server, max(2.0, seconds / 4), seed=2, of="sightings")
            outcome = generate(server, seconds, of="sightings")
        began = time.perf_counter()
        behind = gauges = server.gauges()
        while gauges[BACKLOG]:
            time.sleep(0.01)
            gauges = server.gauges()
        drained = time.perf_counter() - began
    after = floors.insert_rates(work, floor_s)
    target = Target(0.3, at_least=True, remedy=REMEDY)
    for name in before:
        floor = (before[name] + after[name]) / 2
        section.add(Figure("acknowledged", outcome.rows / outcome.seconds, "rows/s", floor, name, target))
        section.add(Figure("in sessions", outcome.rows / (outcome.seconds + drained), "rows/s", floor, name, target))
    section.add(Figure("time to an answer, p50", outcome.p50_ms, "ms"))
    section.add(Figure("time to an answer, p99", outcome.p99_ms, "ms"))
    section.add(Figure("wait for the rest to be in sessions after the last answer", drained, "s"))
    section.add(Figure("server's peak memory", memory.peak / 2**20, "MiB"))
    section.note(
        f"{outcome.posts:,} posts, {outcome.refused} refused, {outcome.rejected} rows rejected; "
        f"{number(gauges[OPEN])} sessions open at the end, {number(behind[BACKLOG])} rows behind at the last answer. "
        "The floors are those of section (a)."
    )
    shutil.rmtree(work)
    return section
