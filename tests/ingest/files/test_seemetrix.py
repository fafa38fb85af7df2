"""The vendor's raw sessions as observations."""

import json

import pytest
from tests.support.importing import read, write

from passerby.errors import InvalidInputError, NotFoundError

ROW = {
    "a": 1,
    "at": [{"a": 1, "d": 900}, {"a": 0, "d": 100}],
    "b": "2019-07-01T11:16:07.052000",
    "d": 5315,
    "e": "2019-07-01T11:16:08.052000",
    "em": [{"d": 400, "e": 3}, {"d": 600, "e": -1}],
    "i": 1000,
    "o": 1331,
    "s": 0,
    "v": [{"d": 1000, "i": 8482, "s": 0}],
}
VIEW = {
    "kind": "view",
    "id": "seemetrix-1331",
    "sensor": 5315,
    "start": "2019-07-01T11:16:07.052000Z",
    "duration_ms": 1000,
    "attention": [{"looking": True, "ms": 900}, {"looking": False, "ms": 100}],
    "gender": "female",
    "age_group": "young",
    "emotions": [{"emotion": "surprised", "ms": 400}, {"emotion": "unknown", "ms": 600}],
    "contents": [{"content": 8482, "start_ms": 0, "duration_ms": 1000}],
    "session": 1331,
}


def zone_of(sensor):
    if sensor != 5315:
        raise NotFoundError("no sensor")
    return "Europe/Zurich"


def given(folder, document, **options):
    path = write(folder, "raw.json", document if isinstance(document, str) else json.dumps(document))
    return read("seemetrix-raw", path, **{"sensor": None, "zone_of": zone_of, **options})


@pytest.mark.parametrize("document", [{"objects": [ROW]}, [ROW], {"ok": 1, "objects": [{**ROW, "new": []}]}])
def test_a_session(tmp_path, document):
    (view,), tally = given(tmp_path, document)
    assert view == VIEW
    assert (tally.read, tally.rejected) == (1, 0)


def test_a_document_without_sessions(tmp_path):
    found, tally = given(tmp_path, {"objects": []})
    assert (found, tally.read) == ([], 0)


def test_what_the_vendor_may_leave_out_or_not_know(tmp_path):
    row = {key: value for key, value in ROW.items() if key not in {"a", "s", "em", "v"}}
    (left_out, unknown), _ = given(tmp_path, [row, {**row, "a": -1, "s": None, "em": [], "v": []}])
    assert {"gender", "age_group"}.isdisjoint(left_out)
    assert left_out == unknown
    assert (left_out["emotions"], left_out["contents"]) == ([], [])


def test_times_of_the_tzo_that_was_asked_for_or_with_an_offset(tmp_path):
    with_offset = {**ROW, "b": "2019-07-01T11:16:07.052+02:00", "e": "2019-07-01T11:16:08.052+02:00"}
    found, _ = given(tmp_path, [ROW, with_offset], timezone="Etc/GMT-3", zone_of=None)
    assert [view["start"] for view in found] == ["2019-07-01T08:16:07.052000Z", "2019-07-01T09:16:07.052000Z"]


def test_microseconds_are_cut_off(tmp_path):
    row = {**ROW, "b": "2019-07-01T11:16:07.052999", "e": "2019-07-01T11:16:08.052001", "i": 1000}
    (view,), tally = given(tmp_path, [row])
    assert (view["start"], tally.rejected) == ("2019-07-01T11:16:07.052000Z", 0)


def test_another_sensor_for_a_whole_file(tmp_path):
    (view,), _ = given(tmp_path, [{**ROW, "d": 1}], sensor="lobby")
    assert view["sensor"] == "lobby"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"d": 99}, "d: the catalogue has no sensor 99; add it, or give --sensor"),
        ({"i": 1200}, "i: expected e - b, which is 1000 ms, found 1200; correct the one that is wrong"),
        ({"e": "2019-07-01T11:16:07.000000"}, "i: expected e - b, which is -52 ms, found 1000; correct the one that"),
        ({"at": [{"a": 1, "d": 1001}]}, "at: its intervals are 1001 ms together, the session (i) is 1000"),
        ({"em": [{"e": 0, "d": 1001}]}, "em: its intervals are 1001 ms together, the session (i) is 1000"),
        ({"b": "yesterday"}, "b: expected a time such as 2019-07-01T11:16:07.052000, found 'yesterday'"),
        ({"e": "2019-07-01T11:16:08.052+02:00"}, "one of b and e has an offset and the other has none"),
        ({"a": 4}, "Expected `int` <= 3 - at `$.a`"),
        ({"at": [{"a": 2, "d": 1}]}, "Expected `int` <= 1 - at `$.at[0].a`"),
        ({"o": None}, "Expected `int`, got `null` - at `$.o`"),
        ({"v": [{"i": "spring", "s": 0, "d": 1}]}, "Expected `int`, got `str` - at `$.v[0].i`"),
    ],
)
def test_a_row_that_is_wrong_is_named_and_the_others_go_on(tmp_path, wrong, told):
    found, tally = given(tmp_path, [{**ROW, **wrong}, ROW])
    assert found == [VIEW]
    (rejection,) = tally.rejections
    assert rejection.startswith(f"raw.json, row 1: {told}")


def test_a_row_without_a_number(tmp_path):
    _, tally = given(tmp_path, [{key: value for key, value in ROW.items() if key != "o"}])
    assert tally.rejections == ["raw.json, row 1: Object missing required field `o`"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"error": "no"}', "it has no array under objects"),
        ('{"objects": [{"a": 1}', "expected ,"),
        ("nothing", "Expecting value|expected {"),
    ],
)
def test_a_file_that_is_no_answer(tmp_path, text, told):
    with pytest.raises(InvalidInputError, match=told):
        given(tmp_path, text)
