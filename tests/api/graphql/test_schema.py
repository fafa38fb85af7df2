"""The queries that programs written for Analytiks send, and that nobody sees what is not theirs."""

import pytest
from tests.support.analytiks import send, visits


def data(answer):
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]


def message(answer):
    assert answer.status_code == 200, answer.text
    (error,) = answer.json()["errors"]
    return error["message"]


def test_the_query_that_lists_locations(demo):
    assert data(demo.graphql("{ locationList(limit: 100) { id referenceId name } }")) == {
        "locationList": [
            {"id": 1, "referenceId": "US0658", "name": "Site 1"},
            {"id": 2, "referenceId": "FR2561", "name": "Site 2"},
            {"id": 3, "referenceId": None, "name": "Site 3"},
        ]
    }


def test_the_query_that_lists_cameras(demo):
    cameras = data(demo.graphql("{ cameraList(limit: 2) { serialNumber zone { location { id name } } } }"))[
        "cameraList"
    ]
    assert cameras == [
        {"serialNumber": "camera-1", "zone": {"location": {"id": 1, "name": "Site 1"}}},
        {"serialNumber": "camera-2", "zone": {"location": {"id": 2, "name": "Site 2"}}},
    ]


def test_the_query_that_lists_brands(demo):
    query = "{ brandList { id name hasAlerts alertsDeviationThreshold locations { id name referenceId } } }"
    assert data(demo.graphql(query)) == {
        "brandList": [
            {
                "id": 1234,
                "name": "Acme Stores",
                "hasAlerts": False,
                "alertsDeviationThreshold": None,
                "locations": [
                    {"id": 1, "name": "Site 1", "referenceId": "US0658"},
                    {"id": 2, "name": "Site 2", "referenceId": "FR2561"},
                    {"id": 3, "name": "Site 3", "referenceId": None},
                ],
            }
        ]
    }


COMPARISON = """
query GetVisitsByDayWithComparison(
  $id: Int!, $from: String!, $to: String!, $id2: Int!, $from2: String!, $to2: String!
) {
  location(id: $id) {
    __typename id name
    presenceAnalytics(from: $from, to: $to) {
      __typename visitsByDay { __typename dataPoints { __typename key value } source }
    }
  }
  locationComparison: location(id: $id2) {
    id name presenceAnalytics(from: $from2, to: $to2) { visitsByDay { dataPoints { key value } source } }
  }
}
"""


def test_the_query_that_compares_two_weeks(demo, http):
    """Two weeks from Sunday to Saturday, as that program asks; a day is New York's, and bounces are no visits."""
    starts = ["2023-01-02T04:59:00Z", "2023-01-02T05:00:00Z", "2023-01-04T20:00:00Z", "2023-01-05T04:30:00Z"]
    send(http, visits(10, *starts) + visits(10, "2023-01-03T20:00:00Z", seconds=1))
    answer = data(
        demo.graphql(
            COMPARISON,
            **{"id": 1, "from": "2023-01-01", "to": "2023-01-07", "id2": 1, "from2": "2022-12-25", "to2": "2022-12-31"},
        )
    )
    days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    assert answer["location"] == {
        "__typename": "Location",
        "id": 1,
        "name": "Site 1",
        "presenceAnalytics": {
            "__typename": "PresenceAnalytics",
            "visitsByDay": {
                "__typename": "AggregatedPresenceMetricList",
                "dataPoints": [
                    {"__typename": "GQLTextPairInt", "key": key, "value": value}
                    for key, value in zip(days, [1, 1, 0, 2, 0, 0, 0], strict=True)
                ],
                "source": "camera",
            },
        },
    }
    points = answer["locationComparison"]["presenceAnalytics"]["visitsByDay"]["dataPoints"]
    assert points == [{"key": key, "value": 0} for key in days]


VISITS = """
query($from: String!, $to: String!) {
  location(id: 2) { presenceAnalytics(from: $from, to: $to) { visitsByDay { dataPoints { key value } } } }
}
"""


def by_day(program, first, last):
    answer = data(program.graphql(VISITS, **{"from": first, "to": last}))
    points = answer["location"]["presenceAnalytics"]["visitsByDay"]["dataPoints"]
    return {point["key"]: point["value"] for point in points}


def test_several_weeks_add_up_by_weekday_and_the_day_of_25_hours_is_one_day(demo, http):
    """Zurich's clocks went back on Sunday 2023-10-29."""
    sundays = ["2023-10-21T22:00:00Z", "2023-10-28T22:00:00Z", "2023-10-29T22:59:00Z"]
    send(http, visits(20, *sundays, "2023-10-29T23:00:00Z"))
    assert by_day(demo, "2023-10-22", "2023-10-30") == {
        "Sunday": 3,
        "Monday": 1,
        "Tuesday": 0,
        "Wednesday": 0,
        "Thursday": 0,
        "Friday": 0,
        "Saturday": 0,
    }
    assert by_day(demo, "2023-10-30", "2023-10-30") == {"Monday": 1}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2023-10-30", "2023-10-29", "to: lies before from"),
        ("2023-10-30", "2024-10-30", "to: at most 366 days can be asked for at once"),
        ("2023-02-29", "2023-03-01", "from: expected a date such as 2023-06-08"),
        ("2023-02-28", "2023-03-01T00:00:00Z", "to: expected a date such as 2023-06-08"),
        ("0001-01-01", "0001-01-02", "from: expected a year from 1970 to 2198"),
    ],
)
def test_a_bad_range_is_an_error_that_names_the_argument(demo, first, last, expected):
    assert message(demo.graphql(VISITS, **{"from": first, "to": last})) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("limit: 2", [1, 2]),
        ("limit: 2, offset: 3", [4, 5]),
        ("limit: 0", []),
        ("offset: 9", []),
        ("where: {id: {_eq: 2}}", [2]),
        ("where: {id: {_in: [5, 1, 99]}}", [1, 5]),
        ("where: {id: {_in: []}}", []),
        ('where: {referenceId: {_eq: "US0658"}}', [1, 5]),
        ("where: {brandId: {_eq: 1235}}", [5]),
        ('where: {name: {_in: ["Site 3"]}, brandId: {_eq: 1234}}', [3]),
        ('where: {_and: [{referenceId: {_eq: "US0658"}}, {brandId: {_eq: 1234}}]}', [1]),
        ("where: {_and: [{_and: [{id: {_in: [1, 2]}}]}, {id: {_in: [2, 3]}}]}", [2]),
        ("where: {}", [1, 2, 3, 4, 5]),
        ("limit: 1, where: {brandId: {_eq: 1234}}, offset: 1", [2]),
    ],
)
def test_limit_offset_and_where(everything, arguments, expected):
    found = data(everything.graphql(f"{{ locationList{f'({arguments})' if arguments else ''} {{ id }} }}"))
    assert [location["id"] for location in found["locationList"]] == expected


def test_where_on_brands_and_on_their_locations(everything):
    query = '{ brandList(where: {name: {_eq: "Acme Outlets"}}) { id locations(where: {id: {_eq: 1}}) { id } } }'
    assert data(everything.graphql(query)) == {"brandList": [{"id": 1235, "locations": []}]}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("limit: -1", "limit: expected an integer >= 0"),
        ("offset: -1", "offset: expected an integer >= 0"),
        ("where: {id: {_eq: null}}", "where: _eq must not be null"),
        ("where: {id: {_in: null}}", "where: _in must not be null"),
        ("where: {id: null}", "where: id must not be null"),
        ("where: {_and: null}", "where: _and must not be null"),
    ],
)
def test_bad_arguments_are_errors(everything, arguments, expected):
    assert message(everything.graphql(f"{{ locationList({arguments}) {{ id }} }}")) == expected


def test_a_location_leads_to_its_brand_and_time_zone(demo):
    query = "{ location(id: 3) { timezone brandId brand { id locations { id } } } }"
    assert data(demo.graphql(query))["location"] == {
        "timezone": "Australia/Lord_Howe",
        "brandId": 1234,
        "brand": {"id": 1234, "locations": [{"id": 1}, {"id": 2}, {"id": 3}]},
    }


@pytest.mark.parametrize("site", [4, 5, 90, 4711, -1])
def test_a_location_that_may_not_be_seen_is_null(demo, site):
    assert data(demo.graphql("query($id: Int!) { location(id: $id) { id } }", id=site)) == {"location": None}


def test_no_list_shows_what_may_not_be_seen(demo, everything, http):
    query = (
        "{ locationList { id } brandList { id locations { id } } cameraList { serialNumber zone { location { id } } } }"
    )
    seen = data(demo.graphql(query))
    assert [location["id"] for location in seen["locationList"]] == [1, 2, 3]
    assert [brand["id"] for brand in seen["brandList"]] == [1234]
    assert [camera["zone"]["location"]["id"] for camera in seen["cameraList"]] == [1, 2, 3]
    assert [brand["id"] for brand in data(everything.graphql(query))["brandList"]] == [1234, 1235]


def test_where_finds_nothing_that_may_not_be_seen(demo):
    assert data(demo.graphql("{ locationList(where: {id: {_in: [4, 5, 90]}}) { id } }")) == {"locationList": []}


def test_the_zone_of_a_camera_is_its_first_drawn_zone(demo):
    cameras = data(demo.graphql("{ cameraList { name zone { id name } } }"))["cameraList"]
    assert cameras[:2] == [
        {"name": "Camera 1", "zone": {"id": "11111111-1111-1111-1111-111111111111", "name": "Shelf 1"}},
        {"name": "Camera 2", "zone": {"id": None, "name": None}},
    ]
