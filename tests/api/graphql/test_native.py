"""`series` gives the numbers of `GET /v1/metrics`."""

import pytest
from tests.support.analytiks import KEY, Program, send, visits

SERIES = """
query(
  $metric: String!, $site: Int!, $start: String!, $end: String!, $bucket: String!, $timezone: String, $fill: String!
) {
  series(metric: $metric, site: $site, start: $start, end: $end, bucket: $bucket, timezone: $timezone, fill: $fill) {
    metric site bucket timezone points { time value }
  }
}
"""
ASKED = {
    "metric": "visits",
    "site": 1,
    "start": "2023-11-05T03:00:00Z",
    "end": "2023-11-06T06:00:00Z",
    "bucket": "1h",
    "fill": "none",
}


@pytest.fixture(scope="module", autouse=True)
def _observations(http):
    uptime = {"kind": "uptime", "sensor": 10, "start": "2023-11-05T05:00:00Z", "duration_ms": 7_200_000}
    send(http, [*visits(10, "2023-11-05T05:10:00Z", "2023-11-05T06:10:00Z", "2023-11-05T23:00:00Z"), uptime])
    door = {"kind": "count", "sensor": 10, "line": 1, "duration_ms": 900_000, "out": 0}
    send(http, [door | {"start": "2023-11-05T12:00:00Z", "in": 0.5}])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"bucket": "15m"},
        {"bucket": "1d", "timezone": "America/New_York"},
        {"bucket": "1h", "timezone": "America/New_York"},
        {"bucket": "1h", "timezone": "site", "fill": "null"},
        {"bucket": "1w", "fill": "zero"},
        {"metric": "peak_occupancy"},
        {"metric": "dwell_time", "fill": "zero"},
        {"start": "2023-11-05T01:00:00", "end": "2023-11-05T02:00:00", "timezone": "America/New_York"},
        {"site": 2, "fill": "zero"},
        {"site": 2},
    ],
)
def test_series_are_those_of_the_native_api(demo, http, changes):
    asked = ASKED | changes
    native = http.get("/v1/metrics", params=asked, headers={"Authorization": f"Bearer {KEY}"})
    assert native.status_code == 200, native.text
    (series,) = native.json()["series"]
    answer = demo.graphql(SERIES, **asked).json()
    assert "errors" not in answer, answer
    assert answer["data"]["series"] == {
        "metric": asked["metric"],
        "site": asked["site"],
        "bucket": asked["bucket"],
        "timezone": asked.get("timezone", "UTC"),
        "points": [{"time": time, "value": value} for time, value in series["points"]],
    }


def test_the_repeated_hour_is_two_points(demo):
    answer = demo.graphql(SERIES, **ASKED | {"timezone": "site", "end": "2023-11-05T08:00:00Z"}).json()
    assert answer["data"]["series"]["points"] == [
        {"time": "2023-11-05T01:00:00-04:00", "value": 1},
        {"time": "2023-11-05T01:00:00-05:00", "value": 1},
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "nothing"}, "metric: there is no metric 'nothing'"),
        ({"bucket": "2h"}, "bucket: expected one of"),
        ({"fill": "some"}, "fill: expected one of"),
        ({"timezone": "Mars"}, "timezone: "),
        ({"start": "yesterday"}, "start: expected RFC 3339"),
        ({"end": "2023-11-05T03:00:00Z"}, "end: must be later than start"),
        ({"end": "2023-11-04T03:00:00Z"}, "end: must be later than start"),
        ({"site": 4}, "there is no site 4 that this key may see"),
        ({"site": 90}, "there is no site 90 that this key may see"),
        ({"bucket": "5m", "end": "2030-01-01T00:00:00Z"}, "the answer would be too large"),
    ],
)
def test_what_is_wrong_with_the_question_is_said(demo, changes, message):
    answer = demo.graphql(SERIES, **ASKED | changes)
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert answer.json()["errors"][0]["message"].startswith(message)


def test_what_the_exports_say_is_what_the_native_api_says(http):
    """For a day of whole quarters of an hour, but for the rounding."""
    program = Program(http, "all")
    (location,) = program.day(1, "2023-11-05", locations=[1], interval="15min").json()
    names = {
        "visits": "visits",
        "dwellTime": "dwell_time",
        "groupVisits": "group_visits",
        "allVisits": "all_visits",
        "peakOccupancy": "peak_occupancy",
    }
    params = {"metric": list(names.values()), "site": 1, "bucket": "15m"}
    params |= {"start": "2023-11-05T00:00:00Z", "end": "2023-11-06T00:00:00Z"}
    native = http.get("/v1/metrics", params=params, headers={"Authorization": f"Bearer {KEY}"}).json()
    series = {each["metric"]: dict(each["points"]) for each in native["series"]}
    assert series["visits"]["2023-11-05T12:00:00Z"] == 0.5
    rounded = {
        field: {label: int(value + 0.5) for label, value in series[name].items()} for field, name in names.items()
    }
    assert {field: location[field] for field in names} == rounded
