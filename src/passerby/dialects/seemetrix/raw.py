"""`/statistics/user/<id>/raw/data/`: every session by itself, in order of its begin.

The engine writes the objects. They are fetched by stretches of time that hold about as many sessions each, so that
sorting them takes no more memory for a year than for a day; a session that arrives meanwhile is in none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa

from passerby.dialects.seemetrix import openapi
from passerby.dialects.seemetrix.calls import Call, Method
from passerby.dialects.seemetrix.requests import whole_number
from passerby.errors import InvalidInputError
from passerby.metrics.places import Integers
from passerby.store.contract import Parameter, Store
from passerby.store.raw import listed, text_pieces

_PART_MS = 300_000
# Sessions of one stretch: as many are sorted at a time. With fewer, more stretches read the same parts of the store.
_AT_ONCE = 50_000


def raw(call: Call) -> Iterator[bytes]:
    """The sessions that began from `b` to before `e`, also those in which nobody looked, each with all its intervals.

    `device_id` and `movie_id` narrow them to one device, and to those in which that movie was shown.
    """
    span = call.span()
    sensors = [sensor.id for sensor in call.devices]
    if call.query.get("device_id"):
        sensors = [call.device(call.query["device_id"]).id]
    parameters: dict[str, Parameter] = {
        "start_ms": span.begin_ms,
        "end_ms": span.end_ms,
        "until_seq": call.services.store.last_seq(),
        "content": _movie(call),
        "excluded": "staff",
        "only": None,
    }
    offset_ms = (span.begin.utcoffset() or timedelta()) // timedelta(milliseconds=1)
    return _document(_sessions(call.services.store, sensors, parameters, offset_ms))


def _movie(call: Call) -> int | None:
    text = call.query.get("movie_id")
    if not text:
        return None
    found = whole_number(text)
    if found is None:
        raise InvalidInputError("expected the id of a movie, a whole number", "movie_id")
    return found


def _document(sessions: Iterator[bytes]) -> Iterator[bytes]:
    objects = listed(sessions)
    # With the first ones, so that what fails at once is an error and not the beginning of an answer.
    yield b'{"objects":[' + next(objects, b"")
    yield from objects
    yield b"]}"


def _sessions(
    store: Store, sensors: Sequence[int], parameters: dict[str, Parameter], offset_ms: int
) -> Iterator[bytes]:
    """The sessions as JSON objects, a comma behind each."""
    tables = {"wanted_sensors": pa.table({"sensor_id": pa.array(sensors, pa.int64())})}
    parts = store.query("seemetrix/parts", {**parameters, "part_ms": _PART_MS}, tables)
    begins = _stretches(parts["part"].to_numpy(), parts["rows"].to_numpy()) * _PART_MS
    edges = [parameters["start_ms"], *begins[1:].tolist(), parameters["end_ms"]] if len(begins) else []
    for start_ms, end_ms in pairwise(edges):
        bounds = {"start_ms": start_ms, "end_ms": end_ms, "offset_ms": offset_ms}
        yield from text_pieces(store.stream("seemetrix/sessions", {**parameters, **bounds}, tables))


def _stretches(part: Integers, rows: Integers) -> Integers:
    """The first part of each stretch: parts in a row that have `_AT_ONCE` rows together, or are one that has more."""
    stretch = (np.cumsum(rows) - rows) // _AT_ONCE
    first = np.ones(len(part), dtype=np.bool_)
    first[1:] = stretch[1:] != stretch[:-1]
    return part[first]


_CODE = {"type": "integer", "minimum": -1}
_SESSION = openapi.form(
    {
        "a": {**_CODE, "description": "0 kid, 1 young, 2 adult, 3 old, -1 not known."},
        "at": openapi.array(openapi.form({"a": {"enum": [0, 1]}, "d": openapi.INTEGER})),
        "b": openapi.TEXT,
        "d": openapi.INTEGER,
        "e": openapi.TEXT,
        "em": openapi.array(openapi.form({"d": openapi.INTEGER, "e": _CODE})),
        "i": openapi.INTEGER,
        "o": openapi.INTEGER,
        "s": {**_CODE, "description": "0 female, 1 male, -1 not known."},
        "v": openapi.array(openapi.form(dict.fromkeys(("d", "i", "s"), openapi.INTEGER))),
    }
)
_PARAMETERS = {
    **openapi.SPAN,
    "device_id": ("Only sessions of this device.", False, openapi.INTEGER),
    "movie_id": ("Only sessions in which this movie was shown.", False, openapi.INTEGER),
}
METHODS = (
    Method(
        "/statistics/user/{user:str}/raw/data",
        "Raw sessions",
        raw,
        openapi.operation("The sessions, streamed.", openapi.form({"objects": openapi.array(_SESSION)}), _PARAMETERS),
    ),
)
