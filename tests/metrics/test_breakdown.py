"""Views broken down by any keys against the twin."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics import media, twin, twin_breakdown
from tests.metrics.network import DAY, HOUR, Fact
from tests.support.examples import about

from passerby.calendar import at_offset, calendar
from passerby.errors import InvalidInputError
from passerby.metrics import breakdown as module
from passerby.metrics.breakdown import SUMS, Breakdown, Lengths, breakdown

KEYS = ("sensor", "content", "slot", "gender", "age_group", "emotion", "length")
LENGTHS = Lengths(1000, 4)


@st.composite
def questions(draw):
    case = draw(media.cases(media.felt_view, sizes=["1h"]))
    by = draw(st.lists(st.sampled_from(KEYS), unique=True))
    size = draw(st.sampled_from(["1h", "1d", "1M", "1y"]))
    offset = draw(st.sampled_from([0, 3600, -39_600, 19_800, 20_700]))
    start = case.anchor + draw(st.integers(-40 * HOUR, 20 * HOUR))
    frame = at_offset(size, offset, start, start + draw(st.sampled_from([1, HOUR, 30 * HOUR, 90 * DAY])))
    sensors = draw(st.lists(st.sampled_from([1, 1, 2, 4, 99]), max_size=5))
    contents = draw(st.sampled_from([None, None, (102, 103, 999), ()]))
    cyclic = draw(st.booleans())
    return case, by, frame, sensors, contents, cyclic


def rows(found: Breakdown):
    columns = [found.keys[key].tolist() for key in found.keys]
    sums = zip(*(getattr(found, name).tolist() for name in SUMS), strict=True)
    keys = zip(*columns, strict=True) if columns else [()] * len(found)
    return {key: list(values) for key, values in zip(keys, sums, strict=True)}


def ask(store, question):
    case, by, frame, sensors, contents, cyclic = question
    slot_of = np.arange(len(frame)) % 5 if cyclic else None
    lengths = LENGTHS if "length" in by else None
    return breakdown(store, sensors, frame, by, slot_of=slot_of, contents=contents, lengths=lengths, role=case.role)


@settings(max_examples=about(40), deadline=None)
@given(questions())
def test_any_keys_agree_with_the_twin(holder, question):
    case, by, frame, sensors, contents, cyclic = question

    def slot(instant):
        number = next(n for n in range(len(frame)) if frame.starts[n] <= instant < frame.ends[n])
        return number % 5 if cyclic else number

    facts = [
        fact
        for fact in case.facts
        if fact.sensor in sensors
        and twin.counts(fact, case.role)
        and frame.range_start_ms <= fact.start < frame.range_end_ms
    ]
    wanted = twin_breakdown.groups(facts, by, slot, contents if "content" in by else None, (1000, 4))
    found = ask(holder.filled(case.facts), question)
    assert tuple(found.keys) == tuple(by)
    assert rows(found) == (wanted if by else {(): wanted.get((), [0, 0, 0, 0])})
    assert list(rows(found)) == sorted(rows(found))


@settings(max_examples=about(10), deadline=None)
@given(questions(), st.data())
def test_sums_are_what_fewer_keys_answer(holder, question, data):
    case, by, *rest = question
    fewer = data.draw(st.permutations(by))[: data.draw(st.integers(0, len(by)))]
    fewer += ["content"] if "content" in by and "content" not in fewer else []
    store = holder.filled(case.facts)
    assert rows(ask(store, question).summed(fewer)) == rows(ask(store, (case, fewer, *rest)))


@settings(max_examples=about(4), deadline=None)
@given(questions())
def test_late_and_repeated_deliveries_change_nothing(holder, question):
    answers = [rows(ask(holder.filled(question[0].facts, how), question)) for how in (None, random.Random(1))]
    assert answers[0] == answers[1]


def view(**values):
    told = {"ended_ms": 10_000, "attention_ms": 1, **values}
    return Fact("view", 1, 0, tuple(told.items()))


def mood(very_happy=0, happy=0, neutral=0, unhappy=0, very_unhappy=0):
    names = ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")
    return dict(zip(names, (very_happy, happy, neutral, unhappy, very_unhappy), strict=True))


def felt(*pairs):
    return [{"emotion": name, "ms": ms} for name, ms in pairs]


@pytest.mark.parametrize(
    ("values", "counted", "dwell"),
    [
        ({}, "unknown", {"unknown": 10_000}),
        ({"emotions": felt(("happy", 4_000))}, "happy", {"happy": 4_000, "unknown": 6_000}),
        ({"emotions": felt(("unknown", 9_000), ("angry", 1))}, "angry", {"angry": 1, "unknown": 9_999}),
        ({"emotions": felt(("surprised", 5_000), ("happy", 5_000))}, "happy", {"happy": 5_000, "surprised": 5_000}),
        # What lies beyond the end of the view is cut off, also of the one that is under way.
        (
            {"emotions": felt(("neutral", 6_000), ("unknown", 2_000), ("angry", 7_000), ("happy", 9_000))},
            "neutral",
            {"neutral": 6_000, "unknown": 2_000, "angry": 2_000},
        ),
        ({"emotions": felt(("unknown", 30_000), ("happy", 9_000))}, "unknown", {"unknown": 10_000}),
        # A mood is weights, whatever their sum; emotions win over it unless there are none.
        ({"mood": mood(1, 1, 2, 3, 1)}, "angry", {"angry": 5_000, "happy": 2_500, "neutral": 2_500}),
        ({"mood": mood(neutral=7), "emotions": felt()}, "neutral", {"neutral": 10_000}),
        ({"mood": mood(neutral=7), "emotions": felt(("angry", 10_000))}, "angry", {"angry": 10_000}),
        ({"mood": mood()}, "unknown", {"unknown": 10_000}),
        ({"mood": mood(1, 0, 1, 1)}, "neutral", {"angry": 3_333, "happy": 3_333, "neutral": 3_334}),
    ],
)
def test_emotions_of_one_view(holder, values, counted, dwell):
    store = holder.filled([view(**values)])
    found = breakdown(store, [1], calendar("1h", "UTC", 0, HOUR), ["emotion"])
    names = [module.EMOTIONS[number] for number in found.keys["emotion"]]
    assert dict(zip(names, found.dwell.tolist(), strict=True)) == dwell
    assert dict(zip(names, found.watchers.tolist(), strict=True)) == {name: int(name == counted) for name in dwell}
    assert (found.ots.tolist(), found.ots_dwell.tolist()) == (found.watchers.tolist(), found.dwell.tolist())


def test_ten_thousand_emotions_are_cut_off_at_once(holder):
    store = holder.filled([view(emotions=felt(*[("happy", 2), ("angry", 1)] * 5_000))])
    found = breakdown(store, [1], calendar("1h", "UTC", 0, HOUR), ["emotion"])
    assert rows(found) == {(1,): [0, 0, 3_333, 3_333], (2,): [1, 1, 6_667, 6_667]}


def test_a_view_counts_whole_for_each_content_shown_in_it(holder):
    shown = [
        {"content_id": content, "start_ms": 0, "duration_ms": ms, "attention_ms": None, "mood": None}
        for content, ms in ((7, 10), (8, 10_000), (7, 30))
    ]
    store = holder.filled([view(contents=shown), view(contents=[]), view()])
    frame = calendar("1h", "UTC", 0, HOUR)
    found = breakdown(store, [1], frame, ["content"])
    assert rows(found) == {(7,): [1, 1, 10_000, 10_000], (8,): [1, 1, 10_000, 10_000]}
    with pytest.raises(ValueError, match="several contents"):
        found.summed([])
    assert rows(breakdown(store, [1], frame, [])) == {(): [3, 3, 30_000, 30_000]}


def test_too_many_groups_are_refused(holder, monkeypatch):
    monkeypatch.setattr(module, "MOST_GROUPS", 1)
    store = holder.filled([view(), view(gender="male")])
    frame = calendar("1h", "UTC", 0, HOUR)
    assert len(breakdown(store, [1], frame, ["sensor"])) == 1
    with pytest.raises(InvalidInputError, match="more than 1 groups: ask for a shorter range"):
        breakdown(store, [1], frame, ["gender"])


@pytest.mark.parametrize("by", [["slot", "slot"], ["age"], ["length"]])
def test_wrong_keys_are_a_mistake_of_the_caller(holder, by):
    with pytest.raises(ValueError, match=r"different ones|go together"):
        breakdown(holder.filled([]), [1], calendar("1h", "UTC", 0, HOUR), by)
    with pytest.raises(ValueError, match="not broken down by gender"):
        breakdown(holder.filled([]), [1], calendar("1h", "UTC", 0, HOUR), []).summed(["gender"])
