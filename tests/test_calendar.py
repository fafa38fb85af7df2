"""The calendar against a twin that looks at the clock on the wall minute by minute."""

import struct
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import about

from passerby import calendar as calendars
from passerby.calendar import (
    SIZES,
    at_offset,
    calendar,
    fixed_days,
    offset_changes,
    to_utc,
    whole_range,
    zone,
    zone_names,
)
from passerby.errors import InvalidInputError

ZONES = [
    "America/New_York",
    "America/St_Johns",
    "Europe/Zurich",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "America/Havana",
    "Pacific/Kwajalein",
    "UTC",
]
MINUTE, DAY = 60_000, 86_400_000
SUB_DAY_MINUTES = {"5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60}


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def naive(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- the twin: knows nothing of transitions, looks at each minute


@cache
def walls(name: str, start_ms: int, end_ms: int) -> list[tuple[int, datetime]]:
    """(offset in seconds, wall clock) at each whole minute."""
    information = zone(name)
    found = []
    for minute in range(start_ms // MINUTE, end_ms // MINUTE):
        local = datetime.fromtimestamp(minute * 60, information)
        found.append((int(local.utcoffset().total_seconds()), local.replace(tzinfo=None)))
    return found


def floor_of(size: str, wall: datetime) -> datetime:
    midnight = wall.replace(hour=0, minute=0, second=0)
    if size in SUB_DAY_MINUTES:
        since = (wall - midnight) // timedelta(minutes=1)
        return midnight + timedelta(minutes=since - since % SUB_DAY_MINUTES[size])
    if size == "1w":
        return midnight - timedelta(days=wall.weekday())
    if size == "1M":
        return midnight.replace(day=1)
    if size == "1y":
        return midnight.replace(month=1, day=1)
    days = int(size.removesuffix("d"))
    return midnight - timedelta(days=(wall.date() - date(1970, 1, 1)).days % days)


def twin(size: str, name: str, start_ms: int, end_ms: int) -> list[tuple[int, datetime]]:
    """The bucket of each minute of the range, as something that differs from bucket to bucket, and its floor."""
    looked = walls(name, start_ms, end_ms + 2 * DAY)
    wanted = (end_ms - start_ms) // MINUTE
    if size in SUB_DAY_MINUTES:
        floors = [(offset, floor_of(size, wall)) for offset, wall in looked[:wanted]]
        stretch, buckets = 0, []
        for i, (offset, floor) in enumerate(floors):
            stretch += i > 0 and offset != floors[i - 1][0]
            buckets.append((stretch, floor))
        return buckets
    # A date has not begun for good while an earlier one is still to come.
    lowest, over = datetime.max, []  # noqa: DTZ901 - wall clocks have no offset
    for _, wall in reversed(looked):
        lowest = min(lowest, wall)
        over.append((0, floor_of(size, lowest)))
    return over[::-1][:wanted]


def make(size: str, name: str, start_ms: int, end_ms: int, **options) -> calendars.Calendar:
    if size in SIZES:
        return calendar(size, name, start_ms, end_ms, **options)
    return fixed_days(int(size.removesuffix("d")), name, start_ms, end_ms, **options)


def assert_equals_twin(size: str, name: str, start_ms: int, end_ms: int) -> None:
    made = make(size, name, start_ms, end_ms)
    expected = twin(size, name, start_ms, end_ms)
    instants = np.arange(start_ms, end_ms, MINUTE)
    buckets = made.bucket_of(instants)
    assert [made.labels[b] for b in buckets] == [f"{floor:%Y-%m-%dT%H:%M:%S}" for _, floor in expected]
    assert [a != b for a, b in pairwise(buckets)] == [a != b for a, b in pairwise(expected)]


def assert_well_formed(made: calendars.Calendar, start_ms: int, end_ms: int) -> None:
    assert (made.ends > made.starts).all()
    assert (made.starts[1:] == made.ends[:-1]).all()
    assert made.starts[0] <= start_ms < made.ends[0]
    assert made.starts[-1] < end_ms <= made.ends[-1]
    slots, buckets = made.slots()
    assert (slots[0] * made.slot_ms, (slots[-1] + 1) * made.slot_ms) == (made.starts[0], made.ends[-1])
    assert (np.diff(slots) == 1).all()
    # Both edges of every slot lie in the bucket that the slot is mapped to.
    assert (made.starts[buckets] <= slots * made.slot_ms).all()
    assert ((slots + 1) * made.slot_ms <= made.ends[buckets]).all()
    assert len(set(made.offset_labels)) == len(made)
    for i in {0, len(made) // 2, len(made) - 1}:
        assert ms(made.label(i)) == made.starts[i]


# Ranges of a few days around each kind of clock change; then any days at all.
CHANGES = {
    "America/New_York": ["2024-03-10", "2024-11-03"],
    "America/St_Johns": ["2006-04-02", "2006-10-29", "2024-03-10"],
    "Europe/Zurich": ["2026-03-29", "2026-10-25"],
    "Asia/Kathmandu": ["1986-01-01", "2024-03-31"],
    "Australia/Lord_Howe": ["2024-04-07", "2024-10-06"],
    "Africa/Casablanca": ["2024-03-10", "2024-04-14"],
    "Pacific/Apia": ["2011-12-30", "2011-04-02", "2021-04-04"],
    "America/Sao_Paulo": ["2018-11-04", "2019-02-17", "1985-11-02", "1963-12-09"],
    "America/Havana": ["2024-03-10", "2024-11-03"],
    "Pacific/Kwajalein": ["1969-10-01", "1993-08-21"],
    "UTC": ["2016-12-31"],
}


@pytest.mark.parametrize(("name", "day"), [(name, day) for name, days in CHANGES.items() for day in days])
@pytest.mark.parametrize("size", [*SIZES, "7d", "30d"])
def test_equals_the_twin_around_clock_changes(size, name, day):
    middle = ms(f"{day}T00:00:00Z")
    assert_equals_twin(size, name, middle - DAY, middle + 2 * DAY)
    assert_well_formed(make(size, name, middle - DAY, middle + 2 * DAY), middle - DAY, middle + 2 * DAY)


ranges = st.tuples(
    st.integers(ms("1973-01-01T00:00Z") // MINUTE, ms("2040-01-01T00:00Z") // MINUTE), st.integers(1, 4 * 1440)
).map(lambda pair: (pair[0] * MINUTE, sum(pair) * MINUTE))


@settings(max_examples=about(60), deadline=None)
@given(st.sampled_from([*SIZES, "7d", "30d"]), st.sampled_from(ZONES), ranges)
def test_equals_the_twin_anywhere(size, name, asked):
    assert_equals_twin(size, name, *asked)
    assert_well_formed(make(size, name, *asked), *asked)


@settings(max_examples=about(40), deadline=None)
@given(
    st.sampled_from([*SIZES, "7d", "30d"]),
    st.sampled_from(ZONES),
    st.integers(1900, 2190),
    st.integers(1, 500),
)
def test_long_ranges_are_well_formed_and_say_where_each_bucket_begins(size, name, year, days):
    # Crosses both clock changes; minute by minute would be slow, so the walls at the boundaries are looked at.
    start = ms(f"{year}-01-01T12:34:56.789Z")
    made = make(size, name, start, start + days * DAY)
    if made.slot_ms >= MINUTE:  # local mean time had odd seconds
        assert_well_formed(made, start, start + days * DAY)
    information = zone(name)
    for i in range(0, len(made), max(1, len(made) // 300)):
        at = int(made.starts[i])
        wall = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).astimezone(information)
        assert made.offsets_s[i] == wall.utcoffset().total_seconds()
        # The first instant shows the floor, or a later time where the floor was skipped or already over.
        assert f"{wall:%Y-%m-%dT%H:%M:%S}" >= made.labels[i]
        before = datetime.fromtimestamp((at - 1) / 1000, UTC).astimezone(information)
        assert f"{before:%Y-%m-%dT%H:%M:%S}" < made.labels[i] or before.utcoffset() != wall.utcoffset()


@pytest.mark.parametrize("name", ZONES)
def test_fifteen_minutes_nest_in_hours_and_days(name):
    start, end = ms("2011-01-01T00:00Z"), ms("2012-02-01T00:00Z")  # both changes, and the day that Apia skipped
    quarters = calendar("15m", name, start, end, clip=False)
    for size in ("30m", "1h", "1d", "1w", "1M", "1y"):
        outer = calendar(size, name, int(quarters.starts[0]), int(quarters.ends[-1]))
        assert (outer.bucket_of(quarters.starts) == outer.bucket_of(quarters.ends - 1)).all()


def test_a_repeated_hour_is_two_buckets_and_a_skipped_one_none():
    autumn = calendar("1h", "Europe/Zurich", ms("2026-10-25T01:00+02:00"), ms("2026-10-25T04:00+01:00"))
    assert [autumn.label(i, offset=False)[11:16] for i in range(len(autumn))] == ["01:00", "02:00", "02:00", "03:00"]
    assert [autumn.label(i) for i in range(len(autumn))] == [
        "2026-10-25T01:00:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]
    spring = calendar("1h", "Europe/Zurich", ms("2026-03-29T01:00+01:00"), ms("2026-03-29T04:00+02:00"))
    assert [label[11:16] for label in spring.labels] == ["01:00", "03:00"]


def test_lord_howe_moves_by_half_an_hour():
    made = calendar("1h", "Australia/Lord_Howe", ms("2024-04-06T13:00Z"), ms("2024-04-06T17:30Z"))
    assert [(label, int(b - a) // MINUTE) for label, a, b in zip(made.labels, made.starts, made.ends, strict=True)] == [
        ("2024-04-07T00:00:00", 60),
        ("2024-04-07T01:00:00", 60),
        ("2024-04-07T01:00:00", 30),
        ("2024-04-07T02:00:00", 60),
        ("2024-04-07T03:00:00", 60),
    ]
    assert made.label(2) == "2024-04-07T01:30:00+10:30"


@pytest.mark.parametrize(
    ("name", "day", "begins", "hours"),
    [
        ("America/New_York", "2024-03-10", "2024-03-10T05:00Z", 23),
        ("America/New_York", "2024-11-03", "2024-11-03T04:00Z", 25),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z", 23),  # 00:00 does not exist
        ("America/Havana", "2024-11-03", "2024-11-03T04:00Z", 25),  # the hour after midnight occurs twice
        ("America/St_Johns", "2006-10-29", "2006-10-29T03:30Z", 24),  # the second midnight
        ("America/St_Johns", "2006-10-28", "2006-10-28T02:30Z", 25),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", 24),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", 24),
        ("Pacific/Kwajalein", "1969-09-30", "1969-09-29T13:00Z", 47),
    ],
)
def test_days_begin_once_the_day_before_is_over_for_good(name, day, begins, hours):
    noon = to_utc(naive(f"{day}T12:00:00"), name)
    made = calendar("1d", name, noon, noon + 1)
    assert made.labels == [f"{day}T00:00:00"]
    assert (made.starts[0], made.ends[0] - made.starts[0]) == (ms(begins), hours * 3_600_000)


def test_a_date_that_never_was_has_no_bucket():
    made = calendar("1d", "Pacific/Apia", ms("2011-12-29T00:00-10:00"), ms("2012-01-01T00:00+14:00"))
    assert [label[:10] for label in made.labels] == ["2011-12-29", "2011-12-31"]


def test_weeks_begin_on_monday_months_and_years_on_the_first():
    start, end = ms("2026-02-25T12:00Z"), ms("2026-03-03T12:00Z")
    assert [label[:10] for label in calendar("1w", "UTC", start, end).labels] == ["2026-02-23", "2026-03-02"]
    assert [label[:10] for label in calendar("1M", "UTC", start, end).labels] == ["2026-02-01", "2026-03-01"]
    assert [label[:10] for label in calendar("1y", "UTC", start, end).labels] == ["2026-01-01"]


def test_fixed_days_are_counted_from_1970():
    start, end = ms("2026-03-01T00:00+01:00"), ms("2026-05-01T00:00+02:00")
    made = fixed_days(30, "Europe/Zurich", start, end)
    assert [(date.fromisoformat(label[:10]) - date(1970, 1, 1)).days % 30 for label in made.labels] == [0, 0, 0]
    assert [int(b - a) // 3_600_000 for a, b in zip(made.starts, made.ends, strict=True)] == [720, 719, 720]
    assert [label[:10] for label in fixed_days(7, "UTC", 0, 8 * DAY).labels] == ["1970-01-01", "1970-01-08"]


def test_clip_says_whether_the_rest_of_the_outer_buckets_counts():
    start, end = ms("2026-06-08T20:20Z"), ms("2026-06-08T20:50Z")
    clipped = calendar("15m", "UTC", start, end)
    assert clipped.offset_labels == [f"2026-06-08T20:{minute}:00Z" for minute in (15, 30, 45)]
    assert (clipped.range_start_ms, clipped.range_end_ms) == (start, end)
    instants = np.array([start - 1, start, end - 1, end])
    assert clipped.bucket_of(instants).tolist() == [-1, 0, 2, -1]
    whole = calendar("15m", "UTC", start, end, clip=False)
    assert (whole.range_start_ms, whole.range_end_ms) == (ms("2026-06-08T20:15Z"), ms("2026-06-08T21:00Z"))
    assert whole.bucket_of(instants).tolist() == [0, 0, 2, 2]


def test_calendars_of_several_zones_share_finer_slots():
    start = ms("2026-06-08T00:00Z")
    made = calendar("1d", "Europe/Zurich", start, start + 3 * DAY)
    slots, buckets = made.slots(900_000)
    assert (slots[0] * 900_000, len(slots)) == (made.starts[0], 4 * 96)
    assert buckets.tolist() == [bucket for bucket in range(4) for _ in range(96)]
    with pytest.raises(ValueError, match="does not divide"):
        made.slots(7)


def test_labels_of_utc_end_in_z_and_those_of_a_zone_in_its_offset():
    start = ms("2026-01-08T20:30Z")
    assert calendar("15m", "Etc/UTC", start, start + 1).label(0) == "2026-01-08T20:30:00Z"
    assert calendar("15m", "Europe/London", start, start + 1).label(0) == "2026-01-08T20:30:00+00:00"
    assert calendar("15m", "Asia/Kathmandu", start, start + 1).label(0) == "2026-01-09T02:15:00+05:45"
    assert calendar("15m", "America/St_Johns", start, start + 1).label(0) == "2026-01-08T17:00:00-03:30"


@pytest.mark.parametrize(
    ("text", "name", "first", "second"),
    [
        ("2026-06-01T12:00:00", "Europe/Zurich", "2026-06-01T10:00Z", "2026-06-01T10:00Z"),
        ("2024-11-03T01:30:00", "America/New_York", "2024-11-03T05:30Z", "2024-11-03T06:30Z"),
        ("2024-03-10T02:30:00", "America/New_York", "2024-03-10T07:30Z", "2024-03-10T07:30Z"),
        ("2024-10-06T02:10:00", "Australia/Lord_Howe", "2024-10-05T15:40Z", "2024-10-05T15:40Z"),
        ("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T22:00Z", "2011-12-30T22:00Z"),
        ("2018-11-04T00:00:00.250", "America/Sao_Paulo", "2018-11-04T03:00:00.250Z", "2018-11-04T03:00:00.250Z"),
    ],
)
def test_to_utc(text, name, first, second):
    assert to_utc(naive(text), name) == ms(first)
    assert to_utc(naive(text), name, second=True) == ms(second)


walls_to_ask = st.one_of(
    st.tuples(st.sampled_from(ZONES), st.datetimes(naive("1975-01-01"), naive("2100-01-01"))),
    st.tuples(
        st.sampled_from([(name, day) for name, days in CHANGES.items() for day in days]), st.integers(-1440, 2880)
    ).map(lambda pair: (pair[0][0], naive(pair[0][1]) + timedelta(minutes=pair[1]))),
)


@settings(max_examples=about(60), deadline=None)
@given(walls_to_ask)
def test_to_utc_finds_each_instant_that_shows_the_wall_clock(asked):
    name, wall = asked
    wall = wall.replace(microsecond=wall.microsecond // 1000 * 1000)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    around = [wall.replace(tzinfo=UTC) + timedelta(days=days) for days in (-3, -2, -1, 0, 1, 2, 3)]
    offsets = {instant.astimezone(zone(name)).utcoffset() for instant in around}
    shown = sorted(
        instant
        for instant in (wall.replace(tzinfo=UTC) - offset for offset in offsets)
        if instant.astimezone(zone(name)).replace(tzinfo=None, fold=0) == wall
    )
    first, second = (epoch + timedelta(milliseconds=to_utc(wall, name, second=which)) for which in (False, True))
    if shown:
        assert (first, second) == (shown[0], shown[-1])
    else:
        skipped = max(offsets) - min(offsets)
        assert first == second
        assert first.astimezone(zone(name)).replace(tzinfo=None, fold=0) == wall + skipped


def _changes_in_file(name: str) -> list[tuple[int, int]]:
    """(instant, new offset) of each change of offset that a zone file lists, read byte by byte (RFC 9636)."""
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()

    def header(at):
        return struct.unpack(">6l", data[at + 20 : at + 44])

    utc_flags, wall_flags, leaps, times, types, characters = header(0)
    at = 44 + times * 5 + types * 6 + characters + leaps * 8 + wall_flags + utc_flags
    _, _, _, times, types, _ = header(at)
    at += 44
    instants = struct.unpack(f">{times}q", data[at : at + 8 * times])
    indexes = data[at + 8 * times : at + 9 * times]
    at += 9 * times
    offsets = [struct.unpack(">l", data[at + 6 * i : at + 6 * i + 4])[0] for i in range(types)]
    changes, offset = [], offsets[0]
    for instant, index in zip(instants, indexes, strict=True):
        if offsets[index] != offset:
            offset = offsets[index]
            changes.append((instant, offset))
    return changes


@pytest.mark.parametrize("name", [*ZONES, "America/Recife", "Africa/Cairo", "Asia/Gaza", "Africa/Monrovia"])
def test_finds_every_change_of_offset_that_the_zone_file_lists(name):
    listed = [(at, offset) for at, offset in _changes_in_file(name) if at * 1000 >= calendars.FIRST_MS]
    last = datetime.fromtimestamp(listed[-1][0], UTC).year if listed else 1950
    found = [change for year in range(1900, last + 1) for change in offset_changes(name, year)]
    assert found[: len(listed)] == listed


def test_no_zone_changes_its_offset_twice_between_two_probes():
    # Two probes at least lie inside every stretch, so that none can be missed.
    for name in zone_names():
        instants = np.array([at for at, _ in _changes_in_file(name) if at * 1000 >= calendars.FIRST_MS])
        assert (np.diff(instants) > 3 * 2 * 86_400).all(), name


def test_zone_data_comes_from_the_pinned_package(tmp_path):
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe/Zurich").write_bytes(files("tzdata").joinpath("zoneinfo/UTC").read_bytes())
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    zone.cache_clear()
    zoneinfo.reset_tzpath([tmp_path])  # a machine whose own zone files are wrong
    try:
        assert noon.astimezone(ZoneInfo.no_cache("Europe/Zurich")).hour == 12
        assert noon.astimezone(zone("Europe/Zurich")).hour == 14
    finally:
        zoneinfo.reset_tzpath()


def test_every_zone_of_the_pinned_package_opens():
    assert {zone(name).key for name in zone_names()} == zone_names()
    assert len(zone_names()) > 590


@pytest.mark.parametrize("name", ["", "Factory", "europe/zurich", "../../etc/passwd", "/etc/localtime", "Mars/Olympus"])
def test_unknown_zones_are_refused(name):
    with pytest.raises(InvalidInputError, match="unknown time zone"):
        zone(name)
    with pytest.raises(InvalidInputError, match="unknown time zone"):
        calendar("1d", name, 0, DAY)
    with pytest.raises(InvalidInputError, match="unknown time zone"):
        to_utc(naive("2026-01-01T00:00:00"), name)


def test_a_misspelt_zone_is_answered_with_a_likely_one():
    with pytest.raises(InvalidInputError, match=r"did you mean Europe/Zurich\?"):
        zone("Europe/Zürich")


@pytest.mark.parametrize(
    ("size", "start", "end", "message"),
    [
        ("2h", 0, DAY, "unknown bucket '2h': expected one of 5m"),
        ("", 0, DAY, "unknown bucket"),
        ("1h", 5, 5, "end must be later"),
        ("1d", 5, 4, "end must be later"),
        ("1y", calendars.FIRST_MS - 1, 0, "between the years 1900 and 2199"),
        ("1y", 0, calendars.LAST_MS + 1, "between the years 1900 and 2199"),
        ("5m", calendars.FIRST_MS, calendars.LAST_MS, "too many buckets"),
    ],
)
def test_bad_ranges_are_refused(size, start, end, message):
    with pytest.raises(InvalidInputError, match=message):
        calendar(size, "Europe/Zurich", start, end)


def test_the_whole_permitted_range_works():
    made = calendar("1M", "America/New_York", calendars.FIRST_MS, calendars.LAST_MS)
    assert len(made) == 300 * 12 + 1
    with pytest.raises(InvalidInputError, match="too long for Africa/Monrovia"):
        calendar("1d", "Africa/Monrovia", calendars.FIRST_MS, calendars.LAST_MS).slots()


# --- buckets that no place's clock has


@given(
    st.sampled_from(SIZES),
    st.integers(-14 * 60, 14 * 60),
    st.integers(ms("1990-01-01T00:00:00+00:00"), ms("2030-01-01T00:00:00+00:00")),
    st.integers(1, 40 * DAY),
    st.booleans(),
)
def test_a_clock_at_a_fixed_offset_is_that_of_utc_moved(size, minutes, start, length, clip):
    found = at_offset(size, minutes * 60, start, start + length, clip=clip)
    plain = calendar(size, "UTC", start + minutes * MINUTE, start + length + minutes * MINUTE, clip=clip)
    assert found.labels == plain.labels
    assert (found.starts + minutes * MINUTE).tolist() == plain.starts.tolist()
    assert found.starts[0] <= start < found.ends[0]
    assert found.starts[-1] < start + length <= found.ends[-1]
    slots, buckets = found.slots()
    for instant in (start, start + length // 2, start + length - 1):
        assert buckets[instant // found.slot_ms - slots[0]] == np.searchsorted(found.starts, instant, side="right") - 1


def test_labels_at_a_fixed_offset():
    found = at_offset("1d", 5 * 3600 + 1800, ms("2026-03-01T00:00:00+05:30"), ms("2026-03-02T00:00:00+05:30"))
    assert (found.zone, found.labels, found.offset_labels) == (
        "UTC+05:30",
        ["2026-03-01T00:00:00"],
        ["2026-03-01T00:00:00+05:30"],
    )
    assert at_offset("1d", 0, 0, DAY).offset_labels == ["1970-01-01T00:00:00Z"]
    with pytest.raises(InvalidInputError, match="whole minutes"):
        at_offset("1d", 30, 0, DAY)


@pytest.mark.parametrize(("start", "end"), [(0, DAY), (5, 6), (-5, 3 * DAY + 1)])
def test_a_whole_range_is_one_bucket(start, end):
    found = whole_range(start, end)
    assert (len(found), found.range_start_ms, found.range_end_ms) == (1, start, end)
    assert found.starts[0] <= start
    assert found.ends[0] >= end
    assert set(found.slots()[1].tolist()) == {0}
    assert found.bucket_of(np.array([start - 1, start, end - 1, end])).tolist() == [-1, 0, 0, -1]
