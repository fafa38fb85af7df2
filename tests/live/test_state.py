"""The live state against a replay by brute force: any order, any pace, resets, daylight saving, corrections."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.live import twin

from passerby.live.layout import Layout, SitePlan, ZonePlan
from passerby.live.state import COLUMNS, State
from passerby.observations import table

HOUR = 3_600_000
# Evenings (19:00 UTC) before Zurich's clocks change, and an ordinary one; from there the tests go on until noon.
NIGHTS = [1774724400000, 1792868400000, 1796238000000]  # 2026-03-28, 2026-10-24, 2026-12-02
SITE = 1
DOOR_SENSORS = (10, 11)
ZONE, QUEUE = (10, 1), (11, 2)


def layout(reset="04:00", timezone="Europe/Zurich"):
    zones = (ZonePlan(ZONE, "shelf", SITE, False, 3000), ZonePlan(QUEUE, "till", SITE, True, 0))
    site = SitePlan(SITE, timezone, reset, (10, 11, 12), zones)
    return Layout({SITE: site}, {(10, 5): SITE, (11, 5): SITE}, {10: SITE, 11: SITE})


def tables(rows):
    """Rows (kind, values) as tables, as the store hands them out."""
    found = {}
    for kind, names in COLUMNS.items():
        schema = table(kind).schema
        mine = [row for each, row in rows if each == kind]
        if mine:
            found[kind] = pa.table(
                {name: pa.array([r[i] for r in mine], schema.field(name).type) for i, name in enumerate(names)}
            )
    return found


@dataclass
class Replay:
    """Everything that happened so far, for the twin."""

    reset_text: str
    timezone: str = "Europe/Zurich"
    rows: list = field(default_factory=list)
    corrections: list = field(default_factory=list)

    def expected(self, now):
        reset = twin.last_reset(now, self.timezone, self.reset_text)
        zones = {key: self._zone(key, minimum, reset, now) for key, minimum in ((ZONE, 3000), (QUEUE, 0))}
        queue = zones[QUEUE][0]
        sources = (self._moves(), self._stays(), self._levels(None))
        site = twin.occupancy(sources, self.corrections, reset, now)
        return site, zones[ZONE][0], queue, zones[QUEUE][1]

    def _moves(self):
        moves = []
        for kind, row in self.rows:
            if kind == "crossing" and row[:2] in {(10, 5), (11, 5)} and row[4] == "person" and row[5] != "staff":
                moves.append((row[2], 1 if row[3] == "in" else -1))
            if kind == "count" and row[:2] in {(10, 5), (11, 5)} and row[5] == "person":
                moves.append((row[2], row[3] - row[4]))
        return moves

    def _stays(self):
        visits = (row for kind, row in self.rows if kind == "visit")
        return [(r[1], r[2]) for r in visits if r[0] in {10, 11} and r[2] is not None and r[3] != "staff"]

    def _levels(self, zone):
        levels = {}
        for kind, (sensor, part, time, value) in ((k, r) for k, r in self.rows if k == "level"):
            if kind and ((part is None and zone is None and sensor in {10, 11}) or (sensor, part) == zone):
                levels.setdefault(sensor, []).append((time, value))
        return levels

    def _zone(self, key, minimum, reset, now):
        stays = [
            (r[2], r[3])
            for kind, r in self.rows
            if kind == "zone_visit" and (r[0], r[1]) == key and r[3] - r[2] >= minimum and r[4] != "staff"
        ]
        joins = self._joins(key, reset, now)
        value = max(twin.present(stays, now) + len(joins), twin.level(self._levels(key), reset, now))
        return value, twin.waiting_since(stays, joins, now)

    def _joins(self, key, reset, now):
        rows = [(kind, r) for kind, r in self.rows if kind in {"event", "zone_visit"} and (r[0], r[1]) == key]
        events = [(r[4], r[2], r[3]) for kind, r in rows if kind == "event" and r[4] is not None]
        events = [each for each in events if each[2] in {"RegionJoin", "RegionLeave"}]
        visits = [(r[5], r[2], r[3]) for kind, r in rows if kind == "zone_visit" and r[6] and r[5] is not None]
        return twin.joined(events, visits, reset, now)


def actual(state):
    site = state.site(SITE)
    zones = {zone.key: zone for zone in site.zones}
    assert zones[ZONE].queue is None
    assert site.queue == zones[QUEUE].queue
    assert site.queue.count == zones[QUEUE].occupancy
    return site.occupancy, zones[ZONE].occupancy, zones[QUEUE].occupancy, site.queue.since_ms


def times(start):
    # A coarse grid, so that instants coincide with one another, with resets and with corrections.
    return st.integers(-8, 60).map(lambda quarter: start + quarter * HOUR // 4)


LENGTHS = st.sampled_from([0, 1000, 3000, HOUR // 4, HOUR, 9 * HOUR])
EVENTS = st.sampled_from(["RegionJoin", "RegionJoin", "RegionLeave", "TamperingDetected"])
ROLES = st.sampled_from([None, None, "staff"])
SENSORS = st.sampled_from([10, 11, 12])


@st.composite
def row(draw, start):
    time, sensor, length = draw(times(start)), draw(SENSORS), draw(LENGTHS)
    kinds = ["crossing"] * 4 + [
        "count",
        "visit",
        "visit",
        "zone_visit",
        "zone_visit",
        "level",
        "event",
        "event",
        "event",
    ]
    kind = draw(st.sampled_from(kinds))
    road_user = draw(st.sampled_from(["person"] * 4 + ["car"]))
    line = draw(st.sampled_from([5, 5, 5, 6]))
    if kind == "crossing":
        return kind, (sensor, line, time, draw(st.sampled_from(["in", "out"])), road_user, draw(ROLES))
    if kind == "count":
        quarters = st.integers(0, 8).map(lambda n: n / 4)
        return kind, (sensor, line, time, draw(quarters), draw(quarters), road_user)
    if kind == "visit":
        return kind, (sensor, time, draw(st.sampled_from([None, time + length, time + length])), draw(ROLES))
    zone = draw(st.sampled_from([ZONE, QUEUE]))
    object_id = draw(st.sampled_from([None, 1, 1, 2, 2]))
    if kind == "zone_visit":
        return kind, (*zone, time, time + length, draw(ROLES), object_id, draw(st.booleans()))
    if kind == "event":
        return kind, (*zone, time, draw(EVENTS), object_id)
    sensor, part = draw(st.sampled_from([(10, None), (11, None), (12, None), ZONE, QUEUE]))
    return kind, (sensor, part, time, float(draw(st.integers(0, 6))))


@given(st.data())
def test_any_order_at_any_pace_gives_what_a_replay_gives(data):
    start = data.draw(st.sampled_from(NIGHTS))
    replay = Replay(data.draw(st.sampled_from(["04:00", "02:30", "00:00"])))
    plan = layout(replay.reset_text)
    now = start
    state = State(plan, now)
    state.advance(now)
    for _ in range(data.draw(st.integers(1, 8))):
        step = data.draw(st.sampled_from(["rows", "rows", "rows", "time", "correct", "restart"]))
        if step == "rows":
            batch = data.draw(st.lists(row(start), max_size=6))
            replay.rows += batch
            state.apply(tables(batch))
        elif step == "time":
            now += data.draw(st.integers(0, 24)) * HOUR // 4
        elif step == "correct":
            number = data.draw(st.integers(0, 9))
            state.advance(now)
            replay.corrections.append((now, number))
            state.correct(SITE, now, number)
            state.advance(now)
            assert state.site(SITE).occupancy == number, "what was said just now holds now"
        else:
            state = State(plan, now)
            for at, number in replay.corrections:
                state.correct(SITE, at, number)
            state.apply(tables(data.draw(st.permutations(replay.rows))))
        state.advance(now)
        assert actual(state) == replay.expected(now)


@given(st.data())
def test_numbers_change_only_when_they_were_announced_to(data):
    start = data.draw(st.sampled_from(NIGHTS))
    replay = Replay("04:00", rows=data.draw(st.lists(row(start), max_size=12)))
    state = State(layout(), start)
    state.apply(tables(replay.rows))
    state.advance(start)
    for quarter in range(1, 50):
        now = start + quarter * HOUR // 4
        before = actual(state)
        due = state.next_change()
        touched = state.advance(now)
        assert (SITE in touched) == (due <= now)
        assert actual(state) == replay.expected(now)
        if not touched:
            assert actual(state) == before


@pytest.mark.parametrize("timezone", ["Europe/Zurich", "Asia/Kathmandu", "America/New_York"])
def test_the_reset_is_at_four_on_the_wall(timezone):
    for night in NIGHTS:
        state = State(layout(timezone=timezone), night)
        state.advance(night)
        first = state.next_change()
        assert first == twin.last_reset(first, timezone, "04:00") > night
        assert first - night < 25 * HOUR
        state.apply({"crossing": tables([("crossing", (10, 5, night, "in", "person", None))])["crossing"]})
        state.advance(first - 1)
        assert state.site(SITE).occupancy == 1
        state.advance(first)
        assert state.site(SITE).occupancy == 0


def join(time, object_id=7, event_type="RegionJoin"):
    return "event", (*QUEUE, time, event_type, object_id)


def waiting(state):
    """(how many wait in the queue, since when)."""
    queue = state.site(SITE).queue
    return queue.count, queue.since_ms


def test_whoever_joined_a_queue_waits_until_he_leaves_it():
    now = NIGHTS[2]
    state = State(layout(), now)
    state.apply(tables([join(now - 60_000), join(now - 20_000, 8), join(now - 20_000, 8), join(now + 5000, 9)]))
    state.advance(now)
    assert waiting(state) == (2, now - 40_000)
    assert state.next_change() == now + 5000
    state.advance(now + 5000)
    assert waiting(state)[0] == 3
    # The leave arrives with the stay that it completes, and is not the end of another object's wait.
    stay = "zone_visit", (*QUEUE, now - 60_000, now + 4000, None, 7, True)
    state.apply(tables([join(now + 4000, 7, "RegionLeave"), stay]))
    state.advance(now + 5000)
    assert waiting(state) == (2, now - 7500)


def test_a_join_and_its_stay_that_lasts_are_one_person():
    now = NIGHTS[2]
    stay = "zone_visit", (*QUEUE, now - 60_000, now + 4000, None, 7, True)
    for rows in ([join(now - 60_000), stay], [stay, join(now - 60_000)]):
        state = State(layout(), now)
        for each in rows:
            state.apply(tables([each]))
            state.advance(now)
        assert waiting(state) == (1, now - 60_000)
        state.advance(now + 4000)
        assert waiting(state) == (0, None)


def test_whoever_never_left_is_gone_after_the_reset():
    now = NIGHTS[2]
    state = State(layout(), now)
    state.apply(tables([join(now)]))
    state.advance(now)
    reset = state.next_change()
    state.advance(reset - 1)
    assert waiting(state) == (1, now)
    state.advance(reset)
    assert waiting(state) == (0, None)


def test_a_clock_that_goes_back_does_not_bring_back_who_left():
    state = State(layout(), NIGHTS[0])
    state.apply(tables([("visit", (10, NIGHTS[0], NIGHTS[0] + 1000, None))]))
    assert state.advance(NIGHTS[0]) == {SITE}
    state.advance(NIGHTS[0] + 1000)
    state.advance(NIGHTS[0] + 500)
    assert (state.now, state.site(SITE).occupancy) == (NIGHTS[0] + 1000, 0)


def test_the_latest_observation_of_each_place():
    state = State(layout(), NIGHTS[0])
    state.seen({10: 5, 12: 9}, {ZONE: 4})
    state.seen({10: 3}, {ZONE: 2})
    site = state.site(SITE)
    assert (site.last_ms, site.sensors) == (9, ((10, 5), (11, None), (12, 9)))
    assert {zone.key: zone.last_ms for zone in site.zones} == {ZONE: 4, QUEUE: None}
