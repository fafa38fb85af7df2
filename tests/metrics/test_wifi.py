"""WiFi metrics against a plain loop over every observation, and what must hold whatever is observed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics import network
from tests.metrics.network import DAY, HOUR, ZONES, Fact
from tests.support.examples import about

from passerby.calendar import calendar
from passerby.metrics import compute as compute_module
from passerby.metrics import scope
from passerby.metrics.compute import compute
from passerby.metrics.places import Place
from passerby.metrics.registry import METRICS

NAMES = [name for name in METRICS if name.startswith("wifi_")]
VISITORS = ("wifi_new_visitors", "wifi_returning_visitors")
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
ROTATIONS = ["daily", "weekly", "monthly", "never"]
SETTINGS = settings(max_examples=about(40), deadline=None)
FEW = settings(max_examples=about(15), deadline=None)


@dataclass(frozen=True)
class Rules:
    """The settings of one site."""

    zone: str
    visit_rssi: int = -75
    bounce_ms: int = 60_000
    rotation: str = "daily"
    randomized: str = "count"


def period(rotation, zone, at_ms):
    """A name for the local day, week from Monday or month of an instant, or for all time."""
    day = local_date(zone, at_ms)
    return {
        "daily": day.isoformat,
        "weekly": lambda: str(day - timedelta(days=day.weekday())),
        "monthly": lambda: f"{day:%Y-%m}",
        "never": lambda: "ever",
    }[rotation]()


def local_date(zone, at_ms):
    """The local date, which never goes back: once it was a day, it is not the day before again (see the calendar)."""
    information = ZoneInfo(zone)
    later = [
        datetime.fromtimestamp((at_ms + ahead) / 1000, UTC).astimezone(information)
        for ahead in range(0, 4 * HOUR, 15 * MINUTE)
    ]
    return min(each.date() for each in later)


def wifi(sensor, start, minutes, device="a", *, rssi=-50, zone=None, timezone="UTC", rotation="daily", randomized=None):
    """One observation. A device's hash is that of its site and period."""
    hashed = f"{device}/{SITE_OF[sensor]}/{period(rotation, timezone, start)}"
    ended = start + round(minutes * MINUTE)
    values = {"ended_ms": ended, "device": hashed, "rssi": rssi, "zone_id": zone, "randomized": randomized}
    return Fact("wifi_visit", sensor, start, tuple(values.items()))


_MINUTES = st.sampled_from([0, 0.5, 59.999 / 60, 1, 5, 14.9999, 15, 29.9999, 30, 44.99, 45, 59.99, 60, 90, 2000])


@st.composite
def cases(draw, sizes=("15m", "1h", "1d")):
    """(facts, rules of both sites, calendars)."""
    zones = [draw(st.sampled_from(ZONES)) for _ in range(2)]
    rules = [
        Rules(
            zone,
            draw(st.sampled_from([-75, -60, 0])),
            draw(st.sampled_from([60_000, 0, 500])),
            draw(st.sampled_from(ROTATIONS)),
            draw(st.sampled_from(["count", "count", "visits_only", "drop"])),
        )
        for zone in zones
    ]
    # Mostly what is stored was hashed under the rotation in force; after a change, not all of it was.
    changed = draw(st.sampled_from([None, None, *ROTATIONS]))
    anchor = draw(st.sampled_from(network.anchors(zones[0])))
    one = st.builds(
        lambda sensor, day, quarter, ms, minutes, device, rssi, zone, randomized: wifi(
            sensor,
            anchor + day * DAY + quarter * 15 * MINUTE + ms,
            minutes,
            device,
            rssi=rssi,
            zone=zone,
            timezone=zones[SITE_OF[sensor] - 1],
            rotation=changed or rules[SITE_OF[sensor] - 1].rotation,
            randomized=randomized,
        ),
        st.sampled_from([1, 1, 2, 3, 4]),
        st.sampled_from([0, 0, 0, -1, 1, -6, 6, -7, -20, -31, -400]),
        st.integers(-60, 60),
        st.sampled_from([0, 0, -1, 1]),
        _MINUTES,
        st.sampled_from("aabc"),
        st.sampled_from([-50, -60, -61, -75, -76, -90]),
        st.sampled_from([None, None, 11, 12]),
        st.sampled_from([None, False, False, True]),
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
    values = [
        {
            "wifi_visit_rssi": each.visit_rssi,
            "wifi_bounce_s": each.bounce_ms / 1000,
            "wifi_key_rotation": each.rotation,
            "wifi_randomized": each.randomized,
        }
        for each in rules
    ]
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


def seen_before(fact, facts, rules, *, in_zone):
    """Whether the device was heard at the site earlier in the period; of a zone, before the stay it is part of."""
    now = period(rules.rotation, rules.zone, fact.start)
    heard = [
        other
        for other in facts
        if SITE_OF[other.sensor] == SITE_OF[fact.sensor]
        and other.get("device") == fact.get("device")
        and period(rules.rotation, rules.zone, other.start) == now
        and not (rules.randomized != "count" and other.get("randomized"))
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
    randomized = bool(fact.get("randomized"))
    if randomized and rules.randomized == "drop":
        return {}
    if fact.get("rssi") < rules.visit_rssi:
        return {"wifi_walk_bys": 1}
    if stay < rules.bounce_ms:
        return {"wifi_all_visits": 1, "wifi_bounces": 1}
    found = {
        "wifi_all_visits": 1,
        "wifi_visits": 1,
        "wifi_dwell_time": stay,
        BINS[min(stay // (15 * MINUTE), 4)]: 1,
    }
    if randomized:
        found["wifi_randomized_visits"] = 1
    if not randomized or rules.randomized == "count":
        known = seen_before(fact, facts, rules, in_zone=level == "zone")
        found["wifi_returning_visitors" if known else "wifi_new_visitors"] = 1
    return found


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
        recognised = value["wifi_new_visitors"] + value["wifi_returning_visitors"]
        fixed = value["wifi_visits"] - value["wifi_randomized_visits"]
        assert fixed <= recognised <= value["wifi_visits"]
        if site_of(place) is not None:
            assert recognised == (
                fixed if rules[site_of(place) - 1].randomized == "visits_only" else value["wifi_visits"]
            )
        assert sum(value[name] for name in BINS) == value["wifi_visits"]
        assert value["wifi_dwell_time"] >= 15 * MINUTE * (value["wifi_visits"] - value["wifi_under_15"])


def site_of(place):
    """The site of a place; None of a brand."""
    level, key = PLACES[place % len(PLACES)]
    if level == "brand":
        return None
    return key if level == "site" else SITE_OF[key if level == "sensor" else key[0]]


# -- by example --

NOON = 1_781_000_000_000 // DAY * DAY + 12 * HOUR
UTC_RULES = [Rules("UTC")] * 2


def counted(holder, facts, level, key, rules=UTC_RULES, **more):
    """The values of one day at one place."""
    day = calendar("1d", "UTC", NOON - 12 * HOUR, NOON + 12 * HOUR)
    found = ask(holder.filled(facts), rules, [day], **more)
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


def test_a_zone_visit_at_the_end_of_the_first_stay_is_a_return(holder):
    """A stay is [start, end): who is heard in a zone when it is over has come again."""
    for minutes, expected in ((29.9999, "wifi_new_visitors"), (30, "wifi_returning_visitors")):
        facts = [wifi(1, NOON, 30), wifi(1, NOON + round(minutes * MINUTE), 10, zone=11)]
        found = counted(holder, facts, "zone", (1, 11))
        assert {name: found.get(name, 0) for name in VISITORS} == {name: int(name == expected) for name in VISITORS}


# When summer time began and ended in Zurich, in weeks and months that hold the change.
SUNDAYS = [datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)]


@pytest.mark.parametrize("sunday", SUNDAYS)
@pytest.mark.parametrize("rotation", ROTATIONS)
def test_a_device_returns_within_the_local_period_of_its_key(holder, sunday, rotation):
    """Heard in every quarter of an hour from the month before to the month after: new once a period, at its start."""
    rules = [Rules("Europe/Zurich", rotation=rotation)] * 2
    noon = int(sunday.timestamp() * 1000)
    starts = range(noon - 40 * DAY, noon + 12 * DAY, 15 * MINUTE)
    facts = [wifi(1, at, 5, timezone="Europe/Zurich", rotation=rotation) for at in starts]
    first, last = noon - 32 * DAY, noon + 11 * DAY
    quarters = calendar("15m", "Europe/Zurich", first, last)
    found = ask(holder.filled(facts), rules, [quarters], list(VISITORS))
    place = PLACES.index(("site", 1))
    new = [bucket for (at, name, bucket) in found if (at, name) == (place, "wifi_new_visitors")]
    midnights = [i for i, label in enumerate(quarters.labels) if label.endswith("T00:00:00")]
    dates = {i: datetime.fromisoformat(quarters.labels[i]) for i in midnights}
    begins = {
        "daily": midnights,
        "weekly": [i for i in midnights if dates[i].weekday() == 0],
        "monthly": [i for i in midnights if dates[i].day == 1],
        "never": [],
    }[rotation]
    assert sorted(new) == begins
    assert sum(value for (at, _, _), value in found.items() if at == place) == len(quarters)


def test_made_up_addresses_visit_without_being_recognised_or_do_not_count(holder):
    facts = [
        wifi(1, NOON, 5, "a", randomized=True),
        wifi(1, NOON + HOUR, 5, "a", randomized=True),
        wifi(1, NOON, 5, "b", randomized=False),
        wifi(1, NOON, 5, "c", rssi=-90, randomized=True),
        wifi(1, NOON, 0.5, "d", randomized=True),
    ]
    names = ["wifi_visits", "wifi_randomized_visits", "wifi_new_visitors", "wifi_returning_visitors"]
    names += ["wifi_walk_bys", "wifi_bounces", "wifi_dwell_time"]
    expected = {
        "count": [3, 2, 2, 1, 1, 1, 15 * MINUTE],
        "visits_only": [3, 2, 1, 0, 1, 1, 15 * MINUTE],
        "drop": [1, 0, 1, 0, 0, 0, 5 * MINUTE],
    }
    for choice, values in expected.items():
        found = counted(holder, facts, "site", 1, [Rules("UTC", randomized=choice)] * 2)
        assert [found.get(name, 0) for name in names] == values


def test_devices_have_no_role(holder):
    facts = [wifi(1, NOON, 5)]
    assert counted(holder, facts, "site", 1, role="any") == counted(holder, facts, "site", 1)
    assert counted(holder, facts, "site", 1, role="courier") == {}
