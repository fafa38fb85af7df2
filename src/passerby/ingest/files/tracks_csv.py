"""`tracks-csv`: positions under a header `frame,track_id,x,y,class`, in the coordinates of the sensor's lines.

Frame 0 is at `--start`. The y axis points up, as the lines' does; with `--y-down` both are pixels of a picture, counted
from its top edge. An empty class is a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from passerby.ingest.files.base import Format, Options, Parcel, Tally, needed
from passerby.ingest.files.classes import road_user
from passerby.ingest.files.positions import observed
from passerby.ingest.files.text import CellError, coordinate, records, seconds, track_name
from passerby.tracks.track import Position

_COLUMNS = ("frame", "track_id", "x", "y", "class")


def read(path: Path, options: Options, tally: Tally) -> Iterator[Parcel]:
    """The observations of a track file."""
    return observed(positions(path, options, tally), options, picture=options.y_down)


def positions(path: Path, options: Options, tally: Tally) -> Iterator[Position]:
    """The positions of a track file, in its order."""
    fps = needed(options.fps, "fps")
    for place, (frame, track, x, y, class_name) in records(path, tally, _COLUMNS, (), options.columns):
        class_ = road_user(class_name)
        if class_ is None:
            tally.left_out[f"class {class_name}"] += 1
            continue
        try:
            name = track_name(track, "track_id")
            yield Position(name, seconds(frame, fps), coordinate(x, "x"), coordinate(y, "y"), class_)
        except CellError as error:
            tally.reject(place, str(error))


FORMAT = Format(
    name="tracks-csv",
    description="positions: columns frame, track_id, x, y, class; coordinates as the sensor's lines, y up",
    read=read,
    needs=frozenset({"sensor", "start", "fps", "scene"}),
    columns=_COLUMNS,
)
