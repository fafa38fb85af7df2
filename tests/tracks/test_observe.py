"""What a sensor says about one track: scenes beside what is expected of them."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.observations import KINDS
from passerby.tracks.geometry import polyline
from passerby.tracks.observe import Scene, SceneLine, SceneZone, inside_throughout, observe
from passerby.tracks.track import Track

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
# A shop front along y = 0 with two doors, each 10 wide; inside is above. And a line across the pavement.
WEST = SceneLine(1, polyline([(0, 0), (10, 0)], "left"), entrance=True)
EAST = SceneLine(2, polyline([(40, 0), (50, 0)], "left"), entrance=True)
PAVEMENT = SceneLine(3, polyline([(20, 0), (20, -50)], "left"), entrance=False)
SHELF = SceneZone(11, ((0.0, 10.0), (50.0, 10.0), (50.0, 20.0), (0.0, 20.0)))
SHOP = Scene(sensor=5, start=START, lines=[WEST, EAST, PAVEMENT], zones=[SHELF])
OPEN = Scene(sensor=5, start=START)
POINTS = st.lists(st.tuples(st.integers(-5, 55), st.integers(-20, 25)), min_size=1, max_size=20)


def track(*points, class_="person", name="7"):
    return Track(name, np.arange(len(points), dtype=np.float64), np.array(points, dtype=np.float64), class_)


def said(scene, *points, class_="person"):
    """Observations in short: kind, seconds since the start, and what matters of it."""
    short = []
    for observation in observe(scene, track(*points, class_=class_)):
        document = msgspec.to_builtins(observation)
        at = datetime.fromisoformat(document.get("at") or document["start"])
        seconds = (at - START).total_seconds()
        match document["kind"]:
            case "crossing":
                marks = " also visit" if document.get("also_visit") else ""
                short.append(f"{seconds:g} {document['direction']} over {document['line']}{marks}")
            case "visit" | "passage" as kind:
                short.append(f"{seconds:g} {kind} of {document['duration_ms']}")
            case "zone_visit":
                short.append(f"{seconds:g} in zone {document['zone']} for {document['duration_ms']}")
    return sorted(short)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param(
            [(5, -4), (5, 4), (5, 8), (5, 4), (5, -4)],
            ["0.5 in over 1 also visit", "0.5 visit of 3000", "3.5 out over 1 also visit"],
            id="in and out again",
        ),
        pytest.param(
            [(5, -4), (5, 4), (45, 4), (45, -4)],
            ["0.5 in over 1 also visit", "0.5 visit of 2000", "2.5 out over 2 also visit"],
            id="in by one door, out by the other",
        ),
        pytest.param([(5, -4), (5, 4)], ["0.5 in over 1 also visit", "0.5 visit of None"], id="in and lost"),
        pytest.param([(5, 4), (5, -4)], ["0.5 out over 1"], id="out, not seen entering"),
        pytest.param(
            [(5, 4), (5, -4), (5, 4), (5, -4)],
            ["0.5 out over 1", "1.5 in over 1 also visit", "1.5 visit of 1000", "2.5 out over 1 also visit"],
            id="out, in, out: one visit and one crossing",
        ),
        pytest.param(
            [(5, -4), (5, 4), (15, 4), (15, -4), (5, -4), (5, 4), (5, -4)],
            [
                "0.5 in over 1 also visit",
                "0.5 visit of None",
                "4.5 in over 1 also visit",
                "4.5 visit of 1000",
                "5.5 out over 1 also visit",
            ],
            id="in, out past the door unseen, in again",
        ),
        pytest.param([(5, 4), (5, 5), (45, 4)], [], id="stays inside all along"),
        pytest.param([(5, 4), (15, 4), (15, -4)], ["0 passage of 2000"], id="leaves the inside, over no line"),
        pytest.param([(5, 4), (10.2, 4), (10.2, -0.3)], ["0 passage of 2000"], id="ends just outside, past the door"),
        pytest.param([(5, 4), (10.2, 4), (10.2, -0.3), (10.2, 4)], [], id="just outside for a moment only"),
        pytest.param([(0, -4), (5, -4)], ["0 passage of 1000"], id="walks by"),
        pytest.param(
            [(5, -20), (30, -20)], ["0 passage of 1000", "0.6 in over 3"], id="walks by, over the pavement's line"
        ),
        pytest.param([(5, -4)], ["0 passage of 0"], id="seen once, outside"),
        pytest.param([(5, 4)], [], id="seen once, inside"),
        pytest.param([(5, 0)], ["0 passage of 0"], id="seen once, on the line"),
        pytest.param(
            [(5, 4), (5, 15), (5, 15), (5, 4)], ["1 in zone 11 for 2000"], id="stays inside, visits the shelf"
        ),
        pytest.param([(5, 4), (5, 15), (5, 16)], ["1 in zone 11 for 1000"], id="ends at the shelf"),
        pytest.param(
            [(5, -4), (5, 15), (5, 4), (5, 15)],
            ["0.210526 in over 1 also visit", "0.210526 visit of None", "1 in zone 11 for 2000"],
            id="away from the shelf for a moment",
        ),
    ],
)
def test_a_person_at_the_shop(points, expected):
    # Instants are whole milliseconds.
    assert said(SHOP, *points) == [text.replace("0.210526", "0.211") for text in expected]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(5, -4), (5, 4)], ["0.5 in over 1"]),
        ([(5, 4), (5, -4)], ["0.5 out over 1"]),
        ([(0, -4), (10, -4)], ["0 passage of 1000"]),
        ([(5, 15), (6, 15)], []),
    ],
)
def test_a_car_makes_no_visits(points, expected):
    assert said(SHOP, *points, class_="car") == expected
    assert {getattr(one, "class_", None) for one in observe(SHOP, track(*points, class_="car"))} <= {"car"}


@given(POINTS)
def test_without_lines_every_track_is_a_passage(points):
    assert said(OPEN, *points) == [f"0 passage of {1000 * (len(points) - 1)}"]


def what_it_was(scene, points):
    found = observe(scene, track(*points))
    kinds = {kind: [one for one in found if type(one).__struct_config__.tag == kind] for kind in KINDS}
    crossings = [one for one in kinds["crossing"] if one.line != PAVEMENT.id]
    entered = [one for one in crossings if one.direction == "in"]
    assert len(kinds["visit"]) == len(entered)
    assert sorted(one.at for one in entered) == [one.start for one in kinds["visit"]]
    left = [one for one in crossings if one.direction == "out"]
    closed = [one for one in kinds["visit"] if one.duration_ms is not None]
    assert {one.start + timedelta(milliseconds=one.duration_ms) for one in closed} == {
        one.at for one in left if one.also_visit
    }
    assert all(one.also_visit for one in entered)
    outcomes = []
    if kinds["visit"]:
        outcomes.append("visits")
    elif crossings:
        outcomes.append("left")
    if kinds["passage"]:
        outcomes.append("passage")
    if not crossings and inside_throughout(scene, track(*points)):
        outcomes.append("inside")
    return outcomes


@given(POINTS)
def test_every_track_is_exactly_one_of_visits_leaving_passage_staying(points):
    assert len(what_it_was(SHOP, points)) == 1


@given(POINTS)
def test_no_two_observations_of_a_kind_share_an_identity(points):
    found = observe(SHOP, track(*points))
    identities = [(type(one), getattr(one, "at", None) or one.start, one.id) for one in found]
    assert len(set(identities)) == len(identities)


def test_the_same_track_says_the_same_twice():
    points = [(5, -4), (5, 15), (5, -4)]
    assert observe(SHOP, track(*points)) == observe(SHOP, track(*points))


def test_ids_and_object_numbers_come_from_the_track():
    seen = observe(SHOP, track((5, -4), (5, 15), (5, -4)))
    assert [(one.id, getattr(one, "object_id", None)) for one in seen] == [
        ("track-7/1", 7),
        ("track-7/1", 7),
        ("track-7", None),
        ("track-7/11", 7),
    ]
    named = observe(OPEN, track((5, -4), name="person " * 30))
    assert len(named[0].id) <= 128
    assert observe(SHOP, track((5, -4), (5, 4), name="7a"))[0].object_id is None


def test_half_a_millisecond_does_not_part_a_visit_from_its_crossings():
    times = np.array([0.0, 0.0333, 0.0667])
    seen = observe(SHOP, Track("7", times, np.array([(5.0, -3.0), (5.0, 4.0), (5.0, -4.0)]), "person"))
    entered, left, visit = seen
    assert visit.start == entered.at
    assert visit.start + timedelta(milliseconds=visit.duration_ms) == left.at
