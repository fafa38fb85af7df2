"""Sums of days that are kept: whatever arrives in between, they are what adding up anew gives."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics import network
from tests.metrics.network import DAY, HOUR, ZONES, Fact

from passerby.calendar import at_offset, calendar, whole_range
from passerby.metrics import kept as kept_module
from passerby.metrics.compute import compute
from passerby.metrics.kept import KeptSums
from passerby.metrics.places import Place

NAMES = ["all_visits", "visits", "bounces", "dwell_time", "mean_dwell_time", "walk_bys", "turn_in_rate"]
PLACES = [("brand", 1), ("site", 1), ("site", 2), ("sensor", 1), ("sensor", 3)]
NOON = 20_000 * DAY + 12 * HOUR


def catalogue_of(zones=("UTC", "UTC"), bounce_s=5.0):
    return network.catalogue(list(zones), [{"bounce_s": bounce_s}, {}])


def places_of(calendars):
    return [Place(level, key, index) for index in range(len(calendars)) for level, key in PLACES]


def answer(store, catalogue, calendars, role=None, kept=None):
    found = compute(store, catalogue, NAMES, places_of(calendars), calendars, role=role, kept=kept)
    return [column.tolist() for column in (found.place, found.metric, found.bucket, found.value)]


def visit(at, sensor=1):
    return Fact("visit", sensor, at, (("ended_ms", at + 60_000), ("visit_group", None), ("role", None)))


@st.composite
def questions(draw, anchor):
    """(bounce_s, role, calendars) of one question."""
    calendars = []
    for _ in range(draw(st.integers(1, 2))):
        zone = draw(st.sampled_from(ZONES))
        start = anchor + draw(st.integers(-40, 2)) * DAY // 4 + draw(st.sampled_from([0, 0, 12_345]))
        end = start + draw(st.integers(1, 50)) * DAY // 4 + draw(st.sampled_from([0, 0, 777]))
        size = draw(st.sampled_from(["1d", "1d", "1w", "1M", "all", "1h"]))
        if size == "all":
            calendars.append(whole_range(start, end, zone))
        else:
            calendars.append(calendar(size, zone, start, end, clip=draw(st.booleans())))
    return draw(st.sampled_from([5.0, 0.5])), draw(st.sampled_from([None, None, "any", "courier"])), calendars


@st.composite
def histories(draw):
    """(zones, deliveries of numbered facts with repetitions, the questions asked again after each of them)."""
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=2, max_size=2))
    anchor = draw(st.sampled_from(network.anchors(zones[0])))
    numbered = list(enumerate(draw(network.facts(anchor)), start=1))
    some = st.lists(st.sampled_from(numbered), max_size=20) if numbered else st.just([])
    deliveries = [numbered[: len(numbered) // 2], draw(some), numbered]
    return zones, deliveries, draw(st.lists(questions(anchor), min_size=1, max_size=3))


@settings(max_examples=12, deadline=None)
@given(histories(), st.sampled_from([8_000_000, 8_000_000, 100]))
def test_after_each_delivery_every_answer_is_what_adding_up_anew_gives(holder, history, room):
    zones, deliveries, asked = history
    store = holder.filled([])
    kept = KeptSums(store, room)
    for number, delivery in enumerate(deliveries, start=1):
        holder.deliver(number, delivery)
        for _ in range(2):
            for bounce_s, role, calendars in asked:
                catalogue = catalogue_of(zones, bounce_s)
                expected = answer(store, catalogue, calendars, role)
                assert answer(store, catalogue, calendars, role, kept) == expected


class Watching:
    """A store that tells which days of visits are read, and lets a test act right after."""

    def __init__(self, store):
        self._store = store
        self.read = []
        self.after = lambda: None
        self.looked = threading.Semaphore(0)

    def version(self, *asked):
        self.looked.release()
        return self._store.version(*asked)

    def __getattr__(self, name):
        return getattr(self._store, name)

    def query(self, name, parameters, tables=None):
        found = self._store.query(name, parameters, tables)
        if name == "metrics/visits":
            self.read.append((parameters["start_ms"] // DAY - 20_000, parameters["end_ms"] // DAY - 20_000))
            self.after()
        return found


@pytest.fixture
def ten_days(holder):
    """(deliver, ask): ten days with a visit on the second, asked for as far as `until`."""
    store = Watching(holder.filled([visit(NOON + DAY)]))
    kept = KeptSums(store)

    def ask(catalogue=None, until=20_010 * DAY, *, clear=True):
        if clear:
            store.read.clear()
        frames = [calendar("1d", "UTC", 20_000 * DAY, until)]
        found = compute(store, catalogue or catalogue_of(), ["visits"], [Place("site", 1)], frames, kept=kept)
        return dict(zip(found.bucket.tolist(), found.value.tolist(), strict=True)), list(store.read)

    return store, lambda number, *facts: holder.deliver(number, list(enumerate(facts, start=10 * number))), ask


def test_days_of_which_nothing_new_arrived_are_not_read_again(ten_days):
    _, deliver, ask = ten_days
    assert ask() == ({1: 1}, [(0, 10)])
    assert ask() == ({1: 1}, [])
    deliver(2, visit(NOON + 4 * DAY), visit(NOON + DAY + 1), Fact("passage", 1, NOON + 7 * DAY, (("ended_ms", None),)))
    assert ask() == ({1: 2, 4: 1}, [(1, 2), (4, 5)])
    assert ask() == ({1: 2, 4: 1}, [])


def test_a_day_that_is_not_over_is_read_each_time(ten_days):
    _, _, ask = ten_days
    assert ask(until=NOON + 5 * DAY) == ({1: 1}, [(0, 6)])
    assert ask(until=NOON + 5 * DAY + 1) == ({1: 1}, [(5, 6)])
    assert ask(until=20_006 * DAY) == ({1: 1}, [(5, 6)])


def test_scattered_days_are_read_in_one_go(ten_days):
    _, deliver, ask = ten_days
    ask()
    deliver(2, *(visit(NOON + day * DAY) for day in range(0, 10, 2)))
    assert ask() == (dict.fromkeys([0, 1, 2, 4, 6, 8], 1), [(0, 9)])
    assert ask() == (dict.fromkeys([0, 1, 2, 4, 6, 8], 1), [])


def test_what_arrives_while_a_day_is_read_is_in_the_next_answer(ten_days):
    store, deliver, ask = ten_days

    def arrive():
        store.after = lambda: None
        deliver(2, visit(NOON + DAY + 1))

    store.after = arrive
    assert ask()[0] == {1: 1}
    assert ask() == ({1: 2}, [(1, 2)])


def test_of_many_readers_at_once_one_adds_up(ten_days):
    store, _, ask = ten_days
    reading, go_on = threading.Event(), threading.Event()

    def wait():
        reading.set()
        assert go_on.wait(30)

    store.after = wait
    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(ask)]
        assert reading.wait(30)
        readers += [pool.submit(ask, clear=False) for _ in range(3)]
        for _ in range(4 * 10):  # each looked for each day and found none
            assert store.looked.acquire(timeout=30)
        go_on.set()
        assert [reader.result()[0] for reader in readers] == [{1: 1}] * 4
    assert store.read == [(0, 10)]


def test_a_setting_that_changes_makes_everything_anew(ten_days):
    _, _, ask = ten_days
    ask()
    assert ask(catalogue_of(bounce_s=61.0)) == ({}, [(0, 10)])
    assert ask() == ({1: 1}, [])


def test_who_was_asked_for_the_longest_ago_is_forgotten_when_there_is_no_room(holder):
    store = Watching(holder.filled([visit(NOON)]))
    kept = KeptSums(store, room=450)

    def read(sensor):
        store.read.clear()
        frames = [calendar("1d", "UTC", 20_000 * DAY, 20_003 * DAY)]
        compute(store, catalogue_of(), ["visits"], [Place("sensor", sensor)], frames, kept=kept)
        return bool(store.read)

    assert [read(sensor) for sensor in (1, 2, 1, 3, 1, 2)] == [True, True, False, True, False, True]


def test_a_clock_without_a_zone_is_added_up_as_ever(holder):
    frames = [at_offset("1d", 3600, 20_000 * DAY, 20_002 * DAY)]
    store = holder.filled([visit(NOON)])
    kept = KeptSums(store)
    assert answer(store, catalogue_of(), frames, kept=kept) == answer(store, catalogue_of(), frames) != [[], [], [], []]
    assert not kept._groups


def test_every_query_that_is_kept_adds_up_what_it_names(holder):
    """The names of the columns, and that nothing but sums is among them, are those of the SQL."""
    store = holder.filled([])
    asked = []
    real = store.query
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "query", lambda *given: asked.append((given[0], real(*given))) or asked[-1][1])
        answer(store, catalogue_of(), [calendar("1d", "UTC", 0, DAY)])
    found = {name.removeprefix("metrics/"): tuple(table.column_names[2:]) for name, table in asked}
    assert {name: query.columns for name, query in kept_module.QUERIES.items()}.items() <= found.items()
