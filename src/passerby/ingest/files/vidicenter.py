"""Quividi's own finished exports: `quividi-viewers`, `quividi-viewers-apc`, `quividi-vehicles`, `quividi-footfall`.

The finest JSON answers of VidiCenter's `data/`, whole documents or bare arrays, so that a customer's history moves
over: exporting with Passerby what was imported gives the same rows.

**Places and times.** `location_id` is the id of the sensor, unless `--sensor` names another. Times are those on the
location's wall clock: of the time zone of its site, or of `--timezone`. A time that the clock shows twice is its
first; one that it never shows moves forward by the gap. Exports print neither, so they do not tell the difference.

**Equal rows stay as many as they are.** A row has no id, and two persons of one second may look alike. So each has an
id made of what it says and how many equal rows stand before it in the file: the same export again, in whatever
order, brings nothing new. A viewer has the same id with and without its contents.

**Contents** that the catalogue does not know register themselves with their `app_id` and `campaign_id`. A content has
one of each: what is told first stays, and the tally counts what differs from it.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import starmap
from pathlib import Path
from typing import Annotated, ClassVar, Self

import msgspec
import numpy as np
from msgspec import Meta
from xxhash import xxh3_64_intdigest

from passerby import calendar
from passerby.errors import InvalidInputError, NotFoundError
from passerby.ingest.files.base import Format, Options, Parcel, Tally, needed, parcels
from passerby.ingest.files.json_rows import rows
from passerby.ingest.files.moods import mood
from passerby.ingest.files.text import CellError
from passerby.observations import (
    MAX_DURATION_MS,
    AgeGroup,
    Color,
    ContentView,
    Gender,
    Glasses,
    Mood,
    Observation,
    Passage,
    RoadUser,
    Text,
    View,
    milliseconds,
)

_TENTH_MS = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Tenths = Annotated[int, Meta(ge=0, le=MAX_DURATION_MS // _TENTH_MS)]
Percent = Annotated[float, Meta(ge=-0.01, le=100.01)]
Milliseconds = Annotated[int, Meta(ge=0, le=MAX_DURATION_MS)]

# The vendor's numbers.
_GENDERS: tuple[Gender, ...] = ("unknown", "male", "female")
_AGES: tuple[AgeGroup, ...] = ("unknown", "child", "young", "adult", "senior")
_GLASSES: tuple[Glasses, ...] = ("unknown", "none", "glasses", "sunglasses")
_YES_OR_NO = (None, False, True)
_TYPES: tuple[RoadUser, ...] = ("unknown", "car", "bus", "truck", "van", "bike")
_COLORS: tuple[Color, ...] = ("unknown", "white", "gray", "yellow", "red", "green", "blue", "black")

_OTHER_CAMPAIGN = "app_id or campaign_id other than the first of their content (the viewers are imported)"

_pack = msgspec.msgpack.Encoder().encode


class _Row(msgspec.Struct, kw_only=True, frozen=True):
    """What every row says; unknown keys are left alone, as the vendor adds some now and then."""

    location_id: Annotated[int, Meta(ge=0, le=2**53)]
    period_start: str | None = None
    start_time: str | None = None

    what: ClassVar[str] = ""
    # Not part of what makes a row itself: they may be there or not in different exports of it.
    beside: ClassVar[frozenset[str]] = frozenset({"period_start", "start_time", "contents"})

    @property
    def start(self) -> str:
        """The time on the wall."""
        found = self.period_start or self.start_time
        if found is None:
            raise CellError("neither period_start nor start_time is there")
        return found

    def digest(self) -> int:
        """What the row says, as 64 bits."""
        said = [getattr(self, name) for name in self.__struct_fields__ if name not in self.beside]
        return xxh3_64_intdigest(_pack((self.what, self.start.replace(" ", "T"), said)))

    def observation(self, sensor: int | str, identifier: str, start: datetime, tally: Tally) -> Observation:
        """The observation that is exported as this row."""
        raise NotImplementedError


class _Shown(msgspec.Struct, kw_only=True, frozen=True):
    """A content of a viewer."""

    content_id: Annotated[str, Meta(min_length=1, max_length=256)]
    app_id: Text | None = None
    campaign_id: Text | None = None
    dwell_time_in_milliseconds: Milliseconds
    attention_time_in_milliseconds: Milliseconds
    very_happy_time: Milliseconds | None = None
    happy_time: Milliseconds | None = None
    neutral_time: Milliseconds | None = None
    unhappy_time: Milliseconds | None = None
    very_unhappy_time: Milliseconds | None = None

    def view(self, start_ms: int) -> ContentView:
        times = {name: getattr(self, f"{name}_time") for name in Mood.__struct_fields__}
        known = any(value is not None for value in times.values())
        return ContentView(
            content=self.content_id,
            start_ms=start_ms,
            duration_ms=self.dwell_time_in_milliseconds,
            attention_ms=self.attention_time_in_milliseconds,
            mood=Mood(**{name: value or 0 for name, value in times.items()}) if known else None,
            app_id=self.app_id,
            campaign_id=self.campaign_id,
        )


class _Viewer(_Row, kw_only=True, frozen=True):
    """A row of a finest viewers export."""

    what: ClassVar[str] = "viewer"

    dwell_time_in_tenths_of_sec: Tenths
    attention_time_in_tenths_of_sec: Tenths
    gender: Annotated[int, Meta(ge=0, le=2)] | None = None
    age: Annotated[int, Meta(ge=0, le=4)] | None = None
    age_value: Annotated[int, Meta(ge=0, le=130)] | None = None
    glasses: Annotated[int, Meta(ge=0, le=3)] | None = None
    mustache: Annotated[int, Meta(ge=0, le=2)] | None = None
    beard: Annotated[int, Meta(ge=0, le=2)] | None = None
    very_happy: Percent | None = None
    happy: Percent | None = None
    neutral: Percent | None = None
    unhappy: Percent | None = None
    very_unhappy: Percent | None = None

    def observation(self, sensor: int | str, identifier: str, start: datetime, tally: Tally) -> View:
        dwell, attention = self.dwell_time_in_tenths_of_sec, self.attention_time_in_tenths_of_sec
        if attention > dwell:
            raise CellError("attention_time_in_tenths_of_sec is longer than dwell_time_in_tenths_of_sec")
        # Every row is someone who looked, if for less than a tenth of a second.
        attention_ms = max(1, attention * _TENTH_MS)
        return View(
            sensor=sensor,
            id=identifier,
            start=start,
            duration_ms=max(attention_ms, dwell * _TENTH_MS),
            attention_ms=attention_ms,
            gender=_GENDERS[self.gender or 0],
            age_group=_AGES[self.age or 0],
            age=self.age_value,
            glasses=None if self.glasses is None else _GLASSES[self.glasses],
            mustache=_YES_OR_NO[self.mustache or 0],
            beard=_YES_OR_NO[self.beard or 0],
            mood=self.mood(),
            contents=self.shown(tally),
        )

    def mood(self) -> Mood | None:
        """The weights of the five percentages; None where they are null."""
        very_happy, happy, neutral = self.very_happy, self.happy, self.neutral
        unhappy, very_unhappy = self.unhappy, self.very_unhappy
        if very_happy is None or happy is None or neutral is None or unhappy is None or very_unhappy is None:
            if {very_happy, happy, neutral, unhappy, very_unhappy} != {None}:
                raise CellError("some of the five moods are there and some are not")
            return None
        return mood(very_happy, happy, neutral, unhappy, very_unhappy)

    def shown(self, _: Tally) -> list[ContentView] | None:
        """The contents that were on while the viewer was there."""
        return None


class _ViewerWithContents(_Viewer, kw_only=True, frozen=True):
    """A row of a viewers_apc export. Its digest is that of the same viewer in a viewers export."""

    contents: Annotated[list[_Shown], Meta(max_length=10_000)]

    def shown(self, tally: Tally) -> list[ContentView]:
        """The contents; one after the other, since the export says how long each was seen but not when."""
        found, start_ms = [], 0
        for one in self.contents:
            found.append(one.view(start_ms))
            start_ms = min(start_ms + one.dwell_time_in_milliseconds, MAX_DURATION_MS)
            told = (one.app_id, one.campaign_id)
            if tally.contents.setdefault(one.content_id, told) != told:
                tally.left_out[_OTHER_CAMPAIGN] += 1
        return found


class _Vehicle(_Row, kw_only=True, frozen=True):
    """A row of a finest vehicles export. Its impressions follow from the site's `vehicle_factors`."""

    what: ClassVar[str] = "vehicle"

    type: Annotated[int, Meta(ge=0, le=5)]
    color: int | None = None
    vehicle_presence_time: Tenths

    def observation(self, sensor: int | str, identifier: str, start: datetime, tally: Tally) -> Passage:
        color = self.color
        if color is not None and not 0 <= color < len(_COLORS):
            tally.left_out["colours that have no number in the vendor's list (their vehicles are imported)"] += 1
            color = None
        return Passage(
            sensor=sensor,
            id=identifier,
            start=start,
            duration_ms=self.vehicle_presence_time * _TENTH_MS,
            class_=_TYPES[self.type],
            color=None if color is None else _COLORS[color],
        )


class _Person(_Row, kw_only=True, frozen=True):
    """A row of a finest footfall export."""

    what: ClassVar[str] = "person"

    footfall_presence_time: Tenths

    def observation(self, sensor: int | str, identifier: str, start: datetime, _: Tally) -> Passage:
        return Passage(sensor=sensor, id=identifier, start=start, duration_ms=self.footfall_presence_time * _TENTH_MS)


def _read(shape: type[_Row]) -> Callable[[Path, Options, Tally], Iterator[Parcel]]:
    def read(path: Path, options: Options, tally: Tally) -> Iterator[Parcel]:
        return parcels(_observations(shape, path, options, tally))

    return read


def _observations(shape: type[_Row], path: Path, options: Options, tally: Tally) -> Iterator[tuple[str, Observation]]:
    """(place, observation) of each row that is right."""
    places = _Places(options)
    numbers = _Numbers.of(shape, path)
    for number, value in rows(path, tally):
        tally.read += 1
        place = f"{path.name}, row {number}"
        try:
            row = _decoded(shape, value)
            digest = row.digest()
            sensor = row.location_id if options.sensor is None else options.sensor
            start = places.instant(row.start, sensor)
            yield place, row.observation(sensor, numbers.identifier(digest), start, tally)
        except CellError as error:
            tally.reject(place, str(error))


def _decoded(shape: type[_Row], value: object) -> _Row:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise CellError(str(error)) from None


@dataclass(slots=True)
class _Numbers:
    """Numbers rows that say the same. Only digests that occur more than once are counted, so memory stays small."""

    repeated: set[int]
    seen: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, shape: type[_Row], path: Path) -> Self:
        """Reads the file once: 8 bytes a row are held."""
        digests = np.sort(np.array(array("Q", _digests(shape, path)), np.uint64))
        return cls(set(digests[1:][digests[1:] == digests[:-1]].tolist()))

    def identifier(self, digest: int) -> str:
        """The id of the next row with this digest."""
        if digest not in self.repeated:
            return f"vidicenter-{digest:016x}-1"
        self.seen[digest] += 1
        return f"vidicenter-{digest:016x}-{self.seen[digest]}"


def _digests(shape: type[_Row], path: Path) -> Iterator[int]:
    for _, value in rows(path, Tally()):
        try:
            yield _decoded(shape, value).digest()
        except CellError:
            continue  # told of when the rows are read


@dataclass(slots=True)
class _Places:
    """Instants of wall-clock times, by the zone of each sensor."""

    options: Options
    _zones: dict[int | str, str | None] = field(default_factory=dict)

    def instant(self, text: str, sensor: int | str) -> datetime:
        """The instant of a time on the wall of that sensor."""
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise CellError(f"expected a time such as 2018-01-29T01:28:52, found {text[:40]!r}") from None
        if time.tzinfo is not None:
            return _EPOCH + timedelta(milliseconds=milliseconds(time))
        try:
            return _EPOCH + timedelta(milliseconds=calendar.to_utc(time, self._zone(sensor)))
        except InvalidInputError as error:
            raise CellError(error.message) from None

    def _zone(self, sensor: int | str) -> str:
        if self.options.timezone is not None:
            return self.options.timezone
        if sensor not in self._zones:
            try:
                self._zones[sensor] = needed(self.options.zone_of, "timezone")(sensor)
            except NotFoundError:
                self._zones[sensor] = None
        zone = self._zones[sensor]
        if zone is None:
            raise CellError(f"location_id: the catalogue has no sensor {sensor}; add it, or give --sensor")
        return zone


def _format(name: str, description: str, shape: type[_Row]) -> Format:
    return Format(name=name, description=description, read=_read(shape), needs=frozenset({"zone"}))


FORMATS = tuple(
    starmap(
        _format,
        (
            ("quividi-viewers", "VidiCenter's finest viewers export, finished JSON", _Viewer),
            ("quividi-viewers-apc", "VidiCenter's viewers_apc export, finished JSON", _ViewerWithContents),
            ("quividi-vehicles", "VidiCenter's finest vehicles export, finished JSON", _Vehicle),
            ("quividi-footfall", "VidiCenter's finest footfall (persons) export, finished JSON", _Person),
        ),
    )
)
