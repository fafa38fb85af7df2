import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.tracks import ordering
from passerby.tracks.ordering import in_order
from passerby.tracks.track import Position, tracks


def positions(track, *instants, class_="person"):
    return [Position(track, float(at), float(at), 0.0, class_) for at in instants]


def shape(found):
    return [(track.id, track.times.tolist()) for track in found]


def test_a_track_that_was_unseen_too_long_is_another_one():
    found = tracks(positions("7", 0, 1, 11, 21.5, 22), gap_s=10)
    assert shape(found) == [("7", [0, 1, 11]), ("7", [21.5, 22])]


def test_a_repeated_instant_keeps_its_first_position():
    (track,) = tracks([Position("7", 1, 5, 5, "person"), Position("7", 1, 99, 99, "car"), *positions("7", 2)])
    assert track.times.tolist() == [1, 2]
    assert track.points.tolist() == [[5, 5], [2, 0]]


def test_the_class_is_the_one_seen_most_often():
    seen = ["car", "person", "car", "van"]
    (track,) = tracks([Position("7", at, 0, 0, class_) for at, class_ in enumerate(seen)])
    assert track.class_ == "car"


def test_a_tie_of_classes_goes_to_the_one_seen_first():
    (track,) = tracks([Position("7", at, 0, 0, class_) for at, class_ in enumerate(["van", "car", "car", "van"])])
    assert track.class_ == "van"


def test_no_positions_no_tracks():
    assert list(tracks([])) == []
    assert list(in_order([])) == []


@given(
    st.dictionaries(st.sampled_from(["1", "2", "10", "x"]), st.sets(st.integers(0, 60), min_size=1, max_size=10)),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_does_not_matter(instants, shuffled):
    rows = [position for track, seen in instants.items() for position in positions(track, *seen)]
    expected = sorted(instants, key=lambda track: (min(instants[track]), track))
    shuffled.shuffle(rows)
    found = list(tracks(in_order(rows), gap_s=1000))
    assert shape(found) == [(track, sorted(instants[track])) for track in expected]


def test_among_repeated_instants_the_first_in_the_file_comes_first():
    rows = [Position("7", 1.0, float(n), 0.0, "person") for n in range(50)]
    assert [position.x for position in in_order(rows)] == list(range(50))


def test_more_rows_than_one_insert(monkeypatch):
    monkeypatch.setattr(ordering, "_ROWS", 7)
    rows = [position for track in "abcdef" for position in positions(track, *range(10))]
    mixed = random.Random(1).sample(rows, len(rows))
    assert list(in_order(mixed)) == rows


@pytest.mark.parametrize("name", ["0", "0.5", "a b", 'quote"d', "ä"])
def test_any_name_will_do(name):
    assert shape(tracks(in_order(positions(name, 2, 1)))) == [(name, [1, 2])]
