"""Events, totals and histograms of random facts against a brute-force twin, under every filter."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import camlytics
from tests.support.examples import about

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
SITES = {3024: 1, 3026: 2, 3027: 3}
UIDS = {3024: "door-1", 3026: "door-2", 3027: "door-3"}
TYPES = ["Loitering", "CrowdOn", "TripwireCrossed"]
ORIGINS = ["Pedestrian", "Vehicle", "Face", "Unknown"]
HOUR = 3_600_000


def part(sensor, number):
    return "-1" if number is None else {1: "line-", 2: "line-2-", 11: "zone-"}[number] + UIDS[sensor]


def text(ms):
    return (FIRST + timedelta(milliseconds=ms)).isoformat()


class Network:
    """A running Passerby with 400 random observations, and the events that they must be."""

    def __init__(self, http, dice):
        self.program = camlytics.Program(http)
        self.zurich = camlytics.Program(http, "zurich", "zurich-secret")
        self.observations = [self._one(dice) for _ in range(400)]
        for start in range(0, 400, 37):
            camlytics.send(http, self.observations[start : start + 37])
        self.events = [event for one in self.observations for event in self._events(one)]

    def _one(self, dice):
        sensor = dice.choice([3024, 3024, 3026, 3027])
        at = dice.randrange(0, 6 * HOUR, 250)
        told = {"origin": dice.choice(ORIGINS)} if dice.random() < 0.5 else {}
        told["object_id"] = dice.randrange(10**9)  # no two are alike
        kind = dice.choice(["crossing", "zone_visit", "event", "event"])
        if kind == "crossing":
            class_ = dice.choice(["person", "car", "unknown"])
            more = {"line": dice.choice([1, 2]), "at": text(at), "direction": "in", "class": class_}
        elif kind == "zone_visit":
            length = dice.choice([0, 1, 250, 59_999, 60_000, 150_500, 2 * HOUR])
            more = {"zone": 11, "start": text(at), "duration_ms": length, "also_events": dice.random() < 0.3}
            if dice.random() < 0.1:
                more["role"] = "staff"
        else:
            more = {"at": text(at), "type": dice.choice(TYPES)}
            if dice.random() < 0.6:
                more["trigger"] = dice.choice([1, 2, 11])
        return {"kind": kind, "sensor": sensor, **more, **told}

    @staticmethod
    def _events(one):
        """(sensor, part, type, origin, ms after FIRST, object) of an observation."""
        sensor, object_id = one["sensor"], one["object_id"]
        at = (datetime.fromisoformat(one.get("at", one.get("start"))) - FIRST) // timedelta(milliseconds=1)
        if one["kind"] == "crossing":
            usual = {"person": "Pedestrian", "car": "Vehicle", "unknown": "Unknown"}[one["class"]]
            return [(sensor, one["line"], "TripwireCrossed", one.get("origin", usual), at, object_id)]
        if one["kind"] == "event":
            return [(sensor, one.get("trigger"), one["type"], one.get("origin", "Unknown"), at, object_id)]
        if one["also_events"]:
            return []
        origin = one.get("origin", "Pedestrian")
        left = at + one["duration_ms"]
        return [(sensor, 11, "RegionJoin", origin, at, object_id), (sensor, 11, "RegionLeave", origin, left, object_id)]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    import random  # noqa: PLC0415 - only here

    with camlytics.running(tmp_path_factory.mktemp("twin") / "data", camlytics.catalogue()) as (_, http):
        yield Network(http, random.Random(20260301))


def seen(event):
    """An event of an answer as the twin has it."""
    at = (datetime.fromisoformat(event["event_time"]) - FIRST) // timedelta(milliseconds=1)
    return (event["channel_id"], event["trigger_id"], event["event_type"], event["origin"], at, event["object_id"])


def expected(network, asked, sites=(1, 2, 3)):
    chosen = []
    for sensor, number, type_, origin, at, object_id in network.events:
        keep = (
            SITES[sensor] in sites
            and asked.get("location_id") in (None, SITES[sensor])
            and asked.get("channel_id") in (None, UIDS[sensor])
            and asked.get("trigger_id") in (None, part(sensor, number))
            and asked.get("event_type") in (None, type_)
            and asked.get("origin") in (None, origin)
            and asked.get("since_ms", at) <= at < asked.get("until_ms", at + 1)
        )
        if keep:
            chosen.append((UIDS[sensor], part(sensor, number), type_, origin, at, object_id))
    return chosen


def parameters(asked):
    given = {name: value for name, value in asked.items() if not name.endswith("_ms")}
    return given | {name[:-3]: text(asked[name]) for name in ("since_ms", "until_ms") if name in asked}


times = st.integers(0, 7 * HOUR)
filters = st.fixed_dictionaries(
    {},
    optional={
        "location_id": st.sampled_from([1, 2, 3]),
        "channel_id": st.sampled_from(list(UIDS.values())),
        "trigger_id": st.sampled_from(["-1", *(part(s, n) for s in UIDS for n in (1, 2, 11))]),
        "event_type": st.sampled_from([*TYPES, "RegionJoin", "RegionLeave", "Nothing"]),
        "origin": st.sampled_from(ORIGINS),
        "since_ms": times,
        "until_ms": times,
    },
).filter(lambda asked: asked.get("since_ms", 0) <= asked.get("until_ms", 8 * HOUR))


@settings(max_examples=about(60))
@given(asked=filters, since=st.integers(0, 400))
def test_events_and_totals_under_every_filter(network, asked, since):
    given = parameters(asked)
    events = network.program.result("events", **given)
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})
    assert Counter(map(seen, events)) == Counter(expected(network, asked))
    assert network.program.result("events", **given, order="DESC") == events[::-1]
    assert network.program.result("events", **given, limit=7) == events[:7]
    assert network.program.result("events", **given, limit=7, order="desc") == events[::-1][:7]
    if events:
        given["since_id"] = events[since % len(events)]["id"]
        events = [event for event in events if event["id"] > given["since_id"]]
        assert network.program.result("events", **given) == events
    by_trigger = network.program.result("totals/triggers", **given)
    counts = {(row["channel_id"], row["trigger_id"]): row["count"] for row in by_trigger}
    assert counts == Counter((event["channel_id"], event["trigger_id"]) for event in events)
    by_type = network.program.result("totals/types", **given)
    counts = {(row["channel_id"], row["type"]): row["count"] for row in by_type}
    assert counts == Counter((event["channel_id"], event["event_type"]) for event in events)


def test_a_narrow_key_sees_the_events_of_its_own_sites(network):
    assert Counter(map(seen, network.zurich.result("events"))) == Counter(expected(network, {}, sites=(2,)))
    channels = {row["channel_id"] for row in network.zurich.result("totals/triggers")}
    assert channels == {row["channel_id"] for row in network.zurich.result("totals/types")} == {"door-2"}


def stays(network, sensor):
    for one in network.observations:
        if one["kind"] == "zone_visit" and one["sensor"] == sensor and "role" not in one:
            start = (datetime.fromisoformat(one["start"]) - FIRST) // timedelta(milliseconds=1)
            yield start, start + one["duration_ms"]


def trimmed(values):
    while values and not values[-1]:
        values.pop()
    return values


def histogram(network, sensor, hour):
    """(ms by number present, stays by minute): every change looked at, one by one."""
    found = list(stays(network, sensor))
    changes = sorted({hour, hour + HOUR, *(t for stay in found for t in stay if hour < t < hour + HOUR)})
    counting = [0] * (len(found) + 1)
    for begin, end in pairwise(changes):
        counting[sum(start <= begin < until for start, until in found)] += end - begin
    lifetime = [0] * 200
    for start, until in found:
        if hour <= start < hour + HOUR:
            lifetime[(until - start) // 60_000] += 1
    return trimmed(counting), trimmed(lifetime)


@settings(max_examples=about(25))
@given(since=st.integers(-1, 8), hours=st.integers(0, 10), ms=st.integers(0, 1), descending=st.booleans())
def test_histograms(network, since, hours, ms, descending):
    order = "DESC" if descending else "ASC"
    asked = {"since": text(since * HOUR + ms), "until": text((since + hours) * HOUR + ms)}
    rows = network.program.result("histograms", **asked, order=order)
    wanted = [(hour, sensor) for hour in range(since, since + hours + ms) for sensor in UIDS]
    if descending:
        wanted = [(hour, sensor) for hour in reversed(range(since, since + hours + ms)) for sensor in UIDS]
    if hours == 0:
        wanted = wanted if ms else []
    assert len(rows) == len(wanted)
    for row, (hour, sensor) in zip(rows, wanted, strict=True):
        counting, lifetime = histogram(network, sensor, hour * HOUR)
        assert row["histogram_time"] == text(hour * HOUR)
        assert (row["channel_id"], row["location_id"]) == (UIDS[sensor], SITES[sensor])
        assert row["trigger_id"] == part(sensor, 11)
        assert [round(seconds * 1000) for seconds in row["counting_data"]] == counting
        assert fsum(row["counting_data"]) == pytest.approx(3600, abs=1e-9)
        assert row["lifetime_data"] == lifetime
    assert network.program.result("histograms", **asked, order=order, limit=4) == rows[:4]


def test_without_a_range_only_hours_with_somebody(network):
    rows = network.program.result("histograms")
    wanted = [
        (hour, sensor)
        for hour in range(12)
        for sensor in UIDS
        if len(histogram(network, sensor, hour * HOUR)[0]) > 1 or histogram(network, sensor, hour * HOUR)[1]
    ]
    assert [(row["histogram_time"], row["channel_id"]) for row in rows] == [
        (text(hour * HOUR), UIDS[sensor]) for hour, sensor in wanted
    ]
    assert len({row["id"] for row in rows}) == len(rows)
    until = network.program.result("histograms", until=text(4 * HOUR), channel_id="door-1")
    assert [row["histogram_time"] for row in until] == [text(hour * HOUR) for hour in range(4)]
    assert {row["channel_id"] for row in network.zurich.result("histograms")} == {"door-2"}
