"""Columns in, documents out: field order, sparse maps, labels that occur twice, rounding, means."""

from datetime import datetime

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.catalogue.model import Account, Brand, Catalogue, Sensor, Site, Zone
from passerby.dialects.analytiks import series, shapes
from passerby.dialects.analytiks.pages import CAMERA
from passerby.dialects.analytiks.places import Found, Location
from passerby.dialects.analytiks.requests import Period
from passerby.metrics.places import Computed, Place

at = datetime.fromisoformat


def a_zone(number, sensor_id):
    return Zone(number, f"uid-{sensor_id}-{number}", sensor_id, "", 3, queue=False, polygon=())


def a_catalogue(*timezones, zones=0):
    """Site 1, 2, ... in these zones; sensor 10, 20, ... each with `zones` zones 1, 2, ..."""
    sites, sensors = {}, {}
    for i, timezone in enumerate(timezones, 1):
        sites[i] = Site(i, 7, f"Site {i}", f"R{i}", timezone, None, {}, (), {}, (i * 10,))
        drawn = {n: a_zone(n, i * 10) for n in range(1, zones + 1)}
        sensors[i * 10] = Sensor(
            i * 10, f"S{i}", i, "", entry_point=True, active=True, expert=True, tags=(), lines={}, zones=drawn
        )
    brand = Brand(7, 632, "Acme Stores", (), tuple(sites))
    return Catalogue(1, {632: Account(632, "Acme", {})}, {7: brand}, sites, sensors)


def ask(catalogue, start, end, *, size="1h", mean=False, references=False):
    locations = [Location(site, site.reference if references else None) for site in catalogue.sites.values()]
    period = Period(at(start.rstrip("Z")), at(end.rstrip("Z")), utc=start.endswith("Z"))
    buckets = series.buckets_of(locations, period, size)
    return series.ask(catalogue, CAMERA, locations, buckets, mean=mean)


def computed(asked, rows):
    """Rows (place, metric name, bucket, value) as `compute` gives them."""
    numbered = sorted((place, asked.metrics.index(metric), bucket, value) for place, metric, bucket, value in rows)
    columns = [np.array([row[i] for row in numbered], dtype=np.int64) for i in range(3)]
    return Computed(*columns, np.array([row[3] for row in numbered], dtype=np.float64))


def documents(asked, *rows):
    return orjson.loads(orjson.dumps(shapes.documents(asked, computed(asked, rows))))


def test_a_location_without_data_is_its_id_alone_in_the_order_asked():
    asked = ask(a_catalogue("UTC", "UTC", zones=2), "2023-06-08T20:00:00Z", "2023-06-08T22:00:00Z")
    assert documents(asked) == [{"locationId": 1}, {"locationId": 2}]
    assert documents(asked, (1, "visits", 0, 1.0)) == [
        {"locationId": 1},
        {"locationId": 2, "visits": {"2023-06-08T20:00:00Z": 1}},
    ]


def test_fields_come_in_the_order_of_the_document():
    asked = ask(a_catalogue("UTC", zones=1), "2023-06-08T20:00:00Z", "2023-06-08T20:00:00Z", references=True)
    rows = [
        (place, metric, 0, 1.0) for metric in asked.metrics for place in (0, 1) if (place == 1) == ("zone" in metric)
    ]
    (document,) = documents(asked, *rows)
    assert list(document) == [
        "locationId",
        "referenceNumber",
        "visits",
        "dwellTime",
        "groupVisits",
        "bounces",
        "allVisits",
        "peakOccupancy",
        "walkBys",
        "pointOfInterest",
    ]
    assert list(document["pointOfInterest"][0]) == ["id", "dwellTime", "peakVisits", "visits"]


def test_points_of_interest_without_data_are_left_out():
    catalogue = a_catalogue("UTC", zones=3)
    asked = ask(catalogue, "2023-06-08T20:00:00Z", "2023-06-08T20:00:00Z")
    assert [place.key for place in asked.places] == [1, (10, 1), (10, 2), (10, 3)]
    (document,) = documents(asked, (2, "zone_visits", 0, 4.0))
    assert document == {
        "locationId": 1,
        "pointOfInterest": [{"id": "uid-10-2", "visits": {"2023-06-08T20:00:00Z": 4}}],
    }


def test_utc_labels_end_in_z_and_local_labels_do_not():
    catalogue = a_catalogue("America/New_York", "Asia/Kathmandu")
    utc = ask(catalogue, "2023-06-08T20:30:00Z", "2023-06-08T20:30:00Z")
    assert [each.labels.tolist() for each in utc.buckets] == [["2023-06-08T20:00:00Z"]]
    local = ask(catalogue, "2023-06-08T20:30:00", "2023-06-08T20:30:00")
    assert [each.labels.tolist() for each in local.buckets] == [["2023-06-08T20:00:00"]] * 2
    assert [int(each.calendar.starts[0]) for each in local.buckets] == [
        1_686_268_800_000,  # 2023-06-09T00:00Z
        1_686_233_700_000,  # 2023-06-08T14:15Z
    ]


@pytest.mark.parametrize(
    ("start", "end", "size", "first", "last"),
    [
        ("2023-06-08T11:30:00Z", "2023-06-08T23:45:00Z", "15m", "2023-06-08T11:30:00Z", "2023-06-08T23:45:00Z"),
        ("2023-06-08T11:44:59Z", "2023-06-08T23:44:59Z", "15m", "2023-06-08T11:30:00Z", "2023-06-08T23:30:00Z"),
        ("2023-06-08T11:30:00Z", "2023-06-08T23:45:00Z", "1h", "2023-06-08T11:00:00Z", "2023-06-08T23:00:00Z"),
        ("2023-06-08T00:00:00Z", "2023-06-09T00:00:00Z", "1h", "2023-06-08T00:00:00Z", "2023-06-09T00:00:00Z"),
        ("2023-06-08T11:30:00Z", "2023-06-08T11:30:00Z", "1h", "2023-06-08T11:00:00Z", "2023-06-08T11:00:00Z"),
    ],
)
def test_the_buckets_that_contain_start_and_end_are_both_whole(start, end, size, first, last):
    (buckets,) = ask(a_catalogue("Asia/Tokyo"), start, end, size=size).buckets
    assert (buckets.labels[0], buckets.labels[-1]) == (first, last)
    calendar = buckets.calendar
    assert (calendar.range_start_ms, calendar.range_end_ms) == (calendar.starts[0], calendar.ends[-1])


def test_a_start_that_occurs_twice_means_the_first_and_an_end_the_second():
    """New York, 2023-11-05: 01:00 to 02:00 occurs twice."""
    catalogue = a_catalogue("America/New_York")
    (buckets,) = ask(catalogue, "2023-11-05T01:30:00", "2023-11-05T01:30:00").buckets
    assert buckets.labels.tolist() == ["2023-11-05T01:00:00"] * 2
    assert buckets.calendar.starts.tolist() == [1_699_160_400_000, 1_699_164_000_000]  # 05:00Z and 06:00Z


def test_a_time_that_does_not_exist_moves_forward():
    """New York, 2023-03-12: 02:00 to 03:00 does not exist."""
    catalogue = a_catalogue("America/New_York")
    (start,) = ask(catalogue, "2023-03-12T02:30:00", "2023-03-12T04:00:00").buckets
    assert start.labels.tolist() == ["2023-03-12T03:00:00", "2023-03-12T04:00:00"]
    (end,) = ask(catalogue, "2023-03-12T01:00:00", "2023-03-12T02:30:00", size="15m").buckets
    assert end.labels.tolist()[-3:] == ["2023-03-12T03:00:00", "2023-03-12T03:15:00", "2023-03-12T03:30:00"]
    (crossed,) = ask(catalogue, "2023-03-12T02:45:00", "2023-03-12T03:15:00", size="15m").buckets
    assert crossed.labels.tolist() == ["2023-03-12T03:15:00", "2023-03-12T03:30:00", "2023-03-12T03:45:00"]


def test_of_two_buckets_with_one_label_counts_add_and_peaks_take_the_larger():
    asked = ask(a_catalogue("America/New_York"), "2023-11-05T00:30:00", "2023-11-05T02:00:00")
    (document,) = documents(
        asked,
        *(
            (0, metric, bucket, value)
            for metric in ("visits", "peak_occupancy")
            for bucket, value in enumerate([1, 2, 3, 4])
        ),
    )
    assert document == {
        "locationId": 1,
        "visits": {"2023-11-05T00:00:00": 1, "2023-11-05T01:00:00": 5, "2023-11-05T02:00:00": 4},
        "peakOccupancy": {"2023-11-05T00:00:00": 1, "2023-11-05T01:00:00": 3, "2023-11-05T02:00:00": 4},
    }


def test_lord_howe_repeats_half_an_hour():
    """2023-04-02: clocks go back from 02:00 to 01:30; the local hour 01 has a bucket of 60 and one of 30 minutes."""
    asked = ask(a_catalogue("Australia/Lord_Howe"), "2023-04-02T01:00:00", "2023-04-02T02:00:00")
    (document,) = documents(asked, *((0, "visits", bucket, 10.0**bucket) for bucket in range(3)))
    assert document["visits"] == {"2023-04-02T01:00:00": 11, "2023-04-02T02:00:00": 100}


def test_in_utc_no_label_occurs_twice():
    asked = ask(a_catalogue("America/New_York"), "2023-11-05T04:00:00Z", "2023-11-05T07:00:00Z")
    (document,) = documents(asked, *((0, "visits", bucket, 1.0) for bucket in range(4)))
    assert list(document["visits"].values()) == [1, 1, 1, 1]


def test_locations_in_several_zones_each_keep_their_own_clock():
    asked = ask(
        a_catalogue("America/New_York", "UTC", "America/New_York"), "2023-11-05T01:00:00", "2023-11-05T02:00:00"
    )
    assert asked.places[:3] == [Place("site", 1, 0), Place("site", 2, 1), Place("site", 3, 0)]
    rows = [(place, "visits", bucket, 1.0) for place, size in ((0, 3), (1, 2), (2, 3)) for bucket in range(size)]
    first, second, third = documents(asked, *rows)
    assert first["visits"] == third["visits"] == {"2023-11-05T01:00:00": 2, "2023-11-05T02:00:00": 1}
    assert second["visits"] == {"2023-11-05T01:00:00": 1, "2023-11-05T02:00:00": 1}


def test_fractions_are_rounded_half_up_after_adding_and_zeros_left_out():
    asked = ask(a_catalogue("America/New_York"), "2023-11-05T00:30:00", "2023-11-05T02:00:00")
    (document,) = documents(
        asked, (0, "visits", 0, 2.5), (0, "visits", 1, 0.4), (0, "visits", 2, 0.4), (0, "visits", 3, 0.4)
    )
    assert document["visits"] == {"2023-11-05T00:00:00": 3, "2023-11-05T01:00:00": 1}
    assert documents(asked, (0, "visits", 0, 0.4)) == [{"locationId": 1}]


@given(st.integers(0, 2**50), st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_halves_go_up(whole, part):
    assert shapes.half_up(np.array([whole + part])).tolist() == [whole + (part >= 0.5)]


def test_just_below_a_half_goes_down():
    assert shapes.half_up(np.array([0.49999999999999994, 0.5, 1.5, 2.5])).tolist() == [0, 1, 2, 3]


def test_a_mean_is_taken_after_adding_and_rounded_half_up():
    asked = ask(a_catalogue("America/New_York", zones=1), "2023-11-05T00:30:00", "2023-11-05T02:00:00", mean=True)
    (document,) = documents(
        asked,
        *[(0, "dwell_time", 0, 5.0), (0, "timed_visits", 0, 2.0), (0, "visits", 0, 9.0)],
        *[(0, "dwell_time", 1, 30.0), (0, "timed_visits", 1, 1.0)],
        *[(0, "dwell_time", 2, 10.0), (0, "timed_visits", 2, 3.0), (0, "timed_visits", 3, 1.0)],
        *[(1, "zone_dwell_time", 2, 7000.0), (1, "zone_visits", 2, 2.0)],
    )
    assert document == {
        "locationId": 1,
        "visits": {"2023-11-05T00:00:00": 9},
        "dwellTime": {"2023-11-05T00:00:00": 3, "2023-11-05T01:00:00": 10},
        "pointOfInterest": [
            {
                "id": "uid-10-1",
                "dwellTime": {"2023-11-05T01:00:00": 3500},
                "visits": {"2023-11-05T01:00:00": 2},
            }
        ],
    }


def test_partial_answers_list_what_was_refused_as_it_was_asked_for():
    description = "You are not authorized to query these locations"
    assert shapes.partial([], Found()) == {"successes": [], "failures": {}}
    assert shapes.partial([], Found(refused_ids=[9, 4]))["failures"] == {
        "description": description,
        "locations": [9, 4],
    }
    assert shapes.partial([], Found(refused_references=["X"]))["failures"] == {
        "description": description,
        "locations": ["X"],
    }


rows_strategy = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["visits", "peak_occupancy"]), st.integers(0, 27), st.integers(1, 9)),
    max_size=60,
    unique_by=lambda row: row[:3],
)


@given(rows_strategy)
def test_documents_equal_a_plain_loop(rows):
    asked = ask(
        a_catalogue("America/New_York", "Europe/Zurich"), "2023-11-05T00:00:00", "2023-11-05T06:45:00", size="15m"
    )
    rows = [row for row in rows if row[2] < len(asked.buckets[row[0]].calendar)]
    expected = [{}, {}]
    for place, metric, bucket, value in rows:
        name = {"visits": "visits", "peak_occupancy": "peakOccupancy"}[metric]
        label = asked.buckets[place].calendar.labels[bucket]
        values = expected[place].setdefault(name, {})
        combine = max if metric == "peak_occupancy" else lambda a, b: a + b
        values[label] = combine(values[label], value) if label in values else value
    assert documents(asked, *rows) == [{"locationId": i, **maps} for i, maps in enumerate(expected, 1)]
