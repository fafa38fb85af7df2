"""How queries are read: ranges, offsets, flags, and what the vendor's clients do to them."""

from datetime import UTC, datetime, timedelta

import pytest

from passerby.dialects.seemetrix import requests
from passerby.dialects.seemetrix.requests import read_query, span, written
from passerby.errors import InvalidInputError

NOW = datetime(2017, 9, 15, 9, 36, 12, 345678, tzinfo=UTC)  # a Friday


def read(text, now=NOW, week="rolling"):
    return span(read_query(text.encode()), now, week)


@pytest.mark.parametrize(
    "query",
    [
        "b=2017/09/12%2012:00:00&e=2017/09/14%2012:00:00&tzo=0",
        "b=2017/09/12 12:00:00&e=2017/09/14 12:00:00",
        "b=2017/09/12+12:00:00&e=2017/09/14+12:00:00&tzo=",
        "b=2017%2F09%2F12%2012%3A00%3A00&e=2017/09/14T12:00&tzo=+0&unknown=1",
        "%0Ab=2017/09/12%2012:00:00%0A&e=2017/09/%0A14%2012:00:00&tzo=0.0",
        "b=2017/9/12 12:00:00&e=2017-09-14 12:00:00&b=never",
    ],
)
def test_a_range_as_clients_write_it(query):
    found = read(query)
    assert (written(found.begin), written(found.end)) == ("2017/09/12 12:00:00", "2017/09/14 12:00:00")
    assert (found.begin.isoformat(), found.begin_ms) == ("2017-09-12T12:00:00+00:00", 1505217600000)
    assert found.end_ms - found.begin_ms == 48 * 3_600_000


@pytest.mark.parametrize(
    ("tzo", "text", "utc"),
    [
        ("1", "2017-09-12T12:00:00+01:00", "2017-09-12T11:00:00"),
        ("5.5", "2017-09-12T12:00:00+05:30", "2017-09-12T06:30:00"),
        ("-3.5", "2017-09-12T12:00:00-03:30", "2017-09-12T15:30:00"),
        ("5.75", "2017-09-12T12:00:00+05:45", "2017-09-12T06:15:00"),
        ("+14", "2017-09-12T12:00:00+14:00", "2017-09-11T22:00:00"),
        ("0.333333", "2017-09-12T12:00:00+00:20", "2017-09-12T11:40:00"),
        ("-23.999", "2017-09-12T12:00:00-23:59", "2017-09-13T11:59:00"),
    ],
)
def test_an_offset_moves_what_the_range_means(tzo, text, utc):
    found = read(f"b=2017/09/12 12:00:00&e=2017/09/12 12:00:00&tzo={tzo}")
    assert found.begin.isoformat() == text
    assert found.begin_ms == found.end_ms == datetime.fromisoformat(f"{utc}+00:00").timestamp() * 1000


@pytest.mark.parametrize(
    ("week", "tzo", "begin", "end"),
    [
        ("rolling", "1", "2017-09-08T11:00:00+01:00", "2017-09-15T11:00:00+01:00"),  # as in the document
        ("rolling", "5.5", "2017-09-08T16:00:00+05:30", "2017-09-15T16:00:00+05:30"),
        ("calendar", "0", "2017-09-11T00:00:00+00:00", "2017-09-15T10:00:00+00:00"),
        ("calendar", "-12", "2017-09-11T00:00:00-12:00", "2017-09-14T22:00:00-12:00"),
    ],
)
@pytest.mark.parametrize("flag", ["last_week", "last_week=1", "b=2017/09/12 12:00:00&last_week&e="])
def test_last_week_ends_with_the_hour_that_has_begun(week, tzo, begin, end, flag):
    found = read(f"{flag}&tzo={tzo}", week=week)
    assert (found.begin.isoformat(), found.end.isoformat()) == (begin, end)


def test_on_the_hour_the_week_ends_an_hour_later_and_on_monday_it_is_an_hour_long():
    monday = datetime(2017, 9, 11, tzinfo=UTC)
    assert read("last_week", now=monday, week="calendar").begin == monday
    assert read("last_week", now=monday).end == monday + timedelta(hours=1)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "b: required: YYYY/MM/DD HH:mm:ss; or give last_week instead of b and e; e: required"),
        ("last_week=0&e=2017/09/12", "b: required"),
        ("b=yesterday&e=2017/09/12 12:00:00", "b: expected YYYY/MM/DD HH:mm:ss, such as"),
        ("b=2017/02/29 12:00:00&e=2017/09/12 12:00:00", "b: expected"),
        ("b=2017/09/12 25:00:00&e=2017/09/12 12:00:00", "b: expected"),
        ("b=0001/01/01&e=2017/09/12", "b: expected a year from 1970 to 2199"),
        ("b=2017/09/12&e=9999/12/31&tzo=-23", "e: expected a year"),
        ("b=2017/09/13&e=2017/09/12", "e: it lies before b"),
        ("last_week&tzo=24", "tzo: expected hours between -24 and 24"),
        ("last_week&tzo=Moscow", "tzo: expected"),
        ("last_week&tzo=nan", "tzo: expected"),
        ("last_week&tzo=1e1", "tzo: expected"),
        ("&".join(["a=1"] * 101), "expected at most 100 parameters"),
    ],
)
def test_what_no_range_can_be_read_from_is_refused(query, message):
    with pytest.raises(InvalidInputError, match=message):
        read(query)


def test_numbers_and_flags():
    query = read_query(b"page=2&obj_in_page=0&sex&age=0&movies=false&%FF=1")
    assert requests.number(query, "page", 0) == 2
    assert requests.number(query, "d", 7) == 7
    with pytest.raises(InvalidInputError, match="obj_in_page: expected a whole number from 1 to 1000"):
        requests.number(query, "obj_in_page", 10, minimum=1, maximum=1000)
    assert [requests.flag(query, name) for name in ("sex", "age", "movies", "hour")] == [True, False, False, False]
