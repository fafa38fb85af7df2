"""From the positions of a recording to parcels: what the formats of tracks share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Options, Parcel, needed, parcels, sensor_of
from passerby.observations import Observation
from passerby.tracks.geometry import polyline
from passerby.tracks.observe import Scene, SceneLine, SceneZone, observe
from passerby.tracks.ordering import in_order
from passerby.tracks.track import Position, tracks


def observed(positions: Iterable[Position], options: Options, *, picture: bool = False) -> Iterator[Parcel]:
    """What the sensor saw, from positions in any order.

    `picture`: the positions are pixels with the y axis down. Lines and zones are then taken to be drawn in the
    same pixels, left and right as one sees them in the picture; with `options.height` they are drawn with the
    y axis up from the picture's bottom edge instead.
    """
    flipped = picture and options.height is None
    return parcels(_observed(_upright(positions, options) if picture else positions, options, scene(options, flipped)))


def _upright(positions: Iterable[Position], options: Options) -> Iterator[Position]:
    top = options.height or 0.0
    return (position._replace(y=top - position.y) for position in positions)


def _observed(positions: Iterable[Position], options: Options, drawn: Scene) -> Iterator[tuple[str, Observation]]:
    for track in tracks(in_order(positions), options.gap_s):
        for observation in observe(drawn, track):
            yield f"track {track.id}", observation


def scene(options: Options, flipped: bool) -> Scene:
    """The sensor's lines and zones, turned over when `flipped`.

    Raises:
        InvalidInputError: a line without length.
    """
    way = -1.0 if flipped else 1.0
    lines = []
    for number, points, inside, entrance in options.drawn.lines:
        try:
            path = polyline([(x, way * y) for x, y in points], inside)
        except ValueError as error:
            raise InvalidInputError(str(error), f"line {number} of sensor {options.sensor}") from None
        lines.append(SceneLine(number, path, entrance))
    return Scene(
        sensor=sensor_of(options),
        start=needed(options.start, "start"),
        lines=lines,
        zones=[SceneZone(number, tuple((x, way * y) for x, y in polygon)) for number, polygon in options.drawn.zones],
        hysteresis=options.hysteresis,
        bridge_s=options.bridge_s,
    )
