"""Random observations of screens and streets, for the tests of their metrics."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from tests.metrics import network
from tests.metrics.network import DAY, HOUR, Fact

from passerby.calendar import SIZES, Calendar, calendar, fixed_days

ZONES = ("Europe/Zurich", "America/New_York", "Australia/Lord_Howe")
SENSORS_OF = {1: (1, 2, 3), 2: (4,)}
ENTRY_POINTS_OF = {1: (1, 2), 2: (4,)}
# Instants of uptimes are multiples of it, so that the twin can walk through them.
STEP = 30_000


@dataclass(frozen=True)
class Case:
    """What one example is asked: facts, the zones of both sites, and calendars."""

    facts: list[Fact]
    zones: list[str]
    calendars: list[Calendar]
    role: str | None
    anchor: int


_LENGTHS = st.sampled_from([0, 1, 49, 50, 999, 2000, 2001, 5000, 61_000, 3 * HOUR])
_GENDERS = st.sampled_from(["male", "female", "unknown", None])
_AGES = st.sampled_from(["child", "young", "adult", "senior", "unknown", None])
_ROLES = st.sampled_from([None, None, None, "staff", "courier"])
_SENSORS = st.integers(1, 4)


@st.composite
def view(draw, start):
    length = draw(_LENGTHS)
    looks = draw(st.none() | st.lists(st.tuples(st.booleans(), st.sampled_from([0, 1, 500, 1999, 2001])), max_size=4))
    looked = sum(ms for looking, ms in looks or () if looking)
    attention = looked if looks is not None else draw(st.sampled_from([0, 0, 1, 300, 2500]))
    values = {
        "ended_ms": start + max(length, attention),
        "attention_ms": attention,
        "attention": None if looks is None else [{"looking": looking, "ms": ms} for looking, ms in looks],
        "gender": draw(_GENDERS),
        "age_group": draw(_AGES),
        "role": draw(_ROLES),
    }
    return Fact("view", draw(_SENSORS), start, tuple(values.items()))


@st.composite
def uptime(draw, anchor):
    start = anchor // STEP * STEP + draw(st.integers(-2 * DAY // STEP, 2 * DAY // STEP)) * STEP
    length = draw(st.sampled_from([0, STEP, 600_000, HOUR, 7 * HOUR, 26 * HOUR]))
    return Fact("uptime", draw(_SENSORS), start, (("ended_ms", start + length),))


def starts(anchor: int):
    """Instants near few centres, quarters of an hour apart: many in one bucket, some on its edge."""
    return st.builds(
        lambda centre, delta: anchor + centre * 900_000 + delta * 50,
        st.integers(-130, 130) | st.integers(-3, 3),
        st.integers(-3, 9),
    )


@st.composite
def calendars(draw, anchor, zones, sizes=(*SIZES, "7d", "30d")):
    """One calendar in each zone, of one size or another, some clipped to what is asked."""
    found = []
    for zone in zones:
        size = draw(st.sampled_from(sizes))
        step = draw(st.sampled_from([900_000, 1]))
        start = anchor + draw(st.integers(-30 * HOUR // step, 20 * HOUR // step)) * step
        end = start + draw(st.integers(1, (6 if size == "5m" else 40) * HOUR // step)) * step
        clip = draw(st.booleans())
        fixed = size.endswith("d") and size != "1d"
        found.append(
            fixed_days(int(size[:-1]), zone, start, end, clip=clip)
            if fixed
            else calendar(size, zone, start, end, clip=clip)
        )
    return found


@st.composite
def cases(draw, *kinds, sizes=(*SIZES, "7d", "30d")):
    """Examples with facts of the `kinds`, functions from a start to a strategy; uptimes are always among them."""
    zones = [draw(st.sampled_from(ZONES)) for _ in range(2)]
    anchor = draw(st.sampled_from(network.anchors(zones[0])))
    facts = draw(st.lists(st.one_of([starts(anchor).flatmap(kind) for kind in kinds]), max_size=25))
    facts += draw(st.lists(uptime(anchor), max_size=5))
    third = draw(st.sampled_from([*ZONES, "UTC"]))
    frames = draw(calendars(anchor, [zones[0], third], sizes))
    return Case(facts, zones, frames, draw(st.sampled_from([None, None, "any", "courier"])), anchor)


_CLASSES = st.sampled_from(["person", "person", "car", "bus", "truck", "van", "bike", "unknown"])


@st.composite
def passage(draw, start):
    values = {"ended_ms": start + draw(_LENGTHS), "class": draw(_CLASSES)}
    return Fact("passage", draw(_SENSORS), start, tuple(values.items()))


_CONTENTS = st.sampled_from([101, 101, 102, 103])
_SHOWN = st.builds(
    lambda content, start, ms, attention: {
        "content_id": content,
        "start_ms": start,
        "duration_ms": ms,
        "attention_ms": attention,
        "mood": None,
    },
    _CONTENTS,
    st.sampled_from([0, 0, 1, 700, 2400, 9000]),
    st.sampled_from([0, 1, 1500, 2001, 6000]),
    st.sampled_from([None, None, 0, 1000, 1001, 2001]),
)


@st.composite
def shown_view(draw, start):
    """A view during which contents were shown."""
    made = draw(view(start))
    contents = draw(st.none() | st.lists(_SHOWN, max_size=4))
    return Fact("view", made.sensor, start, (*made.values, ("contents", contents)))


_EMOTIONS = st.lists(
    st.builds(
        lambda name, ms: {"emotion": name, "ms": ms},
        st.sampled_from(["neutral", "happy", "angry", "surprised", "unknown"]),
        st.sampled_from([0, 1, 700, 700, 4000, 100_000]),
    ),
    max_size=4,
)
_MOODS = st.fixed_dictionaries(
    dict.fromkeys(
        ["very_happy", "happy", "neutral", "unhappy", "very_unhappy"],
        st.sampled_from([0, 0, 1, 3, 500, 31_000_000_000]),
    )
)


@st.composite
def felt_view(draw, start):
    """A view during which contents were shown and emotions seen, in one form, the other or both."""
    made = draw(shown_view(start))
    felt = {"emotions": draw(st.none() | _EMOTIONS), "mood": draw(st.none() | _MOODS)}
    return Fact("view", made.sensor, start, (*made.values, *felt.items()))


@st.composite
def play(draw, start):
    values = {"ended_ms": start + draw(_LENGTHS), "content_id": draw(_CONTENTS)}
    return Fact("play", draw(_SENSORS), start, tuple(values.items()))
