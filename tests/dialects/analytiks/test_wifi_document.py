"""One test for each sentence of the vendor's page "JSON Exports API for WiFi data". Each day is one test's own."""

import pytest
from tests.support.analytiks import POI_1, POI_2, Program, catalogue, devices, running, send

NAMES = [
    "visits",
    "dwellTime",
    "newVisitors",
    "returningVisitors",
    "bounces",
    "allVisits",
    "walkBys",
    "under15Mins",
    "from15To30Mins",
    "from30To45Mins",
    "from45To60Mins",
    "over60Mins",
]
REFUSED = "You are not authorized to query these locations"


def test_version_1_accepts_batches_of_location_ids_and_rejects_queries_containing_unauthorized_ids(wifi, http):
    send(http, devices(10, "2023-01-01T10:05:00Z") + devices(20, "2023-01-01T11:05:00Z"))
    answer = wifi.day(1, "2023-01-01", locations=[2, 1])
    assert answer.status_code == 200
    assert [(each["locationId"], each["visits"]) for each in answer.json()] == [
        (2, {"2023-01-01T11:00:00Z": 1}),
        (1, {"2023-01-01T10:00:00Z": 1}),
    ]
    assert wifi.day(1, "2023-01-01", locations=[2, 1, 4]).status_code == 401


def test_version_2_accepts_batches_and_allows_partial_responses(wifi, http):
    send(http, devices(10, "2023-01-02T10:05:00Z"))
    answer = wifi.day(2, "2023-01-02", locations=[4, 1])
    assert answer.status_code == 200
    (location,) = answer.json()["successes"]
    assert (location["locationId"], location["visits"]) == (1, {"2023-01-02T10:00:00Z": 1})


def test_version_3_needs_only_a_brand_id_and_returns_locations_in_batches(wifi):
    answer = wifi.day(3, "2023-01-03", brandId=1234)
    assert answer.json() == {"cursor": None, "data": [{"locationId": 1}, {"locationId": 2}, {"locationId": 3}]}


def test_version_4_is_version_1_with_all_time_intervals_even_when_metric_values_are_zero(wifi, http):
    send(http, devices(10, "2023-01-04T10:05:00Z"))
    (location,) = wifi.day(4, "2023-01-04", locations=[1]).json()
    assert list(location) == ["locationId", *NAMES]
    hours = [f"2023-01-04T{hour:02}:00:00Z" for hour in range(24)]
    assert all(list(location[name]) == hours for name in NAMES)
    assert location["visits"] == dict.fromkeys(hours, 0) | {"2023-01-04T10:00:00Z": 1}
    assert set(location["walkBys"].values()) == {0}


def test_post_requests_with_a_token_are_answered_and_without_are_not(wifi, http):
    body = {"startDate": "2023-06-08T11:30:00.000Z", "endDate": "2023-06-08T23:45:00.000Z", "locations": [1, 2, 3]}
    assert wifi.ask(1, **body).json() == [{"locationId": 1}, {"locationId": 2}, {"locationId": 3}]
    for version in (1, 2, 3, 4):
        assert http.post(f"/wifi/json/v{version}", json=body).status_code == 401


def test_dates_requested_in_utc_are_utc_in_the_response(wifi, http):
    send(http, devices(10, "2023-01-05T14:05:00Z"))
    assert wifi.day(1, "2023-01-05", locations=[1]).json()[0]["visits"] == {"2023-01-05T14:00:00Z": 1}


def test_dates_requested_in_local_time_are_local_time_in_the_response(wifi, http):
    """14:05 UTC is 09:05 in New York and 15:05 in Zurich."""
    send(http, devices(10, "2023-01-06T14:05:00Z") + devices(20, "2023-01-06T14:05:00Z"))
    new_york, zurich = wifi.day(1, "2023-01-06", z="", locations=[1, 2]).json()
    assert new_york["visits"] == {"2023-01-06T09:00:00": 1}
    assert zurich["visits"] == {"2023-01-06T15:00:00": 1}


def test_both_dates_must_be_in_the_same_format(wifi):
    answer = wifi.ask(1, startDate="2023-01-06T00:00:00Z", endDate="2023-01-06T10:00:00", locations=[1])
    assert (answer.status_code, answer.json()["field"]) == (400, "endDate")


@pytest.mark.parametrize("version", [1, 4])
def test_a_maximum_of_5_days_can_be_requested_at_once(wifi, version):
    start = "2023-01-07T08:30:00.000Z"
    assert wifi.ask(version, startDate=start, endDate="2023-01-12T08:30:00.000Z", locations=[1]).status_code == 200
    answer = wifi.ask(version, startDate=start, endDate="2023-01-12T08:30:01.000Z", locations=[1])
    assert (answer.status_code, answer.json()["field"]) == (400, "endDate")


def test_a_maximum_of_50_locations_can_be_requested_at_once(wifi):
    answer = wifi.day(2, "2023-01-07", locations=list(range(1, 52)))
    assert (answer.status_code, answer.json()["field"]) == (400, "locations")
    assert wifi.day(2, "2023-01-07", locations=list(range(1, 51))).status_code == 200


def test_the_graphql_api_says_which_location_ids_can_be_used(wifi):
    ids = [each["id"] for each in wifi.graphql("{ locationList { id } }").json()["data"]["locationList"]]
    assert wifi.day(1, "2023-01-07", locations=ids).status_code == 200


def test_a_zone_id_resolves_the_owning_location_and_returns_the_metrics_of_that_zone(wifi, http):
    """The zone's alone: neither the site's visits nor those of its other zone."""
    send(http, devices(10, "2023-01-13T10:05:00Z", seconds=3600))
    send(http, devices(10, "2023-01-13T11:05:00Z", "2023-01-13T11:06:00Z", zone=POI_1))
    send(http, devices(10, "2023-01-13T12:05:00Z", zone=POI_2))
    hour = "2023-01-13T11:00:00Z"
    zone = {
        "locationId": 1,
        "visits": {hour: 2},
        "dwellTime": {hour: 1_200_000},
        "newVisitors": {hour: 2},
        "allVisits": {hour: 2},
        "under15Mins": {hour: 2},
    }
    assert wifi.day(1, "2023-01-13", zoneId=POI_1).json() == [zone]
    assert wifi.day(2, "2023-01-13", zoneId=POI_1).json() == {"successes": [zone], "failures": {}}
    (location,) = wifi.day(1, "2023-01-13", locations=[1]).json()
    assert location["visits"] == {"2023-01-13T10:00:00Z": 1}


def test_a_zone_id_is_sent_instead_of_locations_or_reference_numbers(wifi):
    for other in ({"locations": [1]}, {"brandId": 1234, "referenceNumbers": ["US0658"]}):
        answer = wifi.day(1, "2023-01-14", zoneId=POI_1, **other)
        assert (answer.status_code, answer.json()["field"]) == (400, "zoneId")


@pytest.mark.parametrize("version", [1, 4])
def test_locations_not_allowed_reject_the_whole_request_with_401(wifi, version):
    answer = wifi.day(version, "2023-01-14", locations=[1, 90])
    assert answer.status_code == 401
    assert answer.json() == {"error": "unauthorized", "message": REFUSED, "field": "locations", "locations": [90]}


@pytest.mark.parametrize("version", [1, 4])
@pytest.mark.parametrize("zone", ["nowhere", "40/11", "90/11"])
def test_a_zone_not_allowed_rejects_the_whole_request_with_401(wifi, version, zone):
    """One that does not exist, one of a site out of the client's reach, one of another account: all the same."""
    answer = wifi.day(version, "2023-01-14", zoneId=zone)
    assert answer.status_code == 401
    assert answer.json() == {"error": "unauthorized", "message": REFUSED, "field": "zoneId", "locations": [zone]}


def test_zones_of_others_are_not_told_from_zones_that_do_not_exist(tmp_path):
    document = catalogue()
    document["brands"][0]["sites"][3]["sensors"][0]["zones"] = [
        {"id": 11, "uid": "far", "name": "Far", "polygon": [[0, 0], [9, 0], [9, 9]]}
    ]
    with running(tmp_path / "data", document) as (_, http):
        demo, everything = (Program(http, name, page="wifi/json") for name in ("demo", "all"))
        far, missing = (demo.day(1, "2023-01-14", zoneId=zone) for zone in ("far", "fog"))
        assert far.status_code == missing.status_code == 401
        assert far.json() == missing.json() | {"locations": ["far"]}
        assert everything.day(1, "2023-01-14", zoneId="far").json() == [{"locationId": 4}]


def test_requests_by_reference_number_answer_with_reference_numbers(wifi, http):
    send(http, devices(20, "2023-01-15T10:05:00Z"))
    for version in (1, 4):
        answer = wifi.day(version, "2023-01-15", brandId=1234, referenceNumbers=["FR2561", "US0658"])
        fr, us = answer.json()
        assert list(fr.items())[:2] == [("locationId", 2), ("referenceNumber", "FR2561")]
        assert list(us.items())[:2] == [("locationId", 1), ("referenceNumber", "US0658")]
        assert fr["visits"]["2023-01-15T10:00:00Z"] == 1


def test_the_same_rules_apply_to_reference_numbers(wifi):
    by = {"brandId": 1234}
    assert wifi.day(1, "2023-01-15", **by, referenceNumbers=["US0658", "NP0004"]).status_code == 401
    assert wifi.day(4, "2023-01-15", brandId=1235, referenceNumbers=["US0658"]).status_code == 401
    assert wifi.day(2, "2023-01-15", **by, referenceNumbers=[str(i) for i in range(51)]).status_code == 400


def test_visits_exclude_bounces_and_all_visits_are_both(wifi, http):
    """Bounces: people who entered, but have not been observed long enough (60 s by default)."""
    send(http, devices(10, "2023-01-16T10:05:00Z", "2023-01-16T10:15:00Z", seconds=60))
    send(http, devices(10, "2023-01-16T10:25:00Z", seconds=59))
    (location,) = wifi.day(1, "2023-01-16", locations=[1]).json()
    assert location["visits"] == {"2023-01-16T10:00:00Z": 2}
    assert location["bounces"] == {"2023-01-16T10:00:00Z": 1}
    assert location["allVisits"] == {"2023-01-16T10:00:00Z": 3}


def test_dwell_time_is_how_long_people_spent_inside_in_ms(wifi, http):
    send(http, devices(10, "2023-01-17T10:05:00Z", "2023-01-17T10:15:00Z", seconds=90))
    (location,) = wifi.day(1, "2023-01-17", locations=[1]).json()
    assert location["dwellTime"] == {"2023-01-17T10:00:00Z": 180_000}


def test_walk_bys_had_a_signal_too_weak_to_be_counted_as_visitors(wifi, http):
    """Weaker than -75 dBm by default."""
    send(http, devices(10, "2023-01-18T10:05:00Z", rssi=-76) + devices(10, "2023-01-18T11:05:00Z", rssi=-75))
    (location,) = wifi.day(1, "2023-01-18", locations=[1]).json()
    assert location["walkBys"] == {"2023-01-18T10:00:00Z": 1}
    assert location["allVisits"] == {"2023-01-18T11:00:00Z": 1}


def test_new_visitors_are_seen_for_the_first_time_and_returning_ones_were_seen_before(wifi, http):
    """By a phone's own address, whatever its spelling; on the next day it is new again: its hash is another."""
    starts = ["2023-01-19T15:05:00Z", "2023-01-19T16:05:00Z", "2023-01-20T15:05:00Z"]
    for start, device in zip(starts, ["00:1A:2b:3c:4d:5e", "001a.2b3c.4d5e", "00-1A-2B-3C-4D-5E"], strict=True):
        send(http, devices(10, start, device=device))
    (first,) = wifi.day(1, "2023-01-19", locations=[1]).json()
    assert first["newVisitors"] == {"2023-01-19T15:00:00Z": 1}
    assert first["returningVisitors"] == {"2023-01-19T16:00:00Z": 1}
    (second,) = wifi.day(1, "2023-01-20", locations=[1]).json()
    assert second["newVisitors"] == {"2023-01-20T15:00:00Z": 1}
    assert "returningVisitors" not in second


@pytest.mark.parametrize(
    ("day", "minutes", "name"),
    [
        ("2023-02-01", 14.9, "under15Mins"),
        ("2023-02-02", 15, "from15To30Mins"),
        ("2023-02-03", 29.9, "from15To30Mins"),
        ("2023-02-04", 30, "from30To45Mins"),
        ("2023-02-05", 44.9, "from30To45Mins"),
        ("2023-02-06", 45, "from45To60Mins"),
        ("2023-02-07", 59.9, "from45To60Mins"),
        ("2023-02-08", 60, "over60Mins"),
        ("2023-02-09", 600, "over60Mins"),
    ],
)
def test_visitors_are_divided_by_how_long_they_were_observed(wifi, http, day, minutes, name):
    send(http, devices(10, f"{day}T10:05:00Z", seconds=round(minutes * 60)))
    (location,) = wifi.day(1, day, locations=[1]).json()
    assert {bin_: location[bin_] for bin_ in NAMES[7:] if bin_ in location} == {name: {f"{day}T10:00:00Z": 1}}


def test_metrics_come_in_the_order_of_the_document_and_without_zeros(wifi, http):
    send(http, devices(10, "2023-02-10T10:05:00Z", seconds=30))
    send(http, devices(10, "2023-02-10T14:05:00Z", device="again") + devices(10, "2023-02-10T15:05:00Z", rssi=-90))
    send(http, devices(10, "2023-02-10T16:05:00Z", seconds=3600, device="again"))
    (location,) = wifi.day(1, "2023-02-10", locations=[1]).json()
    present = set(NAMES) - {"from15To30Mins", "from30To45Mins", "from45To60Mins"}
    assert list(location) == ["locationId", *(name for name in NAMES if name in present)]
    assert location["visits"] == {"2023-02-10T14:00:00Z": 1, "2023-02-10T16:00:00Z": 1}


def test_the_structure_of_v2_is_successes_and_failures(wifi):
    answer = wifi.day(2, "2023-02-11", locations=[90, 1, 4])
    assert answer.json() == {
        "successes": [{"locationId": 1}],
        "failures": {"description": REFUSED, "locations": [90, 4]},
    }


def test_if_all_requested_locations_are_authorized_failures_is_just_empty(wifi):
    answer = wifi.day(2, "2023-02-11", locations=[1])
    assert (answer.status_code, answer.json()["failures"]) == (200, {})


@pytest.mark.parametrize("locations", [[1], [1, 90]])
def test_a_full_or_partial_response_of_v2_is_200(wifi, locations):
    assert wifi.day(2, "2023-02-11", locations=locations).status_code == 200


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"locations": [90, 4]}, [90, 4]),
        ({"brandId": 2000, "referenceNumbers": ["XX0001"]}, ["XX0001"]),
        ({"zoneId": "nowhere"}, ["nowhere"]),
    ],
)
def test_if_all_requested_locations_are_rejected_v2_is_401(wifi, asked, refused):
    answer = wifi.day(2, "2023-02-11", **asked)
    assert answer.status_code == 401
    assert answer.json() == {"successes": [], "failures": {"description": REFUSED, "locations": refused}}


@pytest.mark.parametrize("cursor", [{}, {"cursor": None}])
def test_the_cursor_can_be_null_or_missing_for_the_first_batch(wifi, cursor):
    assert wifi.day(3, "2023-02-11", brandId=1234, **cursor).status_code == 200


def test_a_returned_cursor_gets_the_next_batch_and_null_means_everything_was_fetched(tmp_path):
    with running(tmp_path / "data", catalogue() | {"settings": {"analytiks_page_size": 2}}) as (_, http):
        wifi = Program(http, "all", page="wifi/json")
        send(http, devices(30, "2023-02-11T10:05:00Z"))
        first = wifi.day(3, "2023-02-11", brandId=1234).json()
        assert first["data"] == [{"locationId": 1}, {"locationId": 2}]
        second = wifi.day(3, "2023-02-11", brandId=1234, cursor=first["cursor"]).json()
        assert [each["locationId"] for each in second["data"]] == [3, 4]
        assert second["data"][0] == wifi.day(1, "2023-02-11", locations=[3]).json()[0]
        assert second["cursor"] is None
        camera = Program(http, "all").day(3, "2023-02-11", brandId=1234, cursor=first["cursor"])
        assert (camera.status_code, camera.json()["field"]) == (400, "cursor")


def test_v3_does_not_take_a_zone(wifi):
    answer = wifi.day(3, "2023-02-11", brandId=1234, zoneId=POI_1)
    assert (answer.status_code, answer.json()["field"]) == (400, "zoneId")


def test_v4_supports_locations_reference_numbers_and_zones(wifi, http):
    send(http, devices(10, "2023-02-12T10:05:00Z", zone=POI_1))
    for asked in ({"locations": [1]}, {"brandId": 1234, "referenceNumbers": ["US0658"]}, {"zoneId": POI_1}):
        (location,) = wifi.day(4, "2023-02-12", **asked).json()
        assert location["locationId"] == 1
        assert sum(location["visits"].values()) == (1 if "zoneId" in asked else 0)
        assert {len(location[name]) for name in NAMES} == {24}


def test_there_is_no_fourth_version_of_the_camera_exports(demo):
    assert demo.day(4, "2023-02-12", locations=[1]).status_code in {404, 405}


# -- settings --


def test_the_thresholds_are_settings_of_the_site(tmp_path):
    document = catalogue()
    document["brands"][0]["sites"][0]["settings"] = {"wifi_visit_rssi": -60, "wifi_bounce_s": 0}
    with running(tmp_path / "data", document) as (_, http):
        wifi = Program(http, page="wifi/json")
        for sensor in (10, 20):
            send(http, devices(sensor, "2023-01-01T10:05:00Z", seconds=30))
            send(http, devices(sensor, "2023-01-01T10:05:00Z", seconds=300, rssi=-70))
        one, two = wifi.day(1, "2023-01-01", locations=[1, 2]).json()
        hour = {"2023-01-01T10:00:00Z": 1}
        assert (one["visits"], one["walkBys"], one["dwellTime"]) == (hour, hour, {"2023-01-01T10:00:00Z": 30_000})
        assert (two["visits"], two["bounces"], two["allVisits"]) == (hour, hour, {"2023-01-01T10:00:00Z": 2})


def test_dwell_time_can_be_the_mean(tmp_path):
    with running(tmp_path / "data", catalogue() | {"settings": {"analytiks_dwell_time": "mean"}}) as (_, http):
        send(http, devices(10, "2023-01-01T10:05:00Z", seconds=60) + devices(10, "2023-01-01T10:15:00Z", seconds=101))
        send(http, devices(10, "2023-01-01T10:25:00Z", seconds=10))
        (location,) = Program(http, page="wifi/json").day(1, "2023-01-01", locations=[1]).json()
        assert location["dwellTime"] == {"2023-01-01T10:00:00Z": 80_500}
