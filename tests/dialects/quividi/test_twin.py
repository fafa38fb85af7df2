"""Every data type, resolution and grouping against the twin: zones whose clocks change, sensors that do not observe."""

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import quividi_twin as twin
from tests.support.examples import about
from tests.support.quividi import KEY, send
from tests.support.servers import serving

from passerby.dialects.quividi import building, finest, proof_of_play
from passerby.dialects.quividi.requests import data_request
from passerby.jobs import JobFailedError
from passerby.services import open_services
from passerby.store.raw import listed

# Sites, their zones and sensors; 12 tells nothing of when it observed, 22 never sent anything.
SITES = {1: ("America/New_York", [11, 12]), 2: ("Europe/Paris", [21, 22]), 3: ("Australia/Lord_Howe", [31])}
SITES[4] = ("Asia/Kathmandu", [41])
SENSORS = [sensor for _, sensors in SITES.values() for sensor in sensors]
EXPERTS = {11, 21, 31, 41}
LINES = {11: [1], 31: [1, 2]}
# Instants at which clocks change (of Paris, New York and Lord Howe, back and forth), and one when none does.
CHANGES = ["2018-10-28T01:00", "2018-11-04T06:00", "2018-10-06T15:30", "2018-03-31T15:00", "2018-03-25T01:00"]
CHANGES += ["2018-03-11T07:00", "2018-06-14T12:00"]
RESOLUTIONS = ["5m", "10m", "15m", "30m", "1h", "1d", "7d", "30d", "1M"]


def catalogue():
    return {
        "account": {"id": 1, "name": "Twin"},
        "credentials": [
            {"dialect": "native", "key": KEY, "scopes": ["ingest", "read", "admin"]},
            {"dialect": "quividi", "username": "twin", "token": "twin-token"},
        ],
        "contents": [{"id": 1, "content_id": "a", "app_id": "an app", "name": "A"}],
        "brands": [{"id": 1, "name": "Twin", "sites": [site(number) for number in SITES]}],
    }


def site(number):
    zone, sensors = SITES[number]
    return {
        "id": number,
        "name": f"Site {number}",
        "timezone": zone,
        "sensors": [
            {
                "id": sensor,
                "uid": f"s{sensor}",
                "name": f"Sensor {sensor}",
                "expert": sensor in EXPERTS,
                "lines": [
                    {"id": line, "uid": f"s{sensor}-{line}", "name": f"Gate {line}", "points": [[0, 0], [1, 1]]}
                    for line in LINES.get(sensor, [])
                ],
            }
            for sensor in sensors
        ],
    }


# Seconds after a clock changes at which ranges begin and end, in its zone.
EDGES = (-3600, -1, 0, 1799, 3600)


def changes():
    """(instant in ms, zone, a sensor there) of each change of a clock."""
    sensor_in = {zone: sensors[0] for zone, sensors in SITES.values()}
    for text in CHANGES[:-1]:
        before, after = (twin.instant(f"{text}Z") + ms for ms in (-1, 0))
        (zone,) = {
            zone for zone in sensor_in if twin.wall(before, zone) + timedelta(milliseconds=1) != twin.wall(after, zone)
        }
        yield after, zone, sensor_in[zone]


def at_edges():
    """Observations in the first and last milliseconds of ranges."""
    for change, _, sensor in changes():
        for at in sorted({change + edge * 1000 + ms for edge in EDGES for ms in (-1, 0, 999, 1000)}):
            start = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
            common = {"sensor": sensor, "start": start, "duration_ms": 2000}
            yield {"kind": "view", **common, "attention_ms": 700}
            yield {"kind": "passage", **common, "class": "car" if at % 2 else "person"}


class Observations:
    """Random observations around every change of a clock."""

    def __init__(self, dice):
        self._dice = dice
        self.all = [self._one() for _ in range(1500)] + [self._uptime() for _ in range(60)]

    def _start(self, step_ms):
        change = datetime.fromisoformat(self._dice.choice(CHANGES)).replace(tzinfo=UTC)
        weeks = self._dice.choice([0, 0, 0, 7])
        near = self._dice.choice([2, 2, 30]) * 3_600_000 // step_ms
        at = change - timedelta(days=weeks) + timedelta(milliseconds=self._dice.randrange(-near, near) * step_ms)
        return at.isoformat(timespec="milliseconds")

    def _uptime(self):
        length = self._dice.choice([0, 30_000, 600_000, 3_600_000, 7 * 3_600_000, 26 * 3_600_000])
        sensor = self._dice.choice([11, 21, 31, 41])
        return {"kind": "uptime", "sensor": sensor, "start": self._start(30_000), "duration_ms": length}

    def _one(self):
        dice = self._dice
        kind = dice.choice(["view", "view", "view", "passage", "passage", "play", "gate"])
        sensor = dice.choice([sensor for sensor in (LINES if kind == "gate" else SENSORS) if sensor != 22])
        start, length = self._start(250), dice.choice([0, 1, 49, 50, 2000, 4949, 61_000])
        common = {"sensor": sensor, "start": start, "duration_ms": length}
        if kind == "view":
            return {"kind": kind, **common, **self._view(length)}
        if kind == "passage":
            colour = {"color": dice.choice(twin.COLORS)} if dice.random() < 0.5 else {}
            return {"kind": kind, **common, "class": dice.choice(["person", "person", *twin.FACTORS]), **colour}
        if kind == "play":
            return {"kind": kind, **common, "content": dice.choice("aabc")}
        line = dice.choice(LINES[sensor])
        if dice.random() < 0.5:
            return {"kind": "count", **common, "line": line, "in": dice.randrange(5), "out": dice.randrange(5)}
        crossed = {
            "kind": "crossing",
            "sensor": sensor,
            "at": start,
            "line": line,
            "direction": dice.choice(["in", "out"]),
        }
        return crossed | self._role()

    def _role(self):
        return {"role": "staff"} if self._dice.random() < 0.1 else {}

    def _view(self, length):
        dice = self._dice
        told = {
            "gender": dice.choice(twin.GENDERS),
            "age_group": dice.choice(twin.AGES),
            "age": dice.randrange(90),
            "glasses": dice.choice(["none", "glasses", "sunglasses", "unknown"]),
            "mustache": dice.random() < 0.5,
            "beard": dice.random() < 0.5,
            "mood": self._mood(),
        }
        view = {name: value for name, value in told.items() if dice.random() < 0.8} | self._role()
        if dice.random() < 0.4:
            parts = sorted(dice.randrange(length + 1) for _ in range(3))
            view["attention"] = [
                {"looking": dice.random() < 0.6, "ms": after - before}
                for before, after in zip([0, *parts], [*parts, length], strict=True)
            ]
        else:
            view["attention_ms"] = dice.choice([0, length // 3, length])
        if dice.random() < 0.7:
            view["contents"] = [self._shown() for _ in range(dice.randrange(4))]
        return view

    def _mood(self):
        return {name: self._dice.choice([0, 1, 127, 128]) for name in twin.MOODS}

    def _shown(self):
        dice = self._dice
        shown = {
            "content": dice.choice("aabc"),
            "start_ms": dice.choice([0, 1, 900]),
            "duration_ms": dice.choice([0, 1500]),
        }
        if dice.random() < 0.5:
            shown["attention_ms"] = dice.choice([0, 700, 2000, 2001])
        if dice.random() < 0.5:
            shown["mood"] = self._mood()
        return shown


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    yield from observed(tmp_path_factory, Observations(random.Random(20181028)).all)


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    yield from observed(tmp_path_factory, list(at_edges()))


def observed(tmp_path_factory, observations):
    """(services that hold these observations, the twin's locations)."""
    services = open_services(tmp_path_factory.mktemp("twin") / "data")
    services.catalogue.apply(catalogue())
    with serving(services) as url:
        for first in range(0, len(observations), 500):
            send(url, observations[first : first + 500])
        yield services, locations(observations)
    services.close()


def locations(observations):
    """The twin's locations; attention told as stretches adds up to `attention_ms`."""
    told = [
        {**one, "attention_ms": sum(look["ms"] for look in one["attention"] if look["looking"])}
        if "attention" in one
        else one
        for one in observations
    ]
    return [
        twin.Location(sensor, number, zone, told, expert=sensor in EXPERTS, lines=LINES.get(sensor, ()))
        for number, (zone, sensors) in SITES.items()
        for sensor in sensors
    ]


def rows_of(services, asked):
    (credential,) = (one for one in services.catalogue.current().credentials.values() if one.name == "twin")
    request = data_request(list(asked.items()), services.catalogue.current(), credential)
    text = b"".join(listed(building._rows(services, request)))
    return json.loads(b"[" + text + b"]")


def same(found, wanted):
    """The same rows in whatever order; numbers to ten digits, which is all of every integer here."""
    texts, expected = (sorted(json.dumps(_plain(row), sort_keys=True) for row in rows) for rows in (found, wanted))
    assert [row for row in texts if row not in expected] == [row for row in expected if row not in texts]
    assert texts == expected


def _plain(value):
    """Numbers as texts: the document writes nothing now as 0, now as 0.0."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return f"{round(value, 9) + 0.0:.10g}" if isinstance(value, int | float) else value


@st.composite
def asking(draw, resolutions):
    """A range near a change of a clock, and sources; hours on which clocks change are likely to begin or end it."""
    resolution = draw(st.sampled_from(resolutions))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES)))
    zone = draw(st.sampled_from(["America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kathmandu"]))
    local = twin.wall(round(change.replace(tzinfo=UTC).timestamp() * 1000), zone)
    longest = {"5m": 4, "10m": 8, "15m": 12, "30m": 24}.get(resolution, 40)
    seconds = st.integers(-longest * 1800, longest * 1800) | st.sampled_from([-3600, -1800, 0, 899, 1800, 3599, 3600])
    first, last = sorted([draw(seconds), draw(seconds)])
    far = draw(st.sampled_from([0, 0, 1, 40])) if resolution in {"1d", "7d", "30d", "1M"} else 0
    asked = {
        "time_resolution": resolution,
        "start": (local + timedelta(seconds=first)).isoformat(timespec="seconds"),
        "end": (local + timedelta(seconds=last, days=far)).isoformat(timespec="seconds"),
    }
    chosen = draw(st.lists(st.sampled_from(SENSORS), unique=True))
    sites = draw(st.lists(st.sampled_from(list(SITES)), unique=True, min_size=0 if chosen else 1))
    asked["locations"] = ",".join(map(str, chosen))
    asked["sites"] = ",".join(map(str, sites))
    return asked, {*chosen, *(sensor for number in sites for sensor in SITES[number][1])}


def check(network, compute, data_type, asked, sensors):
    services, locations = network
    own = [location for location in locations if location.number in sensors]
    same(rows_of(services, {"data_type": data_type, **asked}), list(compute(own, asked)))


@pytest.mark.parametrize("data_type", twin.AGGREGATED)
@settings(max_examples=about(30), deadline=None)
@given(
    asking(RESOLUTIONS),
    st.fixed_dictionaries(
        {"extrapolation_amount": st.sampled_from(["", "1", "7"])},
        optional={
            "group_by_demographics": st.just("1"),
            "content_ids": st.sampled_from(["a", "b,c,nobody's"]),
        },
    ),
    st.sampled_from([1, 10**6]),
)
def test_aggregated(network, data_type, asked, more, at_once):
    asked, sensors = asked
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_ROWS_AT_ONCE", at_once)
        patch.setattr(proof_of_play, "_ROWS", at_once)
        check(network, twin.AGGREGATED[data_type], data_type, asked | more, sensors)


@settings(max_examples=about(30), deadline=None)
@given(asking(["1h"]))
def test_impression_multipliers(network, asked):
    check(network, twin.im, "im", *asked)


@pytest.mark.parametrize("data_type", twin.FINEST)
@settings(max_examples=about(30), deadline=None)
@given(asking(["finest"]), st.sampled_from([{}, {"content_ids": "a"}, {"content_ids": "b,c,nobody's"}]))
def test_finest(network, data_type, asked, contents):
    asked, sensors = asked
    check(network, twin.FINEST[data_type], data_type, asked | contents, sensors)


@pytest.mark.parametrize("data_type", ["viewers", "vehicles_footfall"])
def test_finest_ranges_that_begin_and_end_with_observations(edges, data_type):
    """Both ends, in hours that a clock shows twice or never."""
    for change, zone, sensor in changes():
        times = {twin.wall(change + edge * 1000, zone) for edge in EDGES}
        # Within what is shown twice or never.
        times.add(twin.wall(change - 1000, zone) + timedelta(seconds=1801))
        for start, end in combinations_with_replacement(sorted(times), 2):
            asked = {"start": start.isoformat(), "end": end.isoformat(), "locations": str(sensor)}
            check(edges, twin.FINEST[data_type], data_type, asked | {"time_resolution": "finest"}, {sensor})


def test_a_finest_export_of_too_many_rows_says_so(network, monkeypatch):
    services, locations = network
    asked = {"start": "2018-01-01T00:00:00", "end": "2018-12-31T23:59:59", "time_resolution": "finest", "sites": "1"}
    found = len(rows_of(services, asked | {"data_type": "viewers"}))
    assert found == len(list(twin.viewers_finest([one for one in locations if one.site == 1], asked)))
    monkeypatch.setattr(finest, "MAX_ROWS", found)
    assert len(rows_of(services, asked | {"data_type": "viewers"})) == found
    monkeypatch.setattr(finest, "MAX_ROWS", found - 1)
    with pytest.raises(JobFailedError, match=f"the export has {found:,} rows; at most {found - 1:,} are allowed"):
        rows_of(services, asked | {"data_type": "viewers"})
