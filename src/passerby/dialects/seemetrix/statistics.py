"""The first statistics: views counted by time in groups that the request chooses.

A view counts in the group of its start if anybody looked (attention > 0): these are the watchers of the metrics, and
`v` of the second statistics. A group in which people only could have looked is listed with `t` 0; one without any view
is left out. What the vendor's document leaves open is said in docs/reference/seemetrix.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from passerby.calendar import DAY_MS, HOUR_MS, Calendar, at_offset
from passerby.catalogue.model import Sensor
from passerby.dialects.seemetrix import openapi
from passerby.dialects.seemetrix.calls import Call, Document, Method
from passerby.dialects.seemetrix.requests import Query, Span, flag, moment_of, written
from passerby.dialects.seemetrix.shapes import mean_s
from passerby.metrics.audience import AGE_GROUPS, GENDERS, view_extent
from passerby.metrics.breakdown import Breakdown, Lengths, breakdown
from passerby.metrics.places import Integers
from passerby.store.contract import Store

INTERVALS = Lengths(bin_ms=5000, count=13)
"""The bins of `ia`: views of less than 5 s, 10 s ... 60 s, and all longer ones."""
# The names of AGE_GROUPS and GENDERS: in objects, as the halves of both together, and in `total_counters`.
_AGES = dict(zip(("u", "k", "m", "m2", "o"), ("undefined_age", "kid", "middle", "middle2", "old"), strict=True))
_GENDERS = dict(zip(("us", "ml", "fl"), ("undefined_gender", "male", "female"), strict=True))
_HALVES = ("u", "m", "f")
_UNITS = {"year": "y", "month": "m", "day": "d", "hour": "h"}
_MONDAY = 3  # 1970-01-01 was a Thursday
Columns = dict[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its range, the units of time that make the groups, in order of size, and what to tell of each."""

    span: Span
    units: tuple[str, ...]
    sex: bool
    age: bool
    movies: bool
    intervals: bool

    @classmethod
    def read(cls, call: Call) -> Asked:
        """The request of a call; raises InvalidInputError."""
        query = call.query
        units = tuple(unit for unit in _UNITS if flag(query, unit)) or tuple(_UNITS)
        return cls(call.span(), units, *_flags(query, "sex", "age", "movies", "intervals"))


def _flags(query: Query, *names: str) -> Iterator[bool]:
    return (flag(query, name) for name in names)


def of_device(call: Call) -> Document:
    """The views of one device in groups of time, and over the whole range."""
    return _document(call, [call.device(call.path["device"])])


def of_user(call: Call) -> Document:
    """The views of all devices in groups of time, and over the whole range."""
    return _document(call, call.devices)


def _document(call: Call, sensors: Sequence[Sensor]) -> Document:
    asked = Asked.read(call)
    span, store, numbers = asked.span, call.services.store, [sensor.id for sensor in sensors]
    extent = view_extent(store, numbers)
    groups = _groups(store, numbers, asked, extent) if extent else None
    first, last = (
        (written(moment_of(each // HOUR_MS * HOUR_MS, span.zone)) for each in extent) if extent else (None,) * 2
    )
    objects = groups.objects(asked) if groups else []
    return {
        "begin": written(span.begin),
        "begin_iso": span.begin.isoformat(),
        "end": written(span.end),
        "end_iso": span.end.isoformat(),
        "max_date": last,
        "min_date": first,
        "objects": objects,
        "total": len(objects),
        "total_counters": (groups or _Groups.none()).counters(),
    }


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups with views, ordered by time: their labels, and what was found in them.

    `slots` are the numbers of the groups among `labels`, a row for each unit asked for. `cells` counts the watchers by
    group, gender and age group.
    """

    labels: Integers
    slots: Integers
    cells: Integers
    dwell: int
    contents: Breakdown | None
    lengths: Breakdown | None

    @classmethod
    def none(cls) -> _Groups:
        """No groups at all."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, nothing, np.zeros((0, len(GENDERS), len(AGE_GROUPS)), dtype=np.int64), 0, None, None)

    def objects(self, asked: Asked) -> list[dict[str, Any]]:
        """The array `objects`."""
        names = [_UNITS[unit] for unit in asked.units]
        times = zip(*(self.labels[self.slots, column].tolist() for column in range(len(names))), strict=True)
        columns: Columns = {
            "i": [dict(sorted(zip(names, values, strict=True))) for values in times],
            "t": self.cells.sum(axis=(1, 2)).tolist(),
        }
        if asked.sex:
            columns |= _columns(_GENDERS, self.cells.sum(axis=2))
        if asked.age:
            columns |= _columns(_AGES, self.cells.sum(axis=1))
        if asked.sex and asked.age:
            pairs = [half + age for half in _HALVES for age in _AGES]
            columns |= _columns(pairs, self.cells.reshape(len(self.slots), len(_GENDERS) * len(_AGES)))
        if asked.movies:
            columns |= self._movies()
        if asked.intervals:
            columns["ia"] = self._lengths().tolist()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def counters(self) -> Document:
        """The object `total_counters`."""
        total = int(self.cells.sum())
        found = {
            "average_duration": mean_s(self.dwell, total),
            "movies_num": 0 if self.contents is None else int(self.contents.watchers.sum()),
            "total": total,
            **_totals(_GENDERS, self.cells.sum(axis=(0, 2))),
            **_totals(_AGES, self.cells.sum(axis=(0, 1))),
        }
        return dict(sorted(found.items()))

    def _movies(self) -> Columns:
        found = self.contents
        views, dwell = np.zeros((2, len(self.slots)), dtype=np.int64)
        if found is not None:
            group = np.searchsorted(self.slots, found.keys["slot"])
            np.add.at(views, group, found.watchers)
            np.add.at(dwell, group, found.dwell)
        means = [mean_s(ms, count) for ms, count in zip(dwell.tolist(), views.tolist(), strict=True)]
        return {"v": views.tolist(), "va": means}

    def _lengths(self) -> Integers:
        bins = np.zeros((len(self.slots), INTERVALS.count), dtype=np.int64)
        if self.lengths is not None:
            group = np.searchsorted(self.slots, self.lengths.keys["slot"])
            bins[group, self.lengths.keys["length"]] = self.lengths.watchers
        return bins


def _columns(names: Sequence[str] | Mapping[str, str], cells: Integers) -> Columns:
    return {name: cells[:, index].tolist() for index, name in enumerate(names)}


def _totals(names: Mapping[str, str], cells: Integers) -> dict[str, int]:
    return dict(zip(names.values(), cells.tolist(), strict=True))


def _groups(store: Store, sensors: Sequence[int], asked: Asked, extent: tuple[int, int]) -> _Groups | None:
    """The groups of a range. Only as far as there are views: nobody pays for the hours of empty years."""
    start_ms, end_ms = max(asked.span.begin_ms, extent[0]), min(asked.span.end_ms, extent[1] + 1)
    if start_ms >= end_ms:
        return None
    calendar = at_offset("1h" if "hour" in asked.units else "1d", _offset_s(asked.span), start_ms, end_ms)
    labels, slot_of = np.unique(_labels(calendar, asked.units), axis=0, return_inverse=True)
    slot_of = slot_of.reshape(-1).astype(np.int64)
    found = breakdown(store, sensors, calendar, ["slot", "gender", "age_group"], slot_of=slot_of)
    slots = np.unique(found.keys["slot"])
    cells = np.zeros((len(slots), len(GENDERS), len(AGE_GROUPS)), dtype=np.int64)
    cells[np.searchsorted(slots, found.keys["slot"]), found.keys["gender"], found.keys["age_group"]] = found.watchers
    lengths = None
    if asked.intervals:
        lengths = breakdown(store, sensors, calendar, ["slot", "length"], slot_of=slot_of, lengths=INTERVALS)
    contents = breakdown(
        store, sensors, calendar, ["slot", "content"] if asked.movies else ["content"], slot_of=slot_of
    )
    return _Groups(labels, slots, cells, int(found.dwell.sum()), contents, lengths)


def _offset_s(span: Span) -> int:
    offset = span.begin.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _labels(calendar: Calendar, units: Sequence[str]) -> Integers:
    """The numbers of each bucket's units of time, a row for each bucket. A day alone is one of the week."""
    moments = calendar.floors_ms.astype("datetime64[ms]")
    days, months, years = (moments.astype(f"datetime64[{unit}]") for unit in "DMY")
    found = {
        "year": years.astype(np.int64) + 1970,
        "month": months.astype(np.int64) % 12 + 1,
        "day": (days - months.astype("datetime64[D]")).astype(np.int64) + 1,
        "hour": calendar.floors_ms % DAY_MS // HOUR_MS,
    }
    if tuple(units) == ("day",):
        found["day"] = (days.astype(np.int64) + _MONDAY) % 7 + 1
    return np.stack([found[unit] for unit in units], axis=1)


_FLAG = openapi.TEXT
_PARAMETERS = {
    **openapi.SPAN,
    "year": ("By mere presence: a group for each year.", False, _FLAG),
    "month": ("By mere presence: a group for each month, 1 to 12.", False, _FLAG),
    "day": ("By mere presence: a group for each day of the month; alone, of the week, 1 is Monday.", False, _FLAG),
    "hour": ("By mere presence: a group for each hour, 0 to 23. Without any of the four: all four.", False, _FLAG),
    "sex": ("By mere presence: also by gender.", False, _FLAG),
    "age": ("By mere presence: also by age group; with `sex` also by both.", False, _FLAG),
    "movies": ("By mere presence: also the views of movies.", False, _FLAG),
    "intervals": ("By mere presence: also how long the views lasted.", False, _FLAG),
}
_COUNTS = dict.fromkeys((*_GENDERS, *_AGES, *(half + age for half in _HALVES for age in _AGES)), openapi.INTEGER)
_OBJECT = openapi.form(
    {
        "i": openapi.form(dict.fromkeys(_UNITS.values(), openapi.INTEGER), *_UNITS.values()),
        "t": openapi.INTEGER,
        **_COUNTS,
        "v": openapi.INTEGER,
        "va": openapi.NUMBER,
        "ia": openapi.array(openapi.INTEGER),
    },
    *_COUNTS,
    "v",
    "va",
    "ia",
)
_NULLABLE = {"type": ["string", "null"]}
_ANSWER = openapi.form(
    {
        **dict.fromkeys(("begin", "begin_iso", "end", "end_iso"), openapi.TEXT),
        "max_date": _NULLABLE,
        "min_date": _NULLABLE,
        "objects": openapi.array(_OBJECT),
        "total": openapi.INTEGER,
        "total_counters": openapi.form(dict.fromkeys(_Groups.none().counters(), openapi.NUMBER)),
    }
)
METHODS = tuple(
    Method(
        f"/statistics/{whose}/{{{whose}:str}}",
        f"statistics of {title}",
        work,
        openapi.operation("The groups and their totals.", _ANSWER, _PARAMETERS),
    )
    for whose, title, work in (("device", "a device", of_device), ("user", "all devices", of_user))
)
