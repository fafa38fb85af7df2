"""Raw sessions: from posted views to the printed answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.examples import about
from tests.support.seemetrix import NARROW_KEY, OTHER_KEY, running
from tests.support.sessions import Numbers

from passerby.dialects.seemetrix import raw as module

RAW = "/statistics/user/632/raw/data/"
DAY = {"b": "2019/07/01 00:00:00", "e": "2019/07/02 00:00:00"}
DAYS = (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in count())

# The session that the document prints.
LOOKS = [(1, 19334), (0, 1044), (1, 14853)]
SEEN = [(3, 1458), (1, 3948), (0, 1221), (-1, 1278), (0, 8748), (3, 1328), (0, 2894), (3, 1246), (0, 6661), (-1, 2020)]
SEEN = [*SEEN, (0, 4429)]
NAMES = {-1: "unknown", 0: "neutral", 1: "happy", 2: "angry", 3: "surprised"}
DOCUMENT = {
    "a": 1,
    "at": [{"a": looking, "d": ms} for looking, ms in LOOKS],
    "b": "2019-07-01T11:16:07.052000",
    "d": 3024,
    "e": "2019-07-01T11:16:42.283000",
    "em": [{"d": ms, "e": emotion} for emotion, ms in SEEN],
    "i": 35231,
    "o": 1331,
    "s": 0,
    "v": [{"d": 35231, "i": 8482, "s": 0}, {"d": 35231, "i": 9457, "s": 0}],
}


def seen(sensor, start, ms=1000, **more):
    """A view; nobody looked unless it is said."""
    looked = {} if "attention" in more else {"attention_ms": 0}
    return {"kind": "view", "sensor": sensor, "start": start, "duration_ms": ms, **looked, **more}


def of_document(sensor=3024, **more):
    """The view behind it."""
    told = {
        "attention": [{"looking": bool(looking), "ms": ms} for looking, ms in LOOKS],
        "emotions": [{"emotion": NAMES[emotion], "ms": ms} for emotion, ms in SEEN],
        "contents": [{"content": content, "start_ms": 0, "duration_ms": 35231} for content in (8482, 9457)],
        "gender": "female",
        "age_group": "young",
        "session": 1331,
    }
    return seen(sensor, "2019-07-01T11:16:07.052Z", 35231, **{**told, **more})


def written(moment):
    return moment.strftime("%Y/%m/%d %H:%M:%S")


def day(moment, **more):
    """The parameters of the day that begins then."""
    return {"b": written(moment), "e": written(moment + timedelta(days=1)), **more}


def test_the_session_of_the_document(page):
    page.observe([of_document()])
    assert page.document(RAW, **DAY) == {"objects": [DOCUMENT]}
    assert list(page.document(RAW, **DAY)["objects"][0]) == list(DOCUMENT)
    assert page.ask(RAW, prefix="/analytics/api", **DAY).json() == {"objects": [DOCUMENT]}


@pytest.mark.parametrize(
    ("told", "at", "em"),
    [
        ({"attention_ms": 400}, [(1, 400), (0, 600)], [(-1, 1000)]),
        ({"attention_ms": 0}, [(0, 1000)], [(-1, 1000)]),
        ({"attention_ms": 1000, "emotions": []}, [(1, 1000)], [(-1, 1000)]),
        # What is not told is time without a look, and without a known emotion.
        (
            {"attention": [{"looking": True, "ms": 300}], "emotions": [{"emotion": "angry", "ms": 10}]},
            [(1, 300), (0, 700)],
            [(2, 10), (-1, 990)],
        ),
        # More is told than there was time: how long the person looked is believed, and emotions end with the session.
        (
            {
                "attention": [{"looking": False, "ms": 900}, {"looking": True, "ms": 300}],
                "emotions": [{"emotion": "happy", "ms": 600}, {"emotion": "neutral", "ms": 600}],
            },
            [(1, 300), (0, 700)],
            [(1, 600), (0, 400)],
        ),
        (
            {"attention_ms": 0, "emotions": [{"emotion": "happy", "ms": ms} for ms in (1000, 5, 5)]},
            [(0, 1000)],
            [(1, 1000)],
        ),
        # A mood shares the session by its weights.
        (
            {"attention_ms": 0, "mood": {"very_happy": 1, "neutral": 1, "unhappy": 1}},
            [(0, 1000)],
            [(2, 333), (1, 333), (0, 334)],
        ),
        ({"attention_ms": 0, "mood": {}}, [(0, 1000)], [(-1, 1000)]),
    ],
)
def test_what_a_sensor_does_not_tell(page, told, at, em):
    begin = next(DAYS)
    page.observe([seen(3026, begin.isoformat(), **told)])
    (found,) = page.document(RAW, **day(begin))["objects"]
    assert ([(one["a"], one["d"]) for one in found["at"]], [(one["e"], one["d"]) for one in found["em"]]) == (at, em)
    assert (found["a"], found["s"], found["v"], found["i"]) == (-1, -1, [], 1000)


def test_a_session_of_no_length_has_no_intervals(page):
    begin = next(DAYS)
    page.observe([seen(3026, begin.isoformat(), 0)])
    (found,) = page.document(RAW, **day(begin))["objects"]
    assert (found["i"], found["at"], found["em"], found["b"]) == (0, [], [], found["e"])


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("a", {"child": 0, "young": 1, "adult": 2, "senior": 3, "unknown": -1}),
        ("s", {"female": 0, "male": 1, "unknown": -1}),
    ],
)
def test_age_and_gender(page, field, values):
    begin = next(DAYS)
    name = {"a": "age_group", "s": "gender"}[field]
    page.observe([seen(3026, begin.isoformat(), **{name: value}) for value in values])
    assert [one[field] for one in page.document(RAW, **day(begin))["objects"]] == list(values.values())


def test_times_are_those_of_tzo_and_e_is_not_asked_for_any_more(page):
    begin = next(DAYS)
    page.observe([seen(3026, (begin + timedelta(hours=hour)).isoformat()) for hour in (-6, 0, 1)])
    local = begin - timedelta(hours=5, minutes=30)
    asked = {"b": written(local), "e": written(local + timedelta(hours=1)), "tzo": "-5.5"}
    (found,) = page.document(RAW, **asked)["objects"]
    assert found["b"] == f"{local:%Y-%m-%dT%H:%M:%S}.000000"
    assert found["e"] == f"{local:%Y-%m-%dT%H:%M:%S}.000000".replace("00.000000", "01.000000")


def test_last_week_and_the_typo_of_the_document(page):
    now = datetime.now(UTC)
    page.observe([seen(3026, (now - timedelta(days=days)).isoformat(), id=f"w{days}") for days in (1, 6, 8)])
    starts = [one["b"] for one in page.document(RAW, **{"4zo": "0", "last_week": ""})["objects"]]
    assert starts == [f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "000" for days in (6, 1)]


def test_nothing_is_an_empty_list(page):
    assert page.ask(RAW, b="1990/01/01 00:00:00", e="1990/01/02 00:00:00").content == b'{"objects":[]}'


def test_staff_is_left_out(page):
    begin = next(DAYS)
    page.observe([seen(3026, begin.isoformat(), role="staff"), seen(3026, begin.isoformat(), role="guest")])
    assert len(page.document(RAW, **day(begin))["objects"]) == 1


# -- who sees what


def test_a_narrowed_key_gets_its_own_devices_only(page):
    begin = next(DAYS)
    page.observe([seen(sensor, begin.isoformat()) for sensor in (3024, 3026, 3027)])
    whole = day(begin)
    assert [one["d"] for one in page.document(RAW, **whole)["objects"]] == [3024, 3026, 3027]
    assert [one["d"] for one in page.document(RAW, **whole, key=NARROW_KEY)["objects"]] == [3027]
    assert [one["d"] for one in page.document(RAW, **whole, device_id=3026)["objects"]] == [3026]
    refused = {page.ask(RAW, **whole, key=NARROW_KEY, device_id=number).text for number in (3024, 3026)}
    assert {text.replace("3026", "3024") for text in refused} == {
        '{"ok":0,"status":403,"error":"device 3024: not a device of this key\'s user, or there is no such device"}'
    }


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (RAW, {"device_id": "1842"}, 403),  # another user's
        (RAW, {"device_id": "99"}, 403),
        (RAW, {"device_id": "all"}, 403),
        (RAW, {"key": OTHER_KEY}, 403),
        ("/statistics/user/371/raw/data/", {}, 403),
        (RAW, {"key": "0" * 32}, 401),
        (RAW, {"movie_id": "spring"}, 400),
        (RAW, {"b": ""}, 400),
        (RAW[:-1], {}, 404),
    ],
)
def test_what_is_refused(page, path, query, status):
    answer = page.ask(path, **{**DAY, **query})
    assert (answer.status_code, answer.json()["status"]) == (status, status)


# -- beside a twin

TWIN_SENSORS = (3024, 3026, 3027)
MOODS = ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")
AGES = ("child", "young", "adult", "senior", "unknown")
DURATIONS = st.sampled_from((0, 1, 7, 1000, 4001))


def intervals(name, values):
    return st.lists(st.fixed_dictionaries({name: values, "ms": DURATIONS}), max_size=4)


@st.composite
def views(draw):
    """A view at a second of its day, where some begin together and some of its parts do not fit together."""
    duration = draw(DURATIONS)
    looks = st.fixed_dictionaries({"attention_ms": st.sampled_from(sorted({0, duration // 3, duration}))})
    listed = st.fixed_dictionaries({"attention": intervals("looking", st.booleans())}).filter(
        lambda told: sum(one["ms"] for one in told["attention"] if one["looking"]) <= duration
    )
    told = draw(looks | listed) | draw(
        st.fixed_dictionaries(
            {"gender": st.sampled_from(("male", "female", "unknown")), "age_group": st.sampled_from(AGES)},
            optional={
                "emotions": intervals("emotion", st.sampled_from(list(NAMES.values()))),
                "mood": st.fixed_dictionaries({}, optional=dict.fromkeys(MOODS, st.integers(0, 300))),
                "contents": st.lists(
                    st.fixed_dictionaries(
                        {"content": st.sampled_from((8482, 9457)), "start_ms": DURATIONS, "duration_ms": DURATIONS}
                    ),
                    max_size=3,
                ),
                "session": st.integers(0, 30),
                "role": st.sampled_from(("staff", "guest")),
            },
        )
    )
    return draw(st.sampled_from(TWIN_SENSORS)), draw(st.integers(0, 80_000)), duration, told


def filled(parts, duration, rest):
    """Parts that are there, and the rest of the session."""
    left = duration - sum(ms for _, ms in parts)
    return parts + ([(rest, left)] if left else [])


def looks_of(told, duration):
    looks = told.get("attention")
    looked = told["attention_ms"] if looks is None else sum(one["ms"] for one in looks if one["looking"])
    if looks is None or sum(one["ms"] for one in looks) > duration:
        return filled([(1, looked)] if looked else [], duration, 0)
    return filled([(int(one["looking"]), one["ms"]) for one in looks], duration, 0)


def emotions_of(told, duration):
    code = {name: number for number, name in NAMES.items()}
    emotions = [(code[one["emotion"]], one["ms"]) for one in told.get("emotions") or ()]
    if not emotions:
        mood = {name: told.get("mood", {}).get(name, 0) for name in MOODS}
        total = sum(mood.values())
        if not total:
            return filled([], duration, -1)
        angry = duration * (mood["unhappy"] + mood["very_unhappy"]) // total
        pleased = duration * (total - mood["neutral"]) // total - angry
        return [(name, ms) for name, ms in ((2, angry), (1, pleased), (0, duration - angry - pleased)) if ms]
    if sum(ms for _, ms in emotions) <= duration:
        return filled(emotions, duration, -1)
    found, left = [], duration
    for emotion, ms in emotions:
        found.append((emotion, min(ms, left)))
        left -= min(ms, left)
    return [one for one in found if one[1]]


def session_of(start, zone, number, view):
    """What the document shows of a view."""
    sensor, _, duration, told = view
    local, end = start.astimezone(zone), (start + timedelta(milliseconds=duration)).astimezone(zone)
    return {
        "a": AGES.index(told["age_group"]) if told["age_group"] != "unknown" else -1,
        "at": [{"a": looking, "d": ms} for looking, ms in looks_of(told, duration)],
        "b": f"{local:%Y-%m-%dT%H:%M:%S.%f}",
        "d": sensor,
        "e": f"{end:%Y-%m-%dT%H:%M:%S.%f}",
        "em": [{"d": ms, "e": emotion} for emotion, ms in emotions_of(told, duration)],
        "i": duration,
        "o": number,
        "s": {"female": 0, "male": 1, "unknown": -1}[told["gender"]],
        "v": [
            {"d": one["duration_ms"], "i": one["content"], "s": one["start_ms"]} for one in told.get("contents") or ()
        ],
    }


def test_the_same_as_a_twin(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 5)
    numbers, days = Numbers(), (datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in count())
    with running(tmp_path / "data") as (_, page):

        @settings(max_examples=about(25), deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.lists(views(), min_size=1, max_size=40),
            st.sampled_from((0, 1, -5, 5.5)),
            st.sampled_from((None, 8482, 9457)),
            st.sampled_from((None, *TWIN_SENSORS)),
        )
        def agree(seen_views, tzo, movie, device):
            begin, zone = next(days), timezone(timedelta(hours=tzo))
            starts = [begin + timedelta(seconds=second // 1000) for _, second, _, _ in seen_views]
            page.observe(
                [
                    {"kind": "view", "id": str(place), "sensor": sensor, "start": start.isoformat()}
                    | {"duration_ms": duration, **told}
                    for place, (start, (sensor, _, duration, told)) in enumerate(zip(starts, seen_views, strict=True))
                ]
            )
            given_numbers = [numbers.number(sensor, told.get("session")) for sensor, _, _, told in seen_views]
            expected = [
                (start, session_of(start, zone, number, one))
                for start, number, one in zip(starts, given_numbers, seen_views, strict=True)
                if one[3].get("role") != "staff"
            ]
            expected.sort(key=lambda one: (one[0], one[1]["d"]))
            kept = [
                one
                for _, one in expected
                if (movie is None or movie in {shown["i"] for shown in one["v"]}) and device in {None, one["d"]}
            ]
            local = begin.astimezone(zone)
            filters = {"movie_id": movie, "device_id": device}
            asked = day(local, tzo=tzo, **{name: value for name, value in filters.items() if value is not None})
            found = page.document(RAW, **asked)["objects"]
            assert found == kept
            for one in found:
                assert one["i"] == sum(part["d"] for part in one["at"]) == sum(part["d"] for part in one["em"])

        agree()
