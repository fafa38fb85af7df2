"""`mot`: MOTChallenge text without a header, ground truth or tracker output, told apart by the number of columns.

* 9 columns, ground truth: frame, id, left, top, width, height, flag, class, visibility. Flag 0 means "ignore".
  Class 1 (pedestrian) is a person, 3 a car, 4 (bicycle) and 5 (motorbike) a bike. The others are left out: people
  on vehicles (2) and static people (7) do not walk by, the rest are occluders, distractors and reflections.
* 10 columns, tracker output: frame, id, left, top, width, height, confidence, -1, -1, -1. Everything is a person,
  whatever the confidence; ids may be fractional ("0.0"), and -1 is a detection without a track.

Frame 1 is at `--start`. A passer-by stands at the bottom centre of the box. Frames per second and nothing
else are read from a `seqinfo.ini` beside the file or one folder up, when `--fps` is not given.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path

from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Format, Options, Parcel, Tally
from passerby.ingest.files.positions import observed
from passerby.ingest.files.text import CellError, coordinate, number, rows, seconds, track_name
from passerby.observations import RoadUser
from passerby.tracks.track import Position

_GROUND_TRUTH, _TRACKER = 9, 10
_CLASSES: dict[int, RoadUser] = {1: "person", 3: "car", 4: "bike", 5: "bike"}
_BOX = ("left", "top", "width", "height")


def read(path: Path, options: Options, tally: Tally) -> Iterator[Parcel]:
    """The observations of a MOT file."""
    return observed(positions(path, options, tally), options, picture=True)


def positions(path: Path, options: Options, tally: Tally) -> Iterator[Position]:
    """Where the boxes of a MOT file stand, in its order; pixels, y down."""
    fps = options.fps or frame_rate(path)
    columns = 0
    for line, cells in rows(path, tally, delimiter=","):
        tally.read += 1
        place = f"{path.name}, line {line}"
        columns = columns or _columns(cells, place)
        if len(cells) != columns:
            tally.reject(place, f"expected {columns} columns as in the first line, found {len(cells)}")
            continue
        try:
            class_, left_out = _class(cells)
            if class_ is None:
                tally.left_out[left_out] += 1
                continue
            yield _position(cells, fps, class_)
        except CellError as error:
            tally.reject(place, str(error))


def _columns(cells: list[str], place: str) -> int:
    if len(cells) not in {_GROUND_TRUTH, _TRACKER}:
        raise InvalidInputError(
            f"expected 9 columns (ground truth) or 10 (tracker output), found {len(cells)}; is this MOT text?", place
        )
    return len(cells)


def _class(cells: list[str]) -> tuple[RoadUser | None, str]:
    """The class, or None and why the line does not count."""
    if len(cells) == _TRACKER:
        return (None, "without a track") if number(cells[1], "id") < 0 else ("person", "")
    if number(cells[6], "flag") == 0:
        return None, "flagged to be ignored"
    class_ = int(number(cells[7], "class"))
    return _CLASSES.get(class_), f"class {class_}"


def _position(cells: list[str], fps: float, class_: RoadUser) -> Position:
    left, top, width, height = (coordinate(cell, column) for cell, column in zip(cells[2:6], _BOX, strict=True))
    return Position(track_name(cells[1], "id"), seconds(cells[0], fps, first=1), left + width / 2, top + height, class_)


def frame_rate(path: Path) -> float:
    """Frames per second from the `seqinfo.ini` of a sequence.

    Raises:
        InvalidInputError: there is none, or it does not say.
    """
    for folder in (path.parent, path.parent.parent):
        information = configparser.ConfigParser()
        if information.read(folder / "seqinfo.ini") and information.has_section("Sequence"):
            try:
                rate = number(information["Sequence"].get("frameRate", ""), "frameRate")
            except CellError as error:
                raise InvalidInputError(str(error), str(folder / "seqinfo.ini")) from None
            if rate > 0:
                return rate
    raise InvalidInputError("give --fps: no seqinfo.ini with a frameRate lies beside the file", str(path))


FORMAT = Format(
    name="mot",
    description="MOTChallenge text: ground truth (9 columns) or tracker output (10); pixels, y down",
    read=read,
    needs=frozenset({"sensor", "start", "scene"}),
)
