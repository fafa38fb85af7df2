"""Interval counts, and the hours that occur twice or not at all."""

from datetime import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.importing import read, write

from passerby import calendar
from passerby.errors import InvalidInputError
from passerby.ingest.files.counts_csv import Clock

HALF_HOUR = 1_800_000


def starts(folder, times, **options):
    text = "start,in,out\n" + "".join(f"{time},{n},0\n" for n, time in enumerate(times))
    found, tally = read("counts-csv", write(folder, "c.csv", text), line=1, every_ms=HALF_HOUR, **options)
    assert tally.rejections == []
    return [row["start"] for row in found]


def test_a_count(tmp_path):
    text = "start,in,out,duration_s,line,class\n2026-03-02T10:00:00+01:00,3,2.5,900,2,Van\n"
    found, tally = read("counts-csv", write(tmp_path, "c.csv", text))
    assert found == [
        {
            "kind": "count",
            "sensor": 5,
            "id": "count-2/van",
            "line": 2,
            "start": "2026-03-02T09:00:00Z",
            "duration_ms": 900_000,
            "in": 3.0,
            "out": 2.5,
            "class": "van",
        }
    ]
    assert (tally.read, tally.rejected) == (1, 0)


def test_what_the_file_lacks_options_say(tmp_path):
    path = write(tmp_path, "c.csv", "Zeit;Ein;Aus\n2026-03-02 10:00;3;2\n")
    columns = {"start": "Zeit", "in": "Ein", "out": "Aus"}
    ((row,), _) = read("counts-csv", path, columns=columns, line="door", every_ms=HALF_HOUR, timezone="Europe/Zurich")
    assert (row["start"], row["duration_ms"], row["line"], row["in"]) == ("2026-03-02T09:00:00Z", HALF_HOUR, "door", 3)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("line", "c.csv, line 2: the file does not name the line; give --line"),
        ("every_ms", "c.csv, line 2: the file does not say how long the intervals are; give --every"),
        ("timezone", "c.csv, line 2: start has no offset; give the zone of the times with --timezone"),
    ],
)
def test_what_neither_the_file_nor_an_option_says_is_an_error(tmp_path, missing, message):
    options = {"line": 1, "every_ms": HALF_HOUR, "timezone": "Europe/Zurich"}
    path = write(tmp_path, "c.csv", "start,in,out\n2026-03-02T10:00:00,3,2\n")
    with pytest.raises(InvalidInputError) as raised:
        read("counts-csv", path, **{name: value for name, value in options.items() if name != missing})
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("yesterday,1,2,,", "start: expected a time such as 2026-03-29T01:30:00 or 2026-03-29T01:30:00+01:00"),
        ("2026-03-02T10:00:00Z,-1,2,,", "in: expected a number from 0 to 1000000000, found '-1'"),
        ("2026-03-02T10:00:00Z,1,,,", "out: expected a number, found ''"),
        ("2026-03-02T10:00:00Z,1,nan,,", "out: expected a number, found 'nan'"),
        ("2026-03-02T10:00:00Z,1,2,-5,", "duration_s: expected 0 to 31622400, found '-5'"),
        ("2026-03-02T10:00:00Z,1,2,,dog", "class: expected person, car, bus, truck, van, bike or unknown, found 'dog'"),
    ],
)
def test_a_row_that_is_wrong(tmp_path, row, reason):
    path = write(tmp_path, "c.csv", f"start,in,out,duration_s,class\n{row}\n2026-03-02T10:00:00Z,1,2,,\n")
    found, tally = read("counts-csv", path, line=1, every_ms=HALF_HOUR)
    assert len(found) == 1
    assert tally.rejected == 1
    assert tally.rejections[0].startswith(f"c.csv, line 2: {reason}")


def test_an_interval_given_twice(tmp_path):
    rows = "2026-03-02T10:00:00Z,1,2\n2026-03-02T10:00:00Z,1,2\n2026-03-02T11:00:00+01:00,4,2\n"
    found, tally = read("counts-csv", write(tmp_path, "c.csv", "start,in,out\n" + rows), line=1, every_ms=HALF_HOUR)
    assert found[0] == found[1]
    assert len(found) == 2  # the repetition is for the server to count
    assert tally.rejections == ["c.csv, line 4: the same interval was given other numbers in c.csv, line 2"]


def test_both_passes_of_an_hour_one_after_the_other(tmp_path):
    times = [f"2005-10-30T{time}" for time in ("00:30", "01:00", "01:30", "01:00", "01:30", "02:00")]
    assert starts(tmp_path, times, timezone="America/Los_Angeles") == [
        "2005-10-30T07:30:00Z",
        "2005-10-30T08:00:00Z",
        "2005-10-30T08:30:00Z",
        "2005-10-30T09:00:00Z",
        "2005-10-30T09:30:00Z",
        "2005-10-30T10:00:00Z",
    ]


def test_one_pass_only_is_the_first(tmp_path):
    times = [f"2005-10-30T{time}" for time in ("00:30", "01:00", "01:30", "02:00")]
    assert starts(tmp_path, times, timezone="America/Los_Angeles")[1:3] == [
        "2005-10-30T08:00:00Z",
        "2005-10-30T08:30:00Z",
    ]


def test_the_second_pass_may_lack_its_beginning_or_the_first_its_end(tmp_path):
    times = ["2005-10-30T01:00", "2005-10-30T01:15", "2005-10-30T01:05", "2005-10-30T01:20"]
    assert [time[11:16] for time in starts(tmp_path, times, timezone="America/Los_Angeles")] == [
        "08:00",
        "08:15",
        "09:05",
        "09:20",
    ]


def test_lines_have_their_passes_apart(tmp_path):
    rows = "".join(f"2005-10-30T01:{m},1,1,{line}\n" for line in (1, 2) for m in ("00", "30", "00", "30"))
    found, tally = read(
        "counts-csv",
        write(tmp_path, "c.csv", "start,in,out,line\n" + rows),
        every_ms=HALF_HOUR,
        timezone="America/Los_Angeles",
    )
    assert tally.rejected == 0
    assert [row["start"][11:16] for row in found] == ["08:00", "08:30", "09:00", "09:30"] * 2


def test_times_that_do_not_exist_move_forward_and_collide_with_nothing(tmp_path):
    times = [f"2026-03-29T{time}" for time in ("01:30", "02:00", "02:30", "03:00", "03:30", "04:00")]
    text = "start,in,out\n" + "".join(f"{time},1,0\n" for time in times)
    found, tally = read(
        "counts-csv", write(tmp_path, "c.csv", text), line=1, every_ms=HALF_HOUR, timezone="Europe/Zurich"
    )
    assert tally.rejected == 0
    assert [row["start"][11:16] for row in found] == ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]
    assert len({(row["start"], row["id"]) for row in found}) == 6


ZONES = ["America/New_York", "Europe/Zurich", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]
CHANGES = [
    (zone, at * 1000) for zone in ZONES for year in (2011, 2020, 2026) for at, _ in calendar.offset_changes(zone, year)
]


@given(
    st.sampled_from(CHANGES), st.integers(2, 40), st.integers(4, 40), st.sampled_from([5, 10, 15, 30]), st.booleans()
)
def test_a_file_written_by_a_clock_on_the_wall_reads_back(change, before, after, minutes, backwards):
    """Instants around a clock change -> wall times -> the same instants, also in a file that runs backwards."""
    zone, at = change
    step = minutes * 60_000
    instants = range((at - before * 3_600_000) // step * step, at + after * 3_600_000, step)
    walls = [wall_clock(instant, zone) for instant in instants]
    # A file that begins or ends within a repeated hour does not say which pass it holds.
    for wall in (walls[0], walls[-1]):
        assume(calendar.to_utc(wall, zone) == calendar.to_utc(wall, zone, second=True))
    clock = Clock(zone)
    if backwards:
        assert sorted(clock.instant(wall, (1, "person")) for wall in reversed(walls)) == list(instants)
    else:
        assert [clock.instant(wall, (1, "person")) for wall in walls] == list(instants)


def wall_clock(instant, zone):
    """What the clock on the wall shows."""
    return datetime.fromtimestamp(instant / 1000, calendar.zone(zone)).replace(tzinfo=None)
