"""Random observations in the native wire form, of the sensors of `networks.network()`, for hypothesis."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from passerby.observations import KINDS

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
SENSORS = (3024, 3026, 3027)
_UID = {3024: "door-1", 3026: "door-2", 3027: "door-3"}
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def instants(draw):
    """RFC 3339 texts of one January day, a few milliseconds apart or hours, with any offset."""
    moment = _FIRST + timedelta(milliseconds=draw(st.integers(0, 86_400_000)), microseconds=draw(st.integers(0, 999)))
    offset = timezone(timedelta(minutes=draw(st.integers(-12 * 60, 14 * 60))))
    return moment.astimezone(offset).isoformat()


durations = st.integers(0, 4_000_000)
texts = TEXT
roles = st.sampled_from(["staff", "visitor"])
road_users = st.sampled_from(["person", "car", "bus", "truck", "van", "bike", "unknown"])
numbers = st.one_of(st.integers(0, 1000), st.floats(0, 1000, allow_nan=False))
int64 = st.integers(-(2**63), 2**63 - 1)
moods = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("very_happy", "happy", "neutral", "unhappy", "very_unhappy"), durations)
)
described = {
    "origin": texts,
    "suborigin": texts,
    "age_range": texts,
    "gender": texts,
    "object_id": int64,
    "snapshot_id": int64,
    "record_id": int64,
}


def _lines(sensor):
    return st.sampled_from([1, 2, f"line-{_UID[sensor]}"])


def _zones(sensor):
    return st.sampled_from([11, f"zone-{_UID[sensor]}"])


def _fields(kind, sensor):
    """(required, optional) fields of a kind beside kind, sensor and id."""
    lines, zones = _lines(sensor), _zones(sensor)
    span = {"start": instants(), "duration_ms": durations}
    contents = st.sampled_from(["spring", "winter"])
    shown = st.fixed_dictionaries(
        {"content": contents, "start_ms": durations, "duration_ms": durations},
        optional={"attention_ms": durations, "mood": moods},
    )
    return {
        "visit": (
            {"start": instants(), "duration_ms": st.one_of(st.none(), durations)},
            {"group": st.one_of(texts, int64), "role": roles},
        ),
        "zone_visit": ({**span, "zone": zones}, {"role": roles, "also_events": st.booleans(), **described}),
        "passage": (span, {"class": road_users, "color": st.sampled_from(["white", "black", "unknown"])}),
        "view": (
            {"start": instants(), "duration_ms": st.just(10_000_000)},
            {
                "gender": st.sampled_from(["male", "female", "unknown"]),
                "age_group": st.sampled_from(["child", "young", "adult", "senior", "unknown"]),
                "age": st.integers(0, 130),
                "glasses": st.sampled_from(["none", "glasses", "sunglasses", "unknown"]),
                "mustache": st.booleans(),
                "beard": st.booleans(),
                "mood": moods,
                "emotions": st.lists(
                    st.fixed_dictionaries({"emotion": st.sampled_from(["neutral", "happy"]), "ms": durations}),
                    max_size=3,
                ),
                "contents": st.lists(shown, max_size=3),
                "session": st.integers(0, 2**53),
                "role": roles,
            },
        ),
        "play": ({**span, "content": contents}, {}),
        "crossing": (
            {"at": instants(), "line": lines, "direction": st.sampled_from(["in", "out"])},
            {"class": road_users, "also_visit": st.booleans(), "role": roles, **described},
        ),
        "count": ({**span, "line": lines, "in": numbers, "out": numbers}, {"class": road_users}),
        "level": ({"at": instants(), "value": numbers}, {"zone": zones}),
        "wifi_visit": (
            {**span, "device": st.one_of(texts, macs()), "rssi": st.integers(-200, -1)},
            {"zone": zones, "randomized": st.booleans()},
        ),
        "event": (
            {"at": instants(), "type": st.one_of(st.just("Loitering"), texts)},
            {"trigger": st.one_of(lines, zones), **described},
        ),
        "uptime": (span, {}),
    }[kind]


@st.composite
def macs(draw):
    """A MAC address in one of its usual forms."""
    digits = draw(st.binary(min_size=6, max_size=6)).hex()
    pairs = [digits[at : at + 2] for at in range(0, 12, 2)]
    form = draw(st.sampled_from(["colons", "dashes", "dots", "upper"]))
    return {
        "colons": ":".join(pairs),
        "dashes": "-".join(pairs).upper(),
        "dots": ".".join(digits[at : at + 4] for at in (0, 4, 8)),
        "upper": ":".join(pairs).upper(),
    }[form]


@st.composite
def observations(draw, kinds=KINDS):
    """One observation as a JSON object."""
    kind = draw(st.sampled_from(kinds))
    sensor = draw(st.sampled_from(SENSORS))
    required, optional = _fields(kind, sensor)
    row = {"kind": kind, "sensor": draw(st.sampled_from([sensor, _UID[sensor]]))}
    row |= draw(st.fixed_dictionaries(required, optional={"id": TEXT, **optional}))
    if kind == "view":
        looks = st.lists(st.fixed_dictionaries({"looking": st.booleans(), "ms": st.integers(0, 10_000)}), max_size=4)
        row |= draw(
            st.one_of(
                st.fixed_dictionaries({"attention_ms": st.integers(0, 10_000_000)}),
                st.fixed_dictionaries({"attention": looks}),
            )
        )
    return row
