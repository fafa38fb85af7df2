"""When a report is sent and which days it tells of, on the clock of its zone."""

from datetime import UTC, date, datetime

import pytest

from passerby.errors import InvalidInputError
from passerby.mailing import Schedule


def ms(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def text(instant_ms):
    return datetime.fromtimestamp(instant_ms / 1000, UTC).isoformat()


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        (Schedule("day", "07:00", "UTC"), "2026-11-21T06:59:59+00:00", "2026-11-21T07:00:00+00:00"),
        (Schedule("day", "07:00", "UTC"), "2026-11-21T07:00:00+00:00", "2026-11-22T07:00:00+00:00"),
        (Schedule("day", "07:00", "America/New_York"), "2026-11-21T12:00:00+00:00", "2026-11-22T12:00:00+00:00"),
        # The night of the change: 07:00 local comes an hour later in UTC.
        (Schedule("day", "07:00", "America/New_York"), "2026-11-01T05:30:00+00:00", "2026-11-01T12:00:00+00:00"),
        (Schedule("day", "07:00", "America/New_York"), "2026-10-31T10:30:00+00:00", "2026-10-31T11:00:00+00:00"),
        # 02:30 does not exist on that day: it is 03:30 of the new offset.
        (Schedule("day", "02:30", "Europe/Berlin"), "2026-03-28T12:00:00+00:00", "2026-03-29T01:30:00+00:00"),
        # 02:30 comes twice: the first, and not once more.
        (Schedule("day", "02:30", "Europe/Berlin"), "2026-10-24T12:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        (Schedule("day", "02:30", "Europe/Berlin"), "2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"),
        # 30 December 2011 never was in Apia.
        (Schedule("day", "07:00", "Pacific/Apia"), "2011-12-29T17:00:00+00:00", "2011-12-30T17:00:00+00:00"),
        (Schedule("week", "07:00", "UTC"), "2026-11-21T00:00:00+00:00", "2026-11-23T07:00:00+00:00"),
        (Schedule("week", "07:00", "UTC", 7), "2026-11-22T07:00:00+00:00", "2026-11-29T07:00:00+00:00"),
        (Schedule("month", "00:00", "Asia/Tokyo"), "2026-11-21T00:00:00+00:00", "2026-11-30T15:00:00+00:00"),
        (Schedule("month", "00:00", "UTC"), "2027-02-01T00:00:00+00:00", "2027-03-01T00:00:00+00:00"),
    ],
)
def test_the_next_time_to_send(schedule, after, due):
    assert text(schedule.after(ms(after))) == due


@pytest.mark.parametrize(
    ("every", "due", "first", "after_last"),
    [
        ("day", "2026-11-21T07:00:00+01:00", date(2026, 11, 20), date(2026, 11, 21)),
        # Half past midnight in Berlin, still the day before in UTC.
        ("day", "2026-11-21T00:30:00+01:00", date(2026, 11, 20), date(2026, 11, 21)),
        ("week", "2026-11-23T07:00:00+01:00", date(2026, 11, 16), date(2026, 11, 23)),
        ("week", "2026-11-22T07:00:00+01:00", date(2026, 11, 9), date(2026, 11, 16)),
        ("month", "2026-03-01T07:00:00+01:00", date(2026, 2, 1), date(2026, 3, 1)),
        ("month", "2026-01-01T00:00:00+01:00", date(2025, 12, 1), date(2026, 1, 1)),
    ],
)
def test_a_report_tells_of_the_whole_days_before(every, due, first, after_last):
    assert Schedule(every, "07:00", "Europe/Berlin").period(ms(due)) == (first, after_last)


def test_who_was_away_is_not_sent_the_older_ones():
    schedule = Schedule("day", "07:00", "UTC")
    assert text(schedule.latest(ms("2026-11-21T08:00:00+00:00"), ms("2026-11-18T07:00:00+00:00"))) == (
        "2026-11-21T07:00:00+00:00"
    )
    assert text(schedule.latest(ms("2026-11-18T08:00:00+00:00"), ms("2026-11-18T07:00:00+00:00"))) == (
        "2026-11-18T07:00:00+00:00"
    )


def test_everything_wrong_is_said_at_once():
    with pytest.raises(InvalidInputError) as raised:
        Schedule("hour", "7:00", "Mars/Olympus", 0).check()
    assert [problem.path for problem in raised.value.problems] == ["every", "at", "weekday", "zone"]
