"""Which instants a choice means, and what it is compared with, on clocks that change."""

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import pytest

from passerby.errors import InvalidInputError
from passerby.web.figures.period import MAX_BUCKETS, Choice, Shift, days_text

NEW_YORK, ZURICH, TOKYO = "America/New_York", "Europe/Zurich", "Asia/Tokyo"


def ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def utc(span):
    return [f"{datetime.fromtimestamp(each / 1000, UTC):%Y-%m-%dT%H:%M}" for each in span]


def chosen(**query):
    return Choice.read({name.rstrip("_"): text for name, text in query.items()})


NOW = ms("2026-11-21T11:43")  # 06:43 in New York, 12:43 in Zurich, 20:43 in Tokyo: a Saturday everywhere


@pytest.mark.parametrize(
    ("query", "zone", "now", "start", "end"),
    [
        ({}, ZURICH, NOW, "2026-11-20T23:00", "2026-11-21T11:43"),
        ({}, TOKYO, ms("2026-11-21T16:00"), "2026-11-21T15:00", "2026-11-21T16:00"),
        ({"period": "yesterday"}, NEW_YORK, NOW, "2026-11-20T05:00", "2026-11-21T05:00"),
        ({"period": "7d"}, ZURICH, NOW, "2026-11-14T23:00", "2026-11-21T11:43"),
        ({"period": "week"}, ZURICH, NOW, "2026-11-15T23:00", "2026-11-21T11:43"),
        ({"period": "month"}, NEW_YORK, NOW, "2026-11-01T04:00", "2026-11-21T11:43"),
        # 25 hours in New York on the first of November, 23 in Zurich on the last Sunday of March.
        ({"from_": "2026-11-01", "to": "2026-11-01"}, NEW_YORK, NOW, "2026-11-01T04:00", "2026-11-02T05:00"),
        ({"from_": "2026-03-29"}, ZURICH, NOW, "2026-03-28T23:00", "2026-03-29T22:00"),
        ({"from_": "2026-11-10", "to": "2026-12-24"}, ZURICH, NOW, "2026-11-09T23:00", "2026-11-21T11:43"),
    ],
)
def test_the_days_of_each_clock_until_now(query, zone, now, start, end):
    assert utc(chosen(**query).span(zone, now)) == [start, end]


def test_a_period_that_has_not_begun_has_no_instants():
    assert chosen(from_="2026-11-22").span(ZURICH, NOW) is None
    # It has begun where it is the 22nd already.
    assert chosen(from_="2026-11-22").span(TOKYO, ms("2026-11-21T15:30")) is not None


@pytest.mark.parametrize(
    ("query", "zone", "now", "start", "end"),
    [
        # Until the same time of day, on the other side of a change of clocks: 12:43 is an hour later in UTC.
        ({"compare": "week"}, ZURICH, ms("2026-03-30T10:43"), "2026-03-22T23:00", "2026-03-23T11:43"),
        # 02:30 did not exist on the day that is compared with: it is the 03:30 that clocks showed instead.
        ({"compare": "week"}, ZURICH, ms("2026-04-05T00:30"), "2026-03-28T23:00", "2026-03-29T01:30"),
        # The second 01:30 of New York ends a day that is compared with a plain one.
        ({"compare": "week"}, NEW_YORK, ms("2026-11-01T06:30"), "2026-10-25T04:00", "2026-10-25T05:30"),
        ({"period": "30d", "compare": "week"}, ZURICH, NOW, "2026-09-17T22:00", "2026-10-17T10:43"),
        ({"period": "30d", "compare": "before"}, ZURICH, NOW, "2026-09-22T22:00", "2026-10-22T10:43"),
        ({"period": "month", "compare": "before"}, ZURICH, NOW, "2026-09-30T22:00", "2026-10-21T10:43"),
        (
            {"period": "month", "compare": "before"},
            ZURICH,
            ms("2026-03-31T10:00"),
            "2026-01-31T23:00",
            "2026-02-28T23:00",
        ),
        ({"period": "yesterday", "compare": "year"}, ZURICH, NOW, "2025-11-20T23:00", "2025-11-21T23:00"),
        ({"period": "7d", "against": "2026-02-01"}, ZURICH, NOW, "2026-01-31T23:00", "2026-02-07T11:43"),
    ],
)
def test_comparisons_are_of_the_same_clock_times(query, zone, now, start, end):
    choice = chosen(**query)
    today = date.fromisoformat(f"{datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%d}")
    shift = choice.comparisons(today)[0].shifts[0]
    assert utc(choice.span(zone, now, shift)) == [start, end]


def test_usually_the_last_same_weekday_and_the_median_of_four():
    last, median = chosen().comparisons(date(2026, 11, 21))
    assert (last.title, last.shifts) == ("Sat 14 Nov 2026", (Shift(7),))
    assert median.title == "the median of the four Saturdays before, 24 Oct to 14 Nov"
    assert median.shifts == (Shift(7), Shift(14), Shift(21), Shift(28))


@pytest.mark.parametrize(
    ("query", "days"),
    [({"period": "7d"}, 7), ({"from_": "2026-11-01", "to": "2026-11-10"}, 14), ({"period": "90d"}, 91)],
)
def test_longer_periods_go_back_by_whole_weeks_and_do_not_overlap(query, days):
    comparisons = chosen(**query).comparisons(date(2026, 11, 21))
    assert comparisons[0].shifts == (Shift(days),)
    assert (len(comparisons) == 1) == (days > 31)


def test_nothing_is_compared_with_nothing():
    assert chosen(compare="none").comparisons(date(2026, 11, 21)) == ()


@pytest.mark.parametrize(
    ("query", "bucket"),
    [
        ({}, "1h"),
        ({"period": "30d"}, "1d"),
        ({"from_": "2025-01-01", "to": "2026-01-01"}, "1w"),
        ({"from_": "2020-01-01", "to": "2026-01-01"}, "1M"),
        ({"bucket": "5m"}, "5m"),
        # Too many points for a chart: the shortest bucket that does.
        ({"period": "90d", "bucket": "5m"}, "1h"),
    ],
)
def test_a_bucket_that_suits(query, bucket):
    choice = chosen(**query)
    assert choice.bucket_for(date(2026, 11, 21)) == bucket
    assert MAX_BUCKETS < 24 * 120


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"period": "ever"}, "period"),
        ({"bucket": "2h"}, "bucket"),
        ({"compare": "x"}, "compare"),
        ({"from_": "today"}, "from"),
        ({"from_": "0001-01-01"}, "from"),
        ({"period": "days"}, "from"),
        ({"from_": "2026-02-02", "to": "2026-02-01"}, "to"),
        ({"from_": "1980-02-02", "to": "2026-02-01"}, "to"),
        ({"compare": "days"}, "against"),
    ],
)
def test_what_is_wrong_is_named(query, path):
    with pytest.raises(InvalidInputError) as caught:
        chosen(**query)
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"period": "30d", "bucket": "1h"},
        {"from_": "2026-02-01", "to": "2026-02-07", "compare": "before"},
        {"period": "7d", "against": "2026-02-01"},
    ],
)
def test_an_address_says_the_whole_choice(query):
    choice = chosen(**query)
    assert Choice.read(dict(parse_qsl(choice.query()))) == choice
    assert Choice.read(dict(parse_qsl(choice.query(bucket="1d")))).bucket == "1d"


def test_days_for_people():
    assert days_text(date(2026, 1, 3), date(2026, 1, 3)) == "Sat 3 Jan 2026"
    assert days_text(date(2025, 12, 30), date(2026, 1, 3)) == "30 Dec 2025 to 3 Jan 2026"
