"""The tree of the unified statistics against a brute-force twin on random sessions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics import media, network, twin
from tests.metrics.network import DAY, HOUR, Holder
from tests.support import seemetrix_twin
from tests.support.examples import about

from passerby.catalogue.model import Credential
from passerby.dialects.seemetrix import statistics, tree, unified
from passerby.dialects.seemetrix.calls import Call
from passerby.dialects.seemetrix.requests import written

RESOURCES = ("devices", "movies", "dates", "ages", "genders", "emotions")
FOR_ALL = {"device", "movie", "date"}
CREDENTIAL = Credential(1, 1, "seemetrix", "user", frozenset(), None, None)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def holder(tmp_path_factory):
    made = Holder(tmp_path_factory.mktemp("store"))
    yield made
    made.store.close()


# An ordinary midnight, the end of a year, and of a February.
ANCHORS = [1_780_963_200_000, 1_767_225_600_000, 1_709_251_200_000]
STARTS = [-HOUR, -1, 0, 1, HOUR - 1, HOUR, 5 * HOUR, 30 * HOUR, 30 * HOUR + 1, 40 * DAY]
SPANS = [2 * HOUR, 31 * HOUR, 100 * DAY, 100 * DAY]


@st.composite
def questions(draw):
    """(case, levels, form, minutes of offset, begin, end): a few views at few times, most of them asked for."""
    anchor = draw(st.sampled_from(ANCHORS))
    views = st.sampled_from(STARTS).flatmap(lambda after: media.felt_view(anchor + after))
    case = SimpleNamespace(facts=draw(st.lists(views, min_size=1, max_size=12)), zones=["UTC", "UTC"])
    levels = draw(st.lists(st.sampled_from(RESOURCES), min_size=1, unique=True))
    form = draw(st.sampled_from([*seemetrix_twin.FORMS]))
    minutes = draw(st.sampled_from([0, 60, -570, 330, 345, 14 * 60]))
    begin = anchor + draw(st.sampled_from([0, 1000, -DAY, -DAY]))
    return case, levels, form, minutes, begin, begin + draw(st.sampled_from(SPANS))


def call(store, case, levels, minutes, *span, **query):
    zone = timezone(timedelta(minutes=minutes))
    times = (written(datetime.fromtimestamp(ms / 1000, zone)) for ms in span)
    services = SimpleNamespace(store=store)
    catalogue = network.catalogue(case.zones, [{}, {}])
    path = {"resources": f"/{'/'.join(levels)}"}
    return Call(
        services,
        catalogue,
        CREDENTIAL,
        path,
        {**dict(zip("be", times, strict=True)), "tzo": str(minutes / 60), **query},
        NOW,
    )


def asked(*arguments, **query):
    return json.loads(b"".join(unified.statistics(call(*arguments, **query))))


def in_objects(node):
    return {**node, "o": {child["n"]: in_objects(child) for child in node["o"]}}


def counted(case, begin, end):
    return [
        fact for fact in case.facts if fact.kind == "view" and twin.counts(fact, None) and begin <= fact.start < end
    ]


@settings(max_examples=about(20), deadline=None)
@given(questions(), st.sampled_from([1, 3, 50_000]))
def test_any_path_agrees_with_the_twin(holder, question, nodes):
    case, levels, form, minutes, begin, end = question
    where = (holder.filled(case.facts), case, levels, minutes, begin, end)
    facts = counted(case, begin, end)
    wanted = seemetrix_twin.tree(facts, levels, form, minutes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree, "_NODES", nodes)
        found = asked(*where, dt_format=form)
        assert found["data"] == wanted
        assert asked(*where, format=form, to_object="1")["data"] == in_objects(wanted)
    assert (found["levels"], found["path"], found.get("dt_format")) == (
        levels,
        "/".join(levels),
        form if "dates" in levels else None,
    )
    one = [fact for fact in facts if fact.sensor == 1]
    assert asked(*where, dt_format=form, d="1")["data"] == seemetrix_twin.tree(one, levels, form, minutes)


@settings(max_examples=about(6), deadline=None)
@given(questions(), st.sampled_from(["devices", "movies"]), st.integers(1, 3))
def test_pages_are_the_first_level_cut(holder, question, first, size):
    case, levels, form, minutes, begin, end = question
    levels = [first, *(level for level in levels if level != first)]
    where = (holder.filled(case.facts), case, levels, minutes, begin, end)
    wanted = seemetrix_twin.tree(counted(case, begin, end), levels, form, minutes)
    nodes = wanted["o"]
    for page in range(3):
        found = asked(*where, dt_format=form, page=str(page), obj_in_page=str(size))
        assert found["data"] == {**wanted, "o": nodes[page * size : page * size + size]}
        assert (found["page"], found["obj_in_page"]) == (page, size)
        assert found["pages_total"] == max(1, -(-len(nodes) // size))


def parents(node, depth=0):
    yield depth, node
    for child in node["o"]:
        yield from parents(child, depth + 1)


@settings(max_examples=about(6), deadline=None)
@given(questions())
def test_what_is_below_a_node_adds_up_to_it(holder, question):
    case, levels, form, *where = question
    store = holder.filled(case.facts)
    found = asked(store, case, levels, *where, dt_format=form)["data"]
    for depth, node in parents(found):
        if not node["o"] or levels[depth] == "movies":
            continue
        # All devices, dates and kinds of viewers of a watched node are below it; of opportunities to see, where shown.
        names = ["v", "vd", *(name for name in ("ots", "otsd") if all(name in each for each in node["o"]))]
        for name in names:
            assert sum(each[name] for each in node["o"]) == node[name]
        assert ("ots" in names) == all(each["t"] in FOR_ALL for each in node["o"]) or "ots" not in node
    kinds = [asked(store, case, [each], *where)["data"]["o"] for each in ("ages", "genders", "emotions", "dates")]
    assert len({(sum(n["v"] for n in each), sum(n["vd"] for n in each)) for each in kinds}) == 1


@settings(max_examples=about(5), deadline=None)
@given(questions(), st.sampled_from([1, -5, 13]))
def test_an_offset_moves_only_the_labels(holder, question, more):
    case, levels, *_, begin, end = question
    levels = [*(level for level in levels if level != "dates"), "dates"]
    store = holder.filled(case.facts)
    here, there = (
        asked(store, case, levels, offset, begin, end, dt_format="YYYY-MM-DD HH")["data"] for offset in (0, 60 * more)
    )

    def moved(node):
        name = node["n"]
        if node["t"] == "date":
            then = datetime.strptime(name, "%Y-%m-%d %H") + timedelta(hours=more)  # noqa: DTZ007 - a wall clock
            name = then.strftime("%Y-%m-%d %H")
        return {**node, "n": name, "o": [moved(child) for child in node["o"]]}

    assert moved(here) == there


# What the first statistics are asked for, the form of dates that groups alike, and where its names have the units.
GROUPS = {
    ("year", "month", "day", "hour"): (
        "YYYY-MM-DD HH",
        {"y": slice(4), "m": slice(5, 7), "d": slice(8, 10), "h": slice(11, 13)},
    ),
    ("year", "month", "day"): ("YYYY-MM-DD", {"y": slice(4), "m": slice(5, 7), "d": slice(8, 10)}),
    ("year", "month"): ("YYYY-MM", {"y": slice(4), "m": slice(5, 7)}),
    ("year",): ("YYYY", {"y": slice(4)}),
    ("month",): ("MM", {"m": slice(2)}),
    ("day",): ("DD", {"d": slice(2)}),
    ("hour",): ("HH", {"h": slice(2)}),
}
NAMES = {
    "ages": {"k": "kid", "m": "young", "m2": "adult", "o": "old", "u": "undefined"},
    "genders": {"fl": "female", "ml": "male", "us": "undefined"},
}


@settings(max_examples=about(6), deadline=None)
@given(questions(), st.sampled_from([*GROUPS]))
def test_both_statistics_agree(holder, question, units):
    case, _, _, *where = question
    store = holder.filled(case.facts)
    form, parts = GROUPS[units]
    flags = dict.fromkeys((*units, "sex", "age", "movies"), "")
    first = statistics.of_user(call(store, case, ["none"], *where, **flags))
    trees = {
        name: asked(store, case, ["dates", name], *where, dt_format=form)["data"]
        for name in ("ages", "genders", "movies")
    }
    total = trees["ages"]
    if not total["v"]:
        assert first["total_counters"]["total"] == 0
        return
    nodes = {name: {date["n"]: date for date in found["o"]} for name, found in trees.items()}
    assert [each["i"] for each in first["objects"]] == [
        {unit: int(date[part]) for unit, part in sorted(parts.items())} for date in nodes["ages"]
    ]
    for date, each in zip(nodes["ages"], first["objects"], strict=True):
        assert each["t"] == nodes["ages"][date]["v"]
        for resource, names in NAMES.items():
            below = {node["n"]: node["v"] for node in nodes[resource][date]["o"]}
            assert {name: below.get(long, 0) for name, long in names.items()} == {name: each[name] for name in names}
        movies = nodes["movies"][date]["o"]
        views, ms = (sum(node[name] for node in movies) for name in ("v", "vd"))
        assert (each["v"], each["va"]) == (views, pytest.approx(ms / 1000 / views if views else 0, abs=0.00501))
    counters = first["total_counters"]
    assert (counters["total"], counters["movies_num"]) == (total["v"], sum(each["v"] for each in first["objects"]))
    assert counters["average_duration"] == pytest.approx(total["vd"] / 1000 / total["v"], abs=0.00501)
