"""Which joins and leaves make a stay."""

from hypothesis import given
from hypothesis import strategies as st
from tests.support.facts import row

from passerby.ingest.stays import Half, add, halves

KEY = (3024, 11, 6)
DAY_MS = 86_400_000


def stays_of(arrivals, window_ms=DAY_MS):
    """(start, end) of the stays that "j5", "l9" ... make, in the order in which they are complete."""
    known, found = [], []
    for arrival in arrivals:
        stay = add(known, KEY, Half(int(arrival[1:]), arrival[0] == "j", 0), window_ms)
        if stay is not None:
            found.append((stay.joined.at_ms, stay.left.at_ms))
    assert known == sorted(known, key=lambda half: half.place)
    return found


def test_either_may_come_first():
    assert stays_of(["j5", "l9"]) == stays_of(["l9", "j5"]) == [(5, 9)]


def test_what_is_sent_again_changes_nothing():
    assert stays_of(["j5", "j5", "l9", "l9", "j5", "l9"]) == [(5, 9)]


def test_an_object_id_that_is_used_again():
    assert stays_of(["j0", "l100", "j100", "l200"]) == [(0, 100), (100, 200)]
    # The leave of the first was lost, then the join of the second.
    assert stays_of(["j0", "j100", "l200"]) == [(100, 200)]
    assert stays_of(["j0", "l50", "l200"]) == [(0, 50)]
    # A leave never reaches over another join to an old one.
    assert stays_of(["j0", "j100", "l200", "l300"]) == [(100, 200)]
    assert stays_of(["j0", "j100", "l200", "l50"]) == [(100, 200), (0, 50)]


def test_a_stay_of_no_length():
    assert stays_of(["j5", "l5"]) == stays_of(["l5", "j5"]) == [(5, 5)]


def test_halves_too_far_apart():
    assert stays_of(["j0", "l101"], window_ms=100) == []
    assert stays_of(["l100", "j0"], window_ms=100) == [(0, 100)]


@given(st.lists(st.integers(1, 50), min_size=2, max_size=20), st.randoms(use_true_random=False))
def test_in_order_every_stay_is_found_and_in_any_order_none_is_made_up(gaps, dice):
    times = [sum(gaps[: n + 1]) for n in range(len(gaps) // 2 * 2)]
    true = [(times[n], times[n + 1]) for n in range(0, len(times), 2)]
    arrivals = [text for start, end in true for text in (f"j{start}", f"l{end}")]
    assert stays_of(arrivals) == true
    # The two of a stay change places, or whole stays do: the same stays.
    swapped = [text for start, end in true for text in dice.sample([f"j{start}", f"l{end}"], 2)]
    assert stays_of(swapped) == true
    dice.shuffle(arrivals)
    found = stays_of(arrivals)
    starts, ends = [start for start, _ in found], [end for _, end in found]
    assert len(set(starts)) == len(starts)
    assert len(set(ends)) == len(ends)
    assert all(start <= end for start, end in found)
    assert set(starts) <= {start for start, _ in true}
    assert set(ends) <= {end for _, end in true}


def test_only_joins_and_leaves_of_followed_objects_count():
    rows = [
        row("event", 1, event_type="RegionJoin", trigger_id=11, object_id=6),
        row("event", 2, event_type="RegionLeave", trigger_id=11, object_id=6),
        row("event", 3, event_type="RegionJoin", trigger_id=11),
        row("event", 4, event_type="RegionJoin", object_id=6),
        row("event", 5, event_type="Loitering", trigger_id=11, object_id=6),
    ]
    assert [half.joined for _, half in halves(rows, 0)] == [True, False]
