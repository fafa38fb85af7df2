"""WiFi metrics against a plain loop over every observation, and what must hold whatever is observed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics import network
from tests.metrics.network import DAY, HOUR, ZONES, Fact

from passerby.calendar import calendar
from passerby.metrics import compute as compute_module
from passerby.metrics import scope
from passerby.metrics.compute import compute
from passerby.metrics.places import Place
from passerby.metrics.registry import METRICS

NAMES = [name for name in METRICS if name.startswith("wifi_")]
BINS = ["wifi_under_15", "wifi_15_30", "wifi_30_45", "wifi_45_60", "wifi_over_60"]
SITE_OF = {1: 1, 2: 1, 3: 1, 4: 2}
ENTRY_POINTS = {1: (1, 2), 2: (4,)}  # sensor 3 is no entry point of site 1
MINUTE = 60_000
PLACES = [
    ("brand", 1),
    ("site", 1),
    ("site", 2),
    *(("sensor", sensor) for sensor in (1, 2, 3, 4)),
    *(("zone", (sensor, zone)) for sensor in (1, 3, 4) for zone in (11, 12)),
]
SETTINGS = settings(max_examples=40, deadline=None)
FEW = settings(max_examples=15, deadline=None)


@dataclass(frozen=True)
class Rules:
    """The settings of one site."""

    zone: str
    visit_rssi: int
    bounce_ms: int


def wifi(sensor, start, minutes, device="a", *, rssi=-50, zone=None, timezone="UTC"):
    """One observation. A device's hash is that of its site and local day."""
    day = datetime.fromtimestamp(start / 1000, UTC).astimezone(ZoneInfo(timezone)).date()
    hashed = f"{device}/{SITE_OF[sensor]}/{day}"
    ended = start + round(minutes * MINUTE)
    values = {"ended_ms": ended, "device": hashed, "rssi": rssi, "zone_id": zone}
    return Fact("wifi_visit", sensor, start, tuple(values.items()))


_MINUTES = st.sampled_from([0, 0.5, 59.999 / 60, 1, 5, 14.9999, 15, 29.9999, 30, 44.99, 45, 59.99, 60, 90, 2000])


@st.composite
def cases(draw, sizes=("15m", "1h", "1d")):
    """(facts, rules of both sites, calendars)."""
    zones = [draw(st.sampled_from(ZONES)) for _ in range(2)]
    rules = [
        Rules(zone, draw(st.sampled_from([-75, -60, 0])), draw(st.sampled_from([60_000, 0, 500]))) for zone in zones
    ]
    anchor = draw(st.sampled_from(network.anchors(zones[0])))
    one = st.builds(
        lambda sensor, quarter, ms, minutes, device, rssi, zone: wifi(
            sensor,
            anchor + quarter * 15 * MINUTE + ms,
            minutes,
            device,
            rssi=rssi,
            zone=zone,
            timezone=zones[SITE_OF[sensor] - 1],
        ),
        st.sampled_from([1, 1, 2, 3, 4]),
        st.integers(-60, 60),
        st.sampled_from([0, 0, -1, 1]),
        _MINUTES,
        st.sampled_from("aabc"),
        st.sampled_from([-50, -60, -61, -75, -76, -90]),
        st.sampled_from([None, None, 11, 12]),
    )
    size = draw(st.sampled_from([0, 5, 30]))
    facts = draw(st.lists(one, min_size=size, max_size=size + 20))
    calendars = []
    for name in (zones[0], "UTC"):
        start = anchor + draw(st.integers(-20 * HOUR, 10 * HOUR))
        length = draw(st.integers(1, 30 * HOUR))
        calendars.append(calendar(draw(st.sampled_from(sizes)), name, start, start + length, clip=draw(st.booleans())))
    return facts, rules, calendars


def catalogue_of(rules):
    values = [{"wifi_visit_rssi": each.visit_rssi, "wifi_bounce_s": each.bounce_ms / 1000} for each in rules]
    return network.catalogue([each.zone for each in rules], values)


def ask(store, rules, calendars, names=NAMES, **more):
    """{(place, name, bucket): value}, places numbered as `PLACES`, once per calendar."""
    places = [Place(level, key, index) for index in range(len(calendars)) for level, key in PLACES]
    found = compute(store, catalogue_of(rules), names, places, calendars, **more)
    columns = (each.tolist() for each in (found.place, found.metric, found.bucket, found.value))
    return {(place, names[metric], bucket): value for place, metric, bucket, value in zip(*columns, strict=True)}


# -- the twin --


def belongs(fact, level, key):
    """Whether an observation is one of a place."""
    if level == "zone":
        return (fact.sensor, fact.get("zone_id")) == key
    if fact.get("zone_id") is not None:
        return False
    if level == "brand":
        return any(fact.sensor in sensors for sensors in ENTRY_POINTS.values())
    return fact.sensor in (ENTRY_POINTS[key] if level == "site" else (key,))


def seen_before(fact, facts, *, in_zone):
    """Whether the device was heard at the site earlier; of a zone, before the stay that the visit is part of."""
    heard = [
        other
        for other in facts
        if SITE_OF[other.sensor] == SITE_OF[fact.sensor] and other.get("device") == fact.get("device")
    ]
    first = min(other.start for other in heard)
    stays = [
        other
        for other in heard
        if in_zone
        and other.get("zone_id") is None
        and other.start == first
        and other.start <= fact.start < other.get("ended_ms")
    ]
    return first < fact.start and not stays


def values_of(fact, facts, rules, level):
    """The metrics that one observation adds to."""
    stay = fact.get("ended_ms") - fact.start
    if fact.get("rssi") < rules.visit_rssi:
        return {"wifi_walk_bys": 1}
    if stay < rules.bounce_ms:
        return {"wifi_all_visits": 1, "wifi_bounces": 1}
    known = seen_before(fact, facts, in_zone=level == "zone")
    return {
        "wifi_all_visits": 1,
        "wifi_visits": 1,
        "wifi_dwell_time": stay,
        "wifi_returning_visitors" if known else "wifi_new_visitors": 1,
        BINS[min(stay // (15 * MINUTE), 4)]: 1,
    }


def twin(facts, rules, calendars):
    found = Counter()
    for index, each in enumerate(calendars):
        for number, (level, key) in enumerate(PLACES, index * len(PLACES)):
            for fact in facts:
                if not belongs(fact, level, key) or not each.range_start_ms <= fact.start < each.range_end_ms:
                    continue
                (bucket,) = [i for i in range(len(each)) if each.starts[i] <= fact.start < each.ends[i]]
                for name, value in values_of(fact, facts, rules[SITE_OF[fact.sensor] - 1], level).items():
                    found[number, name, bucket] += value
    return {cell: value for cell, value in found.items() if value}


# -- properties --


@SETTINGS
@given(cases())
def test_every_metric_agrees_with_the_twin(holder, case):
    facts, rules, calendars = case
    assert ask(holder.filled(facts), rules, calendars) == twin(facts, rules, calendars)


@FEW
@given(cases(), st.randoms(use_true_random=False))
def test_late_repeated_and_shuffled_deliveries_change_nothing(holder, case, shuffle):
    facts, rules, calendars = case
    orderly = ask(holder.filled(facts), rules, calendars)
    assert ask(holder.filled(facts, shuffle), rules, calendars) == orderly


@FEW
@given(cases(sizes=["1h", "1d"]))
def test_computing_in_small_pieces_changes_nothing(holder, case):
    facts, rules, calendars = case
    store = holder.filled(facts)
    whole = ask(store, rules, calendars)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute_module, "_UNIT_DAYS", 1)
        patch.setattr(compute_module, "_CELLS", 100)
        patch.setattr(scope, "_MANY_WINDOWS", 0)
        assert ask(store, rules, calendars) == whole


@FEW
@given(cases(), st.sampled_from(NAMES))
def test_a_metric_asked_for_alone_is_the_same(holder, case, name):
    facts, rules, calendars = case
    store = holder.filled(facts)
    everything = ask(store, rules, calendars)
    assert ask(store, rules, calendars, [name]) == {cell: v for cell, v in everything.items() if cell[1] == name}


@SETTINGS
@given(cases())
def test_invariants(holder, case):
    facts, rules, calendars = case
    found = ask(holder.filled(facts), rules, calendars)
    for place, bucket in {(place, bucket) for place, _, bucket in found}:
        value = {name: found.get((place, name, bucket), 0) for name in NAMES}
        assert value["wifi_visits"] + value["wifi_bounces"] == value["wifi_all_visits"]
        assert value["wifi_new_visitors"] + value["wifi_returning_visitors"] == value["wifi_visits"]
        assert sum(value[name] for name in BINS) == value["wifi_visits"]
        assert value["wifi_dwell_time"] >= 15 * MINUTE * (value["wifi_visits"] - value["wifi_under_15"])


# -- by example --

NOON = 1_781_000_000_000 // DAY * DAY + 12 * HOUR
UTC_RULES = [Rules("UTC", -75, 60_000)] * 2


def counted(holder, facts, level, key, **more):
    """The values of one day at one place."""
    day = calendar("1d", "UTC", NOON - 12 * HOUR, NOON + 12 * HOUR)
    found = ask(holder.filled(facts), UTC_RULES, [day], **more)
    number = PLACES.index((level, key))
    return {name: value for (place, name, _), value in found.items() if place == number}


def test_a_signal_of_just_the_threshold_visited_and_a_weaker_one_walked_by(holder):
    found = counted(holder, [wifi(1, NOON, 5, rssi=-75), wifi(1, NOON, 5, rssi=-76)], "site", 1)
    assert (found["wifi_visits"], found["wifi_walk_bys"]) == (1, 1)


def test_bins_include_their_lower_bound(holder):
    facts = [wifi(1, NOON, minutes, str(minutes)) for minutes in (1, 15, 30, 45, 60, 600)]
    found = counted(holder, facts, "site", 1)
    assert [found[name] for name in BINS] == [1, 1, 1, 1, 2]


def test_a_visit_of_the_site_and_one_of_a_zone_are_two_observations(holder):
    facts = [wifi(1, NOON, 30), wifi(1, NOON + MINUTE, 10, zone=11)]
    site, zone = counted(holder, facts, "site", 1), counted(holder, facts, "zone", (1, 11))
    assert (site["wifi_visits"], site["wifi_dwell_time"]) == (1, 30 * MINUTE)
    assert (zone["wifi_visits"], zone["wifi_dwell_time"]) == (1, 10 * MINUTE)
    assert counted(holder, facts, "zone", (1, 12)) == {}


def test_a_zone_visited_during_the_first_stay_is_no_return_and_one_of_a_later_stay_is(holder):
    facts = [
        wifi(1, NOON, 30),
        wifi(1, NOON + MINUTE, 10, zone=11),
        wifi(1, NOON + 2 * HOUR, 30),
        wifi(1, NOON + 2 * HOUR, 10, zone=11),
    ]
    for place in (("site", 1), ("zone", (1, 11))):
        found = counted(holder, facts, *place)
        assert (found["wifi_new_visitors"], found["wifi_returning_visitors"]) == (1, 1)


def test_whoever_walked_by_anywhere_at_the_site_was_seen_and_at_another_site_was_not(holder):
    facts = [wifi(3, NOON - HOUR, 1, rssi=-90, zone=12), wifi(1, NOON, 5), wifi(4, NOON, 5)]
    assert counted(holder, facts, "site", 1)["wifi_returning_visitors"] == 1
    assert counted(holder, facts, "site", 2)["wifi_new_visitors"] == 1
    assert counted(holder, facts, "brand", 1)["wifi_visits"] == 2


def test_of_two_observations_that_start_together_neither_is_a_return(holder):
    found = counted(holder, [wifi(1, NOON, 5), wifi(2, NOON, 5)], "site", 1)
    assert found["wifi_new_visitors"] == 2
    assert "wifi_returning_visitors" not in found


def test_what_was_before_the_asked_range_was_seen(holder):
    store = holder.filled([wifi(1, NOON - 11 * HOUR, 5), wifi(1, NOON, 5)])
    hour = calendar("1h", "UTC", NOON, NOON + HOUR)
    found = ask(store, UTC_RULES, [hour], ["wifi_new_visitors", "wifi_returning_visitors"])
    assert found[PLACES.index(("site", 1)), "wifi_returning_visitors", 0] == 1


def test_devices_have_no_role(holder):
    facts = [wifi(1, NOON, 5)]
    assert counted(holder, facts, "site", 1, role="any") == counted(holder, facts, "site", 1)
    assert counted(holder, facts, "site", 1, role="courier") == {}
