"""Delimited text with line numbers, named columns and errors that name file, line and column."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Tally

_DELIMITERS = (",", ";", "\t")
_PROGRESS_ROWS = 1_000
# Beyond these, numbers are mistakes, and arithmetic on them would overflow.
_FARTHEST = 1e9
_LONGEST_S = 10 * 366 * 86_400


class CellError(ValueError):
    """A cell does not hold what its column says; the message names the column."""


def rows(path: Path, tally: Tally, delimiter: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each line that is not blank; cells without surrounding white space.

    Without `delimiter` it is comma, semicolon or tab, whichever the first line has most of.

    Raises:
        InvalidInputError: the file is not UTF-8 text.
    """
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        try:
            first = text.readline()
            text.seek(0)
            chosen = delimiter or max(_DELIMITERS, key=first.count)
            reader = csv.reader(text, delimiter=chosen, skipinitialspace=True)
            for number, cells in enumerate(reader):
                if number % _PROGRESS_ROWS == 0:
                    tally.progress(raw.tell())
                if any(cells):
                    yield reader.line_num, [cell.strip() for cell in cells]
        except UnicodeDecodeError as error:
            raise InvalidInputError(
                f"not UTF-8 text: {error.reason} (is it compressed or UTF-16?)", str(path)
            ) from None
        except csv.Error as error:
            raise InvalidInputError(f"line {reader.line_num}: {error}", str(path)) from None
        tally.progress(raw.tell())


def records(
    path: Path, tally: Tally, required: Sequence[str], optional: Sequence[str], renamed: Mapping[str, str]
) -> Iterator[tuple[str, list[str]]]:
    """(place, cells) of each line under a header; cells in the order of `required` + `optional`, absent ones "".

    `renamed` maps one of those names to the name in the file. Other columns are left alone. A line with more or
    fewer cells than the header is rejected.

    Raises:
        InvalidInputError: the header lacks a required column, or names one twice, or a renamed one is absent.
    """
    lines = rows(path, tally)
    _, header = next(lines, (1, []))
    order = _order(path, header, required, optional, renamed)
    for line, cells in lines:
        tally.read += 1
        place = f"{path.name}, line {line}"
        if len(cells) != len(header):
            tally.reject(place, f"expected {len(header)} cells as in the header, found {len(cells)}")
            continue
        yield place, [cells[index] if index is not None else "" for index in order]


def _order(
    path: Path, header: list[str], required: Sequence[str], optional: Sequence[str], renamed: Mapping[str, str]
) -> list[int | None]:
    order: list[int | None] = []
    for column in [*required, *optional]:
        name = renamed.get(column, column)
        places = [index for index, cell in enumerate(header) if cell.lower() == name.lower()]
        if len(places) > 1:
            raise InvalidInputError(f'the header names column "{name}" twice', f"{path.name}, line 1")
        if not places and (column in required or column in renamed):
            found = ", ".join(header) or "nothing"
            raise InvalidInputError(f'the header has no column "{name}"; it has: {found}', f"{path.name}, line 1")
        order.append(places[0] if places else None)
    return order


def number(cell: str, column: str) -> float:
    """A finite number.

    Raises:
        CellError: anything else, also empty cells, NaN and infinity.
    """
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CellError(f"{column}: expected a number, found {cell[:40]!r}")
    return value


def coordinate(cell: str, column: str) -> float:
    """A place in pixels or metres; raises CellError for anything but a number of at most a thousand million."""
    value = number(cell, column)
    if abs(value) > _FARTHEST:
        raise CellError(f"{column}: expected a coordinate, found {cell[:40]!r}")
    return value


def seconds(cell: str, fps: float, column: str = "frame", first: int = 0) -> float:
    """When a frame was taken, in seconds after frame `first`; raises CellError beyond ten years."""
    value = (number(cell, column) - first) / fps
    if abs(value) > _LONGEST_S:
        raise CellError(f"{column}: {cell[:40]!r} is more than ten years away at {fps:g} frames a second")
    return value


def track_name(cell: str, column: str) -> str:
    """The number or text that names a track; whole numbers lose a fraction of zero ("7.0" is "7").

    Raises:
        CellError: the cell is empty or not a number that numbers tracks (NaN, infinity).
    """
    try:
        value = float(cell)
    except ValueError:
        if cell:
            return cell
        raise CellError(f"{column}: is empty") from None
    if not math.isfinite(value):
        raise CellError(f"{column}: expected the number or name of a track, found {cell[:40]!r}")
    return str(int(value)) if value.is_integer() else cell
