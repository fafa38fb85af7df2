"""The counters, and what they count as current."""

from datetime import UTC, datetime

import pytest
from tests.support.seemetrix import NARROW_KEY, running, view

from passerby.dialects.seemetrix import routes

NOW = datetime(2017, 9, 15, 9, 36, tzinfo=UTC)
HOURS = ["2017-09-15T09:05:00Z", *[f"2017-09-15T0{hour}:30:00Z" for hour in (0, 2, 3, 4, 5, 7, 8)]]


@pytest.fixture
def at_that_time(monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOW.astimezone(tz)

    monkeypatch.setattr(routes, "datetime", Clock)


def test_the_documents_sample(tmp_path, at_that_time):
    """8 views today, one of them in this hour, 324 in this month and at all, 6.38 s long on average."""
    days = [f"2017-09-{day:02}T{hour:02}:00:00Z" for day in range(1, 13) for hour in range(24)]
    starts = [*HOURS, *days, *[f"2017-09-13T{hour:02}:10:00Z" for hour in range(24)], *["2017-09-13T13:13:13Z"] * 4]
    assert len(starts) == 324
    lengths = [6380] * 323 + [6381]
    now = datetime.now(UTC).isoformat()
    with running(tmp_path / "data") as (_, page):
        page.observe(
            [view(3024, start, ms, id=str(i)) for i, (start, ms) in enumerate(zip(starts, lengths, strict=True))]
        )
        page.observe([view(3024, HOURS[0], 9999, 0, id="did not look"), view(3024, HOURS[0], role="staff")])
        page.observe([{"kind": "uptime", "sensor": 3026, "start": now, "duration_ms": 1000}])
        sample = {
            "avg_duration": 6.38,
            "dev_num": 4,
            "movies_num": 2,
            "online_device_num": 1,
            "usr_cur_day": 8,
            "usr_cur_hour": 1,
            "usr_cur_month": 324,
            "usr_num": 324,
        }
        assert list(page.document("/user/632/counters").items()) == list(sample.items())
        assert page.document("/user/632/counters/") == sample
        # At tzo=-7 it is 02:36: of the day's views those of 07:30, 08:30 and 09:05 are since midnight, and the first
        # seven of the month are in August.
        earlier = page.document("/user/632/counters", tzo=-7)
        assert earlier == sample | {"usr_cur_day": 3, "usr_cur_month": 317}
        # At tzo=-5.5 it is 04:06, and hours begin at half past those of UTC.
        half = page.document("/user/632/counters", tzo=-5.5)
        assert half == sample | {"usr_cur_hour": 0, "usr_cur_day": 4, "usr_cur_month": 318}
        assert page.ask("/user/632/counters", tzo="x").status_code == 400
        narrow = page.document("/user/632/counters", key=NARROW_KEY)
        nothing = dict.fromkeys(("avg_duration", "online_device_num", "usr_cur_day", "usr_cur_hour", "usr_num"), 0)
        assert narrow == sample | nothing | {"dev_num": 1, "usr_cur_month": 0}
