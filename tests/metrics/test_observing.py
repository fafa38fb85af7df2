"""When places were observed, against a twin that looks at every second."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics import network
from tests.metrics.network import DAY, HOUR, ZONES, Fact

from passerby.calendar import calendar
from passerby.metrics import observing, scope
from passerby.metrics.observing import observed, observed_ms
from passerby.metrics.places import Place

PLACES = [Place("site", 1), Place("sensor", 3), Place("brand", 1), Place("line", (4, 1)), Place("brand", 1, 0, (2,))]
SENSORS = [(1, 2), (3,), (1, 2, 4), (4,), (4,)]
STEP = 30_000  # all instants of the twin are multiples of it


@st.composite
def cases(draw):
    zones = [draw(st.sampled_from(ZONES)) for _ in range(2)]
    anchor = draw(st.sampled_from(network.anchors(zones[0]))) // STEP * STEP
    instant = st.integers(-3 * DAY // STEP, 3 * DAY // STEP).map(lambda step: anchor + step * STEP)
    length = st.sampled_from([0, STEP, 600_000, HOUR, 7 * HOUR, 26 * HOUR])
    uptimes = st.builds(
        lambda sensor, start, ms: Fact("uptime", sensor, start, (("ended_ms", start + ms),)),
        st.integers(1, 4),
        instant,
        length,
    )
    events = st.builds(
        Fact,
        st.sampled_from(["visit", "event", "wifi_visit", "level", "play", "count"]),
        st.integers(1, 4),
        instant,
    )
    facts = draw(st.lists(uptimes, max_size=5)) + draw(st.lists(events, max_size=8))
    start = anchor + draw(st.integers(-30, 10)) * 1_800_000
    each = calendar(draw(st.sampled_from(["1h", "1d"])), draw(st.sampled_from(ZONES)), start, start + 30 * HOUR)
    return zones, facts, each


def sensor_observed(sensor, facts, zone):
    """The steps during which a sensor observed."""
    own = [fact for fact in facts if fact.sensor == sensor]
    uptimes = [(fact.start, fact.get("ended_ms")) for fact in own if fact.kind == "uptime"]
    steps = {step for start, end in uptimes for step in range(start, end, STEP)}
    first, last = min((fact.start for fact in own), default=0), max((fact.start for fact in own), default=1)
    days = calendar("1d", zone, first - 3 * DAY, last + 3 * DAY)
    for day_start, day_end in zip(days.starts.tolist(), days.ends.tolist(), strict=True):
        if any(start < day_end and (end > day_start or start == end >= day_start) for start, end in uptimes):
            continue
        for fact in own:
            if fact.kind != "uptime":
                slot = fact.start // 300_000 * 300_000
                steps.update(range(max(slot, day_start), min(slot + 300_000, day_end), STEP))
    return steps


@given(cases())
def test_observed_agrees_with_the_twin(holder, case):
    zones, facts, each = case
    catalogue = network.catalogue(zones, [{}, {}])
    store = holder.filled(facts)
    found = observed_ms(store, catalogue, PLACES, [each])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observing, "_SENSOR_DAYS", 1)
        patch.setattr(scope, "_MANY_WINDOWS", 0)
        pieces = observed_ms(store, catalogue, PLACES, [each])
    of_sensor = {sensor: sensor_observed(sensor, facts, zones[sensor == 4]) for sensor in range(1, 5)}
    for own, total, again in zip(SENSORS, found, pieces, strict=True):
        steps = set().union(*(of_sensor[sensor] for sensor in own))
        inside = [step for step in steps if each.range_start_ms <= step < each.range_end_ms]
        wanted = [0] * len(each)
        for bucket in each.bucket_of(np.array(inside, dtype=np.int64)).tolist():
            wanted[bucket] += STEP
        assert total.tolist() == wanted
        assert again.tolist() == wanted


def test_a_bucket_is_observed_when_any_counting_sensor_was_on(holder):
    start = 1_781_000_000_000 // DAY * DAY
    each = calendar("1h", "UTC", start, start + 3 * HOUR)
    facts = [
        Fact("uptime", 2, start + HOUR, (("ended_ms", start + HOUR + 1),)),
        Fact("uptime", 3, start, (("ended_ms", start + 3 * HOUR),)),
    ]
    store = holder.filled(facts)
    flags = observed(store, network.catalogue(["UTC", "UTC"], [{}, {}]), PLACES[:2], [each])
    assert [flag.tolist() for flag in flags] == [[False, True, False], [True, True, True]]
