"""v4 is v1 plus zeros, and both say the same as a loop over the observations, around clock changes."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.analytiks import POI_1, POI_2, Program, catalogue, devices, running, send

ZONES = {1: "America/New_York", 2: "Europe/Zurich", 3: "Australia/Lord_Howe", 4: "Asia/Kathmandu"}
# Days around changes of the clock in New York and Zurich, Lord Howe and Zurich.
SEASONS = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in ("2023-03-10", "2023-03-28", "2023-10-26")]
BINS = ["under15Mins", "from15To30Mins", "from30To45Mins", "from45To60Mins", "over60Mins"]
NAMES = ["visits", "dwellTime", "newVisitors", "returningVisitors", "bounces", "allVisits", "walkBys", *BINS]


def observations():
    """Some regular devices, at the site or in one of two zones, at instants that differ."""
    choose = random.Random(11)
    made = []
    for first in SEASONS:
        for site in ZONES:
            at = first
            while at < first + timedelta(days=10):
                at += timedelta(seconds=choose.choice([61, 901, 3600, 7200]))
                made += devices(
                    site * 10,
                    at.isoformat(),
                    seconds=choose.choice([10, 60, 900, 1800, 2700, 3600]),
                    rssi=choose.choice([-50, -60, -75, -76]),
                    device=choose.choice("abcd"),
                    zone=choose.choice([None, POI_1, POI_2]) if site == 1 else None,
                )
    return made


SENT = observations()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    with running(tmp_path_factory.mktemp("twin") / "data", catalogue()) as (_, http):
        for i in range(0, len(SENT), 5_000):
            send(http, SENT[i : i + 5_000])
        yield Program(http, "all", page="wifi/json")


@st.composite
def requests(draw):
    """A body without dates that lie inside what clocks repeat or skip."""
    first = draw(st.sampled_from(SEASONS)) + timedelta(hours=draw(st.integers(0, 110)))
    start = first.replace(tzinfo=None, hour=first.hour if first.hour > 3 else 4)
    end = start + timedelta(minutes=draw(st.integers(0, 115 * 60)))
    end = end if end.hour > 3 else end.replace(hour=4)
    z = draw(st.sampled_from(["Z", ""]))
    what = draw(
        st.sampled_from(
            [
                {"locations": [1, 2, 3, 4]},
                {"locations": [3]},
                {"brandId": 1234, "referenceNumbers": ["FR2561", "US0658"]},
                {"zoneId": POI_1},
                {"zoneId": POI_2},
            ]
        )
    )
    return {"startDate": f"{start.isoformat()}{z}", "endDate": f"{end.isoformat()}{z}", **what}


def hours(body, site):
    """The labels of every hour of the range, as clocks show them, in order."""
    utc = body["startDate"].endswith("Z")
    zone = ZoneInfo("UTC" if utc else ZONES[site])
    start, end = (
        datetime.fromisoformat(body[name].rstrip("Z")).replace(tzinfo=zone).astimezone(UTC)
        for name in ("startDate", "endDate")
    )
    # Half-hour steps meet every hour of every zone, also where clocks change by half an hour.
    steps = [start + timedelta(minutes=30) * i for i in range(int((end - start) / timedelta(minutes=30)) + 1)] + [end]
    return list(dict.fromkeys(label(instant, zone, utc) for instant in steps))


def label(instant, zone, utc):
    return f"{instant.astimezone(zone).replace(minute=0, second=0, tzinfo=None).isoformat()}{'Z' if utc else ''}"


def less_zeros(document):
    """A document of v4 as v1 writes it."""
    maps = {name: {key: n for key, n in values.items() if n} for name, values in document.items() if name in NAMES}
    return {name: maps.get(name, value) for name, value in document.items() if name not in NAMES or maps[name]}


@given(requests())
def test_v4_equals_v1_plus_zeros_and_v2(program, body):
    sparse, full = (program.ask(version, **body).json() for version in (1, 4))
    assert [list(less_zeros(each).items()) for each in full] == [list(each.items()) for each in sparse]
    assert program.ask(2, **body).json() == {"successes": sparse, "failures": {}}
    for each in full:
        assert list(each)[-len(NAMES) :] == NAMES
        assert all(list(each[name]) == hours(body, each["locationId"]) for name in NAMES)


@given(requests())
def test_the_exports_equal_a_plain_loop(program, body):
    for document in program.ask(1, **body).json():
        found = {name: document[name] for name in NAMES if name in document}
        assert found == expected(document["locationId"], body)


@given(requests())
def test_invariants(program, body):
    for each in program.ask(4, **body).json():
        for hour in each["visits"]:
            value = {name: each[name][hour] for name in NAMES}
            assert value["visits"] + value["bounces"] == value["allVisits"]
            assert value["newVisitors"] + value["returningVisitors"] == value["visits"]
            assert sum(value[name] for name in BINS) == value["visits"]


def expected(site, body):
    """The maps of one location or zone."""
    utc = body["startDate"].endswith("Z")
    zone = ZoneInfo("UTC" if utc else ZONES[site])
    labels = set(hours(body, site))
    found = defaultdict(lambda: defaultdict(int))
    for sent in SENT:
        at = label(datetime.fromisoformat(sent["start"]), zone, utc)
        if sent["sensor"] == site * 10 and sent.get("zone") == body.get("zoneId") and at in labels:
            for name, value in values(sent, site):
                found[name][at] += value
    return {name: dict(by_label) for name, by_label in found.items()}


def values(sent, site):
    if sent["rssi"] < -75:
        return [("walkBys", 1)]
    stay = sent["duration_ms"]
    if stay < 60_000:
        return [("bounces", 1), ("allVisits", 1)]
    age = "returningVisitors" if seen_before(sent, site) else "newVisitors"
    return [("visits", 1), ("allVisits", 1), ("dwellTime", stay), (age, 1), (BINS[min(stay // 900_000, 4)], 1)]


def seen_before(sent, site):
    """Earlier on its local day, apart from the stay at the site that a visit of a zone is part of."""
    first = FIRST[day_of(sent, site)]
    first_at, at = (datetime.fromisoformat(each["start"]) for each in (first, sent))
    inside = at < first_at + timedelta(milliseconds=first["duration_ms"])
    return first_at < at and not ("zone" in sent and "zone" not in first and inside)


def day_of(sent, site):
    """A device at a site on a local day."""
    return site, sent["device"], datetime.fromisoformat(sent["start"]).astimezone(ZoneInfo(ZONES[site])).date()


FIRST = {}
for each in SENT:  # ascending at each site
    FIRST.setdefault(day_of(each, each["sensor"] // 10), each)
