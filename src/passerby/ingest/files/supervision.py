"""`supervision-csv`: what the CSV and JSON sinks of roboflow/supervision write.

Columns x_min, y_min, x_max, y_max, class_id, confidence, tracker_id, and whatever the user added; the frame is
expected in `frame_index` (`--column frame=NAME` for another name). Without `class_name`, `class_id` is read as
COCO's. Detections without a track (an empty or negative tracker_id) are left out. Frame 0 is at `--start`. A
passer-by stands at the bottom centre of the box.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Format, Options, Parcel, Tally, needed
from passerby.ingest.files.classes import COCO, road_user
from passerby.ingest.files.positions import observed
from passerby.ingest.files.text import CellError, coordinate, number, records, seconds, track_name
from passerby.observations import RoadUser
from passerby.tracks.track import Position

_REQUIRED = ("x_min", "y_min", "x_max", "y_max", "tracker_id", "frame")
_OPTIONAL = ("class_name", "class_id")


def read(path: Path, options: Options, tally: Tally) -> Iterator[Parcel]:
    """The observations of a supervision file."""
    return observed(positions(path, options, tally), options, picture=True)


def positions(path: Path, options: Options, tally: Tally) -> Iterator[Position]:
    """Where the boxes of a supervision file stand, in its order; pixels, y down."""
    fps = needed(options.fps, "fps")
    renamed = {"frame": "frame_index", **options.columns}
    found = _json if path.suffix == ".json" else _csv
    for place, cells in found(path, tally, renamed):
        try:
            x_min, y_min, x_max, y_max, tracker, frame, class_name, class_id = cells
            if _untracked(tracker):
                tally.left_out["without a track"] += 1
                continue
            class_ = _class(class_name, class_id)
            if class_ is None:
                tally.left_out[f"class {class_name or class_id}"] += 1
                continue
            coordinate(y_min, "y_min")
            middle = (coordinate(x_min, "x_min") + coordinate(x_max, "x_max")) / 2
            name, when = track_name(tracker, "tracker_id"), seconds(frame, fps, renamed["frame"])
            yield Position(name, when, middle, coordinate(y_max, "y_max"), class_)
        except CellError as error:
            tally.reject(place, str(error))


def _untracked(tracker: str) -> bool:
    # The sinks write nothing, users write -1, and tables that went through pandas hold NaN.
    if tracker.lower() in {"", "nan", "none", "null"}:
        return True
    try:
        return float(tracker) < 0
    except ValueError:
        return False


def _class(name: str, number_text: str) -> RoadUser | None:
    if name or not number_text:
        return road_user(name)
    return COCO.get(int(number(number_text, "class_id")))


def _csv(path: Path, tally: Tally, renamed: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    return records(path, tally, _REQUIRED, _OPTIONAL, renamed)


def _json(path: Path, tally: Tally, renamed: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    # The sink writes one array when it is closed, so the file is as large as the program's memory was.
    try:
        objects = msgspec.json.decode(path.read_bytes(), type=list[dict[str, object]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"expected an array of objects as supervision's JSON sink writes: {error}", path.name
        ) from None
    for index, item in enumerate(objects):
        tally.read += 1
        place = f"{path.name}, item {index + 1}"
        names = [renamed.get(column, column) for column in (*_REQUIRED, *_OPTIONAL)]
        missing = [name for name in names[: len(_REQUIRED)] if name not in item]
        if missing:
            tally.reject(place, f"has no {missing[0]}")
            continue
        yield place, ["" if item.get(name) is None else str(item[name]) for name in names]


FORMAT = Format(
    name="supervision-csv",
    description="roboflow/supervision CSV or JSON sink with frame_index; pixels, y down",
    read=read,
    needs=frozenset({"sensor", "start", "fps", "scene"}),
    columns=(*_REQUIRED, *_OPTIONAL),
)
