"""What Camlytics posts, as observations."""

import json
from datetime import UTC, datetime

import pytest
from tests.support.networks import network

from passerby.catalogue.model import Credential
from passerby.catalogue.repository import Repository
from passerby.errors import InvalidInputError
from passerby.ingest.producers.base import Sender
from passerby.ingest.producers.camlytics import decode
from passerby.observations import Crossing, Event

# The sample of the document, and a body that a desktop installation sent.
CLOUD = {
    "record_id": 1635343534,
    "event_type": "RegionJoin",
    "snapshot_id": -235343534,
    "trigger_id": "zone-door-1",
    "origin": "Pedestrian",
    "suborigin": "Unknown",
    "age_range": "",
    "gender": "",
    "id": None,
    "channel_id": "door-1",
    "object_id": 6,
    "location_id": 123,
    "event_time": "2000-01-23 04:56:07.000",
}
DESKTOP = {
    "channel_id": "door-1",
    "channel_name": "Front",
    "event_name": "Crossed line",
    "event_origin": "Pedestrian",
    "event_time": "2020-09-24T00:59:41.6446594-03:00",
    "event_type": "TripwireCrossed",
    "object_id": 12,
    "rule_id": "line-door-1",
    "rule_name": "Enter",
}


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    document = network()
    document["brands"][0]["sites"][0]["sensors"][0]["lines"][1]["direction"] = "out"
    with Repository(tmp_path_factory.mktemp("catalogue")) as repository:
        repository.apply(document)
        yield Sender(repository.current(), Credential(1, 632, "native", "all", frozenset({"ingest"}), None, None))


def one(sender, record, **changes):
    pushed = decode(json.dumps(record | changes).encode(), sender)
    assert pushed.refused == []
    return pushed.observations[0]


def error(sender, record, **changes):
    (refused,) = decode(json.dumps([record | changes]).encode(), sender).refused
    assert json.loads(refused.row) == record | changes
    return refused.error


def test_the_array_of_the_cloud(sender):
    pushed = decode(json.dumps([CLOUD, CLOUD | {"object_id": 7}]).encode(), sender)
    assert list(pushed.indexes) == [0, 1]
    assert pushed.observations[0] == Event(
        sensor=3024,
        at=datetime(2000, 1, 23, 4, 56, 7, tzinfo=UTC),
        type="RegionJoin",
        trigger=11,
        origin="Pedestrian",
        suborigin="Unknown",
        object_id=6,
        snapshot_id=-235343534,
        record_id=1635343534,
    )


def test_the_object_of_the_desktop(sender):
    assert one(sender, DESKTOP) == Crossing(
        sensor=3024,
        line=1,
        at=datetime(2020, 9, 24, 3, 59, 41, 644659, tzinfo=UTC),
        direction="in",
        origin="Pedestrian",
        object_id=12,
    )


def test_a_crossing_goes_the_way_of_its_line(sender):
    assert one(sender, DESKTOP, rule_id="line-2-door-1").direction == "out"
    assert one(sender, DESKTOP, rule_id="2").line == 2


@pytest.mark.parametrize("rule", ["line-door-2", "zone-door-1", "-1", "nowhere", "", None])
def test_a_crossing_of_no_known_line_is_an_event(sender, rule):
    event = one(sender, DESKTOP, rule_id=rule)
    assert isinstance(event, Event)
    assert event.type == "TripwireCrossed"
    assert event.trigger == (11 if rule == "zone-door-1" else None)


@pytest.mark.parametrize(
    ("origin", "suborigin", "class_"),
    [
        ("Pedestrian", "Unknown", "person"),
        ("Face", "", "person"),
        (None, None, "person"),
        ("Vehicle", "Car", "car"),
        ("Vehicle", "Bicycle", "bike"),
        ("Vehicle", None, "unknown"),
        ("Unknown", "Unknown", "unknown"),
    ],
)
def test_classes(sender, origin, suborigin, class_):
    crossing = one(
        sender, CLOUD, event_type="TripwireCrossed", trigger_id="line-door-1", origin=origin, suborigin=suborigin
    )
    assert crossing.class_ == class_
    assert crossing.origin == origin


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2000-01-23 04:56:07.000", "2000-01-23T04:56:07.000"),
        ("2000-01-23 04:56:07", "2000-01-23T04:56:07.000"),
        ("2000-01-23T04:56:07.000+00:00", "2000-01-23T04:56:07.000"),
        ("2023-01-08T15:11:45+01:00", "2023-01-08T14:11:45.000"),
        ("2022-01-19T16:22:25.4330000", "2022-01-19T21:22:25.433"),  # the wall clock of New York
        ("2022-07-19T16:22:25.9999999Z", "2022-07-19T16:22:25.999"),
    ],
)
def test_times(sender, written, utc):
    assert one(sender, CLOUD, event_time=written).at.isoformat(timespec="milliseconds") == f"{utc}+00:00"


def test_nobody_is_no_object(sender):
    assert one(sender, DESKTOP, object_id="-1").object_id is None
    assert one(sender, DESKTOP, object_id="17").object_id == 17


def test_records_that_say_nothing(sender):
    assert error(sender, CLOUD, channel_id="nowhere") == "channel_id: no sensor has the uid 'nowhere'"
    assert error(sender, CLOUD, channel_id=None) == "channel_id: missing"
    assert error(sender, CLOUD, event_type="") == "event_type: missing"
    assert error(sender, CLOUD, event_type="x" * 65).startswith("type: ")
    assert error(sender, CLOUD, event_time="yesterday").startswith("event_time: expected a time")
    assert error(sender, CLOUD, event_time="2000-02-30 00:00:00").startswith("event_time: there is no")
    assert error(sender, CLOUD, object_id="six") == "object_id: expected an integer"
    assert error(sender, CLOUD, origin=[1]) == "origin: expected a text"
    pushed = decode(json.dumps([1, CLOUD, "text"]).encode(), sender)
    assert [refused.index for refused in pushed.refused] == [0, 2]
    assert list(pushed.indexes) == [1]


@pytest.mark.parametrize("body", [b"", b"{", b"[1,", b"\xff", b"[" * 3000])
def test_what_is_no_json(sender, body):
    with pytest.raises(InvalidInputError, match="not JSON"):
        decode(body, sender)
