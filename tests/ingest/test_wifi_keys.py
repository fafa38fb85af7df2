"""Keys of WiFi devices: one for each site and local period, and when they end."""

import re
import sqlite3
from contextlib import closing
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import about

from passerby.calendar import calendar, to_utc
from passerby.ingest.wifi_keys import EVER, KEPT_MS, SIZES, Devices, KeyGoneError, KeyRule, period_of

HOUR = 3_600_000
DAY = 24 * HOUR
ZURICH = "Europe/Zurich"
FILE = "wifi-keys.sqlite"


def utc(*when, zone="UTC"):
    return to_utc(datetime(*when), zone)  # noqa: DTZ001 - a wall clock


NOON = utc(2026, 3, 29, 12)  # a Sunday, the first day of summer time in Zurich


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest.fixture
def devices(tmp_path, clock):
    with closing(Devices(tmp_path / FILE, clock)) as opened:
        yield opened


def rule(rotation="daily", zone="UTC", site=1):
    return KeyRule(site, zone, rotation)


def keys_in(path):
    """{(site, start_ms): key} of a key file."""
    with closing(sqlite3.connect(path)) as connection:
        return {row[:2]: row[2] for row in connection.execute("select site_id, start_ms, key from wifi_keys")}


def found_in_files(folder, key):
    return [file.name for file in folder.iterdir() if key in file.read_bytes()]


# -- periods --


@pytest.mark.parametrize(
    ("rotation", "zone", "first", "last"),
    [
        ("daily", "UTC", utc(2026, 3, 29), utc(2026, 3, 30)),
        ("daily", ZURICH, utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),  # 23 hours
        ("weekly", ZURICH, utc(2026, 3, 22, 23), utc(2026, 3, 29, 22)),  # from Monday to Sunday
        ("monthly", ZURICH, utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)),
        ("weekly", "UTC", utc(2026, 3, 23), utc(2026, 3, 30)),
        ("never", ZURICH, *EVER[:2]),
    ],
)
def test_periods_of_an_instant(rotation, zone, first, last):
    assert period_of(zone, rotation, NOON) == (first, last, rotation)
    assert period_of(zone, rotation, first) == period_of(zone, rotation, last - 1)
    if rotation != "never":
        assert (
            period_of(zone, rotation, last) != period_of(zone, rotation, first) != period_of(zone, rotation, first - 1)
        )


@settings(max_examples=about(60), deadline=None)
@given(
    st.sampled_from(
        [ZURICH, "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "America/Havana"]
    ),
    st.sampled_from(list(SIZES)),
    st.integers(0, 4_102_444_799_999) | st.integers(0, 40_000).map(lambda hour: utc(2009, 1, 1) + hour * HOUR),
)
def test_a_period_is_the_bucket_of_the_calendar(zone, rotation, at_ms):
    bucket = calendar(SIZES[rotation], zone, at_ms, at_ms + 1)
    assert period_of(zone, rotation, at_ms)[:2] == (bucket.starts[0], bucket.ends[0])


# -- hashes --


def test_one_device_has_one_hash_within_a_site_and_local_day(devices):
    zurich = rule(zone=ZURICH)
    first = devices.hash(zurich, NOON, "AA-BB-CC-00-11-22")
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert devices.hash(zurich, NOON + 1000, "aabb.cc00.1122") == first
    assert devices.hash(rule(zone=ZURICH, site=2), NOON, "aa:bb:cc:00:11:22") != first
    midnight = utc(2026, 3, 29, 22)
    assert devices.hash(zurich, midnight - 1, "aa:bb:cc:00:11:22") == first
    assert devices.hash(zurich, midnight, "aa:bb:cc:00:11:22") != first


@pytest.mark.parametrize("rotation", ["daily", "weekly", "monthly", "never"])
def test_a_device_is_recognised_within_one_period_and_not_outside(devices, rotation):
    asked = rule(rotation, ZURICH)
    period = asked.period(NOON)
    first = devices.hash(asked, NOON, "phone")
    assert devices.hash(asked, period.start_ms, "phone") == devices.hash(asked, period.end_ms - 1, "phone") == first
    if rotation != "never":
        assert devices.hash(asked, period.end_ms, "phone") != first
        assert devices.hash(asked, period.start_ms - 1, "phone") != first


def test_a_stay_across_midnight_can_be_hashed_under_the_key_of_its_start(devices):
    asked = rule()
    start = asked.period(NOON)
    after_midnight = devices.hash(asked, start.end_ms, "phone")
    assert devices.hash_in(1, start, "phone") == devices.hash(asked, NOON, "phone") != after_midnight


def test_sites_have_keys_of_their_own(devices, tmp_path):
    for site in (1, 2):
        devices.hash(rule(site=site), NOON, "phone")
    kept = keys_in(tmp_path / FILE)
    assert len(kept) == len(set(kept.values())) == 2
    assert all(len(key) == 32 for key in kept.values())


def test_keys_survive_a_restart(tmp_path, clock):
    hashes = []
    for _ in range(2):
        with closing(Devices(tmp_path / FILE, clock)) as devices:
            hashes.append(devices.hash(rule(), NOON, "phone"))
    assert hashes[0] == hashes[1]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


# -- their end --


@pytest.mark.parametrize("rotation", ["daily", "weekly", "monthly"])
def test_a_key_is_destroyed_48_hours_after_its_period(devices, clock, tmp_path, rotation):
    asked = rule(rotation)
    devices.hash(asked, NOON, "phone")
    (key,) = keys_in(tmp_path / FILE).values()
    assert found_in_files(tmp_path, key) == [FILE]
    end = asked.period(NOON).end_ms + KEPT_MS
    clock.now = end - 1
    assert devices.sweep() == 0
    devices.hash(asked, NOON, "phone")
    clock.now = end
    with pytest.raises(KeyGoneError):
        devices.hash(asked, NOON, "phone")
    assert devices.sweep() == 1
    assert devices.sweep() == 0
    with pytest.raises(KeyGoneError):
        devices.hash(asked, NOON, "phone")
    assert found_in_files(tmp_path, key) == []


def test_a_destroyed_key_is_in_no_file_whatever_was_written_before(devices, clock, tmp_path):
    devices.hash(rule(), NOON, "phone")
    (first,) = keys_in(tmp_path / FILE).values()
    for site in range(2, 40):  # each change puts the page that holds the first key into the rollback journal
        devices.hash(rule(site=site), NOON, "phone")
    clock.now += 4 * DAY
    devices.hash(rule(site=1), clock.now, "phone")
    assert devices.sweep() == 39
    assert found_in_files(tmp_path, first) == []


def test_a_key_that_is_never_changed_is_never_destroyed(devices, clock):
    first = devices.hash(rule("never"), NOON, "phone")
    clock.now += 20 * 365 * DAY
    assert devices.sweep() == 0
    assert devices.hash(rule("never"), clock.now, "phone") == first


@pytest.mark.parametrize("rotation", ["daily", "weekly", "monthly"])
def test_an_old_period_has_48_hours_from_the_making_of_its_key(devices, clock, rotation):
    year_ago = NOON - 365 * DAY
    first = devices.hash(rule(rotation), year_ago, "phone")
    clock.now += KEPT_MS - 1
    assert devices.hash(rule(rotation), year_ago, "phone") == first
    clock.now += 1
    with pytest.raises(KeyGoneError):
        devices.hash(rule(rotation), year_ago, "phone")


# -- changes --


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rule("monthly"), rule("daily")),
        (rule("daily"), rule("weekly")),
        (rule("never"), rule("daily")),
        (rule("weekly"), rule("never")),
        (rule(zone=ZURICH), rule(zone="America/New_York")),
    ],
)
def test_after_a_change_the_new_key_counts_at_once_and_the_old_one_has_48_hours(
    devices, clock, tmp_path, before, after
):
    old = devices.hash(before, NOON, "phone")
    ((place, key),) = keys_in(tmp_path / FILE).items()
    new = devices.hash(after, NOON, "phone")
    assert new != old
    clock.now += KEPT_MS
    devices.sweep()
    assert keys_in(tmp_path / FILE)[place] is None
    assert found_in_files(tmp_path, key) == []


def test_a_zone_with_the_same_midnights_changes_nothing(devices):
    assert devices.hash(rule(zone=ZURICH), NOON, "a") == devices.hash(rule(zone="Europe/Berlin"), NOON, "a")


@pytest.mark.parametrize("rotation", ["monthly", "never"])
def test_whoever_changes_back_soon_finds_the_old_key(devices, clock, rotation):
    old = devices.hash(rule(rotation), NOON, "phone")
    between = devices.hash(rule("daily"), NOON, "phone")
    clock.now += KEPT_MS - 1
    assert devices.hash(rule(rotation), NOON, "phone") == old
    clock.now += DAY
    devices.sweep()
    assert devices.hash(rule(rotation), NOON, "phone") == old
    clock.now += KEPT_MS
    devices.sweep()
    if rotation == "never":  # the day is over, and its key was retired by the change back
        with pytest.raises(KeyGoneError):
            devices.hash(rule("daily"), NOON, "phone")
        assert between != old


@pytest.mark.parametrize("rotation", ["monthly", "never"])
def test_whoever_changes_back_late_begins_anew(devices, clock, rotation):
    clock.now = NOON - 20 * DAY
    old = devices.hash(rule(rotation), clock.now, "phone")
    devices.hash(rule("daily"), clock.now, "phone")
    clock.now += KEPT_MS
    devices.sweep()
    new = devices.hash(rule(rotation), clock.now, "phone")
    assert new != old
    assert devices.hash(rule(rotation), clock.now, "phone") == new


# -- many sites, many threads, a disk that fails --


class Counted(Devices):
    """Devices that count how often they save."""

    saves = 0

    def _save(self):
        self.saves += self._unsaved
        super()._save()


def test_a_thousand_sites_at_midnight_are_one_write(tmp_path, clock):
    with closing(Counted(tmp_path / FILE, clock)) as devices:
        with devices.batch():
            for site in range(1000):
                devices.hash(rule(site=site), NOON, "phone")
        assert devices.saves == 1
        clock.now = NOON + 12 * HOUR
        for site in range(1000):
            devices.hash(rule(site=site), clock.now, "phone")
        with devices.batch():
            devices.hash(rule(site=1), clock.now, "phone")
        assert len(keys_in(tmp_path / FILE)) == 2000
        # The first one is made with all others; what the others do is look.
        changes = devices._connection.total_changes
        assert changes <= 2001


def test_recordings_of_one_site_make_no_keys_of_others(devices, tmp_path):
    long_ago = NOON - 100 * DAY
    devices.hash(rule(site=1), long_ago, "phone")
    devices.hash(rule(site=2), long_ago + DAY, "phone")
    assert set(keys_in(tmp_path / FILE)) == {(1, long_ago - 12 * HOUR), (2, long_ago + 12 * HOUR)}


def test_keys_of_a_batch_are_on_disk_when_it_ends(tmp_path, clock):
    with closing(Devices(tmp_path / FILE, clock)) as devices:
        with devices.batch():
            devices.hash(rule(), NOON, "phone")
            assert keys_in(tmp_path / FILE) == {}
        assert len(keys_in(tmp_path / FILE)) == 1
        with pytest.raises(ValueError, match="oops"), devices.batch():  # noqa: PT012 - the error is inside
            devices.hash(rule(site=2), NOON, "phone")
            raise ValueError("oops")
        assert len(keys_in(tmp_path / FILE)) == 2


def test_keys_that_cannot_be_saved_fail_every_batch_that_used_them(tmp_path, clock):
    with closing(Devices(tmp_path / FILE, clock)) as devices:
        with devices.batch():
            devices.hash(rule(site=9), NOON, "phone")
        reader = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        devices._connection.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError), devices.batch():  # noqa: PT012 - it fails at the end
            lost = devices.hash(rule(), NOON, "phone")
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM wifi_keys").fetchall()  # a shared lock: the commit fails
        reader.close()
        assert devices.hash(rule(), NOON, "phone") != lost
        assert set(keys_in(tmp_path / FILE)) == {(1, NOON - 12 * HOUR), (9, NOON - 12 * HOUR)}


def test_a_file_of_the_earlier_form_begins_anew(tmp_path, clock):
    key = bytes(range(32))
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("CREATE TABLE wifi_keys (timezone TEXT, day TEXT, key BLOB, destroy_ms INTEGER)")
        connection.execute("INSERT INTO wifi_keys VALUES ('UTC', '2026-03-29', ?, ?)", (key, NOON + 4 * DAY))
        connection.commit()
    with closing(Devices(tmp_path / FILE, clock)) as devices:
        assert found_in_files(tmp_path, key) == []
        devices.hash(rule(), NOON, "phone")
        assert len(keys_in(tmp_path / FILE)) == 1
