"""(a) How many rows a second come in, are acknowledged and loaded, and how soon queries see them."""

from __future__ import annotations

import http.client
import random
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import orjson

from bench import floors, network
from bench.data import new_data_directory
from bench.load import ROWS_PER_POST, Outcome
from bench.report import Figure, Section, Target, number, spread
from bench.server import MemoryWatch, Server, serve

CONNECTIONS = 8
PROBES_AT_ONCE = 4
REMEDY = (
    "a row takes about 2 us to resolve, 1 us to become Arrow and 2 us of HTTP and journal, all under one interpreter "
    "lock: decoding in a second process, or columns instead of rows from the decoder on."
)
BACKLOG = "passerby_loader_backlog_rows"
ACCEPTED = 'passerby_ingest_rows_total{outcome="accepted"}'


@dataclass
class Backlog:
    """Rows acknowledged and not yet loaded, sampled while load runs."""

    server: Server
    samples: list[float] = field(default_factory=list)
    loaded: list[tuple[float, float]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Backlog:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            gauges = self.server.gauges()
            self.samples.append(gauges[BACKLOG])
            self.loaded.append((time.time(), gauges[ACCEPTED] - gauges[BACKLOG]))

    def loaded_per_second(self, since: float) -> float:
        """Rows loaded a second, from `since` (seconds since 1970, nothing was loaded then) to the last sample."""
        end, rows = self.loaded[-1]
        return rows / (end - since)


def generate(server: Server, seconds: float, rate: float = 0, seed: int = 1, of: str = "observations") -> Outcome:
    """Run the load generator against a server and wait for its outcome."""
    command = [sys.executable, "-m", "bench.load", "--port", str(server.port), "--connections", str(CONNECTIONS)]
    command += ["--seconds", str(seconds), "--rate", str(rate), "--seed", str(seed), "--of", of]
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=seconds + 120)
    return Outcome(**orjson.loads(finished.stdout))


class Probes:
    """Posts single rows while other load runs, and measures how long after its acknowledgement a query sees each."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.seen_after: list[float] = []
        self.waited: list[float] = []
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(PROBES_AT_ONCE)]

    def __enter__(self) -> Probes:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def _run(self, number_: int) -> None:
        connection = self.server.connection()
        random_ = random.Random(number_)
        try:
            while not self._stop.wait(random_.uniform(0.02, 0.1)):
                self._probe(connection, random_.randrange(1, network.SITES + 1), f"probe-{number_}-{random_.random()}")
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that started this one
            self.errors.append(error)
        finally:
            connection.close()

    def _probe(self, connection: http.client.HTTPConnection, site: int, id_: str) -> None:
        # A day nobody else writes to, so that the read measures visibility and not the size of its answer.
        visit = {"kind": "visit", "id": id_, "sensor": network.door_sensor(site), "start": "2024-06-01T12:00:00Z"}
        _call(connection, "POST", "/v1/observations", orjson.dumps({**visit, "duration_ms": 60_000}))
        acknowledged = time.perf_counter()
        query = urlencode(
            {"start": "2024-06-01T12:00:00Z", "end": "2024-06-01T12:00:01Z", "sensor": network.door_sensor(site)}
        )
        while id_.encode() not in _call(connection, "GET", f"/v1/observations/visit?{query}"):
            time.sleep(0.005)
        self.seen_after.append(time.perf_counter() - acknowledged)
        begin = time.perf_counter()
        again = {**visit, "id": f"{id_}-w", "duration_ms": 60_000}
        _call(connection, "POST", "/v1/observations?wait=visible", orjson.dumps(again))
        self.waited.append(time.perf_counter() - begin)


def _call(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {network.INGEST_KEY}", "Content-Type": "application/json"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
    return content


def run(folder: Path, seconds: float) -> Section:
    """Measure ingest for `seconds` at full rate, and as long at half of that."""
    section = Section("a", f"Ingest: posts of {ROWS_PER_POST} mixed observations over {CONNECTIONS} connections")
    work = folder / "ingest"
    shutil.rmtree(work, ignore_errors=True)
    new_data_directory(work / "server")
    floor_s = max(2.0, min(10.0, seconds / 3))
    before = floors.insert_rates(work, floor_s)
    with serve(work / "server", folder / "ingest.log") as server:
        with MemoryWatch(server.process.pid) as memory, Backlog(server) as backlog:
            outcome = generate(server, seconds)
        drained = _drain(server)
        after = floors.insert_rates(work, floor_s)
        _throughput(section, outcome, backlog, {name: (before[name] + after[name]) / 2 for name in before})
        section.add(Figure("wait for the rest to be loaded after the last answer", drained, "s"))
        section.add(Figure("server's peak memory", memory.peak / 2**20, "MiB"))
        rate = outcome.posts / outcome.seconds / 2
        with Probes(server) as probes:
            half = generate(server, seconds, rate, seed=2)
        _visibility(section, probes, half)
    shutil.rmtree(work)
    return section


def _drain(server: Server) -> float:
    begin = time.perf_counter()
    while server.gauges()[BACKLOG]:
        time.sleep(0.01)
    return time.perf_counter() - begin


def _throughput(section: Section, outcome: Outcome, backlog: Backlog, floor: dict[str, float]) -> None:
    acknowledged = outcome.rows / outcome.seconds
    loaded = backlog.loaded_per_second(outcome.started_at)
    target = Target(0.4, at_least=True, remedy=REMEDY)
    for name, rate in floor.items():
        section.add(Figure("acknowledged", acknowledged, "rows/s", rate, name, target))
        section.add(Figure("loaded meanwhile", loaded, "rows/s", rate, name, target))
    section.add(Figure("time to an answer, p50", outcome.p50_ms, "ms"))
    section.add(Figure("time to an answer, p99", outcome.p99_ms, "ms"))
    worst = max(backlog.samples) / loaded
    section.add(Figure("largest backlog not yet loaded", worst, "s of rows", target=Target(0.6, unit="s")))
    section.note(
        f"{outcome.posts:,} posts, {outcome.refused} refused, {outcome.rejected} rows rejected. The generator shares "
        f"the cores with the server and used {outcome.cpu_seconds / outcome.seconds:.0%} of one. All eleven kinds are "
        f"in each post; the first floor inserts the same mix (eleven small inserts in each commit of 1,000 rows), the "
        f"second puts as many rows into one table."
    )


def _visibility(section: Section, probes: Probes, half: Outcome) -> None:
    _, seen = spread(probes.seen_after)
    p50, waited = spread(probes.waited)
    target = Target(1_000, unit="ms")
    section.add(Figure("seen by a query after its acknowledgement, p99, half of that rate", seen, "ms", target=target))
    section.add(Figure("whole time of ?wait=visible, p50, half of that rate", p50, "ms"))
    section.add(Figure("whole time of ?wait=visible, p99, half of that rate", waited, "ms", target=target))
    section.note(
        f"{len(probes.seen_after)} single rows were posted and read back while {number(half.rows / half.seconds)} "
        f"rows/s were sent."
    )
