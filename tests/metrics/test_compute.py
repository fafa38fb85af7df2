"""`compute` against the twin, and what must hold whatever the observations are."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics import network, twin
from tests.metrics.network import DAY, HOUR, ZONES, Fact
from tests.metrics.twin import Rules, Span
from tests.support.examples import about

from passerby.calendar import SIZES, Calendar, calendar
from passerby.metrics import compute as compute_module
from passerby.metrics import scope
from passerby.metrics.compute import compute, compute_dense
from passerby.metrics.media import CONTENTS, SCREENS, STREETS
from passerby.metrics.places import Place
from passerby.metrics.registry import METRICS

# The metrics of screens and streets have a twin of their own (`twin_media`).
MEDIA = {metric.name for metric in (*SCREENS, *STREETS, *CONTENTS)}
NAMES = [name for name in METRICS if name not in MEDIA]
SENSORS_OF = {1: (1, 2), 2: (4,)}  # sensor 3 is no entry point of site 1
MIN_DWELL_MS = {11: 3000, 12: 500}

SETTINGS = settings(max_examples=about(25), deadline=None)
FEW = settings(max_examples=about(10), deadline=None)
THOROUGH = settings(max_examples=about(80), deadline=None)


@st.composite
def cases(draw, sizes=SIZES):
    """(facts, rules of both sites, calendars, role, now)."""
    zones = [draw(st.sampled_from(ZONES)) for _ in range(2)]
    anchor = draw(st.sampled_from(network.anchors(zones[0])))
    facts = draw(network.facts(anchor))
    rules = [
        Rules(
            zone,
            draw(st.sampled_from([5000, 0, 3000])),
            draw(st.sampled_from([3000, 0, 500, 600_000])),
            draw(st.sampled_from([0, 1000, 3_600_000, 24 * 3_600_000])),
            draw(st.sampled_from(["04:00", "00:00", "02:30"])),
        )
        for zone in zones
    ]
    calendars = []
    for name in (zones[0], draw(st.sampled_from(["UTC", *ZONES]))):
        size = draw(st.sampled_from(sizes))
        aligned = draw(st.booleans())
        step = 900_000 if aligned else 1
        start = anchor + draw(st.integers(-30 * HOUR // step, 20 * HOUR // step)) * step
        length = draw(st.integers(1, (6 if size == "5m" else 40) * HOUR // step)) * step
        calendars.append(calendar(size, name, start, start + length, clip=draw(st.booleans())))
    role = draw(st.sampled_from([None, None, "any", "courier"]))
    now = draw(st.sampled_from([anchor + 400 * DAY, anchor, anchor + 5 * HOUR + 1]))
    return facts, rules, calendars, role, now


def catalogue_of(rules):
    values = [
        {
            "bounce_s": each.bounce_ms / 1000,
            "group_gap_s": each.group_gap_ms / 1000,
            "group_name_s": each.group_name_ms / 1000,
            "occupancy_reset": each.reset,
        }
        for each in rules
    ]
    return network.catalogue([each.zone for each in rules], values)


def every_place(calendars):
    keys = [("brand", 1), ("site", 1), ("site", 2), *(("sensor", sensor) for sensor in (1, 2, 3, 4))]
    keys += [("zone", (sensor, zone)) for sensor in (1, 4) for zone in (11, 12)]
    keys += [("line", (sensor, line)) for sensor in (1, 3) for line in (1, 2)]
    return [Place(level, key, index) for index in range(len(calendars)) for level, key in keys]


def bucket_of(each: Calendar, index: int) -> Span:
    return Span(max(int(each.starts[index]), each.range_start_ms), min(int(each.ends[index]), each.range_end_ms))


def expected(place: Place, facts: list[Fact], rules: list[Rules], bucket: Span, now: int) -> dict[str, Fraction]:
    """What the twin says about one place and bucket; `facts` count for the role."""
    values = added_up(place, facts, rules, bucket, now)
    return values if place.level in {"zone", "line"} else twin.with_ratios(values)


def added_up(place: Place, facts: list[Fact], rules: list[Rules], bucket: Span, now: int) -> dict[str, Fraction]:
    if place.level == "brand":
        of_sites = [added_up(Place("site", site), facts, rules, bucket, now) for site in (1, 2)]
        return {
            name: (max if name == "peak_occupancy" else sum)(values[name] for values in of_sites)
            for name in of_sites[0]
        }
    if place.level == "site":
        own = [fact for fact in facts if fact.sensor in SENSORS_OF[place.key]]
        return twin.people(own, rules[place.key - 1], bucket, now)
    if place.level == "sensor":
        own = [fact for fact in facts if fact.sensor == place.key]
        return twin.people(own, rules[1 if place.key == 4 else 0], bucket, now)
    sensor, part = place.key
    own = [fact for fact in facts if fact.sensor == sensor]
    if place.level == "zone":
        stays = [fact for fact in own if fact.kind == "zone_visit" and fact.get("zone_id") == part]
        return twin.zone_metrics(stays, MIN_DWELL_MS[part], bucket, now)
    return twin.line_metrics([fact for fact in own if fact.get("line_id") == part], bucket)


def as_dict(computed):
    columns = (computed.place, computed.metric, computed.bucket, computed.value)
    keys = list(zip(*(column.tolist() for column in columns[:3]), strict=True))
    assert keys == sorted(set(keys))
    values = columns[3].tolist()
    assert all(values)
    return dict(zip(keys, values, strict=True))


def check_against_twin(found, case):
    facts, rules, calendars, role, now = case
    places = every_place(calendars)
    who = [fact for fact in facts if twin.counts(fact, role)]
    seen = set()
    for index, place in enumerate(places):
        frame = calendars[place.calendar]
        for bucket in range(len(frame)):
            for name, value in expected(place, who, rules, bucket_of(frame, bucket), now).items():
                key = (index, NAMES.index(name), bucket)
                seen.add(key)
                assert found.get(key, 0) == pytest.approx(float(value), abs=1e-5), (place, name, frame.label(bucket))
    assert set(found) <= seen


@THOROUGH
@given(cases())
def test_every_metric_agrees_with_the_twin(holder, case):
    facts, rules, calendars, role, now = case
    store = holder.filled(facts)
    found = compute(store, catalogue_of(rules), NAMES, every_place(calendars), calendars, role=role, now_ms=now)
    check_against_twin(as_dict(found), case)


@SETTINGS
@given(cases(sizes=["1d", "1h"]), st.randoms(use_true_random=False))
def test_late_repeated_and_shuffled_deliveries_change_nothing(holder, case, shuffle):
    facts, rules, calendars, role, now = case
    answers = []
    for how in (None, shuffle):
        store = holder.filled(facts, how)
        asked = (catalogue_of(rules), NAMES, every_place(calendars), calendars)
        answers.append(as_dict(compute(store, *asked, role=role, now_ms=now)))
    assert answers[0] == answers[1]


@FEW
@given(cases(sizes=["1d", "1w", "1h"]))
def test_computing_in_small_pieces_changes_nothing(holder, case):
    facts, rules, calendars, role, now = case
    store = holder.filled(facts)
    asked = (store, catalogue_of(rules), NAMES, every_place(calendars), calendars)
    whole = as_dict(compute(*asked, role=role, now_ms=now))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute_module, "_UNIT_DAYS", 1)
        patch.setattr(compute_module, "_CELLS", 100)
        patch.setattr(scope, "_MANY_WINDOWS", 0)
        pieces = as_dict(compute(*asked, role=role, now_ms=now))
    assert pieces == whole


@FEW
@given(cases(sizes=["1d", "1h"]), st.sampled_from([100, 8_000_000]))
def test_dense_values_are_the_same_with_zeros_between(holder, case, cells):
    facts, rules, calendars, _, _ = case
    store = holder.filled(facts)
    places = every_place(calendars)
    asked = (store, catalogue_of(rules), NAMES, places, calendars)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute_module, "_CELLS", cells)
        dense = compute_dense(*asked)
    keys = [(number, bucket) for number, place in enumerate(places) for bucket in range(len(calendars[place.calendar]))]
    told = {
        (place, metric, bucket): value
        for metric, name in enumerate(NAMES)
        for (place, bucket), value in zip(keys, dense[name].tolist(), strict=True)
        if value
    }
    assert told == as_dict(compute(*asked))


@pytest.mark.parametrize("broken", range(5))
def test_an_error_of_any_source_is_raised_and_without_one_each_source_is_asked_once(broken):
    done = []

    def fail():
        raise ValueError("broken")

    works = [lambda number=number: done.append(number) for number in range(5)]
    compute_module._side_by_side(works)
    assert sorted(done) == list(range(5))
    with pytest.raises(ValueError, match="broken"):
        compute_module._side_by_side([*works[:broken], fail, *works[broken + 1 :]])


@pytest.mark.parametrize("unit_days", [1, 8000])
def test_who_is_there_already_is_not_carried_into_the_future_by_a_piece(holder, monkeypatch, unit_days):
    monkeypatch.setattr(compute_module, "_UNIT_DAYS", unit_days)
    stay = (("ended_ms", 20 * DAY + 30 * HOUR), ("visit_group", None), ("role", None))
    here = (*((name, value) for name, value in stay if name == "ended_ms"), ("zone_id", 11), ("role", None))
    store = holder.filled([Fact("visit", 1, 20 * DAY, stay), Fact("zone_visit", 1, 20 * DAY, here)])
    frames = [calendar("1h", "UTC", 20 * DAY, 22 * DAY)]
    places = [Place("site", 1), Place("zone", (1, 11))]
    names = ["peak_occupancy", "zone_peak_visits"]
    now = 20 * DAY + 2 * HOUR
    found = compute(store, catalogue_of([Rules(), Rules()]), names, places, frames, now_ms=now)
    # There from 0:00; it is 2:00, so the bucket from 2:00 has begun and those after it have not.
    assert as_dict(found) == {(0, 0, hour): 1 for hour in range(3)} | {(1, 1, hour): 1 for hour in range(3)}


@SETTINGS
@given(cases(sizes=["1h"]))
def test_sums_of_the_engine_equal_those_of_single_rows(holder, case):
    facts, rules, calendars, role, now = case
    store = holder.filled(facts)
    places = every_place(calendars)
    sums = [name for name in NAMES if METRICS[name].combine == "sum" and name != "group_visits"]
    by_rows = compute(store, catalogue_of(rules), NAMES, places, calendars, role=role, now_ms=now)
    by_engine = compute(store, catalogue_of(rules), sums, places, calendars, role=role, now_ms=now)
    wanted = {
        (place, sums.index(NAMES[metric]), bucket): value
        for (place, metric, bucket), value in as_dict(by_rows).items()
        if NAMES[metric] in sums
    }
    assert as_dict(by_engine) == wanted


@pytest.mark.parametrize("names", [["dwell_time", "timed_visits"], NAMES])
def test_a_known_duration_of_zero_is_a_stay_and_an_unknown_one_is_not(holder, names):
    """Without bounces (`bounce_s` 0) the mean stay of 0 s, 10 s and one that nobody measured is 5 s."""
    start = 1_769_000_000_000
    ends = (start, start + 10_000, None)
    facts = [Fact("visit", 1, start + i, (("ended_ms", end and end + i),)) for i, end in enumerate(ends)]
    calendars = [calendar("1h", "UTC", start, start + HOUR)]
    catalogue = catalogue_of([Rules(bounce_ms=0), Rules()])
    found = as_dict(compute(holder.filled(facts), catalogue, names, [Place("site", 1, 0)], calendars))
    assert found[0, names.index("dwell_time"), 0] == 10_000
    assert found[0, names.index("timed_visits"), 0] == 2


@SETTINGS
@given(cases(sizes=["1h"]))
def test_quarters_of_an_hour_add_up_to_hours_and_days(holder, case):
    facts, rules, calendars, role, now = case
    frame = calendars[0]
    store = holder.filled(facts)
    totals = []
    for size in ("15m", "1h", "1d"):
        each = calendar(size, frame.zone, frame.range_start_ms, frame.range_end_ms)
        found = as_dict(compute(store, catalogue_of(rules), NAMES, every_place([each]), [each], role=role, now_ms=now))
        day = calendar("1d", frame.zone, frame.range_start_ms, frame.range_end_ms)
        by_day = defaultdict(list)
        for (place, metric, bucket), value in found.items():
            if METRICS[NAMES[metric]].combine == "ratio":
                continue
            by_day[
                place, metric, int(day.bucket_of(each.starts[bucket : bucket + 1].clip(frame.range_start_ms))[0])
            ].append(value)
        totals.append(
            {key: round((max if METRICS[NAMES[key[1]]].combine == "max" else sum)(by_day[key]), 5) for key in by_day}
        )
    assert totals[0] == totals[2]
    assert totals[1] == totals[2]


@SETTINGS
@given(cases(sizes=["1h", "1d"]))
def test_invariants(holder, case):
    facts, rules, calendars, role, now = case
    individuals = [fact for fact in facts if fact.kind != "count"]
    store = holder.filled(individuals)
    found = as_dict(
        compute(store, catalogue_of(rules), NAMES, every_place(calendars), calendars, role=role, now_ms=now)
    )
    for place, bucket in {(place, bucket) for place, _, bucket in found}:
        value = {name: found.get((place, index, bucket), 0) for index, name in enumerate(NAMES)}
        assert value["visits"] + value["bounces"] == value["all_visits"]
        assert value["group_visits"] <= value["visits"]
