"""`seemetrix-raw`: the vendor's answers to `statistics/user/<id>/raw/data/`, whole documents or bare arrays.

Exporting with Passerby what was imported gives the same rows.

**Places.** A device is the sensor of that id, unless `--sensor` names another. A movie is the content of that id; one
that the catalogue does not have registers itself under it.

**Times** are local to the `tzo` of the request that was answered, which the answer does not repeat: UTC, as without
`tzo`, or of `--timezone`.

**A row is itself** by its device, its begin and its number `o`, so answers that overlap bring each session once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from passerby import calendar
from passerby.errors import InvalidInputError, NotFoundError
from passerby.ingest.files.base import Format, Options, Parcel, Tally, parcels
from passerby.ingest.files.json_rows import rows
from passerby.ingest.files.text import CellError
from passerby.observations import (
    AgeGroup,
    ContentView,
    Emotion,
    EmotionName,
    Gender,
    Look,
    Milliseconds,
    View,
    milliseconds,
)

# The vendor's numbers, from -1 on.
_AGES: tuple[AgeGroup, ...] = ("unknown", "child", "young", "adult", "senior")
_GENDERS: tuple[Gender, ...] = ("unknown", "female", "male")
_EMOTIONS: tuple[EmotionName, ...] = ("unknown", "neutral", "happy", "angry", "surprised")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
# Times are printed with microseconds that observations do not have.
_ROUNDING_MS = 1
Number = Annotated[int, Meta(ge=0, le=2**53)]


class _Look(msgspec.Struct, frozen=True):
    """An interval of looking."""

    a: Annotated[int, Meta(ge=0, le=1)]
    d: Milliseconds


class _Emotion(msgspec.Struct, frozen=True):
    """An interval of an emotion."""

    e: Annotated[int, Meta(ge=-1, le=3)]
    d: Milliseconds


class _Movie(msgspec.Struct, frozen=True):
    """A movie that was shown meanwhile."""

    i: Number
    s: Milliseconds
    d: Milliseconds


class _Session(msgspec.Struct, frozen=True):
    """A row; unknown keys are left alone, as the vendor may add some."""

    d: Number
    o: Number
    b: str
    e: str
    i: Milliseconds
    at: Annotated[list[_Look], Meta(max_length=10_000)]
    em: Annotated[list[_Emotion], Meta(max_length=10_000)] = []
    v: Annotated[list[_Movie], Meta(max_length=10_000)] = []
    a: Annotated[int, Meta(ge=-1, le=3)] | None = None
    s: Annotated[int, Meta(ge=-1, le=1)] | None = None

    def view(self, places: _Places) -> View:
        """The observation that is exported as this row; raises CellError."""
        begin, end = _wall(self.b, "b"), _wall(self.e, "e")
        if (begin.tzinfo is None) != (end.tzinfo is None):
            raise CellError("one of b and e has an offset and the other has none")
        lasted = (end - begin) // _MS
        if abs(lasted - self.i) > _ROUNDING_MS:
            raise CellError(f"i: expected e - b, which is {lasted} ms, found {self.i}; correct the one that is wrong")
        self._check("at", self.at)
        self._check("em", self.em)
        return View(
            sensor=places.sensor(self.d),
            id=f"seemetrix-{self.o}",
            start=places.instant(begin),
            duration_ms=self.i,
            attention=[Look(one.a == 1, one.d) for one in self.at],
            gender=_GENDERS[1 + (-1 if self.s is None else self.s)],
            age_group=_AGES[1 + (-1 if self.a is None else self.a)],
            emotions=[Emotion(_EMOTIONS[1 + one.e], one.d) for one in self.em],
            contents=[ContentView(content=one.i, start_ms=one.s, duration_ms=one.d) for one in self.v],
            session=self.o,
        )

    def _check(self, name: str, intervals: Sequence[_Look] | Sequence[_Emotion]) -> None:
        """What lacks to `i` is time without a look, or without a known emotion; more than `i` is an error."""
        total = sum(one.d for one in intervals)
        if total > self.i:
            raise CellError(f"{name}: its intervals are {total} ms together, the session (i) is {self.i}")


def _wall(text: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise CellError(f"{name}: expected a time such as 2019-07-01T11:16:07.052000, found {text[:40]!r}") from None


@dataclass(slots=True)
class _Places:
    """Sensors of devices, and instants of their times."""

    options: Options
    _known: dict[int, bool] = field(default_factory=dict)

    def sensor(self, device: int) -> int | str:
        """The sensor that a device is; raises CellError for one that the catalogue lacks, if it can be asked."""
        if self.options.sensor is not None:
            return self.options.sensor
        if device not in self._known:
            self._known[device] = self._exists(device)
        if not self._known[device]:
            raise CellError(f"d: the catalogue has no sensor {device}; add it, or give --sensor")
        return device

    def _exists(self, device: int) -> bool:
        try:
            if self.options.zone_of is not None:
                self.options.zone_of(device)
        except NotFoundError:
            return False
        return True

    def instant(self, time: datetime) -> datetime:
        """The instant of a time; of one that the clock of `--timezone` shows twice the first."""
        if time.tzinfo is not None:
            return _EPOCH + milliseconds(time) * _MS
        try:
            return _EPOCH + calendar.to_utc(time, self.options.timezone or "UTC") * _MS
        except InvalidInputError as error:
            raise CellError(error.message) from None


def _read(path: Path, options: Options, tally: Tally) -> Iterator[Parcel]:
    return parcels(_views(path, options, tally), new_ids=True)


def _views(path: Path, options: Options, tally: Tally) -> Iterator[tuple[str, View]]:
    """(place, view) of each row that is right."""
    places = _Places(options)
    for number, value in rows(path, tally, "objects"):
        tally.read += 1
        place = f"{path.name}, row {number}"
        try:
            yield place, _decoded(value).view(places)
        except CellError as error:
            tally.reject(place, str(error))


def _decoded(value: object) -> _Session:
    try:
        return msgspec.convert(value, _Session)
    except msgspec.ValidationError as error:
        raise CellError(str(error)) from None


FORMAT = Format(
    name="seemetrix-raw",
    description="Seemetrix' answers of raw sessions (raw/data), JSON",
    read=_read,
    needs=frozenset({"zone"}),
)
