"""The first statistics: the document's samples, and every group against a twin that looks at each view."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import about
from tests.support.seemetrix import NARROW_KEY, running, view

from passerby.dialects.seemetrix import routes

UNITS = {"year": "y", "month": "m", "day": "d", "hour": "h"}
AGES = {"unknown": "u", "child": "k", "young": "m", "adult": "m2", "senior": "o"}
GENDERS = {"unknown": "us", "male": "ml", "female": "fl"}
HALVES = {"unknown": "u", "male": "m", "female": "f"}
COUNTERS = {
    "gender": {"unknown": "undefined_gender", "male": "male", "female": "female"},
    "age_group": dict(zip(AGES, ("undefined_age", "kid", "middle", "middle2", "old"), strict=True)),
}


def hours(day, *counts):
    return [{"i": {"d": day, "h": hour, "m": 9, "y": 2017}, "t": count} for hour, count in counts]


def spread(day, hour, number, **more):
    """So many views within an hour."""
    return [
        view(3024, f"2017-09-{day:02}T{hour:02}:{index:02}:00Z", id=f"{day} {hour} {index}", **more)
        for index in range(number)
    ]


def test_the_documents_sample_of_one_device(tmp_path, monkeypatch):
    """The last week at tzo=1, asked on Friday at 09:36 UTC. At 9 somebody was there and did not look."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2017, 9, 15, 9, 36, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(routes, "datetime", Clock)
    female = {"gender": "female", "age_group": "young"}
    lengths = [3290] * 6 + [3289]
    views = [one | {"duration_ms": ms, "attention_ms": ms} for one, ms in zip(spread(15, 7, 7, **female), lengths)]  # noqa: B905  # of equal length
    with running(tmp_path / "data") as (_, page):
        page.observe([*views, view(3024, "2017-09-15T08:10:00Z", 5000, 0)])
        page.observe([view(3024, "2017-09-15T09:00:00Z", 3290, gender="female", age_group="adult")])
        page.observe([view(3026, "2017-09-10T09:00:00Z"), view(3024, "2017-09-15T07:00:00Z", role="staff")])
        assert page.document("/statistics/device/3024/", tzo=1, last_week="") == {
            "begin": "2017/09/08 11:00:00",
            "begin_iso": "2017-09-08T11:00:00+01:00",
            "end": "2017/09/15 11:00:00",
            "end_iso": "2017-09-15T11:00:00+01:00",
            "max_date": "2017/09/15 10:00:00",
            "min_date": "2017/09/15 08:00:00",
            "objects": hours(15, (8, 7), (9, 0), (10, 1)),
            "total": 3,
            "total_counters": {
                "average_duration": 3.29,
                "female": 8,
                "kid": 0,
                "male": 0,
                "middle": 7,
                "middle2": 1,
                "movies_num": 0,
                "old": 0,
                "total": 8,
                "undefined_age": 0,
                "undefined_gender": 0,
            },
        }


def test_the_documents_sample_of_all_devices(tmp_path):
    days = [(12, 12, 3), (12, 16, 6), (12, 17, 6), (13, 2, 7), (13, 3, 12), (13, 4, 15), (13, 5, 18), (13, 6, 12)]
    views = [one for day, hour, number in days for one in spread(day, hour, number)]
    for index, one in enumerate(views):
        one["sensor"] = (3024, 3026, 3027)[index % 3]
        one["gender"] = "female" if index < 68 else "male"
        one["age_group"] = "young" if index % 79 < 57 else "adult"
        one["duration_ms"] = one["attention_ms"] = 7810
    outside = [view(3027, "2017-09-08T04:59:59.999Z"), view(3026, "2017-09-15T09:30:00Z")]
    with running(tmp_path / "data") as (_, page):
        page.observe(views + outside)
        asked = {"b": "2017/09/12 12:00:00", "e": "2017/09/14 12:00:00"}
        assert page.document("/statistics/user/632/", **asked, tzo=0) == {
            "begin": "2017/09/12 12:00:00",
            "begin_iso": "2017-09-12T12:00:00+00:00",
            "end": "2017/09/14 12:00:00",
            "end_iso": "2017-09-14T12:00:00+00:00",
            "max_date": "2017/09/15 09:00:00",
            "min_date": "2017/09/08 04:00:00",
            "objects": hours(12, (12, 3), (16, 6), (17, 6)) + hours(13, (2, 7), (3, 12), (4, 15), (5, 18), (6, 12)),
            "total": 8,
            "total_counters": {
                "average_duration": 7.81,
                "female": 68,
                "kid": 0,
                "male": 11,
                "middle": 57,
                "middle2": 22,
                "movies_num": 0,
                "old": 0,
                "total": 79,
                "undefined_age": 0,
                "undefined_gender": 0,
            },
        }
        # The end is not in the range; the days of the week begin with Monday: these are a Tuesday and a Wednesday.
        assert page.document("/statistics/user/632/", b="2017/09/12 12:00:00", e="2017/09/13 02:00:00")["total"] == 3
        week = page.document("/statistics/user/632/", **asked, day="")
        assert week["objects"] == [{"i": {"d": 2}, "t": 15}, {"i": {"d": 3}, "t": 64}]
        # A narrowed key is the same user, with fewer devices.
        narrow = page.document("/statistics/user/632/", **asked, key=NARROW_KEY)
        assert narrow == page.document("/statistics/device/3027/", **asked)
        assert narrow["total_counters"]["total"] == 26
        assert narrow["max_date"] == "2017/09/13 06:00:00"
        for number, key in (("3024", NARROW_KEY), ("1842", None), ("999999", None)):
            answer = page.ask(f"/statistics/device/{number}/", **asked, **({"key": key} if key else {}))
            assert (answer.status_code, answer.json()["ok"]) == (403, 0)
        for wrong in (
            {},
            {"b": "2017/09/12 12:00:00"},
            asked | {"tzo": "Moscow"},
            asked | {"e": "2017/09/01 00:00:00"},
        ):
            assert page.ask("/statistics/user/632/", **wrong).status_code == 400


def test_a_device_without_views(page):
    found = page.document("/statistics/device/3035/", b="2017/09/12 12:00:00", e="2017/09/12 12:00:00")
    assert (found["objects"], found["total"], found["min_date"], found["max_date"]) == ([], 0, None, None)
    assert set(found["total_counters"].values()) == {0}


# --- the twin


CONTENTS = ("spring", "summer", "autumn")
START = datetime(2019, 12, 25, tzinfo=UTC)
DEVICES = (3024, 3026, 3027)
naive = datetime.fromisoformat
TZO = ["0", "1", "-11", "5.5", "5.75", "-3.5", "0.1"]


def random_views(dice):
    """Views around a turn of the year, many at the edges of hours; fewer of each next device."""
    for index in range(400):
        minute = dice.choice([0, 1, 14, 15, 29, 30, 44, 45, 59]) + 60 * dice.randrange(24 * 14)
        ms = dice.choice([1, 2500, 4999, 5000, 14_999, 59_999, 60_000, 400_000])
        at = START + timedelta(minutes=minute, milliseconds=dice.choice([0, 1, 59_999]))
        yield view(
            dice.choices(DEVICES, [20, 5, 1])[0],
            at.isoformat(),
            ms,
            dice.choice([0, 1, ms]),
            id=str(index),
            gender=dice.choice(sorted(GENDERS)),
            age_group=dice.choice(sorted(AGES)),
            contents=[
                {"content": dice.choice(CONTENTS), "start_ms": 0, "duration_ms": 1} for _ in range(dice.randrange(4))
            ],
        )


class Network:
    """A client, and the views that its server holds; no dataclass, because those are printed whole."""

    def __init__(self, page, views):
        self.page = page
        self.views = views


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A server with these views."""
    views = list(random_views(random.Random(6)))
    with running(tmp_path_factory.mktemp("twin") / "data") as (_, page):
        page.observe(views)
        yield Network(page, views)


def twin(views, span, units, flags):
    """(objects, the views of those who looked)."""
    begin, end = span
    groups = {}
    for one in views:
        at = datetime.fromisoformat(one["start"]).astimezone(begin.tzinfo)
        if not begin <= at < end:
            continue
        parts = {"year": at.year, "month": at.month, "day": at.day, "hour": at.hour}
        if units == ("day",):
            parts["day"] = at.isoweekday()
        groups.setdefault(tuple(parts[unit] for unit in units), []).append(one)
    objects = []
    for key, everybody in sorted(groups.items()):
        seen = [one for one in everybody if one["attention_ms"]]
        made = {"i": {UNITS[unit]: value for unit, value in zip(units, key, strict=True)}, "t": len(seen)}
        if "sex" in flags:
            made |= counted(GENDERS, (one["gender"] for one in seen))
        if "age" in flags:
            made |= counted(AGES, (one["age_group"] for one in seen))
        if {"sex", "age"} <= flags:
            pairs = {(gender, age): HALVES[gender] + AGES[age] for gender in GENDERS for age in AGES}
            made |= counted(pairs, ((one["gender"], one["age_group"]) for one in seen))
        if "movies" in flags:
            movies = [one["duration_ms"] for one in seen for _ in movies_of(one)]
            made |= {"v": len(movies), "va": mean(movies)}
        if "intervals" in flags:
            bins = Counter(min(one["duration_ms"] // 5000, 12) for one in seen)
            made["ia"] = [bins[number] for number in range(13)]
        objects.append(made)
    return objects, [one for everybody in groups.values() for one in everybody if one["attention_ms"]]


def counted(names, found):
    counts = Counter(found)
    return {name: counts[value] for value, name in names.items()}


def movies_of(one):
    return {shown["content"] for shown in one["contents"]}


def mean(lengths):
    return int(sum(lengths) / len(lengths) / 10 + 0.5) / 100 if lengths else 0.0


MOMENTS = st.datetimes(naive("2019-12-24"), naive("2020-01-10")).map(lambda at: at.replace(microsecond=0))
ASKED = st.fixed_dictionaries(
    {
        "whose": st.sampled_from(["user/632", *(f"device/{number}" for number in DEVICES)]),
        "tzo": st.sampled_from(TZO),
        "units": st.sets(st.sampled_from(sorted(UNITS))),
        "flags": st.sets(st.sampled_from(["sex", "age", "movies", "intervals"])),
        "span": st.tuples(MOMENTS, MOMENTS).map(sorted) | st.just([naive("2000-01-01"), naive("2100-01-01")]),
    }
)


@settings(max_examples=about(30))
@given(asked=ASKED)
def test_every_group_is_what_a_twin_counts(network, asked):
    whose, tzo, units, flags, span = (asked[name] for name in ("whose", "tzo", "units", "flags", "span"))
    views = [one for one in network.views if whose in {"user/632", f"device/{one['sensor']}"}]
    begin, end = (f"{moment:%Y/%m/%d %H:%M:%S}" for moment in span)
    query = {"b": begin, "e": end, "tzo": tzo, **dict.fromkeys([*units, *flags], "")}
    found = network.page.document(f"/statistics/{whose}/", **query)
    chosen = tuple(unit for unit in UNITS if unit in units) or tuple(UNITS)
    zone = timezone(timedelta(hours=float(tzo)))
    objects, watchers = twin(views, [moment.replace(tzinfo=zone) for moment in span], chosen, flags)
    assert found["objects"] == objects
    assert found["total"] == len(objects)
    assert found["total_counters"] == {
        "average_duration": mean([one["duration_ms"] for one in watchers]),
        "movies_num": sum(len(movies_of(one)) for one in watchers),
        "total": sum(one["t"] for one in objects),
        **counted(COUNTERS["gender"], (one["gender"] for one in watchers)),
        **counted(COUNTERS["age_group"], (one["age_group"] for one in watchers)),
    }
    starts = [datetime.fromisoformat(one["start"]).replace(minute=0, second=0, microsecond=0) for one in views]
    bounds = [f"{each.astimezone(zone):%Y/%m/%d %H:%M:%S}" for each in (min(starts), max(starts))]
    assert [found["min_date"], found["max_date"]] == bounds


@pytest.mark.parametrize("path", ["/statistics/user/632/", "/statistics/device/3024/"])
def test_an_offset_changes_labels_only(network, path):
    page = network.page
    plain = page.document(path, b="2019/12/26 00:30:00", e="2020/01/05 00:30:00")
    moved = page.document(path, b="2019/12/26 09:30:00", e="2020/01/05 09:30:00", tzo=9)
    assert plain["total_counters"] == moved["total_counters"]
    assert [one["t"] for one in plain["objects"]] == [one["t"] for one in moved["objects"]]


def test_a_range_between_views_is_empty_with_whatever_is_asked(network):
    everything = dict.fromkeys(("sex", "age", "movies", "intervals"), "")
    gap = {"b": "2019/12/25 00:02:00", "e": "2019/12/25 00:03:00"}
    assert not [one for one in network.views if "2019-12-25T00:02" <= one["start"] < "2019-12-25T00:03"]
    found = network.page.document("/statistics/user/632/", **gap, **everything)
    assert (found["objects"], found["total_counters"]["total"], found["min_date"]) == ([], 0, "2019/12/25 00:00:00")
