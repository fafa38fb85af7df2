"""The formats of positions: track CSV, MOT and supervision."""

import pytest
from tests.support.importing import read, write

from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Drawn

HEADER = "frame,track_id,x,y,class\n"
# A door from (0, 100) to (200, 100); in the picture (y down) the inside is above it.
DOOR = Drawn(lines=((1, ((0.0, 100.0), (200.0, 100.0)), "left", True),))


def kinds(found):
    return sorted(row["kind"] + (f" {row['direction']}" if row["kind"] == "crossing" else "") for row in found)


def test_track_csv(tmp_path):
    path = write(tmp_path, "t.csv", HEADER + "25,7,1,2,person\n0,7.0,3,4,\n50,8,5,6,Bicycle\n")
    found, tally = read("tracks-csv", path, fps=25)
    assert found == [
        {
            "kind": "passage",
            "sensor": 5,
            "id": "track-7",
            "start": "2026-03-02T09:00:00Z",
            "duration_ms": 1000,
            "class": "person",
        },
        {
            "kind": "passage",
            "sensor": 5,
            "id": "track-8",
            "start": "2026-03-02T09:00:02Z",
            "duration_ms": 0,
            "class": "bike",
        },
    ]
    assert (tally.read, tally.rejected, dict(tally.left_out)) == (3, 0, {})


def test_track_csv_tells_what_is_wrong_with_which_row(tmp_path):
    bad = "0,7,nan,2,person\n0,,1,2,person\nx,7,1,2,person\n0,7,1,,person\n0,7,1,2\n0,9,1,2,chair\n0,7,1,2,person\n"
    found, tally = read("tracks-csv", write(tmp_path, "t.csv", HEADER + bad), fps=25)
    assert len(found) == 1
    assert tally.rejections == [
        "t.csv, line 2: x: expected a number, found 'nan'",
        "t.csv, line 3: track_id: is empty",
        "t.csv, line 4: frame: expected a number, found 'x'",
        "t.csv, line 5: y: expected a number, found ''",
        "t.csv, line 6: expected 5 cells as in the header, found 4",
    ]
    assert dict(tally.left_out) == {"class chair": 1}


def test_track_csv_without_its_header(tmp_path):
    with pytest.raises(InvalidInputError, match=r't\.csv, line 1: the header has no column "frame"'):
        read("tracks-csv", write(tmp_path, "t.csv", "0,7,1,2,person\n"), fps=25)


def test_track_csv_has_the_y_axis_up(tmp_path):
    path = write(tmp_path, "t.csv", HEADER + "0,7,50,90,person\n1,7,50,120,person\n")
    found, _ = read("tracks-csv", path, fps=25, drawn=DOOR)
    assert kinds(found) == ["crossing in", "visit"]


def test_a_line_without_length_is_named(tmp_path):
    path = write(tmp_path, "t.csv", HEADER + "0,7,1,2,person\n")
    with pytest.raises(InvalidInputError, match="line 4 of sensor 5: a line needs two different points"):
        read("tracks-csv", path, fps=25, drawn=Drawn(lines=((4, ((1.0, 1.0), (1.0, 1.0)), "left", True),)))


GROUND_TRUTH = """\
1,1,40,60,20,60,1,1,1
2,1,40,30,20,60,1,1,0
1,2,0,0,10,10,0,1,1
1,3,0,0,10,10,1,7,1
1,4,0,0,10,10,1,3,0.5
1,5,0,0,10,10,1,5,1
1,6,0,0,10,10,0,12,1
"""


def test_mot_ground_truth_counts_flagged_road_users(tmp_path):
    found, tally = read("mot", write(tmp_path, "gt.txt", GROUND_TRUTH), fps=10, drawn=DOOR)
    seen = sorted((row["id"], row["kind"], row.get("class")) for row in found)
    assert seen == [
        ("track-1", "visit", None),
        ("track-1/1", "crossing", "person"),
    ]
    assert dict(tally.left_out) == {"flagged to be ignored": 2, "class 7": 1}
    open_air, _ = read("mot", tmp_path / "gt.txt", fps=10)
    assert [(row["id"], row["class"]) for row in open_air] == [
        ("track-1", "person"),
        ("track-4", "car"),
        ("track-5", "bike"),
    ]


def test_mot_stands_at_the_bottom_centre_and_starts_with_frame_1(tmp_path):
    # The feet go from y = 120 (below the door in the picture) to 90 (above it): in, two thirds of the way.
    found, _ = read("mot", write(tmp_path, "gt.txt", GROUND_TRUTH), fps=10, drawn=DOOR)
    (crossing,) = [row for row in found if row["kind"] == "crossing"]
    assert (crossing["direction"], crossing["at"]) == ("in", "2026-03-02T09:00:00.067000Z")


def test_with_a_height_lines_are_drawn_from_the_bottom(tmp_path):
    # In a picture 220 high the same door lies at 120 from the top: standing at 120 is on it, 90 is beyond.
    path = write(tmp_path, "gt.txt", "1,1,40,60,20,70,1,1,1\n2,1,40,30,20,60,1,1,1\n")
    found, _ = read("mot", path, fps=10, drawn=DOOR, height=220.0)
    (crossing,) = [row for row in found if row["kind"] == "crossing"]
    assert (crossing["direction"], crossing["at"]) == ("in", "2026-03-02T09:00:00.025000Z")


TRACKER = "1,0.0,10,10,5,20,0.9,-1,-1,-1\n2,0.0,11,10,5,20,0.1,-1,-1,-1\n1,-1,9,9,9,9,1,-1,-1,-1\n"


def test_mot_tracker_output(tmp_path):
    found, tally = read("mot", write(tmp_path, "t.txt", TRACKER), fps=10)
    assert [(row["id"], row["duration_ms"]) for row in found] == [("track-0", 100)]
    assert dict(tally.left_out) == {"without a track": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3,4,5,6\n", r"t\.txt, line 1: expected 9 columns \(ground truth\) or 10 \(tracker output\), found 6"),
        (HEADER, r"t\.txt, line 1: expected 9 columns"),
    ],
)
def test_what_is_not_mot(tmp_path, text, message):
    with pytest.raises(InvalidInputError, match=message):
        read("mot", write(tmp_path, "t.txt", text), fps=10)


def test_mot_rows_that_are_wrong(tmp_path):
    bad = "1,1,1,1,1,1,1,-1,-1,-1\n1,1,1,1,1,1\nx,1,1,1,1,1,1,-1,-1,-1\n1,x,nan,1,1,1,1,-1,-1,-1\n"
    found, tally = read("mot", write(tmp_path, "t.txt", bad), fps=10)
    assert len(found) == 1
    assert tally.rejections == [
        "t.txt, line 2: expected 10 columns as in the first line, found 6",
        "t.txt, line 3: frame: expected a number, found 'x'",
        "t.txt, line 4: id: expected a number, found 'x'",
    ]


def test_mot_reads_the_frame_rate_beside_the_file(tmp_path):
    (tmp_path / "gt").mkdir()
    path = write(tmp_path / "gt", "gt.txt", "1,1,0,0,1,1,1,1,1\n51,1,0,0,1,1,1,1,1\n")
    with pytest.raises(InvalidInputError, match="give --fps"):
        read("mot", path)
    write(tmp_path, "seqinfo.ini", "[Sequence]\nframeRate=50\n")
    assert read("mot", path)[0][0]["duration_ms"] == 1000
    write(tmp_path, "seqinfo.ini", "[Sequence]\nframeRate=fast\n")
    with pytest.raises(InvalidInputError, match="frameRate"):
        read("mot", path)


SINK = "x_min,y_min,x_max,y_max,class_id,confidence,tracker_id,class_name,frame_index\n"


def test_supervision_csv(tmp_path):
    tracked = "40,60,60,120,0,0.9,3,person,0\n40,30,60,90,0,0.9,3,person,1\n"
    untracked = "".join(f"1,1,2,2,2,0.5,{tracker},car,0\n" for tracker in ("", "-1", "NaN"))
    path = write(tmp_path, "s.csv", SINK + tracked + untracked)
    found, tally = read("supervision-csv", path, fps=10, drawn=DOOR)
    assert kinds(found) == ["crossing in", "visit"]
    assert found[0]["at"] == "2026-03-02T09:00:00.067000Z"
    assert dict(tally.left_out) == {"without a track": 3}


def test_supervision_json_says_the_same(tmp_path):
    as_csv = write(tmp_path, "s.csv", SINK + "40,60,60,120,0,0.9,3,person,0\n40,30,60,90,0,0.9,3,person,1\n")
    one = '{"x_min": 40, "y_min": %s, "x_max": 60, "y_max": %s, "class_id": 0, "tracker_id": %s, "frame_index": %s}'
    items = [one % (60, 120, 3, 0), one % (30, 90, 3, 1), one % (1, 2, '""', 0)]
    as_json = write(tmp_path, "s.json", f"[{','.join(items)}]")
    found, tally = read("supervision-csv", as_json, fps=10, drawn=DOOR)
    assert found == read("supervision-csv", as_csv, fps=10, drawn=DOOR)[0]
    assert dict(tally.left_out) == {"without a track": 1}


def test_supervision_without_class_names_reads_coco_numbers(tmp_path):
    header = "x_min,y_min,x_max,y_max,class_id,confidence,tracker_id,frame_index\n"
    rows = "0,0,1,1,0,1,1,0\n0,0,1,1,7,1,2,0\n0,0,1,1,56,1,3,0\n"
    found, tally = read("supervision-csv", write(tmp_path, "s.csv", header + rows), fps=10)
    assert [row["class"] for row in found] == ["person", "truck"]
    assert dict(tally.left_out) == {"class 56": 1}


def test_supervision_with_the_frame_in_another_column(tmp_path):
    text = SINK.replace("frame_index", "n") + "0,0,1,1,0,1,1,person,20\n"
    path = write(tmp_path, "s.csv", text)
    with pytest.raises(InvalidInputError, match='no column "frame_index"'):
        read("supervision-csv", path, fps=10)
    found, _ = read("supervision-csv", path, fps=10, columns={"frame": "n"})
    assert found[0]["start"] == "2026-03-02T09:00:02Z"


@pytest.mark.parametrize("text", ["{}", "[1]", "nonsense", '[{"x_min": 1}'])
def test_what_is_not_a_json_sink(tmp_path, text):
    with pytest.raises(InvalidInputError, match="expected an array of objects"):
        read("supervision-csv", write(tmp_path, "s.json", text), fps=10)


def test_supervision_rows_that_are_wrong(tmp_path):
    _, tally = read("supervision-csv", write(tmp_path, "s.json", '[{"x_min": 1}]'), fps=10)
    assert tally.rejections == ["s.json, item 1: has no y_min"]
