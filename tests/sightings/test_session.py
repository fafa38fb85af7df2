"""Sessions equal what brute force makes of the same sightings, whatever the order and lateness of their arrival."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import about
from tests.support.sightings import sessions as brute_force

from passerby.sightings.session import Book, Session
from passerby.sightings.visits import visits

GAP, LATENESS = 600, 900  # in whatever unit: nothing here knows of seconds
AGES = 1_000_000


def waits(_scope):
    return GAP, GAP + LATENESS


def never_ended(_scope, _device, _at):
    return False


def as_set(closed):
    """What closed sessions amount to, in the twin's form."""
    found = []
    for one in closed:
        s = one.session
        found.append((one.scope, one.device, s.sensor_id, None, s.first_ms, s.last_ms, s.rssi))
        found += [(one.scope, one.device, *place, *part) for place, part in s.zones.items()]
    assert len(found) == len(set(found)), "the same visit twice"
    return set(found)


@st.composite
def sightings(draw):
    scope = draw(st.sampled_from([1, 2, -7]))
    sensor = 7 if scope < 0 else draw(st.sampled_from([scope * 10, scope * 10 + 1]))
    zone = draw(st.sampled_from([None, 1, 2]))
    device = draw(st.sampled_from("ab"))
    # Many distances are exactly the gap, or one off it.
    at = draw(st.one_of(st.integers(0, 5_000), st.sampled_from([n * GAP + d for n in range(9) for d in (-1, 0, 1)])))
    at = max(0, at)
    return (scope, sensor, zone, device, at, draw(st.integers(-90, -85)), draw(st.sampled_from([None, True, False])))


@st.composite
def deliveries(draw):
    """(arrival, sighting) in order of arrival: each one up to LATENESS late, some several times."""
    sent = draw(st.lists(sightings(), min_size=1, max_size=40))
    sent += [draw(st.sampled_from(sent)) for _ in range(draw(st.integers(0, 10)))]
    late = st.one_of(st.integers(0, LATENESS), st.sampled_from([0, LATENESS]))
    return sorted(((one[4] + draw(late), one) for one in sent), key=lambda pair: pair[0])


@given(deliveries(), st.randoms(use_true_random=False))
@settings(max_examples=about(150))
def test_late_repeated_and_shuffled_sightings_give_the_same_sessions(arriving, chance):
    book = Book(waits, never_ended)
    for arrived, sighting in arriving:
        if chance.random() < 0.5:
            book.pass_time(arrived)
        book.take([sighting], arrived)
    closed = book.closed()
    book.pass_time(AGES)
    assert as_set(closed + book.closed()) == brute_force([one for _, one in arriving], GAP)
    assert len(book) == 0


@given(st.lists(sightings(), max_size=40).flatmap(st.permutations))
def test_a_recording_brought_in_at_once_in_any_order_gives_the_same_sessions(order):
    book = Book(waits, never_ended)
    book.take(order, AGES)
    for scope in (1, 2, -7):
        book.end(scope, AGES)
    assert as_set(book.closed()) == brute_force(order, GAP)


@given(deliveries(), st.data())
def test_a_book_that_was_written_and_read_goes_on_as_if_nothing_had_been(arriving, data):
    cut = data.draw(st.integers(0, len(arriving)))
    book = Book(waits, never_ended)
    closed = []
    for number, (arrived, sighting) in enumerate(arriving):
        if number == cut:
            closed += book.closed()
            again = Book(waits, never_ended)
            for key in {(one[0], one[3]) for _, one in arriving}:
                states = [one.state() for one in book.of(*key)]
                if states:
                    again.put_back(*key, [Session.of_state(state) for state in states])
            book = again
        book.take([sighting], arrived)
    book.pass_time(AGES)
    assert as_set(closed + book.closed()) == brute_force([one for _, one in arriving], GAP)


def test_a_session_ends_exactly_when_nothing_in_time_can_belong_to_it():
    book = Book(waits, never_ended)
    book.take([(1, 10, None, "a", 5_000, -60, None)], 5_000)
    book.pass_time(5_000 + GAP + LATENESS - 1)
    assert book.closed() == []
    assert not book.is_due(5_000 + GAP + LATENESS - 1)
    assert book.is_due(5_000 + GAP + LATENESS)
    book.pass_time(5_000 + GAP + LATENESS)
    assert len(book.closed()) == 1


def test_what_was_heard_during_a_session_that_has_ended_makes_no_other():
    ended = {(1, "a"): (1_000, 2_000)}
    book = Book(waits, lambda scope, device, at: ended[scope, device][0] <= at <= ended[scope, device][1])
    book.take([(1, 10, None, "a", 1_500, -60, None), (1, 10, None, "a", 2_001, -60, None)], AGES)
    book.end(1, AGES)
    assert [(one.session.first_ms, one.session.last_ms) for one in book.closed()] == [(2_001, 2_001)]


def test_ending_leaves_what_was_heard_later():
    book = Book(waits, never_ended)
    book.take([(1, 10, None, "a", 1_000, -60, None), (1, 10, None, "b", 1_001, -60, None)], AGES)
    book.end(1, 1_001)
    assert [one.device for one in book.closed()] == ["a"]
    assert [one.first_ms for one in book.sessions(1)] == [1_001]


def test_visits_of_a_session_are_the_same_however_often_it_is_computed():
    rows = [(1, 10, 3, "a", 1_000, -60, True), (1, 11, None, "a", 1_200, -50, True)]
    made = []
    for order in (rows, rows[::-1]):
        book = Book(waits, never_ended)
        book.take(order, AGES)
        book.end(1, AGES)
        made.append(visits(book.closed()))
    assert made[0] == made[1]
    site, zone = made[0]
    assert site[:4] == (11, 1_000, 1_200, None)
    assert site[5:] == ("a", -50, None, True)
    assert zone[:4] == (10, 1_000, 1_000, None)
    assert zone[5:] == ("a", -60, 3, True)
