"""History moves over: exporting what was imported from the vendor's exports gives the same rows again."""

import contextlib
import json
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.support.examples import about
from tests.support.quividi import KEY, VidiCenter, catalogue
from tests.support.servers import serving

from passerby.importing.delivery import DirectDelivery, HttpDelivery
from passerby.importing.run import run
from passerby.ingest.files import format_named
from passerby.ingest.files.base import Options
from passerby.services import open_services

MOODS = ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")
NAMES = ("app_id", "campaign_id")
EXPERT = ("age_value", "glasses", "mustache", "beard", *MOODS)
FACTORS = {"car": 1.6, "van": 3.5, "bus": 9.5, "truck": 1.2, "bike": 1.1, "unknown": 1.0}
TYPES = ("unknown", "car", "bus", "truck", "van", "bike")
# New York and Paris, over the days on which their clocks change.
DAYS = ((8866, datetime(2018, 3, 10)), (8866, datetime(2018, 11, 3)), (4636, datetime(2018, 3, 24)))  # noqa: DTZ001 - wall clocks
DAYS = (*DAYS, (8264, datetime(2018, 3, 11, 4)), (4636, datetime(2018, 10, 28)))  # noqa: DTZ001 - wall clocks
NEVER_SHOWN = {(8866, "2018-03-11T02"), (8264, "2018-03-11T02"), (4636, "2018-03-25T02")}
# Rows are many and random: making an example smaller takes minutes and tells little.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
ASK = {"start": "2018-01-01T00:00:00", "end": "2018-12-31T23:59:59", "time_resolution": "finest"}


@st.composite
def places(draw):
    """(location, second on its wall), of few, so that rows are equal now and then."""
    location, day = draw(st.sampled_from(DAYS))
    seconds = draw(st.sampled_from((0, 1, 3_599, 5_400, 9_000, 93_599, 95_400, 97_200)))
    start = (day + timedelta(seconds=seconds)).isoformat()
    if (location, start[:13]) in NEVER_SHOWN:
        start = start[:11] + "04" + start[13:]
    return location, start


@st.composite
def viewers(draw):
    """A row of a finest viewers export; location 8264 has no expert licence."""
    location, start = draw(places())
    attention = draw(st.sampled_from((0, 3, 50)))
    row = {
        "location_id": location,
        "period_start": start,
        "gender": draw(st.integers(0, 2)),
        "age": draw(st.integers(0, 4)),
        "dwell_time_in_tenths_of_sec": attention + draw(st.sampled_from((0, 7))),
        "attention_time_in_tenths_of_sec": attention,
    }
    if location == 8264:
        return row | dict.fromkeys(EXPERT)
    weights = draw(st.lists(st.integers(0, 255), min_size=5, max_size=5).filter(any))
    shares = {name: 100.0 * weight / sum(weights) for name, weight in zip(MOODS, weights, strict=True)}
    shares["neutral"] = 100 - (shares["very_happy"] + shares["happy"] + shares["unhappy"] + shares["very_unhappy"])
    age_value = draw(st.none() | st.integers(0, 99))
    row |= shares | {"age_value": age_value, "glasses": draw(st.integers(0, 3))}
    return row | {"mustache": draw(st.integers(0, 2)), "beard": draw(st.integers(0, 2))}


@st.composite
def histories_of_contents(draw):
    """Rows of a viewers_apc export. A content has one app and campaign; what is shown twice is told once, as a sum."""
    names = st.fixed_dictionaries({name: st.none() | st.sampled_from(("", "x", "A b\u00e9")) for name in NAMES})
    told = {content: draw(names) for content in ("one", "another one", "8482")}

    @st.composite
    def rows(draw):
        row = draw(viewers())
        row["start_time"] = row.pop("period_start")
        times = st.none() if row["location_id"] == 8264 else st.integers(0, 60_000)
        row["contents"] = [
            {
                "content_id": content,
                **told[content],
                "dwell_time_in_milliseconds": draw(st.integers(0, 60_000)),
                "attention_time_in_milliseconds": draw(st.integers(0, 60_000)),
                **{f"{mood}_time": draw(times) for mood in MOODS},
            }
            for content in draw(st.lists(st.sampled_from(sorted(told)), min_size=1, unique=True))
        ]
        return row

    return draw(st.lists(rows(), min_size=1, max_size=30))


@st.composite
def vehicles(draw):
    """A row of a finest vehicles export."""
    location, start = draw(places())
    kind = draw(st.integers(0, 5))
    return {
        "location_id": location,
        "period_start": start,
        "type": kind,
        "color": draw(st.none() | st.integers(0, 7)),
        "vehicle_presence_time": draw(st.sampled_from((0, 41, 5_000))),
        "vehicle_impressions": FACTORS[TYPES[kind]],
        "impressions_per_vehicle": FACTORS[TYPES[kind]],
    }


@st.composite
def persons(draw):
    """A row of a finest footfall export."""
    location, start = draw(places())
    presence = draw(st.sampled_from((0, 41, 5_000)))
    return {"location_id": location, "period_start": start, "footfall_presence_time": presence}


def bring_in(delivery, folder, name, rows):
    """Import rows of the vendor's as a finished document."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"state": "finished", "data": rows, "creation_date": "2018-01-29 09:18:53"}))
    outcome = run(delivery, format_named(f"quividi-{name}"), Options(), [path], lambda *_: None)
    assert outcome.tally.rejections == []
    return outcome.accepted, outcome.duplicates


def multiset(rows, keys):
    return sorted(json.dumps({key: row[key] for key in keys}, sort_keys=True) for row in rows)


class Network:
    """A server, and for each example sensors and contents of its own in it, so that examples do not meet."""

    def __init__(self, services, vidi, url):
        self._services, self._vidi, self.url = services, vidi, url
        self._examples = count(1)

    def own(self, rows):
        """The rows as those of new sensors and contents, and the sites of the sensors."""
        number = next(self._examples)
        document = catalogue(FACTORS)
        brand = document["brands"][0]
        for site in brand["sites"]:
            site["id"] += number * 1_000
            for sensor in site["sensors"]:
                sensor["id"] += number * 1_000_000
                sensor["uid"] += f" {number}"
                sensor["lines"] = []
        self._services.catalogue.apply(document)
        moved = [{**row, "location_id": row["location_id"] + number * 1_000_000} for row in rows]
        for row in moved:
            if "contents" in row:
                shown = [one | {"content_id": f"{one['content_id']} {number}"} for one in row["contents"]]
                row["contents"] = shown
        return moved, f"{177 + number * 1_000},{178 + number * 1_000}"

    def export(self, **asked):
        return self._vidi.export(**ASK, **asked)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    services = open_services(tmp_path_factory.mktemp("history") / "data")
    services.catalogue.apply(catalogue(FACTORS))
    with serving(services) as url, VidiCenter(url) as vidi:
        yield Network(services, vidi, url)
    services.close()


HISTORIES = {
    "viewers": st.lists(viewers(), min_size=1, max_size=30),
    "viewers_apc": histories_of_contents(),
    "vehicles": st.lists(vehicles(), min_size=1, max_size=30),
    "footfall": st.lists(persons(), min_size=1, max_size=30),
}


@pytest.mark.parametrize("data_type", HISTORIES)
def test_a_random_history_comes_back_as_it_was(tmp_path, network, data_type):
    """Into a server, and once more in another order: nothing is new then."""
    name = data_type.replace("_", "-")

    @settings(max_examples=about(12), deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
    @given(HISTORIES[data_type], st.integers(0, 5), st.randoms(use_true_random=False))
    def moves_over(rows, repeated, chance):
        rows, sites = network.own(rows + chance.choices(rows, k=repeated))
        with contextlib.closing(HttpDelivery(network.url, KEY)) as delivery:
            assert bring_in(delivery, tmp_path, name, rows) == (len(rows), 0)
            assert bring_in(delivery, tmp_path, name, chance.sample(rows, len(rows))) == (0, len(rows))
        exported = network.export(data_type=data_type, sites=sites)
        assert multiset(exported, rows[0]) == multiset(rows, rows[0])

    moves_over()


def shown(content, **more):
    return {"content_id": content, "dwell_time_in_milliseconds": 800, "attention_time_in_milliseconds": 400, **more}


def watched(time, *contents):
    row = {"location_id": 8866, "gender": 1, "age": 3, "start_time": f"2018-03-10T10:00:{time:02}"}
    row |= {"dwell_time_in_tenths_of_sec": 9, "attention_time_in_tenths_of_sec": 4}
    return {**row, "contents": list(contents)}


def test_straight_into_a_data_directory_what_was_told_first_of_a_content_stays(tmp_path):
    """app_id and campaign_id are the catalogue's where it declares the content, else those of the first row."""
    data = tmp_path / "data"
    with contextlib.closing(open_services(data)) as services:
        services.catalogue.apply(catalogue())
    rows = [
        watched(0, shown("new"), shown("content one", app_id="another")),
        watched(1, shown("new", app_id="x", campaign_id="spring")),
        watched(2, shown("new", app_id="y", campaign_id=None)),
    ]
    with contextlib.closing(DirectDelivery(data, None)) as delivery:
        assert bring_in(delivery, tmp_path, "viewers-apc", rows) == (3, 0)
    with contextlib.closing(open_services(data)) as services, serving(services) as url, VidiCenter(url) as vidi:
        exported = vidi.export(**ASK, data_type="viewers_apc", sites="177")
    found = {(one["content_id"], one["app_id"], one["campaign_id"]) for row in exported for one in row["contents"]}
    assert found == {("new", "x", "spring"), ("content one", None, None)}


def test_a_content_that_stands_twice_in_a_row_is_one_with_the_sums(tmp_path, network):
    """The vendor's times of a content are cumulated ones of the viewer, so it stands once; nothing is lost if not."""
    times = {f"{mood}_time": number for number, mood in enumerate(MOODS)}
    (row,), sites = network.own([watched(0, shown("z", **times), shown("a"), shown("z", **times))])
    with contextlib.closing(HttpDelivery(network.url, KEY)) as delivery:
        assert bring_in(delivery, tmp_path, "viewers-apc", [row]) == (1, 0)
    (exported,) = network.export(data_type="viewers_apc", sites=sites)
    first, second = exported["contents"]
    assert [first["content_id"][0], second["content_id"][0]] == ["z", "a"]
    assert (first["dwell_time_in_milliseconds"], first["attention_time_in_milliseconds"]) == (1600, 800)
    assert [first[name] for name in times] == [0, 2, 4, 6, 8]
    assert second["dwell_time_in_milliseconds"] == 800


def test_viewers_with_contents_first_then_all_viewers(tmp_path):
    """The two exports of the same days have viewers in common; each counts once, with its contents."""
    with contextlib.closing(open_services(tmp_path / "data")) as services:
        services.catalogue.apply(catalogue())
    seen = {"location_id": 8866, "gender": 1, "age": 3, "dwell_time_in_tenths_of_sec": 9}
    seen |= {"attention_time_in_tenths_of_sec": 4}
    content = {"content_id": "content one", "dwell_time_in_milliseconds": 800, "attention_time_in_milliseconds": 400}
    times = ("2018-03-10T10:00:00", "2018-03-10T10:00:00", "2018-03-10T10:00:01")
    with contextlib.closing(DirectDelivery(tmp_path / "data", None)) as delivery:
        with_contents = [{**seen, "start_time": time, "contents": [content]} for time in times[1:]]
        assert bring_in(delivery, tmp_path, "viewers-apc", with_contents) == (2, 0)
        assert bring_in(delivery, tmp_path, "viewers", [{**seen, "period_start": time} for time in times]) == (1, 2)
