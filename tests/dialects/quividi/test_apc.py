"""Viewers with contents: what the document's example does not show."""

from tests.support.quividi import catalogue

ASK = {"data_type": "viewers_apc", "time_resolution": "finest"}
DAY = {"start": "2019-07-01T00:00:00", "end": "2019-07-01T23:59:59"}
TIMES = [f"{mood}_time" for mood in ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")]


def view(sensor, start, contents, **more):
    told = {"attention_ms": 100} if "attention" not in more else {}
    return {"kind": "view", "sensor": sensor, "start": start, "duration_ms": 9000, "contents": contents, **told, **more}


def shown(content, start_ms=0, duration_ms=1000, **more):
    return {"content": content, "start_ms": start_ms, "duration_ms": duration_ms, **more}


def test_attention_that_the_sensor_does_not_tell_is_when_the_person_looked(vidi, post):
    looks = [{"looking": True, "ms": 500}, {"looking": False, "ms": 700}, {"looking": True, "ms": 2000}]
    told = shown("c", 0, 9000, attention_ms=7)
    post(
        [
            view(1056, "2019-07-01T12:00:00Z", [shown("a", 300, 1000), shown("b", 1000, 9999), told], attention=looks),
            view(1056, "2019-07-01T12:01:00Z", [shown("a", 300, 1000)]),
        ]
    )
    rows = vidi.export(**ASK, **DAY, locations="1056")
    found = {row["start_time"][-5:]: row["contents"] for row in rows}
    assert [one["attention_time_in_milliseconds"] for one in found["00:00"]] == [200 + 100, 2000, 7]
    assert [one["attention_time_in_milliseconds"] for one in found["01:00"]] == [0]
    assert [[one[time] for time in TIMES] for one in found["01:00"]] == [[None] * 5]
    assert {row["period_start"] == row["start_time"] for row in rows} == {True}


def test_a_content_shown_twice_to_a_viewer_is_one_entry(vidi, post):
    mood = {"happy": 40, "unhappy": 2}
    contents = [shown("z", attention_ms=5, mood=mood), shown("a"), shown("z", 3000, attention_ms=6, mood=mood)]
    post([view(4636, "2019-07-01T12:00:00Z", contents)])
    (row,) = vidi.export(**ASK, **DAY, locations="4636")
    assert [one["content_id"] for one in row["contents"]] == ["z", "a"]
    first = row["contents"][0]
    assert (first["dwell_time_in_milliseconds"], first["attention_time_in_milliseconds"]) == (2000, 11)
    assert [first[time] for time in TIMES] == [0, 80, 0, 4, 0]


def test_content_ids_leave_out_other_contents_and_viewers_of_others(vidi, post):
    post(
        [
            view(1467, "2019-07-01T12:00:00Z", [shown("a"), shown("content one")]),
            view(1467, "2019-07-01T12:01:00Z", [shown("b")]),
            view(1467, "2019-07-01T12:02:00Z", []),
            view(1467, "2019-07-01T12:03:00Z", None),
            view(1467, "2019-07-01T12:04:00Z", [shown("a")], attention_ms=0),
        ]
    )

    def contents(**more):
        rows = vidi.export(**ASK, **DAY, locations="1467", **more)
        return sorted([one["content_id"] for one in row["contents"]] for row in rows)

    assert contents() == [["a", "content one"], ["b"]]
    assert contents(content_ids="content one,b") == [["b"], ["content one"]]
    assert contents(content_ids="nobody's") == []


def test_without_the_expert_licence_moods_are_null(vidi, post):
    mood = {"happy": 40}
    post([view(8264, "2019-07-01T12:00:00Z", [shown("a", mood=mood)], mood=mood, age=40)])
    (row,) = vidi.export(**ASK, **DAY, locations="8264")
    assert [row["happy"], row["age_value"], *(row["contents"][0][time] for time in TIMES)] == [None] * 7


def test_a_content_that_left_the_catalogue_is_called_by_its_number(opened, vidi, post):
    opened.catalogue.apply({**catalogue(), "contents": [*catalogue()["contents"], {"id": 77, "content_id": "gone"}]})
    post([view(60628, "2019-07-01T12:00:00Z", [shown("gone"), shown("stays", 1000)])])
    opened.catalogue.apply(catalogue(), prune=True)
    (row,) = vidi.export(**ASK, **DAY, locations="60628")
    assert [one["content_id"] for one in row["contents"]] == ["77", "stays"]


def test_vehicles_stand_for_what_their_site_says(opened, vidi, post):
    opened.catalogue.apply(catalogue({"bus": 30, "unknown": 2.5}))
    start = "2019-07-01T12:00:00Z"
    post(
        [
            {"kind": "passage", "sensor": 4636, "start": start, "duration_ms": 1, "class": c}
            for c in ("bus", "unknown", "car")
        ]
    )
    rows = vidi.export(**ASK | {"data_type": "vehicles"}, **DAY, locations="4636")
    assert {row["type"]: row["vehicle_impressions"] for row in rows} == {2: 30.0, 0: 2.5, 1: 1.6}
    opened.catalogue.apply(catalogue())
