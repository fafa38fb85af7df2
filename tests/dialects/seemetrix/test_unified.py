"""The unified statistics: each sample of the vendor's document from posted observations, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.seemetrix import KEY, NARROW_KEY, OTHER_KEY, USER_KEY, running, screen, view

GOLDEN = Path(__file__).parents[2] / "golden" / "seemetrix"
LIST = "/v2/statistics/user/371"
HALF_YEAR = {"b": "2016/12/01 00:00:00", "e": "2017/06/01 00:00:00", "tzo": "0"}
# Days of their own for each sample.
DAYS = {"ages": 1, "genders": 2, "devices": 3, "movies": 4, "emotions": 5}


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def user_371():
    """User 371 with the devices and movies of the samples."""
    sensors = [screen(number) for number in (1842, 1888, 1891, 1892, 1893, 2001)]
    site = {"id": 90, "name": "Elsewhere", "timezone": "UTC", "sensors": sensors}
    return {
        "account": {"id": 371, "name": "Other"},
        "credentials": [
            {"dialect": "seemetrix", "name": "other", "user_key": OTHER_KEY},
            {"dialect": "native", "name": "tests", "key": KEY, "scopes": ["ingest"]},
        ],
        "contents": [
            {"id": number, "content_id": f"clip-{number}", "name": f"Clip {number}"} for number in range(1, 5)
        ],
        "brands": [{"id": 2000, "name": "Other", "sites": [site]}],
    }


def views(device, day, count, total_ms, **more):
    """So many views of a day, so long together."""
    lengths = [total_ms // count + (index < total_ms % count) for index in range(count)]
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=9)
    return [
        view(device, (start + timedelta(seconds=index)).isoformat(), ms, **more) for index, ms in enumerate(lengths)
    ]


def felt(*pairs):
    return [{"emotion": name, "ms": ms} for name, ms in pairs]


def neutral(made):
    return {**made, "emotions": felt(("neutral", made["duration_ms"]))}


def sample_views():
    """What the samples count, but for one view that the full sample does not know yet."""
    found = [neutral(made) for made in views(1842, "2017-05-17", 63, 1_359_042)]
    found += views(2001, "2017-07-01", 24, 576_918, age_group="adult")
    found += views(2001, "2017-07-01", 111, 1_164_209, age_group="young")
    found += views(2001, "2017-07-02", 134, 1_734_514, gender="female")
    found += views(2001, "2017-07-02", 1, 6_613, gender="male")
    for device, count, ms in ((1888, 5, 33_959), (1891, 2, 15_155), (1892, 1, 20_922), (1893, 19, 163_903)):
        found += views(device, "2017-07-03", count, ms)
    for movie, count, ms in ((1, 5, 33_959), (2, 2, 15_155), (3, 1, 20_922), (4, 19, 163_903)):
        shown = [{"content": f"clip-{movie}", "start_ms": 0, "duration_ms": 1000}]
        found += [
            {**made, "id": f"{movie}-{index}"}
            for index, made in enumerate(views(2001, "2017-07-04", count, ms, contents=shown))
        ]
    # 131 views that were neutral for the most part; one of them was surprised for 5.25 s.
    first, *others = views(2001, "2017-07-05", 131, 1_722_237)
    surprised = {**first, "duration_ms": first["duration_ms"] + 5_250, "attention_ms": 1}
    surprised["emotions"] = felt(("surprised", 5_250), ("neutral", first["duration_ms"]))
    found += [surprised, *(neutral(made) for made in others)]
    found += views(2001, "2017-07-05", 2, 8_635, gender="male")
    # Dates: on the 7th two persons passed without looking.
    for day, count, ms in (("2017-06-02", 5, 33_959), ("2017-06-06", 22, 199_980), ("2017-06-07", 109, 1_508_488)):
        found += views(2001, day, count, ms)
    return found + views(2001, "2017-06-07", 2, 1_516_682 - 1_508_488, attention=0, gender="female")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """(client, the answer to the full sample's request before the last view came)."""
    with running(tmp_path_factory.mktemp("unified") / "data", user_371(), other()) as (_, client):
        client.observe(sample_views())
        query = {"key": OTHER_KEY, **HALF_YEAR, "d": "1842", "dt_format": "MM"}
        full = client.ask(f"{LIST}/devices/dates/emotions/", **query)
        client.observe(views(1842, "2016-12-24", 1, 1_360_572 - 1_359_042))
        yield client, full


@pytest.fixture(scope="module")
def page(opened):
    return opened[0]


def other():
    """User 632, of whom nothing is asked but what is none of this user's business."""
    site = {"id": 1, "name": "Mall", "timezone": "Europe/Zurich", "sensors": [screen(3024)]}
    narrow = {"id": 2, "name": "Station", "timezone": "UTC", "sensors": [screen(3027)]}
    return {
        "account": {"id": 632, "name": "Acme"},
        "credentials": [
            {"dialect": "seemetrix", "name": "user", "user_key": USER_KEY},
            {"dialect": "seemetrix", "name": "narrow", "user_key": NARROW_KEY, "sites": [2]},
        ],
        "brands": [{"id": 1234, "name": "Screens", "sites": [site, narrow]}],
    }


def asked(client, path, **query):
    return client.document(f"{LIST}/{path}/", **{"key": OTHER_KEY, **HALF_YEAR, **query})


def day(name):
    return {"b": f"2017/07/0{DAYS[name]} 00:00:00", "e": f"2017/07/0{DAYS[name] + 1} 00:00:00"}


@pytest.mark.parametrize("name", ["ages", "genders", "emotions", "movies"])
def test_the_documents_lists(page, name):
    assert asked(page, name, **day(name))["data"]["o"] == golden(f"unified_{name}")


def test_the_documents_devices(page):
    assert asked(page, "devices", **day("devices"))["data"]["o"] == golden("unified_devices_four")
    whole = {"d": "1842", "dt_format": "MM"}
    assert asked(page, "devices", **whole, to_object="0") == golden("unified_devices")
    found = asked(page, "devices", **whole, to_object="1")
    assert found == golden("unified_devices_to_object")
    assert "dt_format" not in found


def test_the_documents_dates(page):
    june = {"b": "2017/06/01 00:00:00", "e": "2017/07/01 00:00:00", "d": "2001"}
    assert asked(page, "dates", **june)["data"]["o"] == golden("unified_dates")


def test_the_documents_full_sample_but_for_white_space(opened):
    assert opened[1].text == json.dumps(golden("unified_full"), separators=(",", ":"))
    assert opened[1].headers["Access-Control-Allow-Origin"] == "*"


def test_the_path_of_the_documents_heading_and_the_later_prefix_answer_the_same(page):
    query = {"key": OTHER_KEY, **HALF_YEAR}
    wanted = asked(page, "devices/ages")
    assert page.document("/v2/statistics/devices/ages/", **query) == wanted
    for path in ("/v2/statistics/devices/ages/", f"{LIST}/devices/ages/"):
        assert page.ask(path, prefix="/analytics/api", **query).json() == wanted


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("YYYY-MM-DD HH", ["2017-06-02 09", "2017-06-06 09", "2017-06-07 09"]),
        ("YYYY-MM-DD", ["2017-06-02", "2017-06-06", "2017-06-07"]),
        ("YYYY-MM", ["2017-06"]),
        ("YYYY", ["2017"]),
        ("MM", ["06"]),
        ("DD", ["02", "03", "05"]),  # a Tuesday, a Wednesday and a Friday
        ("HH", ["09"]),
    ],
)
def test_forms_of_dates(page, form, names):
    june = {"b": "2017/06/01 00:00:00", "e": "2017/07/01 00:00:00", "d": "2001"}
    for name in ("dt_format", "format"):
        found = asked(page, "dates", **june, **{name: form})
        assert [node["n"] for node in found["data"]["o"]] == names
        assert found["dt_format"] == form
    # Eleven hours later the same views are seen from UTC+15, which no place has, and half an hour makes it the 24th.
    assert asked(page, "dates", **june, format="HH", tzo="15.5")["data"]["o"][0]["n"] == "00"


def test_pages_of_devices_and_movies_have_the_root_of_all(page):
    for path, names in (("devices", ["1888", "1891", "1892", "1893"]), ("movies", ["1", "2", "3", "4"])):
        for levels in (path, f"{path}/genders"):
            whole = asked(page, levels, **day(path))
            pages = [asked(page, levels, **day(path), obj_in_page="3", page=str(number)) for number in range(3)]
            assert [[node["n"] for node in each["data"]["o"]] for each in pages] == [names[:3], names[3:], []]
            assert [node for each in pages for node in each["data"]["o"]] == whole["data"]["o"]
            assert {(each["pages_total"], each["obj_in_page"]) for each in pages} == {(2, 3)}
            assert [each["page"] for each in pages] == [0, 1, 2]
            assert {json.dumps({**each["data"], "o": 0}) for each in [*pages, whole]} == {
                json.dumps({**whole["data"], "o": 0})
            }
    # What is no first level is not cut.
    found = asked(page, "genders/devices", **day("devices"), obj_in_page="1", page="1")
    assert (found["page"], found["pages_total"]) == (0, 1)
    assert len(found["data"]["o"][2]["o"]) == 4


def test_a_screen_that_nobody_looked_at_is_listed_and_not_taken_apart(page):
    page.observe(views(1888, "2017-08-01", 1, 700, attention=0) + views(1891, "2017-08-01", 1, 900))
    august = {"b": "2017/08/01 00:00:00", "e": "2017/08/02 00:00:00"}
    unseen, seen = asked(page, "devices/ages", **august)["data"]["o"]
    assert unseen == {"n": "1888", "o": [], "ots": 1, "otsd": 700, "t": "device", "v": 0, "vd": 0}
    assert len(seen["o"]) == 5
    # Where nobody looked anywhere, neither is the root; below viewers there are no opportunities to see.
    alone = asked(page, "devices/ages", **august, d="1888")
    assert (alone["data"], alone["pages_total"]) == ({**unseen, "n": "root", "t": "root"}, 1)
    below = asked(page, "genders/devices", **august)["data"]["o"][2]["o"]
    assert below == [{"n": "1891", "o": [], "t": "device", "v": 1, "vd": 900}]


def test_nothing_at_all_is_an_empty_root(page):
    for nothing in (
        {"b": "2015/01/01 00:00:00", "e": "2015/01/02 00:00:00"},
        {"b": "2017/07/03 09:00:00", "e": "2017/07/03 09:00:00"},
    ):
        for path in ("ages/genders", "movies", "devices/dates", "dates/emotions/movies"):
            for to_object, empty in (("0", []), ("1", {})):
                found = asked(page, path, **nothing, to_object=to_object)
                root = {"n": "root", "o": empty, "ots": 0, "otsd": 0, "t": "root", "v": 0, "vd": 0}
                assert (found["data"], found["pages_total"]) == (root, 1)


def test_staff_does_not_count(page):
    page.observe([view(1888, "2017-09-01T10:00:00Z", role="staff")])
    september = {"b": "2017/09/01 00:00:00", "e": "2017/09/02 00:00:00"}
    assert asked(page, "devices", **september)["data"]["ots"] == 0


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("devices/devices", {}, "path: devices are asked for twice"),
        ("ages/dates/ages", {}, "path: ages are asked for twice"),
        ("devices/cats", {}, "path: no resource is named 'cats': expected devices, movies, dates"),
        ("Devices", {}, "no resource is named 'Devices'"),
        ("dates", {"dt_format": "YYYY/MM/DD"}, "dt_format: expected one of YYYY-MM-DD HH, YYYY-MM-DD, YYYY-MM"),
        ("dates", {"format": "dd"}, "format: expected one of"),
        ("ages", {"obj_in_page": "0"}, "obj_in_page: expected a whole number from 1"),
        ("ages", {"page": "-1"}, "page: expected a whole number from 0"),
        ("ages", {"b": ""}, "b: required"),
        ("ages", {"e": "2016/11/30 00:00:00"}, "e: it lies before b"),
        ("ages", {"b": "2017/01/01 00:00:00", "e": "2017/07/06 00:00:00"}, "e: more than 6 months after b"),
        ("ages", {"b": "2017/08/31 00:00:00", "e": "2018/03/05 00:00:00"}, "e: more than 6 months after b"),
    ],
)
def test_what_is_refused(page, path, query, error):
    answer = page.ask(f"{LIST}/{path}/", key=OTHER_KEY, **{**HALF_YEAR, **query})
    assert (answer.status_code, answer.json()["ok"]) == (400, 0)
    assert error in answer.json()["error"]


def test_a_parameter_that_is_empty_is_as_if_left_out(page):
    empty = dict.fromkeys(("tzo", "d", "dt_format", "format", "page", "obj_in_page"), "")
    assert asked(page, "devices/dates", **empty) == asked(page, "devices/dates")
    assert asked(page, "dates", dt_format="", format="MM") == asked(page, "dates", dt_format="MM")


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("2020/03/08 12:00:00", "2020/09/08 12:00:00"),
        ("2016/01/01 00:00:00", "2016/07/01 13:00:00"),
        ("2017/08/31 00:00:00", "2018/03/03 00:00:00"),  # 184 days
        ("2016/07/01 00:00:00", "2017/01/02 00:00:00"),
    ],
)
def test_half_a_year_may_be_asked_for(page, begin, end):
    assert asked(page, "genders", b=begin, e=end)["end"] == end


def test_others_are_none_of_a_keys_business(page):
    path, query = "/v2/statistics/devices/", {**HALF_YEAR, "b": "2017/05/01 00:00:00"}
    page.observe([view(1842, "2017-05-01T10:00:00Z", id="mine")])
    assert page.ask(path, **query, key="0" * 32).status_code == 401
    assert page.ask("/v2/statistics/user/632/devices/", **query, key=OTHER_KEY).status_code == 403
    for key, device in ((OTHER_KEY, "3024"), (OTHER_KEY, "x"), (NARROW_KEY, "3024"), (USER_KEY, "1842")):
        assert page.ask(path, **query, key=key, d=device).status_code == 403, device
    assert page.document(path, **query, key=USER_KEY)["data"]["ots"] == 0
    assert page.document(path, **query, key=NARROW_KEY, d="3027")["data"]["ots"] == 0
    assert page.document(path, **query, key=OTHER_KEY, d="")["data"]["ots"] == 64
    assert page.ask("/v2/statistics/devices", **query, key=OTHER_KEY).status_code == 404


def test_last_week_is_the_current_one(page, monkeypatch):
    found = asked(page, "devices", b="", e="", last_week="", tzo="5.5")
    begin = datetime.strptime(found["begin"], "%Y/%m/%d %H:%M:%S")  # noqa: DTZ007 - a wall clock
    end = datetime.strptime(found["end"], "%Y/%m/%d %H:%M:%S")  # noqa: DTZ007 - a wall clock
    assert (begin.weekday(), begin.hour, begin.minute) == (0, 0, 0)
    assert timedelta(0) < end - begin <= timedelta(days=7)


def test_raw_sessions_add_up_to_the_same(page):
    told = [
        {"emotions": felt(("happy", 9_000), ("angry", 50_000))},
        {"emotions": felt(("neutral", 300), ("unknown", 700))},
        {"mood": {"very_happy": 3, "happy": 1, "neutral": 2, "unhappy": 1}},
        {"mood": {"happy": 1}, "attention": 0},
        {},
    ]
    for number, more in enumerate(told):
        page.observe(views(1888, f"2017-10-0{number + 1}", 2, 20_003, **more))
    october = {"b": "2017/10/01 00:00:00", "e": "2017/11/01 00:00:00"}
    tree = asked(page, "emotions", **october)["data"]
    sessions = page.document("/statistics/user/371/raw/data/", key=OTHER_KEY, **october)["objects"]
    watched = [each for each in sessions if any(interval["a"] for interval in each["at"])]
    assert (tree["ots"], tree["v"]) == (len(sessions), len(watched)) == (10, 8)
    ms = dict.fromkeys(["angry", "happy", "neutral", "surprise", "undefined"], 0)
    for each in watched:
        for interval in each["em"]:
            ms[("neutral", "happy", "angry", "surprise", "undefined")[interval["e"]]] += interval["d"]
    assert {node["n"]: node["vd"] for node in tree["o"]} == ms
    assert {node["n"]: node["v"] for node in tree["o"]} == {
        "angry": 0,
        "happy": 4,
        "neutral": 2,
        "surprise": 0,
        "undefined": 2,
    }
