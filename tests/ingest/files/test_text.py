import pytest
from tests.support.importing import write

from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Tally
from passerby.ingest.files.text import CellError, coordinate, number, records, rows, seconds, track_name


def found(folder, text, required=("a", "b"), optional=("c",), renamed=None):
    tally = Tally()
    path = write(folder, "f.csv", text)
    return list(records(path, tally, required, optional, renamed or {})), tally


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", [("f.csv, line 2", ["1", "2", ""])]),
        ("c,b,x,a\n3,2,9,1\n", [("f.csv, line 2", ["1", "2", "3"])]),
        ("\ufeffA;B\r\n1;2\r\n", [("f.csv, line 2", ["1", "2", ""])]),
        ("a\tb\n1\t2\n\n3\t4", [("f.csv, line 2", ["1", "2", ""]), ("f.csv, line 4", ["3", "4", ""])]),
        ('a, b\n " 1 ", 2 \n', [("f.csv, line 2", ["1", "2", ""])]),
        ('a,b\n"1\nx",2\n3,4\n', [("f.csv, line 3", ["1\nx", "2", ""]), ("f.csv, line 4", ["3", "4", ""])]),
        ("a,b\n", []),
    ],
)
def test_records(tmp_path, text, expected):
    assert found(tmp_path, text)[0] == expected


def test_a_renamed_column(tmp_path):
    assert found(tmp_path, "When,b,c\n1,2,3\n", renamed={"a": "when"})[0] == [("f.csv, line 2", ["1", "2", "3"])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r'f\.csv, line 1: the header has no column "a"; it has: nothing'),
        ("a,x\n", r'f\.csv, line 1: the header has no column "b"; it has: a, x'),
        ("a,b,A\n", r'f\.csv, line 1: the header names column "a" twice'),
        ("a,b\n\xff\n".encode("latin-1"), r"f\.csv: not UTF-8 text"),
        (b"\xff\xfea\x00", r"f\.csv: not UTF-8 text"),
    ],
)
def test_a_file_that_makes_no_sense_is_an_error(tmp_path, text, message):
    with pytest.raises(InvalidInputError, match=message):
        found(tmp_path, text)


def test_an_absent_renamed_column_is_an_error_though_optional(tmp_path):
    with pytest.raises(InvalidInputError, match='no column "kind"'):
        found(tmp_path, "a,b\n1,2\n", renamed={"c": "kind"})


def test_a_line_of_another_length_is_rejected_and_the_others_kept(tmp_path):
    kept, tally = found(tmp_path, "a,b\n1\n1,2\n1,2,3\n")
    assert kept == [("f.csv, line 3", ["1", "2", ""])]
    assert (tally.read, tally.rejected) == (3, 2)
    assert tally.rejections == [
        "f.csv, line 2: expected 2 cells as in the header, found 1",
        "f.csv, line 4: expected 2 cells as in the header, found 3",
    ]


def test_only_the_first_reasons_are_kept_but_all_are_counted(tmp_path):
    _, tally = found(tmp_path, "a,b\n" + "1\n" * 500)
    assert (tally.rejected, len(tally.rejections)) == (500, 20)


def test_progress_reaches_the_size_of_the_file(tmp_path):
    seen = []
    path = write(tmp_path, "f.csv", "a,b\n" + "1,2\n" * 5000)
    list(rows(path, Tally(progress=seen.append)))
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size


@pytest.mark.parametrize("cell", ["", "x", "nan", "inf", "-inf", "1,5", "1 2", "--1"])
def test_what_is_no_number(cell):
    with pytest.raises(CellError, match="x: expected a number"):
        number(cell, "x")


@pytest.mark.parametrize(
    ("cell", "name"), [("7", "7"), ("7.0", "7"), ("-3", "-3"), ("0.0", "0"), ("1.5", "1.5"), ("a7", "a7"), ("007", "7")]
)
def test_names_of_tracks(cell, name):
    assert track_name(cell, "id") == name


@pytest.mark.parametrize("cell", ["1e10", "-1e300", "nan", ""])
def test_what_is_no_coordinate(cell):
    with pytest.raises(CellError, match="x: expected a"):
        coordinate(cell, "x")


def test_frames_are_instants():
    assert (seconds("50", 25), seconds("1", 25, first=1), seconds("-25", 25)) == (2, 0, -1)
    with pytest.raises(CellError, match="frame: '1e300' is more than ten years away at 25 frames a second"):
        seconds("1e300", 25)


@pytest.mark.parametrize("cell", ["", "nan", "inf"])
def test_what_names_no_track(cell):
    with pytest.raises(CellError, match="id: "):
        track_name(cell, "id")
