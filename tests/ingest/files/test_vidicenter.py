"""Quividi's own finished exports as observations."""

import json

import pytest
from tests.support.importing import read, write

from passerby.errors import InvalidInputError, NotFoundError

ZONES = {8866: "America/New_York", 4636: "Europe/Paris"}
VIEWER = {
    "location_id": 8866,
    "period_start": "2018-01-29T00:25:18",
    "gender": 1,
    "age": 3,
    "age_value": 57,
    "dwell_time_in_tenths_of_sec": 37,
    "attention_time_in_tenths_of_sec": 3,
    "glasses": 3,
    "mustache": 2,
    "beard": 1,
    "happy": 49.80392156862745,
    "neutral": 0.39215686274509665,
    "unhappy": 49.80392156862745,
    "very_unhappy": 0.0,
    "very_happy": 0.0,
}
PERSON = {"location_id": 4636, "period_start": "2018-01-29T00:00:27", "footfall_presence_time": 41}
VEHICLE = {
    "location_id": 4636,
    "period_start": "2018-01-29T00:00:27",
    "type": 3,
    "color": 6,
    "vehicle_presence_time": 29,
}


def zone_of(sensor):
    try:
        return ZONES[sensor]
    except KeyError:
        raise NotFoundError("no sensor") from None


def given(folder, name, rows, **options):
    document = {"state": "finished", "data": rows, "creation_date": "2018-01-29 09:18:53"}
    path = write(folder, "export.json", json.dumps(document))
    return read(f"quividi-{name}", path, **{"sensor": None, "zone_of": zone_of, **options})


def test_a_viewer(tmp_path):
    (view,), tally = given(tmp_path, "viewers", [VIEWER])
    identifier = view.pop("id")
    assert identifier.startswith("vidicenter-")
    assert view == {
        "kind": "view",
        "sensor": 8866,
        "start": "2018-01-29T05:25:18Z",
        "duration_ms": 3700,
        "attention_ms": 300,
        "gender": "male",
        "age_group": "adult",
        "age": 57,
        "glasses": "sunglasses",
        "mustache": True,
        "beard": False,
        "mood": {"happy": 127, "neutral": 1, "unhappy": 127},
    }
    assert (tally.read, tally.rejected) == (1, 0)


def test_a_viewer_without_the_expert_keys_or_with_nulls_in_them(tmp_path):
    expert = ("age_value", "glasses", "mustache", "beard", "happy", "neutral", "unhappy", "very_unhappy", "very_happy")
    rows = [{key: value for key, value in VIEWER.items() if key not in expert}, {**VIEWER, **dict.fromkeys(expert)}]
    (without, nulls), _ = given(tmp_path, "viewers", rows)
    assert {key: value for key, value in without.items() if key != "id"} == {
        "kind": "view",
        "sensor": 8866,
        "start": "2018-01-29T05:25:18Z",
        "duration_ms": 3700,
        "attention_ms": 300,
        "gender": "male",
        "age_group": "adult",
    }
    assert without["id"].endswith("-1")
    assert {**nulls, "id": None} == {**without, "id": None}


def test_attention_of_less_than_a_tenth_is_attention_nevertheless(tmp_path):
    row = {**VIEWER, "attention_time_in_tenths_of_sec": 0, "dwell_time_in_tenths_of_sec": 0}
    (view,), _ = given(tmp_path, "viewers", [row])
    assert (view["attention_ms"], view["duration_ms"]) == (1, 1)


def test_a_viewer_with_contents_is_the_same_viewer(tmp_path):
    content = {
        "content_id": "my_very_own_content_id",
        "app_id": "my_app_id",
        "campaign_id": None,
        "dwell_time_in_milliseconds": 15,
        "attention_time_in_milliseconds": 542,
        "very_happy_time": 0,
        "happy_time": 542,
        "neutral_time": 0,
        "unhappy_time": 0,
        "very_unhappy_time": 0,
    }
    (plain,), _ = given(tmp_path, "viewers", [VIEWER])
    row = {key: value for key, value in VIEWER.items() if key != "period_start"}
    row |= {"start_time": VIEWER["period_start"], "contents": [content, {**content, "content_id": "other"}]}
    (view,), tally = given(tmp_path, "viewers-apc", [row])
    shown = {"duration_ms": 15, "attention_ms": 542, "mood": {"happy": 542}, "app_id": "my_app_id"}
    assert view.pop("contents") == [
        {"content": "my_very_own_content_id", "start_ms": 0, **shown},
        {"content": "other", "start_ms": 15, **shown},
    ]
    assert view == plain
    assert tally.left_out == {}


def test_another_campaign_of_a_content_is_counted_and_its_viewers_are_read(tmp_path):
    content = {"content_id": "a", "dwell_time_in_milliseconds": 15, "attention_time_in_milliseconds": 5}
    told = [{}, {"campaign_id": "spring"}, {"app_id": "x", "campaign_id": None}, {"campaign_id": None}]
    rows = [{**VIEWER, "contents": [{**content, **names}]} for names in told]
    views, tally = given(tmp_path, "viewers-apc", rows)
    assert [view["contents"][0].get("campaign_id") for view in views] == [None, "spring", None, None]
    assert list(tally.left_out.values()) == [2]


def test_vehicles_and_persons(tmp_path):
    rows = [VEHICLE, {**VEHICLE, "color": None, "type": 0}, {**VEHICLE, "color": 12356, "type": 5}]
    vehicles, tally = given(tmp_path, "vehicles", rows)
    assert [(one["class"], one.get("color")) for one in vehicles] == [
        ("truck", "blue"),
        ("unknown", None),
        ("bike", None),
    ]
    assert {one["duration_ms"] for one in vehicles} == {2900}
    assert list(tally.left_out.values()) == [1]
    (person,), _ = given(tmp_path, "footfall", [PERSON])
    assert {key: value for key, value in person.items() if key != "id"} == {
        "kind": "passage",
        "sensor": 4636,
        "start": "2018-01-28T23:00:27Z",
        "duration_ms": 4100,
    }


def test_equal_rows_stay_as_many_as_they_are_and_keep_their_ids_in_any_order(tmp_path):
    later = {**PERSON, "period_start": "2018-01-29 00:00:28"}
    one, _ = given(tmp_path, "footfall", [PERSON, later, PERSON, PERSON])
    assert len({person["id"] for person in one}) == 4
    another, _ = given(tmp_path, "footfall", [PERSON, PERSON, PERSON, later])
    assert sorted(map(str, another)) == sorted(map(str, one))


def test_where_and_when(tmp_path):
    (one,), _ = given(tmp_path, "footfall", [PERSON], timezone="Asia/Kathmandu", zone_of=None)
    assert one["start"] == "2018-01-28T18:15:27Z"
    (one,), _ = given(tmp_path, "footfall", [PERSON], sensor=8866)
    assert (one["sensor"], one["start"]) == (8866, "2018-01-29T05:00:27Z")


def test_the_hour_that_the_clock_shows_twice_and_the_one_it_never_shows(tmp_path):
    rows = [{**PERSON, "period_start": f"2018-{day}T02:30:00"} for day in ("10-28", "03-25")]
    rows.append({**PERSON, "period_start": "2018-03-25T03:30:00"})
    found, _ = given(tmp_path, "footfall", rows)
    assert [one["start"] for one in found] == ["2018-10-28T00:30:00Z", *["2018-03-25T01:30:00Z"] * 2]
    assert len({one["id"] for one in found}) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"location_id": 7}, "location_id: the catalogue has no sensor 7; add it, or give --sensor"),
        ({"location_id": "4636"}, "Expected `int`, got `str` - at `$.location_id`"),
        ({"period_start": None}, "neither period_start nor start_time is there"),
        ({"period_start": "yesterday"}, "expected a time such as"),
        ({"period_start": "1066-10-14T09:00:00"}, "between the years 1900 and 2199"),
        ({"footfall_presence_time": -1}, "footfall_presence_time"),
        ({"footfall_presence_time": None}, "footfall_presence_time"),
    ],
)
def test_a_wrong_row_is_named_and_the_others_are_read(tmp_path, change, reason):
    found, tally = given(tmp_path, "footfall", [{**PERSON, **change}, PERSON])
    assert len(found) == 1
    assert tally.rejected == 1
    assert tally.rejections[0].startswith("export.json, row 1: ")
    assert reason in tally.rejections[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"attention_time_in_tenths_of_sec": 38}, "is longer than dwell_time"),
        ({"happy": None}, "some of the five moods are there and some are not"),
        ({"happy": 1.0}, "the five moods must add up to 100"),
        ({"gender": 3}, "gender"),
    ],
)
def test_a_viewer_that_cannot_be(tmp_path, change, reason):
    found, tally = given(tmp_path, "viewers", [{**VIEWER, **change}])
    assert found == []
    assert reason in tally.rejections[0]


def test_the_order_of_keys_trailing_commas_and_bare_arrays_do_not_matter(tmp_path):
    row = json.dumps(PERSON)
    texts = [f"[{row}]", f"\ufeff [ {row} , ]\n", f'{{"creation_date":"x","data":[{row},],"state":"finished",}}']
    for text in texts:
        found, _ = read("quividi-footfall", write(tmp_path, "a.json", text), sensor=None, zone_of=zone_of)
        assert len(found) == 1
    found, _ = read("quividi-footfall", write(tmp_path, "a.json", '{"state":"finished","data":[]}'), sensor=None)
    assert found == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected {"),
        ("movie", "expected {"),
        ("[1, 2", "expected ,"),
        ('[{"a": 1', "at character"),
        ("[] []", "something stands behind the end"),
        ('{"state":"finished"}', "no array under data"),
        ('{"state":"in_progress","creation_date":"2018-01-29 09:18:53"}', "its state is in_progress: ask for"),
        ('{"state":"failed","fail_reason":"too many rows"}', r"the export failed \(too many rows\)"),
        ("[" * 100_000, "a value that is none"),
        (b"\x1f\x8b\x08\xff", "not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_finished_export_is_refused_whole(tmp_path, text, reason):
    with pytest.raises(InvalidInputError, match=reason):
        read("quividi-footfall", write(tmp_path, "export.json", text), sensor=None)


def test_a_file_is_never_held_whole(tmp_path):
    """Rows come as they are read: of a file that ends in the middle, the rows before the end were there."""
    from passerby.ingest.files.base import Tally  # noqa: PLC0415 - only here
    from passerby.ingest.files.json_rows import rows  # noqa: PLC0415 - only here

    text = json.dumps([{**PERSON, "number": number} for number in range(20_000)])
    path = write(tmp_path, "large.json", text)
    seen = []
    tally = Tally(progress=seen.append)
    assert [row["number"] for _, row in rows(path, tally)] == list(range(20_000))
    assert seen == sorted(seen)
    assert seen[0] < len(text) / 2
    assert seen[-1] == len(text)
    cut = rows(write(tmp_path, "cut.json", text[: len(text) - 3]), Tally())
    assert next(cut)[0] == 1
    with pytest.raises(InvalidInputError, match="at character"):
        list(cut)
