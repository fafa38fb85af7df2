"""Reports against brute force: plain Python over the posted visits, with the site's wall clock."""

import csv
import io
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest
from tests.support.networks import network

from passerby.feeds.reports import report
from passerby.feeds.shapes import as_csv, as_json

ZURICH = ZoneInfo("Europe/Zurich")
# A Wednesday afternoon, three days after Zurich's clocks went forward.
NOW = datetime(2026, 4, 1, 15, 20, tzinfo=ZURICH)


def visits():
    """Some eight visits a day for seventy days, at odd minutes, around clock changes and midnights too."""
    first = datetime(2026, 1, 25, tzinfo=UTC)
    for number in range(70 * 8):
        yield first + timedelta(minutes=number * 179 + number % 7)


@pytest.fixture
def stored(services, client):
    rows = [
        {"kind": "visit", "sensor": 3026, "id": str(number), "start": at.isoformat(), "duration_ms": 60_000}
        for number, at in enumerate(visits())
    ]
    answer = client.post("/v1/observations?wait=visible", json=rows)
    assert answer.json()["accepted"] == len(rows)
    return services


def feed(services, **options):
    document = network() | {"feeds": [{"name": "Visitors", "metric": "visits", "site": 2, **options}]}
    services.catalogue.apply(document)
    return services.catalogue.current().feeds[632, "Visitors"]


def found(services, **options):
    asked = feed(services, **options)
    now_ms = round(NOW.timestamp() * 1000)
    return asked, report(services.store, services.catalogue.current(), asked, now_ms)


def local():
    """The visits up to now, as wall clock times."""
    return [at.astimezone(ZURICH).replace(tzinfo=None) for at in visits() if at < NOW]


def naive(*parts):
    return datetime(*parts, tzinfo=ZURICH).replace(tzinfo=None)


WALL = NOW.replace(tzinfo=None)
PERIODS = {
    "today": (naive(2026, 4, 1), WALL),
    "yesterday": (naive(2026, 3, 31), naive(2026, 4, 1)),
    "7d": (naive(2026, 3, 26), WALL),
    "30d": (naive(2026, 3, 3), WALL),
    "month": (naive(2026, 4, 1), WALL),
}
BEFORE = {
    "today": (naive(2026, 3, 31), naive(2026, 3, 31, 15, 20)),
    "yesterday": (naive(2026, 3, 30), naive(2026, 3, 31)),
    "7d": (naive(2026, 3, 19), naive(2026, 3, 25, 15, 20)),
    "30d": (naive(2026, 2, 1), naive(2026, 3, 2, 15, 20)),
    "month": (naive(2026, 3, 1), naive(2026, 3, 1, 15, 20)),
}


def within(period):
    return [at for at in local() if period[0] <= at < period[1]]


@pytest.mark.parametrize("period", PERIODS)
def test_numbers_and_the_period_before(stored, period):
    _, told = found(stored, type="number", period=period, compare=True)
    assert told.counter == len(within(PERIODS[period])) > 0
    assert told.previous == len(within(BEFORE[period])) > 0


FLOORS = {
    "15m": lambda at: at.replace(minute=at.minute // 15 * 15).strftime("%Y-%m-%d %H:%M"),
    "1h": lambda at: at.strftime("%Y-%m-%d %H:00"),
    "1d": lambda at: at.strftime("%Y-%m-%d"),
    "1w": lambda at: (at - timedelta(days=at.weekday())).strftime("%Y-%m-%d"),
    "1M": lambda at: at.strftime("%Y-%m"),
}


@pytest.mark.parametrize("bucket", FLOORS)
@pytest.mark.parametrize("period", ["today", "7d", "30d"])
def test_series(stored, period, bucket):
    _, told = found(stored, type="series", period=period, bucket=bucket)
    (line,) = told.lines
    expected = Counter(FLOORS[bucket](at) for at in within(PERIODS[period]))
    assert line.name == "Visitors"
    assert {key: value for key, value in line.points if value} == expected
    keys = [key for key, _ in line.points]
    assert keys == sorted(set(keys)), "oldest first, each once"
    assert keys[-1] == FLOORS[bucket](WALL), "the newest is the one under way"


def test_a_series_beside_the_period_before(stored):
    asked, told = found(stored, type="series", period="7d", bucket="1d", compare=True)
    now, earlier = told.lines
    assert earlier.name == "Visitors (period before)"
    assert [key for key, _ in earlier.points] == [f"2026-03-{day}" for day in range(19, 26)]
    assert dict(earlier.points) == Counter(FLOORS["1d"](at) for at in within(BEFORE["7d"]))
    assert list(told.pairs) == [value for _, value in earlier.points]
    table = list(csv.DictReader(io.StringIO(as_csv(asked, told).decode())))
    assert [row["Date"] for row in table] == [key for key, _ in now.points]
    assert [row["Visitors (period before)"] for row in table] == [str(value) for _, value in earlier.points]


def test_an_hour_that_does_not_exist_has_no_counterpart(stored):
    """On 29 March the clocks went from 02:00 to 03:00."""
    monday = round(datetime(2026, 3, 30, 12, tzinfo=ZURICH).timestamp() * 1000)
    asked = feed(stored, type="series", period="today", bucket="1h", compare=True)
    told = report(stored.store, stored.catalogue.current(), asked, monday)
    assert [key[-5:] for key, _ in told.lines[0].points] == [f"{hour:02d}:00" for hour in range(12)]
    assert [index for index, pair in enumerate(told.pairs) if pair is None] == [2]
    table = as_csv(asked, told).decode().splitlines()
    assert table[3].startswith("2026-03-30 02:00,")
    assert table[3].endswith(",")


@pytest.mark.parametrize(("by", "key"), [("hour", "%H:00"), ("weekday", "%A")])
def test_distributions(stored, by, key):
    _, told = found(stored, type="distribution", period="30d", by=by, compare=True)
    for line, period in zip(told.lines, (PERIODS["30d"], BEFORE["30d"]), strict=True):
        expected = Counter(at.strftime(key) for at in within(period))
        assert len(line.points) == (24 if by == "hour" else 7)
        assert dict(line.points) == defaultdict(int, expected) | {key: 0 for key, _ in line.points} | expected


def test_a_distribution_of_a_peak_is_the_largest(stored):
    _, told = found(stored, type="distribution", period="30d", by="weekday", metric="peak_occupancy")
    assert {value for _, value in told.lines[0].points} == {1}


def test_the_json_that_programs_read(stored):
    asked, told = found(stored, type="number", period="today")
    assert orjson.loads(as_json(asked, told))["report"]["data"] == {"counter": len(within(PERIODS["today"]))}
    asked, told = found(stored, type="series", period="today", bucket="15m")
    data = orjson.loads(as_json(asked, told))["report"]["data"]
    assert list(data) == ["series"]
    assert list(data["series"][0]) == ["name", "data"]
    assert all(list(point) == ["key", "value"] and type(point["value"]) is int for point in data["series"][0]["data"])
