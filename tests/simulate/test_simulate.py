"""The made-up network holds together: looked at from outside, as rows and a catalogue."""

import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from bisect import bisect_left
from collections import Counter, defaultdict
from datetime import date, datetime
from itertools import islice, pairwise

import msgspec
import pytest

from passerby.calendar import calendar, to_utc
from passerby.catalogue.repository import Repository
from passerby.catalogue.yaml_text import from_yaml, to_yaml
from passerby.observations import KINDS, AnyObservation, encoder, milliseconds
from passerby.simulate.day import day, outages
from passerby.simulate.delivery import deliveries, reports
from passerby.simulate.live import arriving_from
from passerby.simulate.network import SHELF, ZONES, catalogue_document, network

SITES, DAYS, SEED = 12, 4, 5
# Clocks change in New York on the second of these days.
FIRST = date(2026, 3, 7)


@pytest.fixture(scope="module")
def made():
    return network(SITES, SEED)


@pytest.fixture(scope="module")
def delivered(made):
    return list(deliveries(made, FIRST, DAYS))


@pytest.fixture(scope="module")
def rows(delivered):
    """The distinct rows as dicts, with `ms`, `end_ms` and the site's number, by sensor and time."""
    decode = msgspec.json.Decoder(AnyObservation).decode
    found = []
    for text in {encoder().encode(delivery.observation) for delivery in delivered}:
        observation = decode(text)  # what the server accepts
        row = {"class": "person", "also_visit": False, "role": None, "group": None, **json.loads(text)}
        row["ms"] = milliseconds(observation.at if "at" in row else observation.start)
        row["end_ms"] = row["ms"] + (row.get("duration_ms") or 0)
        row["site"] = (row["sensor"] - 3000) // 10
        found.append(row)
    return sorted(found, key=lambda row: (row["sensor"], row["ms"], row["kind"]))


def of(rows, kind, equipment=None, made=None):
    sites = {site.id for site in made.sites if site.equipment == equipment} if equipment else None
    return [row for row in rows if row["kind"] == kind and (sites is None or row["site"] in sites)]


def opening(site, on):
    return tuple(to_utc(datetime.fromisoformat(f"{on}T{text}"), site.timezone) for text in (site.open, site.close))


def dates():
    return [date.fromordinal(FIRST.toordinal() + i) for i in range(DAYS)]


def test_same_seed_same_bytes_whatever_the_machine(tmp_path):
    outputs = []
    for number, machine in enumerate(({"PYTHONHASHSEED": "0", "TZ": "UTC"}, {"PYTHONHASHSEED": "1", "TZ": "JST-9"})):
        rows, catalogue = tmp_path / f"{number}.ndjson", tmp_path / f"{number}.yaml"
        options = ["--sites", "6", "--days", "2", "--seed", "3", "-o", rows, "--catalogue-out", catalogue]
        subprocess.run(
            [sys.executable, "-c", "from passerby.cli import main; main()", "simulate", *options],
            env={**os.environ, **machine},
            check=True,
        )
        outputs.append((rows.read_bytes(), catalogue.read_bytes()))
    assert outputs[0] == outputs[1]
    # Written down once: other machines and Python versions must give the same, and a change of it is a change
    # of every demonstration and benchmark.
    assert hashlib.sha256(outputs[0][0]).hexdigest()[:16] == "30526f018ba6641a"


def test_another_seed_gives_something_else(delivered):
    assert next(deliveries(network(SITES, SEED + 1), FIRST, DAYS)).observation != delivered[0].observation


def test_every_kind_and_every_zone_is_there(made, rows):
    assert {row["kind"] for row in rows} == set(KINDS)
    assert {site.timezone for site in made.sites} == set(ZONES)
    assert len(ZONES) >= 6


def test_many_sites_have_names_and_numbers_of_their_own():
    document = catalogue_document(network(100, 1))
    sites = [site for brand in document["brands"] for site in brand["sites"]]
    sensors = [sensor for site in sites for sensor in site["sensors"]]
    parts = [part for sensor in sensors for part in [*sensor.get("lines", []), *sensor.get("zones", [])]]
    assert len({site["name"] for site in sites}) == len({site["reference"] for site in sites}) == 100
    assert len({sensor["id"] for sensor in sensors}) == len(sensors)
    assert len({thing["uid"] for thing in [*sensors, *parts]}) == len(sensors) + len(parts)


def test_the_catalogue_file_is_one(made, tmp_path):
    with Repository(tmp_path) as repository:
        assert repository.apply(catalogue_document(made))
        held = repository.current()
        assert [site.timezone for _, site in sorted(held.sites.items())] == [site.timezone for site in made.sites]
        assert {sensor.id for site in made.sites for sensor in site.sensors} == set(held.sensors)
        assert repository.apply(from_yaml(to_yaml(catalogue_document(made)))) == []


def test_rows_name_only_what_the_catalogue_holds(made, rows):
    document = catalogue_document(made)
    sensors = {sensor["id"]: sensor for b in document["brands"] for site in b["sites"] for sensor in site["sensors"]}
    contents = {content["id"] for content in document["contents"]}
    for row in rows:
        sensor = sensors[row["sensor"]]
        lines, zones = ({part["id"] for part in sensor.get(what, [])} for what in ("lines", "zones"))
        assert row.get("line") is None or row["line"] in lines
        assert row.get("zone") is None or row["zone"] in zones
        assert row.get("trigger") is None or row["trigger"] in lines | zones
        shown = {content["content"] for content in row.get("contents", [])}
        assert shown | ({row["content"]} if "content" in row else set()) <= contents


def test_nobody_is_inside_while_a_site_is_closed(made, rows):
    open_hours = {site.id: [opening(site, on) for on in dates()] for site in made.sites}
    somebody = {
        "visit": lambda row: True,
        "zone_visit": lambda row: True,
        "view": lambda row: True,
        "wifi_visit": lambda row: True,
        "crossing": lambda row: True,
        "count": lambda row: row["class"] == "person" and row["in"] + row["out"] > 0,
        "level": lambda row: row["value"] > 0,
    }
    checked = Counter()
    for row in rows:
        if row["kind"] in somebody and somebody[row["kind"]](row):
            checked[row["kind"]] += 1
            # An interval of counting may reach over the closing time, what it counted does not.
            over = row["ms"] if row["kind"] == "count" else row["end_ms"]
            assert any(opens <= row["ms"] and over <= closes for opens, closes in open_hours[row["site"]]), row
    assert set(checked) == set(somebody)


@pytest.mark.parametrize("equipment", ["gate", "tracker", "screen"])
def test_entrances_never_let_out_more_than_came_in(made, rows, equipment):
    by_sensor = defaultdict(list)
    for row in of(rows, "crossing", equipment, made):
        by_sensor[row["sensor"], row["role"]].append((row["ms"], row["direction"] == "out"))
    assert len(by_sensor) >= 4
    for crossings in by_sensor.values():
        inside = 0
        for _, leaves in sorted(crossings):
            inside += -1 if leaves else 1
            assert inside >= 0
        assert inside == 0


def test_interval_counts_never_let_out_more_than_came_in(made, rows):
    series = defaultdict(lambda: defaultdict(float))
    for row in of(rows, "count", "counter", made):
        series[row["site"]][row["ms"]] += row["in"] - row["out"]
    assert series
    for intervals in series.values():
        inside = 0.0
        for _, change in sorted(intervals.items()):
            inside += change
            assert inside >= 0
        assert inside == 0


def test_levels_rise_and_fall_to_nothing(made, rows):
    halls = [site for site in made.sites if site.equipment == "hall"]
    assert halls
    for site in halls:
        for on in dates():
            opens, closes = opening(site, on)
            levels = {row["ms"]: row["value"] for row in of(rows, "level") if row["site"] == site.id}
            today = {instant: value for instant, value in levels.items() if opens <= instant <= closes}
            assert max(today.values()) > 0
            assert today.get(closes, 0) == 0


def test_tracked_visits_agree_with_the_crossings_of_the_door(made, rows):
    visits = [(row["sensor"], row["ms"], row["end_ms"]) for row in of(rows, "visit", "tracker", made)]
    crossings = {"in": [], "out": []}
    for row in of(rows, "crossing", "tracker", made):
        assert row["also_visit"]
        crossings[row["direction"]].append((row["sensor"], row["ms"]))
    assert sorted(crossings["in"]) == sorted((sensor, start) for sensor, start, _ in visits)
    assert sorted(crossings["out"]) == sorted((sensor, end) for sensor, _, end in visits)


def test_whoever_is_in_a_zone_is_in_the_site(made, rows):
    stays = defaultdict(list)
    for row in of(rows, "visit", "tracker", made):
        if row["role"] is None:
            stays[row["site"]].append((row["ms"], row["end_ms"]))
    zone_visits = of(rows, "zone_visit", "tracker", made)
    assert len(zone_visits) > 100
    for row in zone_visits:
        assert any(start <= row["ms"] and row["end_ms"] <= end for start, end in stays[row["site"]]), row
    # Some only pass by the shelf: too short for a visit to it.
    assert any(row["duration_ms"] < 3000 for row in zone_visits if row["zone"] == SHELF)


def test_visits_have_bounces_groups_and_staff(made, rows):
    visits = [row for row in of(rows, "visit", "tracker", made) if row["role"] is None]
    bounces = sum(row["duration_ms"] < 5000 for row in visits)
    assert 0.05 < bounces / len(visits) < 0.25
    assert any(row["role"] == "staff" for row in of(rows, "visit"))
    assert all(row["duration_ms"] is None for row in of(rows, "visit", "hall", made))
    starts = [(row["sensor"], row["ms"]) for row in visits]
    together = sum(a[0] == b[0] and b[1] - a[1] <= 3000 for a, b in pairwise(starts))
    assert 0.2 < together / len(visits) < 0.6
    groups = defaultdict(list)
    for row in of(rows, "visit"):
        if row["group"]:
            groups[row["sensor"], row["group"]].append(row["ms"])
    assert {len(starts) for starts in groups.values()} == {1, 2, 3, 4}
    assert all(max(starts) - min(starts) < 10_000 for starts in groups.values())


def test_days_have_rush_hours_and_weeks_a_weekend(made):
    site = made.sites[0]
    by_weekday, by_hour = Counter(), Counter()
    for number in range(28):
        on = date.fromordinal(FIRST.toordinal() + number)
        hours = calendar("1h", site.timezone, *opening(site, on))
        starts = [row.begun_ms for row in reports(site, on, SEED)[0] if type(row.observation).__name__ == "Visit"]
        by_weekday[on.weekday()] += len(starts)
        for start in starts:
            by_hour[hours.labels[bisect_left(hours.ends.tolist(), start + 1)][11:13]] += 1
    assert by_weekday[5] > 1.5 * by_weekday[6]
    assert by_hour["17"] > 1.5 * by_hour["14"]
    assert by_hour["12"] > 1.5 * by_hour["10"]


def test_views_add_up(rows):
    plays = {(row["sensor"], row["ms"]): row["content"] for row in of(rows, "play")}
    views = of(rows, "view")
    assert len(views) > 100
    for view in views:
        looks = view.get("attention")
        looked = view["attention_ms"] if looks is None else sum(look["ms"] for look in looks if look["looking"])
        contents = view["contents"]
        assert contents[0]["start_ms"] == 0
        assert all(b["start_ms"] == a["start_ms"] + a["duration_ms"] for a, b in pairwise(contents))
        assert sum(content["duration_ms"] for content in contents) == view["duration_ms"]
        assert looks is None or sum(content["attention_ms"] for content in contents) == looked
        assert sum(view.get("mood", {}).values()) in {0, looked}
        for content in contents[1:]:  # what is shown to somebody is what plays; a screen that is down plays nothing
            assert plays[view["sensor"], view["ms"] + content["start_ms"]] == content["content"]


def test_sensors_are_up_all_day_but_for_their_outages(made):
    down_times = 0
    for number in range(40):
        on = date.fromordinal(FIRST.toordinal() + number)
        for site in made.sites[:2]:
            found, today = reports(site, on, SEED)
            for sensor in site.sensors:
                own = [row for row in found if row.observation.sensor == sensor.id]
                up = [(row.begun_ms, row.over_ms) for row in own if type(row.observation).__name__ == "Uptime"]
                down = outages(today, sensor)
                edges = sorted(up + down)
                assert (edges[0][0], edges[-1][1]) == (today.start_ms, today.end_ms)
                assert all(a[1] == b[0] for a, b in pairwise(edges))
                down_times += len(down)
                for row in own:
                    lost = getattr(row.observation, "type", None) == "CameraDisconnected"
                    assert lost or not any(row.begun_ms < end and begin < row.over_ms for begin, end in down)
    assert down_times > 3


def test_a_day_has_as_many_hours_as_its_clock(made):
    lengths = [day(made.sites[0], on, SEED) for on in dates()]
    assert [(today.end_ms - today.start_ms) // 3_600_000 for today in lengths] == [24, 23, 24, 24]


def test_deliveries_are_late_repeated_and_out_of_order(delivered):
    assert [delivery[:2] for delivery in delivered] == sorted(delivery[:2] for delivery in delivered)
    sent = Counter(encoder().encode(delivery.observation) for delivery in delivered)
    assert set(sent.values()) == {1, 2}
    assert 0.003 < sum(times == 2 for times in sent.values()) / len(sent) < 0.007
    delays = []
    for delivery in delivered:
        row = delivery.observation
        over = milliseconds(row.at if hasattr(row, "at") else row.start) + (getattr(row, "duration_ms", 0) or 0)
        delays.append(delivery.arrives_ms - over)
    assert min(delays) >= 200
    assert 0.005 < sum(delay > 60_000 for delay in delays) / len(delays) < 0.1
    assert max(delays) < 24 * 3_600_000  # and see `arriving_from`


def test_no_two_different_happenings_look_the_same(made):
    found = [encoder().encode(row.observation) for site in made.sites for row in reports(site, FIRST, SEED)[0]]
    assert len(found) == len(set(found))


def test_more_days_only_add_to_what_was_there(made, delivered):
    until = milliseconds(datetime.fromisoformat("2026-03-09T00:00:00+00:00"))
    before = [delivery.observation for delivery in delivered if delivery.arrives_ms < until]
    longer = deliveries(made, FIRST, 1000)
    assert [delivery.observation for delivery in islice(longer, len(before))] == before


def test_live_continues_exactly_where_the_history_ends(made, delivered):
    until = milliseconds(datetime.fromisoformat("2026-03-10T03:04:05.678+00:00"))
    after = milliseconds(datetime.fromisoformat("2026-03-10T08:00:00+00:00"))
    # The simulator that starts at `until` has never seen the first of the days.
    live = []
    for delivery in arriving_from(made, until):
        if delivery.arrives_ms >= after:
            break
        live.append((delivery.arrives_ms, encoder().encode(delivery.observation)))
    expected = [(d.arrives_ms, encoder().encode(d.observation)) for d in delivered if until <= d.arrives_ms < after]
    assert len(live) > 500
    assert sorted(live) == sorted(expected)


def test_memory_does_not_grow_with_the_days():
    small = network(1, 1)

    def peak(days):
        tracemalloc.start()
        try:
            for _ in deliveries(small, FIRST, days):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # tables and zones that are kept
    assert peak(8) < 1.6 * peak(3)
