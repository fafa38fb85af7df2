"""One test for each sentence of the vendor's page "JSON Exports API for Camera data". Each day is one test's own."""

import pytest
from tests.support.analytiks import POI_1, credentials, send, visits


def test_version_1_accepts_batches_of_location_ids_and_rejects_queries_containing_unauthorized_ids(demo, http):
    send(http, visits(10, "2023-01-01T10:05:00Z") + visits(20, "2023-01-01T11:05:00Z"))
    answer = demo.day(1, "2023-01-01", locations=[2, 1])
    assert answer.status_code == 200
    assert [location["locationId"] for location in answer.json()] == [2, 1]
    assert demo.day(1, "2023-01-01", locations=[2, 1, 4]).status_code == 401


def test_version_2_accepts_batches_and_allows_partial_responses(demo, http):
    send(http, visits(10, "2023-01-02T10:05:00Z"))
    answer = demo.day(2, "2023-01-02", locations=[4, 1])
    assert answer.status_code == 200
    assert [location["locationId"] for location in answer.json()["successes"]] == [1]


def test_version_3_needs_only_a_brand_id_and_returns_locations_in_batches(demo):
    answer = demo.day(3, "2023-01-03", brandId=1234)
    assert answer.json() == {"cursor": None, "data": [{"locationId": 1}, {"locationId": 2}, {"locationId": 3}]}


def test_client_id_and_secret_return_a_token(http):
    answer = http.post("/", json=credentials("demo", "demo-secret"))
    assert answer.status_code == 200
    assert list(answer.json()) == ["access_token", "expires_in", "token_type"]
    assert answer.json() | {"access_token": "YOUR_TOKEN"} == {
        "access_token": "YOUR_TOKEN",
        "expires_in": 86400,
        "token_type": "Bearer",
    }


def test_post_requests_with_a_token_are_answered_and_without_are_not(demo, http):
    body = {"startDate": "2023-06-08T11:30:00.000Z", "endDate": "2023-06-08T23:45:00.000Z", "locations": [1, 2, 3]}
    assert demo.ask(1, **body).json() == [{"locationId": 1}, {"locationId": 2}, {"locationId": 3}]
    assert http.post("/json/v1", json=body).status_code == 401


def test_dates_requested_in_utc_are_utc_in_the_response(demo, http):
    send(http, visits(10, "2023-01-04T14:05:00Z"))
    assert demo.day(1, "2023-01-04", locations=[1]).json()[0]["visits"] == {"2023-01-04T14:00:00Z": 1}


def test_dates_requested_in_local_time_are_local_time_in_the_response(demo, http):
    """14:05 UTC is 09:05 in New York and 15:05 in Zurich."""
    send(http, visits(10, "2023-01-05T14:05:00Z") + visits(20, "2023-01-05T14:05:00Z"))
    new_york, zurich = demo.day(1, "2023-01-05", z="", locations=[1, 2]).json()
    assert new_york["visits"] == {"2023-01-05T09:00:00": 1}
    assert zurich["visits"] == {"2023-01-05T15:00:00": 1}


def test_start_date_and_end_date_must_be_in_the_same_format(demo):
    answer = demo.ask(1, startDate="2023-01-05T00:00:00Z", endDate="2023-01-05T10:00:00", locations=[1])
    assert answer.status_code == 400
    assert answer.json()["field"] == "endDate"


def test_a_maximum_of_5_days_can_be_requested_at_once(demo):
    start = "2023-01-05T08:30:00.000Z"
    assert demo.ask(1, startDate=start, endDate="2023-01-10T08:30:00.000Z", locations=[1]).status_code == 200
    answer = demo.ask(1, startDate=start, endDate="2023-01-10T08:30:00.001Z", locations=[1])
    assert (answer.status_code, answer.json()["field"]) == (400, "endDate")


def test_interval_can_be_hourly_or_15min_and_is_hourly_by_default(demo, http):
    send(http, visits(10, "2023-01-06T10:05:00Z", "2023-01-06T10:20:00Z", "2023-01-06T10:35:00Z"))
    hourly = {"2023-01-06T10:00:00Z": 3}
    quarters = {"2023-01-06T10:00:00Z": 1, "2023-01-06T10:15:00Z": 1, "2023-01-06T10:30:00Z": 1}
    assert demo.day(1, "2023-01-06", locations=[1]).json()[0]["visits"] == hourly
    assert demo.day(1, "2023-01-06", locations=[1], interval="hourly").json()[0]["visits"] == hourly
    assert demo.day(1, "2023-01-06", locations=[1], interval="15min").json()[0]["visits"] == quarters


def test_a_maximum_of_50_locations_can_be_requested_at_once(demo):
    answer = demo.day(2, "2023-01-06", locations=list(range(1, 52)))
    assert (answer.status_code, answer.json()["field"]) == (400, "locations")
    assert demo.day(2, "2023-01-06", locations=list(range(1, 51))).status_code == 200


def test_the_graphql_api_says_which_location_ids_can_be_used(demo):
    answer = demo.graphql("{ locationList(limit: 100) { id referenceId name } }")
    ids = [location["id"] for location in answer.json()["data"]["locationList"]]
    assert ids == [1, 2, 3]
    assert demo.day(1, "2023-01-06", locations=ids).status_code == 200


def test_an_unauthorized_location_rejects_the_whole_request_with_401(demo):
    answer = demo.day(1, "2023-01-06", locations=[1, 90])
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "unauthorized",
        "message": "You are not authorized to query these locations",
        "field": "locations",
        "locations": [90],
    }


def test_requests_by_reference_number_answer_with_reference_numbers(demo, http):
    send(http, visits(20, "2023-01-07T10:05:00Z"))
    answer = demo.day(1, "2023-01-07", brandId=1234, referenceNumbers=["FR2561", "US0658"])
    fr, us = answer.json()
    assert list(fr.items())[:2] == [("locationId", 2), ("referenceNumber", "FR2561")]
    assert fr["visits"] == {"2023-01-07T10:00:00Z": 1}
    assert us == {"locationId": 1, "referenceNumber": "US0658"}


def test_the_same_rules_apply_to_reference_numbers(demo):
    by = {"brandId": 1234}
    assert demo.day(1, "2023-01-07", **by, referenceNumbers=["US0658", "NP0004"]).status_code == 401
    assert demo.day(1, "2023-01-07", brandId=1235, referenceNumbers=["US0658"]).status_code == 401
    many = [str(i) for i in range(51)]
    assert demo.day(2, "2023-01-07", **by, referenceNumbers=many).status_code == 400


def test_a_response_to_ids_has_no_reference_numbers(demo):
    assert demo.day(1, "2023-01-07", locations=[1]).json() == [{"locationId": 1}]


def test_visits_exclude_bounces_and_all_visits_are_both(demo, http):
    """Bounces: people who entered, but left within a few seconds (5 by default)."""
    send(http, visits(10, "2023-01-08T10:05:00Z", "2023-01-08T10:15:00Z", seconds=5))
    send(http, visits(10, "2023-01-08T10:25:00Z", seconds=4))
    (location,) = demo.day(1, "2023-01-08", locations=[1]).json()
    assert location["visits"] == {"2023-01-08T10:00:00Z": 2}
    assert location["bounces"] == {"2023-01-08T10:00:00Z": 1}
    assert location["allVisits"] == {"2023-01-08T10:00:00Z": 3}


def test_dwell_time_is_in_ms_and_only_there_when_a_camera_can_tell(demo, http):
    known = visits(10, "2023-01-09T10:05:00Z", "2023-01-09T10:15:00Z", seconds=61)
    unknown = [{"kind": "visit", "sensor": 10, "start": "2023-01-09T12:05:00Z", "duration_ms": None}]
    send(http, known + unknown)
    (location,) = demo.day(1, "2023-01-09", locations=[1]).json()
    assert location["visits"] == {"2023-01-09T10:00:00Z": 2, "2023-01-09T12:00:00Z": 1}
    assert location["dwellTime"] == {"2023-01-09T10:00:00Z": 122_000}


def test_group_visits_are_groups_who_entered_within_a_few_seconds(demo, http):
    send(http, visits(10, "2023-01-10T10:05:00Z", "2023-01-10T10:05:03Z", "2023-01-10T10:05:07Z"))
    assert demo.day(1, "2023-01-10", locations=[1]).json()[0]["groupVisits"] == {"2023-01-10T10:00:00Z": 2}


def test_peak_occupancy_is_the_maximum_number_of_visitors_within_the_location(demo, http):
    send(http, visits(10, "2023-01-11T10:05:00Z", "2023-01-11T10:05:30Z", "2023-01-11T10:20:00Z"))
    assert demo.day(1, "2023-01-11", locations=[1]).json()[0]["peakOccupancy"] == {"2023-01-11T10:00:00Z": 2}


def test_walk_bys_are_people_who_walked_past(demo, http):
    passages = [
        {"kind": "passage", "sensor": 10, "start": "2023-01-12T10:05:00Z", "duration_ms": 900},
        {"kind": "passage", "sensor": 10, "start": "2023-01-12T10:06:00Z", "duration_ms": 900, "class": "car"},
    ]
    send(http, passages)
    assert demo.day(1, "2023-01-12", locations=[1]).json() == [
        {"locationId": 1, "walkBys": {"2023-01-12T10:00:00Z": 1}}
    ]


def test_points_of_interest_are_broken_down_by_zones(demo, http):
    """Visits who stayed long enough (3 s by default), how long they stayed, and the most at one time."""
    stays = [("10:05:00", 3), ("10:05:01", 10), ("10:30:00", 60), ("10:40:00", 2)]
    send(
        http,
        [
            {
                "kind": "zone_visit",
                "sensor": 10,
                "zone": POI_1,
                "start": f"2023-01-13T{at}Z",
                "duration_ms": seconds * 1000,
            }
            for at, seconds in stays
        ],
    )
    (location,) = demo.day(1, "2023-01-13", locations=[1]).json()
    assert location["pointOfInterest"] == [
        {
            "id": POI_1,
            "dwellTime": {"2023-01-13T10:00:00Z": 73_000},
            "peakVisits": {"2023-01-13T10:00:00Z": 2},
            "visits": {"2023-01-13T10:00:00Z": 3},
        }
    ]


def test_the_structure_of_v2_is_successes_and_failures(demo):
    answer = demo.day(2, "2023-01-14", locations=[90, 1, 4])
    assert answer.json() == {
        "successes": [{"locationId": 1}],
        "failures": {"description": "You are not authorized to query these locations", "locations": [90, 4]},
    }


def test_successes_have_the_same_structure_as_in_v1(demo, http):
    send(http, visits(10, "2023-01-15T10:05:00Z") + visits(20, "2023-01-15T11:05:00Z"))
    one = demo.day(1, "2023-01-15", locations=[1, 2, 3], interval="15min").json()
    assert demo.day(2, "2023-01-15", locations=[1, 2, 3], interval="15min").json()["successes"] == one
    assert demo.day(3, "2023-01-15", brandId=1234, interval="15min").json()["data"] == one


def test_if_all_requested_locations_are_authorized_failures_is_just_empty(demo):
    answer = demo.day(2, "2023-01-16", locations=[1])
    assert (answer.status_code, answer.json()["failures"]) == (200, {})


@pytest.mark.parametrize("locations", [[1], [1, 90]])
def test_a_full_or_partial_response_of_v2_is_200(demo, locations):
    assert demo.day(2, "2023-01-16", locations=locations).status_code == 200


def test_if_all_requested_locations_are_rejected_v2_is_401(demo):
    answer = demo.day(2, "2023-01-16", locations=[90, 4])
    assert answer.status_code == 401
    assert answer.json() == {
        "successes": [],
        "failures": {"description": "You are not authorized to query these locations", "locations": [90, 4]},
    }


def test_v2_lists_reference_numbers_when_asked_by_them(demo):
    answer = demo.day(2, "2023-01-16", brandId=1234, referenceNumbers=["NP0004", "US0658", "none"])
    assert answer.json()["failures"]["locations"] == ["NP0004", "none"]
    assert answer.json()["successes"] == [{"locationId": 1, "referenceNumber": "US0658"}]
    nothing = demo.day(2, "2023-01-16", brandId=2000, referenceNumbers=["XX0001"])
    assert (nothing.status_code, nothing.json()["failures"]["locations"]) == (401, ["XX0001"])


@pytest.mark.parametrize("cursor", [{}, {"cursor": None}])
def test_the_cursor_can_be_null_or_missing_for_the_first_batch(demo, cursor):
    assert demo.day(3, "2023-01-16", brandId=1234, **cursor).status_code == 200


def test_interval_hourly_and_local_dates_as_in_the_documents_v3_request(demo, http):
    send(http, visits(30, "2023-01-17T10:05:00Z"))
    answer = demo.ask(
        3, startDate="2023-01-17T11:30:00.000", endDate="2023-01-17T23:45:00.000", interval="hourly", brandId=1234
    )
    # 10:05 UTC is 21:05 in Lord Howe.
    assert answer.json()["data"][2]["visits"] == {"2023-01-17T21:00:00": 1}
