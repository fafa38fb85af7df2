"""The eleven kinds of observation: one msgspec Struct each.

These structs are the single source of what is accepted: decoding validates against them, the fact tables
are derived from them (`table`), and the OpenAPI document and the reference docs print them.

Two forms of one observation:

* the **struct**, as a sensor sends it: times with an offset, references to sensors, lines, zones and
  contents by number or text;
* the **row**, as it is kept: UTC instants in integer milliseconds, references as catalogue ids. A row is a
  tuple in the order of `table(kind).columns`, less the columns the journal adds (`ARRIVAL`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import pyarrow as pa
from msgspec import Meta

# A year and a day: longer than any stay, yet small enough that sums of millions of them fit 64 bits.
MAX_DURATION_MS = 366 * 86_400_000
MAX_COUNT = 1_000_000_000

Reference = Annotated[
    int | Annotated[str, Meta(min_length=1, max_length=256)],
    Meta(description="The integer id, or the text uid, of something in the catalogue."),
]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset, such as 2026-03-29T01:30:00+01:00.")]
Milliseconds = Annotated[int, Meta(ge=0, le=MAX_DURATION_MS, description="Milliseconds.")]
Count = Annotated[float, Meta(ge=0, le=MAX_COUNT, description="A number >= 0; fractions allowed.")]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Text = Annotated[str, Meta(max_length=256)]
Role = Annotated[str, Meta(min_length=1, max_length=64, description='"staff" counts nowhere unless asked for.')]
Identifier = Annotated[
    str,
    Meta(min_length=1, max_length=128, description="The sender's id; derived from the content when absent."),
]

RoadUser = Literal["person", "car", "bus", "truck", "van", "bike", "unknown"]
Color = Literal["white", "gray", "yellow", "red", "green", "blue", "black", "unknown"]
Gender = Literal["male", "female", "unknown"]
AgeGroup = Literal["child", "young", "adult", "senior", "unknown"]
Glasses = Literal["none", "glasses", "sunglasses", "unknown"]
EmotionName = Literal["neutral", "happy", "angry", "surprised", "unknown"]
Direction = Literal["in", "out"]


class Reported(
    msgspec.Struct,
    kw_only=True,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    omit_defaults=True,
    gc=False,
):
    """What everything carries that a sensor reports."""

    sensor: Reference


class Observation(Reported, kw_only=True, frozen=True, gc=False):
    """What every observation carries."""

    id: Identifier | None = None


class Visit(Observation, tag="visit", kw_only=True, frozen=True, gc=False):
    """A person was inside a site from `start` for a duration, null when the sensor cannot follow people."""

    start: Instant
    duration_ms: Milliseconds | None
    group: Annotated[str, Meta(min_length=1, max_length=128)] | Int64 | None = None
    role: Role | None = None


class Described(Observation, kw_only=True, frozen=True, gc=False):
    """What analytics software may add to a crossing, a zone visit or an event."""

    origin: Text | None = None
    suborigin: Text | None = None
    age_range: Text | None = None
    gender: Text | None = None
    object_id: Int64 | None = None
    snapshot_id: Int64 | None = None
    record_id: Int64 | None = None


class ZoneVisit(Described, tag="zone_visit", kw_only=True, frozen=True, gc=False):
    """A person was inside a zone; `also_events` = coming and going are reported as events too."""

    zone: Reference
    start: Instant
    duration_ms: Milliseconds
    role: Role | None = None
    also_events: bool = False


class Passage(Observation, tag="passage", kw_only=True, frozen=True, gc=False):
    """A person or a vehicle passed the sensor without entering."""

    start: Instant
    duration_ms: Milliseconds
    class_: RoadUser = msgspec.field(name="class", default="person")
    color: Color | None = None


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A stretch of a view in which the person looked at the screen, or did not."""

    looking: bool
    ms: Milliseconds


class Mood(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """How long each mood was seen, in milliseconds."""

    very_happy: Milliseconds = 0
    happy: Milliseconds = 0
    neutral: Milliseconds = 0
    unhappy: Milliseconds = 0
    very_unhappy: Milliseconds = 0


class Emotion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """How long one emotion was seen."""

    emotion: EmotionName
    ms: Milliseconds


class ContentView(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A content shown during a view; `start_ms` counts from the start of the view.

    `app_id` and `campaign_id` go to the catalogue, where the content registers itself; they are not kept with the view.
    """

    content: Reference
    start_ms: Milliseconds
    duration_ms: Milliseconds
    attention_ms: Milliseconds | None = None
    mood: Mood | None = None
    app_id: Text | None = None
    campaign_id: Text | None = None


class View(Observation, tag="view", kw_only=True, frozen=True, gc=False):
    """A person was in front of a screen; attention 0 means only an opportunity to see."""

    start: Instant
    duration_ms: Milliseconds
    attention_ms: Milliseconds | None = None
    attention: Annotated[list[Look], Meta(max_length=10_000)] | None = None
    gender: Gender = "unknown"
    age_group: AgeGroup = "unknown"
    age: Annotated[int, Meta(ge=0, le=130)] | None = None
    glasses: Glasses | None = None
    mustache: bool | None = None
    beard: bool | None = None
    mood: Mood | None = None
    emotions: Annotated[list[Emotion], Meta(max_length=10_000)] | None = None
    contents: Annotated[list[ContentView], Meta(max_length=10_000)] | None = None
    session: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    role: Role | None = None

    def __post_init__(self) -> None:
        if (self.attention_ms is None) == (self.attention is None):
            raise ValueError("give either attention_ms or attention, not both and not neither")
        if self.looked_ms() > self.duration_ms:
            raise ValueError("attention is longer than duration_ms")

    def looked_ms(self) -> int:
        """Attention in milliseconds, from whichever of the two forms was sent."""
        if self.attention is None:
            return self.attention_ms or 0
        return sum(look.ms for look in self.attention if look.looking)


class Play(Observation, tag="play", kw_only=True, frozen=True, gc=False):
    """A content played on a screen."""

    content: Reference
    start: Instant
    duration_ms: Milliseconds


class Crossing(Described, tag="crossing", kw_only=True, frozen=True, gc=False):
    """Someone or something crossed a line; `also_visit` = the same person is reported as a visit too."""

    line: Reference
    at: Instant
    direction: Direction
    class_: RoadUser = msgspec.field(name="class", default="person")
    also_visit: bool = False
    role: Role | None = None


class CountInterval(Observation, tag="count", kw_only=True, frozen=True, gc=False):
    """In and out of a line over an interval, counted by the sensor itself."""

    line: Reference
    start: Instant
    duration_ms: Milliseconds
    in_: Count = msgspec.field(name="in")
    out: Count
    class_: RoadUser = msgspec.field(name="class", default="person")


class Level(Observation, tag="level", kw_only=True, frozen=True, gc=False):
    """How many are present now, measured by the sensor itself."""

    at: Instant
    value: Count
    zone: Reference | None = None


class WifiVisit(Observation, tag="wifi_visit", kw_only=True, frozen=True, gc=False):
    """A WiFi device was seen from `start` for a duration; `rssi` is its strongest signal in dBm."""

    start: Instant
    duration_ms: Milliseconds
    device: Annotated[str, Meta(min_length=1, max_length=128, description="A MAC address or an opaque text.")]
    rssi: Annotated[int, Meta(ge=-200, lt=0)]
    zone: Reference | None = None
    randomized: bool | None = None


class Event(Described, tag="event", kw_only=True, frozen=True, gc=False):
    """Anything else that analytics software reports."""

    at: Instant
    type: Annotated[str, Meta(min_length=1, max_length=64)]
    trigger: Reference | None = None


class Uptime(Observation, tag="uptime", kw_only=True, frozen=True, gc=False):
    """The sensor observed from `start` for a duration: tells "nobody came" from "nobody looked"."""

    start: Instant
    duration_ms: Milliseconds


AnyObservation = (
    Visit | ZoneVisit | Passage | View | Play | Crossing | CountInterval | Level | WifiVisit | Event | Uptime
)

Kind = Literal[
    "visit",
    "zone_visit",
    "passage",
    "view",
    "play",
    "crossing",
    "count",
    "level",
    "wifi_visit",
    "event",
    "uptime",
]

STRUCTS: dict[str, type[Observation]] = {
    "visit": Visit,
    "zone_visit": ZoneVisit,
    "passage": Passage,
    "view": View,
    "play": Play,
    "crossing": Crossing,
    "count": CountInterval,
    "level": Level,
    "wifi_visit": WifiVisit,
    "event": Event,
    "uptime": Uptime,
}
KINDS: tuple[str, ...] = tuple(STRUCTS)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a fact table: its SQL name, Arrow type, and whether it may be null."""

    name: str
    type: pa.DataType
    nullable: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The fact table of one kind."""

    kind: str
    name: str
    columns: tuple[Column, ...]

    ARRIVAL: ClassVar[tuple[str, ...]] = ("received_ms", "seq")

    @property
    def row_columns(self) -> tuple[Column, ...]:
        """The columns of a row as `ingest` makes it: all but those the journal adds."""
        return tuple(column for column in self.columns if column.name not in self.ARRIVAL)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the whole table."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])


_MOOD = pa.struct([pa.field(name, pa.int64()) for name in Mood.__struct_fields__])
# Field -> columns, where the type of the field alone does not say it.
_SPECIAL: dict[str, list[tuple[str, pa.DataType, bool]]] = {
    "id": [("id", pa.string(), True), ("identity", pa.int64(), False)],
    "sensor": [("sensor_id", pa.int64(), False)],
    "start": [("started_ms", pa.int64(), False)],
    "duration_ms": [("ended_ms", pa.int64(), True)],
    "at": [("started_ms", pa.int64(), False)],
    "line": [("line_id", pa.int64(), False)],
    "content": [("content_id", pa.int64(), False)],
    "group": [("visit_group", pa.string(), True)],
    "in_": [("count_in", pa.float64(), False)],
    "out": [("count_out", pa.float64(), False)],
    "class_": [("class", pa.string(), False)],
    "attention_ms": [("attention_ms", pa.int64(), False)],
    "attention": [("attention", pa.list_(pa.struct([("looking", pa.bool_()), ("ms", pa.int64())])), True)],
    "mood": [("mood", _MOOD, True)],
    "emotions": [("emotions", pa.list_(pa.struct([("emotion", pa.string()), ("ms", pa.int64())])), True)],
    "contents": [
        (
            "contents",
            pa.list_(
                pa.struct(
                    [
                        ("content_id", pa.int64()),
                        ("start_ms", pa.int64()),
                        ("duration_ms", pa.int64()),
                        ("attention_ms", pa.int64()),
                        ("mood", _MOOD),
                    ]
                )
            ),
            True,
        )
    ],
    # Lines and zones share one space of ids inside a sensor: (sensor_id, trigger_id) names one of them.
    "trigger": [("trigger_id", pa.int64(), True)],
    "zone": [("zone_id", pa.int64(), True)],
    "type": [("event_type", pa.string(), False)],
    "value": [("value", pa.float64(), False)],
    "rssi": [("rssi", pa.int64(), False)],
    "device": [("device", pa.string(), False)],
    "direction": [("direction", pa.string(), False)],
    "also_visit": [("also_visit", pa.bool_(), False)],
    # Null in rows from before there was such a field.
    "also_events": [("also_events", pa.bool_(), True)],
}
_INTEGERS = {"age", "session", "object_id", "snapshot_id", "record_id"}
_FLAGS = {"mustache", "beard", "randomized"}
# These come first, in this order, in every table: queries and people find them in the same place.
_LEADING = ("sensor", "start", "at", "duration_ms", "id")


@cache
def table(kind: str) -> Table:
    """The fact table of `kind`, derived from its struct: same fields, references as ids, times as UTC ms."""
    fields = STRUCTS[kind].__struct_fields__
    ordered = [name for name in _LEADING if name in fields] + [name for name in fields if name not in _LEADING]
    columns: list[Column] = []
    for field in ordered:
        columns.extend(Column(*spec) for spec in _columns_of(field))
    columns += [Column("received_ms", pa.int64(), False), Column("seq", pa.int64(), False)]
    return Table(kind, f"{kind}s", tuple(columns))


def _columns_of(field: str) -> list[tuple[str, pa.DataType, bool]]:
    if field in _SPECIAL:
        return _SPECIAL[field]
    if field in _INTEGERS:
        return [(field, pa.int64(), True)]
    if field in _FLAGS:
        return [(field, pa.bool_(), True)]
    return [(field, pa.string(), True)]


def milliseconds(instant: datetime) -> int:
    """UTC milliseconds since 1970, parts of a millisecond cut off.

    A float of seconds is exact to 0.24 microseconds in this century, so rounding to microseconds first
    and cutting in integers gives the true millisecond; it is three times faster than timedelta division.
    """
    return round(instant.timestamp() * 1e6) // 1000


def encoder() -> msgspec.json.Encoder:
    """The JSON encoder of the native wire format."""
    return msgspec.json.Encoder()


def json_schema() -> tuple[dict[str, Any], dict[str, Any]]:
    """(schema of one observation, component schemas): JSON Schema 2020-12 of the native wire format."""
    (root,), components = msgspec.json.schema_components([AnyObservation], ref_template="#/components/schemas/{name}")
    return root, components
