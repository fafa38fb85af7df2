"""What an import format is, and what all of them share.

A format reads one file and yields `Parcel`s: bodies for `POST /v1/observations` that know from which place of
the file each of their rows came. Whatever a format cannot use it reports to the `Tally` and goes on; only what
makes the whole file senseless (a wrong header, not a text) is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from passerby.errors import InvalidInputError
from passerby.observations import Reported, encoder
from passerby.tracks.crossings import Hysteresis
from passerby.tracks.observe import DEFAULT_BRIDGE_S
from passerby.tracks.track import DEFAULT_GAP_S

T = TypeVar("T")
Need = Literal["sensor", "start", "fps", "scene", "zone"]

# Small enough for any server's max_body_mb, large enough that the round trip does not matter.
PARCEL_ROWS = 5_000
PARCEL_BYTES = 2 * 1024 * 1024
KEPT_REJECTIONS = 20


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the catalogue draws for a sensor: lines as (id, points, inside, entrance), zones as (id, polygon)."""

    lines: tuple[tuple[int, tuple[tuple[float, float], ...], Literal["left", "right"], bool], ...] = ()
    zones: tuple[tuple[int, tuple[tuple[float, float], ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What the person who imports says about the files.

    Attributes:
        sensor: id or uid of the sensor that made the file.
        drawn: its lines and zones; only formats that need the scene get them.
        start: the instant of the first frame.
        fps: frames per second.
        every_ms: how long an interval of counts is, where the file does not say.
        timezone: IANA name, of local times without offset.
        line: id or uid of the line, where the file does not say.
        columns: the format's name of a column -> the file's.
        height: of the picture in pixels, when lines and zones are drawn with the y axis up from its bottom.
        y_down: the y axis of a track file points down, as in the picture that lines and zones are drawn on.
        kind: of the rows of a native CSV or Parquet file.
        gap_s: a track unseen for longer ends.
        hysteresis: see `tracks.crossings`.
        bridge_s: absences from a zone up to this long do not interrupt a stay.
        zone_of: the IANA name of the zone of a sensor; only formats that need it get it, and not beside `timezone`.
            Raises NotFoundError for a sensor that is not known.
        keep_open: more sightings of these sites follow, so their WiFi sessions do not end with these files.
    """

    sensor: int | str | None = None
    drawn: Drawn = field(default_factory=Drawn)
    start: datetime | None = None
    fps: float | None = None
    every_ms: int | None = None
    timezone: str | None = None
    line: int | str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    height: float | None = None
    y_down: bool = False
    kind: str | None = None
    gap_s: float = DEFAULT_GAP_S
    hysteresis: Hysteresis = field(default_factory=Hysteresis)
    bridge_s: float = DEFAULT_BRIDGE_S
    zone_of: Callable[[int | str], str] | None = None
    keep_open: bool = False


@dataclass(slots=True)
class Tally:
    """What happened to the rows of the files: how many were read, refused, and left out on purpose and why.

    `contents` has the app_id and campaign_id that the files told first of each content. `newest` has, for formats that
    must say at the end what is complete, the newest instant of each sensor (UTC ms).
    """

    read: int = 0
    rejected: int = 0
    rejections: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    progress: Callable[[int], None] = field(default=lambda _: None)
    newest: dict[int | str, int] = field(default_factory=dict)
    contents: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def reject(self, place: str, reason: str) -> None:
        """Count a row that is wrong; the first reasons are kept to be shown."""
        self.rejected += 1
        if len(self.rejections) < KEPT_REJECTIONS:
            self.rejections.append(f"{place}: {reason}")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A body for `POST /v1/observations`, or `/v1/sightings`; `places[i]` says where its row i came from.

    `new_ids`: contents that are named by an id that nothing has register themselves under it.
    Of sightings: with `until_ms` nothing older will come of `sensors`, see `api.sightings`.
    """

    body: bytes
    content_type: str
    places: Sequence[str]
    kind: str | None = None
    route: Literal["observations", "sightings"] = "observations"
    until_ms: int | None = None
    sensors: Sequence[int | str] = ()
    new_ids: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """An import format: its name, what it is in one line, what must be known, and how it is read.

    `finish` gives what is to be sent once all files have been read.
    """

    name: str
    description: str
    read: Callable[[Path, Options, Tally], Iterator[Parcel]]
    needs: frozenset[Need] = frozenset()
    columns: tuple[str, ...] = ()
    finish: Callable[[Options, Tally], Iterator[Parcel]] = field(default=lambda _, __: iter(()))


def parcels(
    observations: Iterable[tuple[str, Reported]],
    route: Literal["observations", "sightings"] = "observations",
    *,
    new_ids: bool = False,
) -> Iterator[Parcel]:
    """Bodies of newline-delimited JSON from (place, observation or sighting) pairs."""
    encode = encoder().encode
    lines: list[bytes] = []
    places: list[str] = []
    size = 0
    for place, observation in observations:
        line = encode(observation)
        lines.append(line)
        places.append(place)
        size += len(line) + 1
        if len(lines) >= PARCEL_ROWS or size >= PARCEL_BYTES:
            yield Parcel(b"\n".join(lines), "application/x-ndjson", places, route=route, new_ids=new_ids)
            lines, places, size = [], [], 0
    if lines:
        yield Parcel(b"\n".join(lines), "application/x-ndjson", places, route=route, new_ids=new_ids)


def needed(value: T | None, name: str) -> T:
    """`value`, an option that the format cannot do without.

    Raises:
        InvalidInputError: it was not given.
    """
    if value is None:
        raise InvalidInputError(f"this format needs --{name}")
    return value


def sensor_of(options: Options) -> int | str:
    """The sensor that made the file; raises InvalidInputError when nobody said which."""
    if options.sensor is None:
        raise InvalidInputError("this format needs --sensor")
    return options.sensor
