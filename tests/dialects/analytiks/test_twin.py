"""The exports against a plain loop over the same observations, around clock changes, in every zone of the network.

The loop knows nothing of calendars: it asks Python for the wall clock of each observation.
"""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.analytiks import POI_1, Program, catalogue, running, send

ZONES = {1: "America/New_York", 2: "Europe/Zurich", 3: "Australia/Lord_Howe", 4: "Asia/Kathmandu", 5: "UTC"}
# Days around changes of the clock in New York, Zurich and Lord Howe, as (first day, number of days).
SEASONS = [(datetime.fromisoformat(day), 7) for day in ("2023-03-10", "2023-03-30", "2023-10-27", "2023-11-03")]
SUMS = ("visits", "dwellTime", "bounces", "allVisits", "walkBys", "groupVisits")


def observations():
    """Visits 10 s and more apart in each site, so that each is a group of its own; passages and stays in a zone."""
    choose = random.Random(7)
    made = []
    for first, days in SEASONS:
        for site in ZONES:
            at = first.replace(tzinfo=UTC)
            while at < (first + timedelta(days=days)).replace(tzinfo=UTC):
                at += timedelta(seconds=choose.choice([10, 600, 3600, 7200]))
                start = at.isoformat()
                stay = choose.choice([1000, 4999, 5000, 9000])
                made.append({"kind": "visit", "sensor": site * 10, "start": start, "duration_ms": stay})
                if choose.random() < 0.3:
                    made.append({"kind": "passage", "sensor": site * 10, "start": start, "duration_ms": 10})
                if site == 1 and choose.random() < 0.3:
                    made.append(
                        {"kind": "zone_visit", "sensor": 10, "zone": POI_1, "start": start, "duration_ms": stay}
                    )
    return made


SENT = observations()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    with running(tmp_path_factory.mktemp("twin") / "data", catalogue()) as (_, http):
        for i in range(0, len(SENT), 5_000):
            send(http, SENT[i : i + 5_000])
        yield Program(http, "all")


def wall(instant, zone):
    return instant.astimezone(zone)


def resolved(text, zone, *, second):
    """The instant of a time on the wall."""
    naive = datetime.fromisoformat(text)
    instants = [naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    exists = wall(instants[0], zone).replace(tzinfo=None) == naive
    return (max(instants) if second else min(instants)) if exists else max(instants)


def bucket(instant, zone, minutes):
    """(label, offset) of the bucket of an instant."""
    local = wall(instant, zone)
    floor = local.replace(minute=local.minute // minutes * minutes, second=0, microsecond=0, tzinfo=None)
    return floor.isoformat(), local.utcoffset()


def expected(site, start, end, minutes, utc):
    """The sums of one location, by name and label."""
    zone = ZoneInfo("UTC" if utc else ZONES[site])
    low, high = sorted([resolved(start, zone, second=False), resolved(end, zone, second=True)])
    first, last = bucket(low, zone, minutes), bucket(high, zone, minutes)
    found = defaultdict(lambda: defaultdict(int))
    for sent in SENT:
        at = datetime.fromisoformat(sent["start"])
        own = bucket(at, zone, minutes)
        if sent["sensor"] != site * 10 or not (low <= at <= high or own in (first, last)):
            continue
        label = own[0] + ("Z" if utc else "")
        for name, value in values(sent):
            found[name][label] += value
    return {name: dict(labels) for name, labels in found.items()}


def values(sent):
    if sent["kind"] == "passage":
        return [("walkBys", 1)]
    if sent["kind"] == "zone_visit":
        return []
    if sent["duration_ms"] < 5000:
        return [("bounces", 1), ("allVisits", 1)]
    return [("visits", 1), ("allVisits", 1), ("dwellTime", sent["duration_ms"]), ("groupVisits", 1)]


@st.composite
def periods(draw):
    first, days = draw(st.sampled_from(SEASONS))
    start = first + timedelta(minutes=draw(st.integers(0, (days - 5) * 1440)))
    end = start + timedelta(minutes=draw(st.integers(0, 5 * 1440)))
    return start.isoformat(), end.isoformat()


@given(periods(), st.sampled_from([("hourly", 60), ("15min", 15)]), st.booleans(), st.permutations(list(ZONES)))
def test_the_exports_equal_a_plain_loop(program, period, interval, utc, sites):
    start, end = period
    z = "Z" if utc else ""
    name, minutes = interval
    answer = program.ask(1, startDate=start + z, endDate=end + z, interval=name, locations=sites)
    assert answer.status_code == 200, answer.text
    assert [location["locationId"] for location in answer.json()] == list(sites)
    for location in answer.json():
        sums = {field: location[field] for field in SUMS if field in location}
        assert sums == expected(location["locationId"], start, end, minutes, utc)


@given(periods(), st.booleans())
def test_quarters_add_up_to_hours(program, period, utc):
    """For ranges of whole hours: both answers cover the same time then."""
    start, end = (text[:14] for text in period)
    z = "Z" if utc else ""
    both = [
        program.ask(1, startDate=f"{start}00:00{z}", endDate=f"{end}59:59{z}", interval=name, locations=list(ZONES))
        for name in ("hourly", "15min")
        if end + "59" > start
    ]
    if both and both[0].status_code == 400:  # 59 minutes more may exceed five days
        assert {answer.status_code for answer in both} == {400}
        return
    hourly, quarters = (answer.json() for answer in both)
    for hours, fine in zip(hourly, quarters, strict=True):
        maps = [(hours, fine)]
        zones = (hours.get("pointOfInterest", []), fine.get("pointOfInterest", []))
        maps += list(zip(*zones, strict=True))
        for coarse, detailed in maps:
            assert coarse.keys() == detailed.keys()
            for name in coarse.keys() - {"locationId", "id", "pointOfInterest"}:
                combine = max if name.startswith("peak") else sum
                assert coarse[name] == by_hour(detailed[name], combine)


def by_hour(quarters, combine):
    hours = defaultdict(list)
    for label, value in quarters.items():
        hours[f"{label[:13]}:00:00{'Z' if label.endswith('Z') else ''}"].append(value)
    return {label: combine(found) for label, found in hours.items()}


@given(periods())
def test_the_three_versions_agree(program, period):
    start, end = period
    asked = {"startDate": start, "endDate": end, "interval": "15min"}
    one = program.ask(1, **asked, locations=[1, 2, 3, 4]).json()
    assert program.ask(2, **asked, locations=[1, 2, 3, 4]).json() == {"successes": one, "failures": {}}
    assert program.ask(3, **asked, brandId=1234).json() == {"cursor": None, "data": one}


def test_a_plain_loop_says_what_the_rules_say():
    """The twin itself, on the hour that New York repeats."""
    zone = ZoneInfo("America/New_York")
    assert resolved("2023-11-05T01:30:00", zone, second=False).isoformat() == "2023-11-05T05:30:00+00:00"
    assert resolved("2023-11-05T01:30:00", zone, second=True).isoformat() == "2023-11-05T06:30:00+00:00"
    for second in (False, True):
        assert resolved("2023-03-12T02:30:00", zone, second=second).isoformat() == "2023-03-12T07:30:00+00:00"
