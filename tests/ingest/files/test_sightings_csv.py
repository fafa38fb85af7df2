"""Sightings in CSV files: names of columns, what a time may look like, and the hours that occur twice or not at all."""

import pytest
from tests.support.importing import read, write

from passerby.errors import InvalidInputError

ZURICH = "Europe/Zurich"


def times(folder, cells, **options):
    text = "at,device,rssi\n" + "".join(f"{cell},a,-60\n" for cell in cells)
    found, tally = read("sightings-csv", write(folder, "s.csv", text), **options)
    assert tally.rejections == []
    return [row["at"] for row in found]


def test_every_column(tmp_path):
    text = (
        "randomized,zone,sensor,rssi,device,at,ssid\n"
        "1,till,door-1,-60.6,aa:bb,2026-03-02T10:00:00+01:00,Home\n"
        ",11,3024,-61,x,2026-03-02T09:00:00.250Z,\n"
    )
    found, tally = read("sightings-csv", write(tmp_path, "s.csv", text))
    first = {"sensor": "door-1", "at": "2026-03-02T09:00:00Z", "device": "aa:bb", "rssi": -61, "zone": "till"}
    second = {"sensor": 3024, "at": "2026-03-02T09:00:00.250000Z", "device": "x", "rssi": -61, "zone": 11}
    assert [{name: value for name, value in row.items() if name != "kind" and value is not None} for row in found] == [
        {**first, "randomized": True},
        second,
    ]
    assert (tally.read, tally.rejected) == (2, 0)


@pytest.mark.parametrize("at", ["at", "time", "datetime", "timestamp", "DateTime"])
@pytest.mark.parametrize("device", ["device", "mac", "src"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_names_that_are_known_and_separators(tmp_path, at, device, separator):
    text = separator.join([at, device, "rssi"]) + "\n" + separator.join(["2026-03-02T09:00:00Z", "a", "-60"]) + "\n"
    ((row,), _) = read("sightings-csv", write(tmp_path, "s.csv", text))
    assert (row["sensor"], row["at"], row["device"], row["rssi"]) == (5, "2026-03-02T09:00:00Z", "a", -60)


def test_columns_renames_and_goes_before_the_known_names(tmp_path):
    text = "time,First seen,Station,Signal,Area\n2020-01-01T00:00:00Z,2026-03-02T09:00:00Z,a,-60,11\n"
    columns = {"at": "First seen", "device": "station", "rssi": "Signal", "zone": "Area"}
    ((row,), _) = read("sightings-csv", write(tmp_path, "s.csv", text), columns=columns)
    assert (row["at"], row["device"], row["rssi"], row["zone"]) == ("2026-03-02T09:00:00Z", "a", -60, 11)


def test_a_renamed_column_that_is_absent_is_an_error(tmp_path):
    path = write(tmp_path, "s.csv", "at,device,rssi\n2026-03-02T09:00:00Z,a,-60\n")
    with pytest.raises(InvalidInputError, match='no column "Signal"; it has: at, device, rssi'):
        read("sightings-csv", path, columns={"rssi": "Signal"})


def test_numbers_are_seconds_or_milliseconds_since_1970(tmp_path):
    cells = ["1772442000", "1772442000.25", "1772442000250", "1.772442e9", "0"]
    assert times(tmp_path, cells) == [
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:00:00.250000Z",
        "2026-03-02T09:00:00.250000Z",
        "2026-03-02T09:00:00Z",
        "1970-01-01T00:00:00Z",
    ]


def test_fractions_of_seconds_are_the_nearest_millisecond(tmp_path):
    """1.001 and the like are not exact in binary: cut off instead of rounded they would be a millisecond early."""
    cells = [f"200000000.{thousandths:03d}" for thousandths in range(1000)]
    milliseconds = [f"200000000{thousandths:03d}" for thousandths in range(1000)]
    assert times(tmp_path, cells) == times(tmp_path, milliseconds)


def test_local_times(tmp_path):
    assert times(tmp_path, ["2026-03-02 10:00:00", "2026-07-02T10:00:00.5"], timezone=ZURICH) == [
        "2026-03-02T09:00:00Z",
        "2026-07-02T08:00:00.500000Z",
    ]


def test_a_local_time_that_does_not_exist_moves_forward(tmp_path):
    assert times(tmp_path, ["2026-03-29 02:30:00"], timezone=ZURICH) == ["2026-03-29T01:30:00Z"]


def test_an_hour_that_occurs_twice(tmp_path):
    """Of a file in order both occurrences are told apart, also where a line is a little out of order."""
    cells = ["01:55", "02:05", "02:50", "02:40", "02:59", "02:01", "02:30", "02:20", "02:58", "03:01"]
    found = times(tmp_path, [f"2026-10-25 {cell}:00" for cell in cells], timezone=ZURICH)
    wanted = ["23:55", "00:05", "00:50", "00:40", "00:59", "01:01", "01:30", "01:20", "01:58", "02:01"]
    assert [time[11:16] for time in found] == wanted


def test_long_silences_in_an_hour_that_occurs_twice(tmp_path):
    cells = ["02:10", "02:59", "02:00", "02:50", "02:59", "03:30"]
    found = times(tmp_path, [f"2026-10-25 {cell}:00" for cell in cells], timezone=ZURICH)
    assert [time[11:16] for time in found] == ["00:10", "00:59", "01:00", "01:50", "01:59", "02:30"]


def test_a_line_that_is_late_where_the_hour_begins_again(tmp_path):
    found = times(tmp_path, [f"2026-10-25 02:{cell}" for cell in ("59:58", "00:01", "59:59", "00:02")], timezone=ZURICH)
    assert [time[11:19] for time in found] == ["00:59:58", "01:00:01", "00:59:59", "01:00:02"]


def test_without_a_zone_of_the_times_nothing_is_guessed(tmp_path):
    path = write(tmp_path, "s.csv", "at,device,rssi\n2026-03-02 10:00:00,a,-60\n")
    with pytest.raises(InvalidInputError, match=r"s\.csv, line 2: the time has no offset; give .* --timezone"):
        read("sightings-csv", path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("soon,a,-60,", "at: expected a time such as 2026-03-29T01:30:00+01:00, or seconds since 1970"),
        ("nan,a,-60,", "at: expected a time"),
        ("-1,a,-60,", "at: expected a time from 1970 to 2099"),
        ("4102444800,a,-60,", "at: expected a time from 1970 to 2099"),
        ("2026-03-02T09:00:00Z,,-60,", "device: is empty"),
        ("2026-03-02T09:00:00Z,a,loud,", "rssi: expected a number, found 'loud'"),
        ("2026-03-02T09:00:00Z,a,nan,", "rssi: expected a number, found 'nan'"),
        ("2026-03-02T09:00:00Z,a,-60,maybe", "randomized: expected true or false, or 1 or 0"),
        ("2026-03-02T09:00:00Z,a", "expected 4 cells as in the header, found 2"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_and_the_others_are_kept(tmp_path, line, message):
    text = f"at,device,rssi,randomized\n{line}\n2026-03-02T09:00:00Z,b,-60,0\n"
    found, tally = read("sightings-csv", write(tmp_path, "s.csv", text))
    assert [row["device"] for row in found] == ["b"]
    assert tally.rejections == [f"s.csv, line 2: {message}"]
