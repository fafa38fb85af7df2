"""Facts and journal rows as the document's events."""

import pyarrow as pa
import pytest
from tests.support.catalogues import contract_document
from tests.support.facts import BASE_MS, row

from passerby.catalogue.repository import Repository
from passerby.dialects.camlytics import events
from passerby.journal import Entry

# The document's sample of a webhook; the API's has an id and another form of time.
SAMPLE = {
    "record_id": 1635343534,
    "event_type": "RegionJoin",
    "snapshot_id": -235343534,
    "trigger_id": "11111111-1111-1111-1111-111111111111",
    "origin": "Pedestrian",
    "suborigin": "Unknown",
    "age_range": "",
    "gender": "",
    "id": None,
    "channel_id": "35576ahb-56656-45781-acb45_000015E2",
    "object_id": 6,
    "location_id": 1,
    "event_time": "2000-01-23 04:56:07.000",
}
AT_MS = 948603367000


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    with Repository(tmp_path_factory.mktemp("catalogue")) as repository:
        repository.apply(contract_document())
        return events.Names(repository.current())


def stay(**values):
    told = {"record_id": 1635343534, "snapshot_id": -235343534, "object_id": 6, "zone_id": 11}
    return row("zone_visit", 1, sensor_id=3024, started_ms=AT_MS, ended_ms=AT_MS + 61_500, **(told | values))


def test_a_stay_is_the_documents_join_and_a_leave(names):
    joined, left = events.of_row("zone_visit", stay(), 17)
    assert events.webhook_document(joined, names) == SAMPLE
    api = {"id": 34, "event_time": "2000-01-23T04:56:07.000+00:00"}
    assert events.document(joined, names) == SAMPLE | api
    assert list(events.document(joined, names)) == list(SAMPLE)
    later = {"id": 35, "event_type": "RegionLeave", "event_time": "2000-01-23T04:57:08.500+00:00"}
    assert events.document(left, names) == SAMPLE | later


def test_a_stay_that_was_reported_by_events_adds_none():
    assert events.of_row("zone_visit", stay(also_events=True), 1) == ()
    # As an older release kept it: it did not know the field.
    assert len(events.of_row("zone_visit", stay(also_events=None), 1)) == 2


@pytest.mark.parametrize(
    ("class_", "said", "written"),
    [
        ("person", (None, None), ("Pedestrian", "Unknown")),
        ("car", (None, None), ("Vehicle", "Car")),
        ("bike", (None, None), ("Vehicle", "Bike")),
        ("unknown", (None, None), ("Unknown", "Unknown")),
        ("person", ("Face", None), ("Face", "")),
        ("car", ("Vehicle", None), ("Vehicle", "Car")),
        ("person", ("Vehicle", None), ("Vehicle", "Unknown")),
        ("person", ("Vehicle", "Tram"), ("Vehicle", "Tram")),
        ("car", (None, "Taxi"), ("Vehicle", "Taxi")),
        (None, (None, None), ("Unknown", "Unknown")),
    ],
)
def test_origins(class_, said, written):
    assert events.origins(class_, *said) == written


def test_a_face(names):
    face = {"origin": "Face", "age_range": "26 - 35", "gender": "Male"}
    joined, _ = events.of_row("zone_visit", stay(**face), 1)
    assert events.webhook_document(joined, names) == SAMPLE | face | {"suborigin": ""}


def test_a_crossing_of_which_only_the_class_is_known(names):
    crossing = row("crossing", 1, sensor_id=3024, line_id=1, **{"class": "car"})
    (happened,) = events.of_row("crossing", crossing, 5)
    assert events.document(happened, names) == {
        "record_id": 0,
        "event_type": "TripwireCrossed",
        "snapshot_id": 0,
        "trigger_id": "47576ahb-56656-45786-acb45_000015E2",
        "origin": "Vehicle",
        "suborigin": "Car",
        "age_range": "",
        "gender": "",
        "id": 10,
        "channel_id": "35576ahb-56656-45781-acb45_000015E2",
        "object_id": -1,
        "location_id": 1,
        "event_time": "2026-01-01T00:00:01.000+00:00",
    }


def test_an_event_of_no_trigger_and_one_whose_line_is_gone(names):
    plain = row("event", 1, sensor_id=3024, event_type="Sabotage")
    (happened,) = events.of_row("event", plain, 1)
    assert events.document(happened, names)["trigger_id"] == "-1"
    assert names.trigger(3024, 99) == "3024/99"


def test_an_entry_gives_everything_in_order_of_arrival():
    rows = {
        "visit": [row("visit", 1), row("visit", 2)],
        "zone_visit": [stay(), stay(also_events=True)],
        "event": [row("event", 3)],
    }
    found = list(events.of_entry(Entry(9, BASE_MS, 100, 5, "native", rows)))
    assert [(one.id, one.event_type) for one in found] == [
        (204, "RegionJoin"),
        (205, "RegionLeave"),
        (208, "Loitering"),
    ]


def test_a_row_of_a_query_is_a_happening(names):
    (happened,) = events.of_row("crossing", row("crossing", 1), 5)
    table = pa.table({name: [value] for name, value in zip(events.COLUMNS, happened, strict=True)})
    assert list(events.of_table(table)) == [happened]
    with_time = events.documents_of(table.set_column(1, "sensor_id", [[3024]]), names)
    assert list(with_time) == [events.document(happened._replace(sensor_id=3024), names)]


def test_kinds_without_events_give_none():
    assert events.of_row("visit", row("visit", 1), 1) == ()


def test_an_event_of_a_sensor_that_is_gone(names):
    (happened,) = events.of_row("crossing", row("crossing", 1, sensor_id=7), 5)
    with pytest.raises(KeyError):
        events.document(happened, names)
