"""What a sensor would have reported about a track, given the lines and zones drawn for it.

The rules, for one track:

* Over an `entrance` line, each `in` opens a visit, and the track's next `out` over any entrance line closes it;
  both crossings are marked `also_visit`. Without such an `out` (the track ends, or comes in again having left
  unseen) the visit has no duration.
* An `out` that closes nothing (someone who was inside before the recording began) is only a crossing.
* A track that neither enters, nor leaves, nor stays inside from first to last is a passage. Where a sensor has
  several entrance lines, the one nearest to a position says whether that position is inside. A sensor without
  entrance lines has no inside: each of its tracks is a passage.
* Other lines give crossings and nothing else. Zones give zone visits.
* Visits and zone visits are of people. Of other classes there are crossings and passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import xxhash

from passerby.observations import Crossing, Observation, Passage, Visit, ZoneVisit
from passerby.tracks.crossings import Crossed, Hysteresis, crossings_of, stays
from passerby.tracks.geometry import Polyline, sides
from passerby.tracks.track import Track

DEFAULT_BRIDGE_S = 1.0


@dataclass(frozen=True, slots=True)
class SceneLine:
    """A drawn line: its id within the sensor, and whether crossing it means entering the site."""

    id: int
    path: Polyline
    entrance: bool


@dataclass(frozen=True, slots=True)
class SceneZone:
    """A drawn area: its id within the sensor."""

    id: int
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn for one sensor, and how its tracks are read.

    `start` is the instant of a track's time 0. `bridge_s`: absences from a zone up to this long do not end a
    zone visit.
    """

    sensor: int | str
    start: datetime
    lines: Sequence[SceneLine] = ()
    zones: Sequence[SceneZone] = ()
    hysteresis: Hysteresis = field(default_factory=Hysteresis)
    bridge_s: float = DEFAULT_BRIDGE_S

    def instant(self, seconds: float) -> datetime:
        """The instant of a track's time, to the millisecond."""
        return self.start + timedelta(milliseconds=round(seconds * 1000))


def observe(scene: Scene, track: Track) -> list[Observation]:
    """All observations that one track gives.

    Their ids are made of the track's, so that the same recording read twice gives the same observations.
    """
    person = track.class_ == "person"
    crossed = [
        (line, crossing)
        for line in scene.lines
        for crossing in crossings_of(line.path, track.times, track.points, scene.hysteresis)
    ]
    entrances = sorted((crossing for line, crossing in crossed if line.entrance), key=lambda crossing: crossing.at)
    visits = _visits(entrances) if person else []
    of_visits = {id(crossing) for visit in visits for crossing in visit}
    found = [_crossing(scene, track, line, crossing, id(crossing) in of_visits) for line, crossing in crossed]
    found += [_visit(scene, track, entered, left) for entered, left in visits]
    if not entrances and not inside_throughout(scene, track):
        found.append(_passage(scene, track))
    if person:
        found += _zone_visits(scene, track)
    return found


def inside_throughout(scene: Scene, track: Track) -> bool:
    """Whether a track begins and ends inside the site and meanwhile goes no farther out than the hysteresis."""
    entrances = [line for line in scene.lines if line.entrance]
    if not entrances:
        return False
    inside, distance = (
        np.array(parts) for parts in zip(*(sides(line.path, track.points) for line in entrances), strict=True)
    )
    enough = np.array([scene.hysteresis.of(line.path) for line in entrances])
    nearest = distance.argmin(axis=0)
    points = np.arange(len(track.points))
    inside, near = inside[nearest, points], distance[nearest, points] <= enough[nearest]
    return bool(inside[0] and inside[-1] and (inside | near).all())


def _visits(entrances: Sequence[Crossed]) -> list[tuple[Crossed, Crossed | None]]:
    after_each: list[Crossed | None] = [*entrances[1:], None]
    return [
        (crossing, after if after is not None and after.direction == "out" else None)
        for crossing, after in zip(entrances, after_each, strict=False)
        if crossing.direction == "in"
    ]


def _crossing(scene: Scene, track: Track, line: SceneLine, crossed: Crossed, also_visit: bool) -> Observation:
    return Crossing(
        sensor=scene.sensor,
        id=_id(track, line.id),
        line=line.id,
        at=scene.instant(crossed.at),
        direction=crossed.direction,
        class_=track.class_,
        also_visit=also_visit,
        object_id=_object_id(track),
    )


def _visit(scene: Scene, track: Track, entered: Crossed, left: Crossed | None) -> Observation:
    return Visit(
        sensor=scene.sensor,
        id=_id(track),
        start=scene.instant(entered.at),
        duration_ms=None if left is None else _milliseconds(entered.at, left.at),
    )


def _passage(scene: Scene, track: Track) -> Observation:
    begin, end = float(track.times[0]), float(track.times[-1])
    return Passage(
        sensor=scene.sensor,
        id=_id(track),
        start=scene.instant(begin),
        duration_ms=_milliseconds(begin, end),
        class_=track.class_,
    )


def _zone_visits(scene: Scene, track: Track) -> list[Observation]:
    return [
        ZoneVisit(
            sensor=scene.sensor,
            id=_id(track, zone.id),
            zone=zone.id,
            start=scene.instant(stay.start),
            duration_ms=_milliseconds(stay.start, stay.end),
            object_id=_object_id(track),
        )
        for zone in scene.zones
        for stay in stays(zone.polygon, track.times, track.points, scene.bridge_s)
    ]


def _milliseconds(start: float, end: float) -> int:
    # From the rounded instants, so that start + duration is the rounded end.
    return round(end * 1000) - round(start * 1000)


def _id(track: Track, part: int | None = None) -> str:
    # One track may cross two lines, or be in two zones, at one instant: the line or zone tells them apart.
    name = track.id if len(track.id) <= 96 else xxhash.xxh3_128_hexdigest(track.id.encode())
    return f"track-{name}" if part is None else f"track-{name}/{part}"


def _object_id(track: Track) -> int | None:
    return int(track.id) if track.id.isascii() and track.id.isdigit() and len(track.id) < 19 else None
