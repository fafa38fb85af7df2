"""Messages against brute force: whatever is stored, however it is cut, each event is told once, in order."""

import json
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from tests.support.networks import network

from passerby.catalogue.model import Target, Webhook
from passerby.catalogue.repository import Repository
from passerby.dialects.camlytics.events import Happening
from passerby.webhooks import messages
from passerby.webhooks.messages import Events, Range

SENSORS = (3024, 3026, 3027)
PLACES = {
    Target("site", 1): lambda one: one.sensor_id == 3024,
    Target("sensor", 3026): lambda one: one.sensor_id == 3026,
    Target("zone", (3024, 11)): lambda one: one.sensor_id == 3024 and one.part_id == 11,
}
# A row of the journal: nothing to tell, a crossing, or a stay (two events), at one of the sensors.
ROWS = st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from(SENSORS)), max_size=120)
QUIET = st.lists(st.tuples(st.integers(1, 120), st.integers(0, 9)), max_size=4)


@dataclass
class Position:
    cursor: int = 0
    pending: int | None = None


def happening(row, half, sensor, part):
    return Happening(2 * row + half, sensor, row, "x", part, None, None, None, None, None, row, None, None)


def happenings(rows):
    """What each row, numbered from 1, tells."""
    for number, (count, sensor) in enumerate(rows, 1):
        for half in range(count):
            yield happening(number, half, sensor, 11 if count == 2 else 1)


def runs(quiet):
    """Runs that do not overlap, in order, as the journal gives them."""
    rows = sorted({row for first, more in quiet for row in range(first, first + more + 1)})
    return [(row, row) for row in rows]


class Stored(Events):
    """Events of rows that a test made up; `reads` counts."""

    def __init__(self, rows, quiet):
        def touching(after, until):
            return [(first, last) for first, last in quiet if last > after and first <= until]

        super().__init__(None, SimpleNamespace(quiet=touching))
        self.all = list(happenings(rows))
        self.reads = 0

    def _read(self, sensors, after, until, period, most):
        self.reads += 1
        rows = (one for one in self.all if after < one.id // 2 <= until and one.sensor_id in sensors)
        return [one for one in rows if period[0] <= one.at_ms < period[1]][:most]


def catalogue(tmp_path):
    hooks = [
        {"url": "https://example.com/a", "site": 1},
        {"url": "https://example.com/b", "sensor": 3026},
        {"url": "https://example.com/c", "zone": "3024/11"},
    ]
    with Repository(tmp_path) as repository:
        repository.apply(network() | {"webhooks": hooks})
        return repository.current()


def told(events, snapshot, target, range_, *, most, stumble=()):
    """Every number told until nothing is left; at the steps in `stumble` the process is killed and begins again."""
    webhook = Webhook(1, 632, "https://example.com/", "events", target, 5.0, signed=False)
    position, found, step = Position(), [], 0
    while (message := events.message(snapshot, webhook, position, range_, most)) is not None:
        position.pending = message.until
        if step in stumble:
            again = events.message(snapshot, webhook, Position(position.cursor, position.pending), range_, most + 3)
            assert (again.id, again.body, again.until) == (message.id, message.body, message.until)
        step += 1
        numbers = [event["object_id"] for event in json.loads(message.body)]
        assert len(numbers) == message.events <= most + 1
        found.append(numbers)
        position.cursor, position.pending = message.until, None
    assert position.cursor == range_.until
    return found


@given(
    ROWS,
    QUIET,
    st.sampled_from(list(PLACES)),
    st.fixed_dictionaries({"most": st.integers(1, 30), "stumble": st.sets(st.integers(0, 50))}),
    st.integers(1, 50),
)
def test_every_event_of_a_place_is_told_once_and_in_order(tmp_path_factory, rows, quiet, target, options, window):  # noqa: PLR0917  # all drawn
    snapshot = _snapshot(tmp_path_factory)
    silent = runs(quiet)
    events = Stored(rows, silent)
    messages.WINDOW_ROWS, before = window, messages.WINDOW_ROWS
    try:
        found = told(events, snapshot, target, Range(len(rows)), **options)
    finally:
        messages.WINDOW_ROWS = before
    quiet_rows = {row for row, _ in silent}
    expected = [one.object_id for one in events.all if PLACES[target](one) and one.object_id not in quiet_rows]
    assert [number for numbers in found for number in numbers] == expected
    assert all(set(one).isdisjoint(other) for one, other in pairwise(found)), "a stay is not torn"


@given(
    rows=ROWS,
    most=st.integers(1, 30),
    at_once=st.integers(3, 20),
    span=st.tuples(st.integers(0, 130), st.integers(0, 130)),
)
def test_a_replay_tells_what_happened_in_its_range_also_what_was_quiet(tmp_path_factory, rows, most, at_once, span):
    snapshot = _snapshot(tmp_path_factory)
    target = Target("site", 1)
    events = Stored(rows, [(1, len(rows) + 1)])
    messages._REPLAYED_AT_ONCE, before = at_once, messages._REPLAYED_AT_ONCE
    try:
        found = told(events, snapshot, target, Range(len(rows), *sorted(span), 9), most=most)
    finally:
        messages._REPLAYED_AT_ONCE = before
    first, last = sorted(span)
    expected = [one.object_id for one in events.all if PLACES[target](one) and first <= one.at_ms < last]
    assert [number for numbers in found for number in numbers] == expected


def test_webhooks_that_are_up_to_date_share_what_is_read(tmp_path_factory):
    snapshot = _snapshot(tmp_path_factory)
    events = Stored([(1, sensor) for sensor in SENSORS * 10], [])
    for target in PLACES:
        told(events, snapshot, target, Range(30), most=200)
    assert events.reads == 1


_KNOWN = {}


def _snapshot(tmp_path_factory):
    if "one" not in _KNOWN:
        _KNOWN["one"] = catalogue(tmp_path_factory.mktemp("catalogue"))
    return _KNOWN["one"]
