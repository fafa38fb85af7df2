"""From what a sensor sent to what is kept: references become catalogue ids, times become UTC milliseconds.

A `Resolver` works for one credential on one state of the catalogue and remembers the sensors it has looked up, so a
row costs a few dictionary reads. What a credential may not see is as unknown to it as what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from passerby.catalogue.model import Catalogue, Content, Credential, Sensor
from passerby.errors import InvalidInputError
from passerby.ingest import identity
from passerby.ingest.privacy import is_randomized
from passerby.ingest.wifi_keys import Devices, KeyGoneError, KeyRule
from passerby.observations import (
    ContentView,
    CountInterval,
    Crossing,
    Described,
    Event,
    Level,
    Mood,
    Observation,
    Passage,
    Play,
    Reference,
    Reported,
    Uptime,
    View,
    Visit,
    WifiVisit,
    ZoneVisit,
    milliseconds,
)
from passerby.sightings.sighting import KIND, Sighting

Row = tuple[Any, ...]

# Why a row of a WiFi device cannot be kept any more.
KEY_GONE = "too long ago, the key that hid the devices of that time is destroyed (see wifi_key_rotation)"

END_OF_TIME_MS = 4_102_444_800_000  # 2100-01-01T00:00:00Z


class RefusedError(Exception):
    """A row that cannot be kept: "field: message"."""


class DroppedError(Exception):
    """A valid row that the operator wants not to be kept: a device with a made-up address, see `wifi_randomized`."""


@dataclass(frozen=True, slots=True)
class ContentName:
    """How a row names a content: its content_id, and what it tells beside it; `number` if by an id, see `resolve`."""

    text: str
    app_id: str | None = None
    campaign_id: str | None = None
    number: int | None = None


class UnknownContentError(Exception):
    """A row names a content that nobody has registered yet, or tells of a registered one what it lacks."""

    def __init__(self, name: ContentName, path: str) -> None:
        self.name = name
        self.path = path
        super().__init__(name.text)


@dataclass(frozen=True, slots=True)
class Place:
    """A sensor with what its rows may name. Lines and zones by id and by uid."""

    sensor_id: int
    site_id: int
    scope: int  # where sightings of one device belong together, see `sightings.sighting`
    timezone: str
    lines: Mapping[Reference, int]
    zones: Mapping[Reference, int]
    keys: KeyRule  # which key hides a WiFi device
    drops_randomized: bool  # whether WiFi devices with made-up addresses are not kept

    @classmethod
    def of(cls, catalogue: Catalogue, sensor: Sensor) -> Place:
        """The place of a sensor of the catalogue."""
        site = catalogue.site_of(sensor)
        lines: dict[Reference, int] = {}
        zones: dict[Reference, int] = {}
        for line in sensor.lines.values():
            lines[line.id] = lines[line.uid] = line.id
        for zone in sensor.zones.values():
            zones[zone.id] = zones[zone.uid] = zone.id
        drops = catalogue.settings_of_site(site).text("wifi_randomized") == "drop"
        scope = site.id if sensor.entry_point else -sensor.id
        return cls(sensor.id, site.id, scope, site.timezone, lines, zones, KeyRule.of(catalogue, site), drops)


@dataclass(slots=True)
class Resolver:
    """Makes rows of observations that `credential` sends, as far as `catalogue` knows what they name."""

    catalogue: Catalogue
    credential: Credential
    devices: Devices
    places: dict[Reference, Place] = field(default_factory=dict)  # those looked up so far
    _contents: dict[str, Content] = field(default_factory=dict)

    def row(self, observation: Reported) -> tuple[str, Row]:
        """(kind, row in the order of `observations.table(kind).row_columns`).

        Raises RefusedError, DroppedError, or UnknownContentError when a content must be registered first.
        """
        place = self.places.get(observation.sensor) or self.place(observation.sensor)
        kind, make = MAKERS[type(observation)]
        return kind, make(self, place, observation)

    def learn_content(self, content: Content) -> None:
        """A content that was registered after the state of the catalogue that this resolver works on."""
        self._contents[content.content_id] = content

    def place(self, reference: Reference) -> Place:
        """The place of a sensor, from now on in `places`. Raises RefusedError."""
        sensor = self.catalogue.sensor(reference)
        if sensor is None and isinstance(reference, int):  # in CSV a uid of digits looks like a number
            sensor = self.catalogue.sensor(str(reference))
        if sensor is None or not self.catalogue.may_see_sensor(self.credential, sensor):
            raise RefusedError("sensor: unknown sensor")
        if not sensor.active:
            raise RefusedError("sensor: not active, it accepts no observations")
        place = self.places[reference] = Place.of(self.catalogue, sensor)
        return place

    def scopes(self, references: Iterable[Reference]) -> set[int]:
        """The scopes of sensors (see `sightings.sighting`). Raises InvalidInputError for one that is not known."""
        try:
            return {self.place(reference).scope for reference in references}
        except RefusedError as error:
            raise InvalidInputError(str(error).removeprefix("sensor: "), "sensor") from None

    def content(
        self, reference: Reference, path: str, app_id: str | None = None, campaign_id: str | None = None
    ) -> int:
        """The id of a content of the account; `app_id` and `campaign_id` as the row tells them."""
        found = self.catalogue.content(self.credential.account_id, reference)
        if found is None and isinstance(reference, int):
            found = self.catalogue.content(self.credential.account_id, str(reference))
        text = str(reference) if found is None else found.content_id
        found = self._contents.get(text, found)
        if found is None or found.lacks(app_id, campaign_id):
            number = reference if found is None and isinstance(reference, int) else None
            raise UnknownContentError(ContentName(text, app_id, campaign_id, number), path)
        return found.id


_Interval = Visit | ZoneVisit | Passage | View | Play | CountInterval | WifiVisit | Uptime
_Moment = Crossing | Level | Event | Sighting


def _out_of_time(name: str) -> RefusedError:
    return RefusedError(f"{name}: expected a time from 1970 to 2099")


def _row(kind: str, head: Row, observation: Observation, rest: Row) -> Row:
    """`head`, id and identity, `rest`. `head` begins with sensor_id and started_ms."""
    text = observation.id
    if text is None:
        return (*head, None, identity.derived(kind, head + rest), *rest)
    known = identity.parse(text)
    if known is not None:
        return (*head, None, known, *rest)
    return (*head, text, identity.explicit(kind, head[0], head[1], text), *rest)


def _interval(place: Place, o: _Interval) -> tuple[int, int, int | None]:
    started = milliseconds(o.start)
    if not 0 <= started < END_OF_TIME_MS:
        raise _out_of_time("start")
    duration = o.duration_ms
    return (place.sensor_id, started, None if duration is None else started + duration)


def _moment(place: Place, o: _Moment) -> tuple[int, int]:
    started = milliseconds(o.at)
    if not 0 <= started < END_OF_TIME_MS:
        raise _out_of_time("at")
    return (place.sensor_id, started)


def _part(parts: Mapping[Reference, int], reference: Reference, what: str) -> int:
    found = parts.get(reference)
    if found is None and isinstance(reference, int):
        found = parts.get(str(reference))
    if found is None:
        raise RefusedError(f"{what}: this sensor has no such {what}")
    return found


def _described(o: Described) -> Row:
    # An empty text says no more than none, and CSV cannot tell them apart.
    return (
        o.origin or None,
        o.suborigin or None,
        o.age_range or None,
        o.gender or None,
        o.object_id,
        o.snapshot_id,
        o.record_id,
    )


def _visit(_: Resolver, place: Place, o: Visit) -> Row:
    group = None if o.group is None else str(o.group)
    return _row("visit", _interval(place, o), o, (group, o.role))


def _zone_visit(_: Resolver, place: Place, o: ZoneVisit) -> Row:
    zone = _part(place.zones, o.zone, "zone")
    row = _row("zone_visit", _interval(place, o), o, (*_described(o), zone, o.role))
    if not o.also_events:  # younger than the kind: it is part of the derived identity only where it is set
        return (*row, False)
    return _row("zone_visit", _interval(place, o), o, (*_described(o), zone, o.role, True))


def _passage(_: Resolver, place: Place, o: Passage) -> Row:
    return _row("passage", _interval(place, o), o, (o.class_, o.color))


def _mood(mood: Mood | None) -> dict[str, int] | None:
    return None if mood is None else {name: getattr(mood, name) for name in Mood.__struct_fields__}


def _view(resolver: Resolver, place: Place, o: View) -> Row:
    looks = None if o.attention is None else [{"looking": look.looking, "ms": look.ms} for look in o.attention]
    emotions = None if o.emotions is None else [{"emotion": e.emotion, "ms": e.ms} for e in o.emotions]
    head = _interval(place, o)
    contents = None if o.contents is None else [_shown(resolver, i, shown) for i, shown in enumerate(o.contents)]
    rest = (
        o.looked_ms(),
        looks,
        o.gender,
        o.age_group,
        o.age,
        o.glasses,
        o.mustache,
        o.beard,
        _mood(o.mood),
        emotions,
        contents,
        o.session,
        o.role,
    )
    return _row("view", head, o, rest)


def _shown(resolver: Resolver, index: int, shown: ContentView) -> dict[str, Any]:
    return {
        "content_id": resolver.content(shown.content, f"contents[{index}].content", shown.app_id, shown.campaign_id),
        "start_ms": shown.start_ms,
        "duration_ms": shown.duration_ms,
        "attention_ms": shown.attention_ms,
        "mood": _mood(shown.mood),
    }


def _play(resolver: Resolver, place: Place, o: Play) -> Row:
    head = _interval(place, o)
    return _row("play", head, o, (resolver.content(o.content, "content"),))


def _crossing(_: Resolver, place: Place, o: Crossing) -> Row:
    line = _part(place.lines, o.line, "line")
    return _row("crossing", _moment(place, o), o, (*_described(o), line, o.direction, o.class_, o.also_visit, o.role))


def _count(_: Resolver, place: Place, o: CountInterval) -> Row:
    line = _part(place.lines, o.line, "line")
    # + 0.0 makes the negative zero, which is accepted as a number >= 0, the zero that it means.
    return _row("count", _interval(place, o), o, (line, o.in_ + 0.0, o.out + 0.0, o.class_))


def _level(_: Resolver, place: Place, o: Level) -> Row:
    zone = None if o.zone is None else _part(place.zones, o.zone, "zone")
    return _row("level", _moment(place, o), o, (o.value + 0.0, zone))


def _wifi_visit(resolver: Resolver, place: Place, o: WifiVisit) -> Row:
    zone = None if o.zone is None else _part(place.zones, o.zone, "zone")
    head = _interval(place, o)
    randomized = is_randomized(o.device) if o.randomized is None else o.randomized
    if randomized and place.drops_randomized:
        raise DroppedError
    hidden = partial(resolver.devices.hash, place.keys, head[1])
    try:
        device = hidden(o.device)
        rest = (device, o.rssi, zone, randomized)
        if o.id is None:
            return (*head, None, identity.derived("wifi_visit", (*head, *rest)), *rest)
        # The sender's id may hold the address: only its hash takes part, and it is not kept.
        known = identity.parse(o.id)
        if known is None:
            known = identity.explicit("wifi_visit", head[0], head[1], hidden(o.id))
    except KeyGoneError:
        raise RefusedError(f"start: {KEY_GONE}") from None
    return (*head, None, known, *rest)


def _sighting(resolver: Resolver, place: Place, o: Sighting) -> Row:
    zone = None if o.zone is None else _part(place.zones, o.zone, "zone")
    sensor_id, seen_ms = _moment(place, o)
    randomized = is_randomized(o.device) if o.randomized is None else o.randomized
    if randomized and place.drops_randomized:
        raise DroppedError
    try:
        device = resolver.devices.hash(place.keys, seen_ms, o.device)
    except KeyGoneError:
        raise RefusedError(f"at: {KEY_GONE}") from None
    return (place.scope, sensor_id, zone, device, seen_ms, o.rssi, randomized)


def _event(_: Resolver, place: Place, o: Event) -> Row:
    trigger = o.trigger
    if trigger is not None:
        try:
            trigger = _part(place.lines, trigger, "line")
        except RefusedError:
            trigger = _part(place.zones, trigger, "trigger")
    return _row("event", _moment(place, o), o, (*_described(o), o.type, trigger))


def _uptime(_: Resolver, place: Place, o: Uptime) -> Row:
    return _row("uptime", _interval(place, o), o, ())


MAKERS: dict[type[Reported], tuple[str, Callable[[Resolver, Place, Any], Row]]] = {
    Visit: ("visit", _visit),
    ZoneVisit: ("zone_visit", _zone_visit),
    Passage: ("passage", _passage),
    View: ("view", _view),
    Play: ("play", _play),
    Crossing: ("crossing", _crossing),
    CountInterval: ("count", _count),
    Level: ("level", _level),
    WifiVisit: ("wifi_visit", _wifi_visit),
    Event: ("event", _event),
    Uptime: ("uptime", _uptime),
    Sighting: (KIND, _sighting),
}
