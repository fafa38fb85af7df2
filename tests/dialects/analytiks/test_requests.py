"""What may be asked, what is refused, and whether the refusal names the field."""

from datetime import datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.dialects.analytiks.pages import CAMERA, WIFI
from passerby.dialects.analytiks.requests import (
    BatchRequest,
    BrandRequest,
    Period,
    batch_request,
    brand_request,
)
from passerby.errors import InvalidInputError

UTC_DATES = {"startDate": "2023-06-08T11:30:00.000Z", "endDate": "2023-06-08T23:45:00.000Z"}
LOCAL_DATES = {"startDate": "2023-06-08T11:30:00.000", "endDate": "2023-06-08T23:45:00.000"}
at = datetime.fromisoformat
PERIOD = Period(at("2023-06-08T11:30:00"), at("2023-06-08T23:45:00"), utc=True)


def batch(body: object, *, quarters: bool = True) -> BatchRequest:
    return batch_request(orjson.dumps(body), CAMERA, quarters=quarters)


def brand(body: object, *, quarters: bool = True) -> BrandRequest:
    return brand_request(orjson.dumps(body), CAMERA, quarters=quarters)


def test_the_documents_request_by_ids():
    body = UTC_DATES | {"interval": "15min", "locations": [1, 2, 3]}
    assert batch(body) == BatchRequest(PERIOD, "15min", (1, 2, 3), None, ())


def test_the_documents_request_by_reference_numbers():
    body = UTC_DATES | {"interval": "15min", "brandId": 1234, "referenceNumbers": ["US0658", "FR2561"]}
    assert batch(body) == BatchRequest(PERIOD, "15min", (), 1234, ("US0658", "FR2561"))


@pytest.mark.parametrize("cursor", [{}, {"cursor": None}])
def test_the_documents_request_by_brand_has_a_cursor_that_is_null_or_missing(cursor):
    body = LOCAL_DATES | {"interval": "hourly", "brandId": 1234} | cursor
    period = Period(PERIOD.start, PERIOD.end, utc=False)
    assert brand(body) == BrandRequest(period, "hourly", 1234, None)


def test_the_default_interval_is_hourly():
    assert batch(UTC_DATES | {"locations": [1]}).interval == "hourly"
    assert batch(UTC_DATES | {"locations": [1], "interval": None}).interval == "hourly"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-06-08T11:30:00.000Z", at("2023-06-08T11:30:00")),
        ("2023-06-08T11:30:00Z", at("2023-06-08T11:30:00")),
        ("2023-06-08T11:30Z", at("2023-06-08T11:30:00")),
        ("2023-06-08T11:30:59.999999Z", at("2023-06-08T11:30:59")),
    ],
)
def test_dates_with_and_without_seconds_and_fractions(text, expected):
    assert batch({"startDate": text, "endDate": "2023-06-09T00:00:00Z", "locations": [1]}).period.start == expected


@pytest.mark.parametrize(
    "text",
    [
        "2023-06-08",
        "2023-06-08 11:30:00Z",
        "2023-06-08T11:30:00+02:00",
        "2023-06-08T11:30:00.000z",
        "2023-06-08T11:30:00.Z",
        "2023-06-31T11:30:00Z",
        "2023-06-08T24:00:00Z",
        "2023-06-08T11:30:60Z",
        "1969-12-31T23:59:59Z",
        "2199-01-01T00:00:00Z",
        "٢٠٢٣-06-08T11:30:00Z",
        "",
        "yesterday",
        1686223800,
        None,
        ["2023-06-08T11:30:00Z"],
    ],
)
@pytest.mark.parametrize("field", ["startDate", "endDate"])
def test_anything_else_is_no_date_and_the_field_is_named(field, text):
    with pytest.raises(InvalidInputError) as caught:
        batch(UTC_DATES | {"locations": [1], field: text})
    assert caught.value.problems[0].path == field


@pytest.mark.parametrize("missing", ["startDate", "endDate"])
def test_both_dates_are_needed(missing):
    body = {name: text for name, text in UTC_DATES.items() if name != missing} | {"locations": [1]}
    with pytest.raises(InvalidInputError, match=rf"^{missing}: missing$"):
        batch(body)


@pytest.mark.parametrize(("start", "end"), [("Z", ""), ("", "Z")])
def test_both_dates_must_be_in_the_same_format(start, end):
    body = {"startDate": f"2023-06-08T11:30:00{start}", "endDate": f"2023-06-08T23:45:00{end}", "locations": [1]}
    with pytest.raises(InvalidInputError, match=r"^endDate: send it like startDate"):
        batch(body)


def test_the_end_may_not_lie_before_the_start():
    with pytest.raises(InvalidInputError, match=r"^endDate: lies before startDate"):
        batch({"startDate": "2023-06-08T11:30:00Z", "endDate": "2023-06-08T11:29:59Z", "locations": [1]})
    batch({"startDate": "2023-06-08T11:30:00Z", "endDate": "2023-06-08T11:30:00Z", "locations": [1]})


@pytest.mark.parametrize("z", ["Z", ""])
def test_five_days_are_allowed_and_not_a_second_more(z):
    start = f"2023-06-08T11:30:00{z}"
    batch({"startDate": start, "endDate": f"2023-06-13T11:30:00{z}", "locations": [1]})
    with pytest.raises(InvalidInputError, match=r"^endDate: lies more than 5 days after startDate"):
        batch({"startDate": start, "endDate": f"2023-06-13T11:30:01{z}", "locations": [1]})


@pytest.mark.parametrize("z", ["Z", ""])
def test_five_days_are_allowed_and_not_a_millisecond_more(z):
    for start, end in (
        ("00.000", "00.000"),
        ("00.001", "00.001"),
        ("00", "00.000"),
        ("00.5", "00.500"),
        ("01", "00.999"),
    ):
        dates = {"startDate": f"2023-06-08T11:30:{start}{z}", "endDate": f"2023-06-13T11:30:{end}{z}"}
        batch(dates | {"locations": [1]})
    for start, end in (("00.000", "00.001"), ("00", "00.000000001"), ("00.5", "00.501"), ("00.999", "01.000")):
        dates = {"startDate": f"2023-06-08T11:30:{start}{z}", "endDate": f"2023-06-13T11:30:{end}{z}"}
        with pytest.raises(InvalidInputError, match=r"^endDate: lies more than 5 days after startDate"):
            batch(dates | {"locations": [1]})


def test_the_end_may_not_lie_a_millisecond_before_the_start():
    with pytest.raises(InvalidInputError, match=r"^endDate: lies before startDate"):
        batch({"startDate": "2023-06-08T11:30:00.002Z", "endDate": "2023-06-08T11:30:00.001Z", "locations": [1]})
    batch({"startDate": "2023-06-08T11:30:00.001Z", "endDate": "2023-06-08T11:30:00.001Z", "locations": [1]})


def test_five_days_are_counted_on_the_wall_clock():
    """121 hours pass in New York between these two; the clock shows 120."""
    batch({"startDate": "2023-11-03T12:00:00", "endDate": "2023-11-08T12:00:00", "locations": [1]})


def test_fifty_locations_are_allowed_and_not_one_more():
    assert len(batch(UTC_DATES | {"locations": list(range(50))}).locations) == 50
    with pytest.raises(InvalidInputError, match=r"^locations: at most 50 locations"):
        batch(UTC_DATES | {"locations": list(range(51))})
    with pytest.raises(InvalidInputError, match=r"^referenceNumbers: at most 50 locations"):
        batch(UTC_DATES | {"brandId": 1, "referenceNumbers": [str(i) for i in range(51)]})


def test_a_location_named_twice_is_one_location():
    assert batch(UTC_DATES | {"locations": [3, 1, 3, *[1] * 60]}).locations == (3, 1)


@pytest.mark.parametrize("interval", ["15m", "1h", "Hourly", "", 15, ["hourly"]])
def test_other_intervals_are_refused(interval):
    with pytest.raises(InvalidInputError) as caught:
        batch(UTC_DATES | {"locations": [1], "interval": interval})
    assert caught.value.problems[0].path == "interval"


def test_fifteen_minutes_can_be_switched_off_for_an_account():
    body = UTC_DATES | {"locations": [1], "interval": "15min"}
    with pytest.raises(InvalidInputError, match=r"^interval: 15min is not enabled"):
        batch(body, quarters=False)
    assert batch(body | {"interval": "hourly"}, quarters=False).interval == "hourly"


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({}, "locations"),
        ({"locations": []}, "locations"),
        ({"locations": 1}, "locations"),
        ({"locations": ["1"]}, "locations[0]"),
        ({"locations": [1, True]}, "locations[1]"),
        ({"locations": [1.5]}, "locations[0]"),
        ({"locations": [-1]}, "locations[0]"),
        ({"locations": [2**64 - 1]}, "locations[0]"),
        ({"locations": [1], "brandId": 1}, "locations"),
        ({"locations": [1], "referenceNumbers": ["a"]}, "locations"),
        ({"brandId": 1}, "referenceNumbers"),
        ({"brandId": 1, "referenceNumbers": []}, "referenceNumbers"),
        ({"brandId": 1, "referenceNumbers": [658]}, "referenceNumbers[0]"),
        ({"brandId": 1, "referenceNumbers": [""]}, "referenceNumbers[0]"),
        ({"brandId": "1", "referenceNumbers": ["a"]}, "brandId"),
        ({"referenceNumbers": ["a"]}, "brandId"),
    ],
)
def test_what_is_asked_for_is_checked_and_the_field_named(what, field):
    with pytest.raises(InvalidInputError) as caught:
        batch(UTC_DATES | what)
    assert caught.value.problems[0].path == field


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({}, "brandId"),
        ({"brandId": None}, "brandId"),
        ({"brandId": 1, "cursor": 5}, "cursor"),
        ({"brandId": 1, "locations": [1]}, "locations"),
        ({"brandId": 1, "referenceNumbers": ["a"]}, "referenceNumbers"),
        ({"brandId": 1, "interval": "x"}, "interval"),
        ({"brandId": 1, "startDate": "x"}, "startDate"),
    ],
)
def test_v3_takes_a_brand_only(what, field):
    with pytest.raises(InvalidInputError) as caught:
        brand(UTC_DATES | what)
    assert caught.value.problems[0].path == field


def test_null_is_the_same_as_absent_and_unknown_fields_are_ignored():
    body = UTC_DATES | {"locations": [1], "brandId": None, "referenceNumbers": None, "zoneId": None, "more": {"x": 1}}
    assert batch(body) == batch(UTC_DATES | {"locations": [1]})


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"startDate": "\\ud800"}', b'{"a": ' + b"[" * 200_000, b'"text"'],
)
def test_a_body_that_is_no_json_object_is_refused(body):
    with pytest.raises(InvalidInputError):
        batch_request(body, CAMERA, quarters=True)


@given(st.binary())
def test_no_bytes_are_more_than_refused(body):
    with pytest.raises(InvalidInputError):
        batch_request(body, CAMERA, quarters=True)


def test_the_question_of_a_cursor_does_not_depend_on_how_dates_are_written():
    short = {"startDate": "2023-06-08T11:30", "endDate": "2023-06-08T23:45", "brandId": 1}
    assert brand(LOCAL_DATES | {"brandId": 1}).question == brand(short).question
    assert brand(UTC_DATES | {"brandId": 1}).question != brand(short).question


# -- what the WiFi page has of its own --

ZONE = "11111111-1111-1111-1111-111111111111"


def wifi(body: object) -> BatchRequest:
    return batch_request(orjson.dumps(body), WIFI, quarters=True)


def test_the_documents_request_by_zone():
    assert wifi(UTC_DATES | {"zoneId": ZONE}) == BatchRequest(PERIOD, "hourly", (), None, (), ZONE)
    nulls = {"locations": None, "brandId": None, "referenceNumbers": None}
    assert wifi(UTC_DATES | {"zoneId": ZONE} | nulls) == wifi(UTC_DATES | {"zoneId": ZONE})
    assert wifi(UTC_DATES | {"zoneId": None, "locations": [1]}) == batch(UTC_DATES | {"locations": [1]})


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({}, "locations"),
        ({"zoneId": ""}, "zoneId"),
        ({"zoneId": 11}, "zoneId"),
        ({"zoneId": [ZONE]}, "zoneId"),
        ({"zoneId": "x" * 257}, "zoneId"),
        ({"zoneId": ZONE, "locations": [1]}, "zoneId"),
        ({"zoneId": ZONE, "brandId": 1}, "zoneId"),
        ({"zoneId": ZONE, "referenceNumbers": ["a"]}, "zoneId"),
        ({"locations": [1], "interval": "15min"}, "interval"),
        ({"locations": [1], "interval": "daily"}, "interval"),
    ],
)
def test_a_wifi_request_is_checked_and_the_field_named(what, field):
    with pytest.raises(InvalidInputError) as caught:
        wifi(UTC_DATES | what)
    assert caught.value.problems[0].path == field


def test_wifi_is_hourly_and_may_say_so():
    assert wifi(UTC_DATES | {"locations": [1], "interval": "hourly"}) == wifi(UTC_DATES | {"locations": [1]})


def test_v3_takes_no_zone():
    body = UTC_DATES | {"brandId": 1, "zoneId": ZONE}
    with pytest.raises(InvalidInputError, match=r"^zoneId: v3 exports the whole brand"):
        brand_request(orjson.dumps(body), WIFI, quarters=True)
    assert brand_request(orjson.dumps(body), CAMERA, quarters=True).brand_id == 1


def test_the_camera_page_knows_no_zone():
    with pytest.raises(InvalidInputError, match=r"^locations: missing"):
        batch(UTC_DATES | {"zoneId": ZONE})
