"""What arrivals say of the clocks of sensors, against a twin that goes row by row."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.network import DAY, HOUR, Fact
from tests.support.facts import row as fact_row

from passerby.journal import Entry
from passerby.metrics.clocks import AHEAD_MS, LATE_MS, Clock, clocks
from passerby.store.arrow import fact_batch

NOW = 1_781_000_000_000
MINUTE = 60_000
INTERVALS = {"visit", "zone_visit", "passage", "view", "play", "count", "uptime", "wifi_visit"}


def fact(kind, sensor, started, ended, **arrival):
    return Fact(kind, sensor, started, (*arrival.items(), *([("ended_ms", ended)] if kind in INTERVALS else [])))


@st.composite
def cases(draw):
    delays = st.integers(-10, 10).map(lambda n: n * 7 * MINUTE) | st.integers(-2 * DAY, 2 * DAY)
    rows = []
    for seq in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(sorted(INTERVALS | {"crossing", "level", "event"})))
        received = NOW - draw(st.integers(0, 30 * HOUR))
        ended = received - draw(delays)
        length = draw(st.sampled_from([0, MINUTE, 3 * HOUR]))
        rows.append(fact(kind, draw(st.integers(1, 3)), ended - length, ended, received_ms=received, seq=seq + 1))
    quiet = draw(
        st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)).map(lambda q: (q[0], q[0] + q[1])), max_size=2)
    )
    return rows, quiet


def arrived(holder, rows):
    """A store that holds these rows, each of which came in a request of its own."""
    store = holder.filled([])
    entries = []
    for row in rows:
        values = {name: value for name, value in row.values if name == "ended_ms"}
        seq = row.get("seq")
        made = fact_row(row.kind, seq, sensor_id=row.sensor, started_ms=row.start, identity=seq, **values)
        entries.append(Entry(seq, row.get("received_ms"), seq, 1, "test", {row.kind: [made]}))
    if entries:
        store.load(fact_batch(entries))
    return store


def twin(rows, quiet, sensors):
    hours = defaultdict(list)
    for row in rows:
        received, ended, seq = row.get("received_ms"), row.get("ended_ms"), row.get("seq")
        if row.kind == "wifi_visit" or received < NOW - DAY or row.sensor not in sensors:
            continue
        over = row.start if ended is None else ended
        if row.kind in {"count", "uptime"} and over > received:
            if row.start <= received:
                continue
            over = row.start
        if received - over <= DAY and not any(first <= seq <= last for first, last in quiet):
            hours[row.sensor, received // HOUR].append(received - over)
    soonest = defaultdict(list)
    for (sensor, _), each in hours.items():
        soonest[sensor].append(min(each))
    return {sensor: Clock(sorted(each)[(len(each) - 1) // 2], len(each)) for sensor, each in soonest.items()}


@given(cases())
def test_clocks_agree_with_the_twin(holder, case):
    rows, quiet = case
    assert clocks(arrived(holder, rows), [1, 2], quiet, NOW) == twin(rows, quiet, {1, 2})


@pytest.mark.parametrize(
    ("delay", "verdict", "zone"),
    [
        (0, "right", None),
        (-AHEAD_MS, "right", None),
        (LATE_MS, "right", None),
        (-AHEAD_MS - 1, "ahead", None),
        (LATE_MS + 1, "late", None),
        (-2 * HOUR + 800, "ahead", 2),
        (5 * HOUR + 30 * MINUTE + 2000, "late", -5.5),
        (-HOUR - 10 * MINUTE, "ahead", None),
        (HOUR + 4 * MINUTE, "late", None),
    ],
)
def test_verdicts(delay, verdict, zone):
    clock = Clock(delay, 3)
    assert (clock.verdict, clock.zone_hours) == (verdict, zone)
