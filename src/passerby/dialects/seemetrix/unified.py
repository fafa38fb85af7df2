"""`/v2/statistics/...`: the vendor's unified statistics, a tree of views by any resources in any order."""

from __future__ import annotations

import calendar as months
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import orjson

from passerby.calendar import DAY_MS, Calendar, at_offset, whole_range
from passerby.dialects.openapi import Schema
from passerby.dialects.seemetrix import openapi
from passerby.dialects.seemetrix.calls import Call, Document, Method
from passerby.dialects.seemetrix.requests import Query, Span, flag, number, written
from passerby.dialects.seemetrix.tree import Level, Rows, Tree
from passerby.errors import InvalidInputError
from passerby.metrics.breakdown import AGE_GROUPS, EMOTIONS, GENDERS, Breakdown, Key, breakdown
from passerby.metrics.places import Integers

_TYPES = {
    "devices": "device",
    "movies": "movie",
    "dates": "date",
    "ages": "age",
    "genders": "gender",
    "emotions": "emotion",
}
_KEYS: dict[str, Key] = {
    "devices": "sensor",
    "movies": "content",
    "dates": "slot",
    "ages": "age_group",
    "genders": "gender",
    "emotions": "emotion",
}
_PAGED = ("devices", "movies")
# The members of the levels that list all of theirs, in the order of the answer, with what Passerby calls them.
_MEMBERS: dict[str, tuple[Sequence[str], dict[str, str]]] = {
    "ages": (
        AGE_GROUPS,
        {"adult": "adult", "kid": "child", "old": "senior", "undefined": "unknown", "young": "young"},
    ),
    "genders": (GENDERS, {"female": "female", "male": "male", "undefined": "unknown"}),
    "emotions": (
        EMOTIONS,
        {"angry": "angry", "happy": "happy", "neutral": "neutral", "surprise": "surprised", "undefined": "unknown"},
    ),
}
# Groupings by date: the size of the calendar's buckets, and which part of a bucket's label is the name. Those that do
# not say the year come round again.
_FORMS = {
    "YYYY-MM-DD HH": ("1h", slice(13)),
    "YYYY-MM-DD": ("1d", slice(10)),
    "YYYY-MM": ("1M", slice(7)),
    "YYYY": ("1y", slice(4)),
    "MM": ("1M", slice(5, 7)),
    "DD": ("1d", None),
    "HH": ("1h", slice(11, 13)),
}
_THURSDAY = 3  # 1970-01-01, in days since a Monday
_OBJECTS_IN_PAGE = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, apart from the devices."""

    resources: Sequence[str]
    span: Span
    form: str
    to_object: bool
    page: int
    in_page: int

    @property
    def keys(self) -> list[Key]:
        """What views are told apart by, in order."""
        return [_KEYS[resource] for resource in self.resources]


def read(call: Call) -> Request:
    """The request of a call; raises InvalidInputError."""
    query = call.query
    resources = call.path["resources"].strip("/").split("/")
    for position, resource in enumerate(resources):
        if resource not in _TYPES:
            raise InvalidInputError(f"no resource is named {resource[:32]!r}: expected {', '.join(_TYPES)}", "path")
        if resource in resources[:position]:
            raise InvalidInputError(f"{resource} are asked for twice: each resource at most once", "path")
    span = call.span("calendar")
    if span.end > _latest_end(span.begin):
        raise InvalidInputError("more than 6 months after b: ask for a shorter range", "e")
    return Request(
        resources,
        span,
        _form(query) if "dates" in resources else "",
        flag(query, "to_object"),
        number(query, "page", 0),
        number(query, "obj_in_page", _OBJECTS_IN_PAGE, minimum=1),
    )


def _form(query: Query) -> str:
    name = "dt_format" if query.get("dt_format") else "format"
    text = " ".join((query.get(name) or "YYYY-MM-DD").split())
    if text not in _FORMS:
        raise InvalidInputError(f"expected one of {', '.join(_FORMS)}", name)
    return text


def _latest_end(begin: datetime) -> datetime:
    """6 calendar months and a day, as clients end with the last hour or day, not before it; or 184 days if longer."""
    year, month = divmod(begin.year * 12 + begin.month - 1 + 6, 12)
    day = min(begin.day, months.monthrange(year, month + 1)[1])
    half_year = begin.replace(year=year, month=month + 1, day=day)
    return max(half_year + timedelta(days=1), begin + timedelta(days=184))


def statistics(call: Call) -> Iterator[bytes]:
    """The tree of views. Devices and movies are answered page by page where they are the first level."""
    request = read(call)
    question = _Question(call, request)
    found = question.answer()
    document: Document = {
        "begin": written(request.span.begin),
        "data": found.tree.root(),
        **({"dt_format": request.form} if request.form else {}),
        "end": written(request.span.end),
        "levels": [*request.resources],
        "obj_in_page": request.in_page,
        "ok": 1,
        "page": found.page,
        "pages_total": found.pages,
        "path": "/".join(request.resources),
        "user_id": call.user_id,
    }
    before, after = orjson.dumps(document).split(b'"o":[]', 1)
    opening, closing = (b"{", b"}") if request.to_object else (b"[", b"]")
    yield before + b'"o":' + opening
    yield from found.tree.pieces(to_object=request.to_object)
    yield closing + after


@dataclass(frozen=True, slots=True)
class _Found:
    tree: Tree
    page: int
    pages: int


class _Question:
    """The queries behind an answer: one, but for movies, whose views overlap, and for devices on several pages."""

    def __init__(self, call: Call, request: Request) -> None:
        self._store = call.services.store
        self._request = request
        # Clients send an empty `d` for all devices.
        one = call.query.get("d")
        devices = [call.device(one)] if one else call.devices
        # Nothing is in an empty range.
        self._sensors = [] if request.span.end == request.span.begin else [device.id for device in devices]
        self._frame, self._slot_of, self._dates = _dates(request.span, request.form)

    def answer(self) -> _Found:
        """The tree, and which page of how many it is."""
        first = self._request.keys[0]
        several = self._request.page or len(self._sensors) > self._request.in_page
        if first == "content" or (first == "sensor" and several):
            return self._page_of(first)
        return _Found(self._tree(None, self._sensors), 0, 1)

    def _page_of(self, key: Key) -> _Found:
        """A page of devices or movies; the root is that of all of them."""
        every = self._by([key], self._sensors)
        root = every.summed([]) if key == "sensor" else self._by([], self._sensors)
        members = every.keys[key].tolist() if root.watchers.any() else []
        pages = max(1, -(-len(members) // self._request.in_page))
        chosen = members[self._request.page * self._request.in_page :][: self._request.in_page]
        sensors, contents = (chosen, None) if key == "sensor" else (self._sensors, chosen)
        known = every.only(key, chosen) if self._request.keys == [key] else None
        return _Found(self._tree(root, sensors, contents, known), self._request.page, pages)

    def _tree(
        self,
        root: Breakdown | None,
        sensors: Sequence[int],
        contents: Collection[int] | None = None,
        known: Breakdown | None = None,
    ) -> Tree:
        """The tree of these devices and movies; `root` where it is more than they, `known` their views if known."""
        keys = self._request.keys
        found = self._by(keys, sensors, contents) if known is None else known
        levels = [self._level(resource, found) for resource in self._request.resources]
        rows = Rows(found, levels)
        above = keys.index("content") if "content" in keys else 0
        if not above:
            return Tree(found.summed([]) if root is None else root, levels, [rows] * len(levels))
        # A view counts for several movies, so what is above them is asked for without them.
        whole = self._by(keys[:above], sensors)
        upper = Rows(whole, levels[:above])
        top = whole.summed([]) if root is None else root
        return Tree(top, levels, [upper] * above + [rows] * (len(levels) - above))

    def _by(self, keys: Sequence[Key], sensors: Sequence[int], contents: Collection[int] | None = None) -> Breakdown:
        return breakdown(self._store, sensors, self._frame, keys, slot_of=self._slot_of, contents=contents)

    def _level(self, resource: str, found: Breakdown) -> Level:
        if resource in _MEMBERS:
            names, members = _MEMBERS[resource]
            values = np.array([names.index(name) for name in members.values()], dtype=np.int64)
            return Level(_TYPES[resource], _KEYS[resource], values, list(members), complete=True, for_all=False)
        if resource == "dates":
            values, labels = np.arange(len(self._dates)), self._dates
        else:
            values = np.array(self._sensors) if resource == "devices" else np.unique(found.keys["content"])
            labels = [str(value) for value in values.tolist()]
        return Level(_TYPES[resource], _KEYS[resource], values, labels, complete=False, for_all=True)


def _dates(span: Span, form: str) -> tuple[Calendar, Integers | None, list[str]]:
    """The calendar of a grouping by date, for each of its buckets the number of its name, and the names in order."""
    end_ms = max(span.end_ms, span.begin_ms + 1)
    if not form:
        return whole_range(span.begin_ms, end_ms), None, []
    size, part = _FORMS[form]
    offset_s = round(span.zone.utcoffset(None).total_seconds())
    frame = at_offset(size, offset_s, span.begin_ms, end_ms)
    if part is None:
        labels = [f"{day:02}" for day in ((frame.floors_ms // DAY_MS + _THURSDAY) % 7 + 1).tolist()]
    else:
        labels = [label.replace("T", " ")[part] for label in frame.labels]
    names, slot_of = np.unique(np.array(labels), return_inverse=True)
    return frame, slot_of, names.tolist()


# A node as deep as it may go is an object of the same form; the document says so in words.
_NODE = openapi.form(
    {
        "n": openapi.TEXT,
        "o": {"type": ["array", "object"], "description": "The nodes below: a list, or by their names (`to_object`)."},
        "ots": openapi.INTEGER,
        "otsd": openapi.INTEGER,
        "t": {"type": "string", "enum": ["root", *_TYPES.values()]},
        "v": openapi.INTEGER,
        "vd": openapi.INTEGER,
    },
    "ots",
    "otsd",
)
_ANSWER = openapi.form(
    {
        "begin": openapi.TEXT,
        "data": _NODE,
        "dt_format": {"type": "string", "enum": [*_FORMS]},
        "end": openapi.TEXT,
        "levels": openapi.array({"type": "string", "enum": [*_TYPES]}),
        "obj_in_page": openapi.INTEGER,
        "ok": {"const": 1},
        "page": openapi.INTEGER,
        "pages_total": openapi.INTEGER,
        "path": openapi.TEXT,
        "user_id": openapi.INTEGER,
    },
    "dt_format",
)
_PARAMETERS: dict[str, tuple[str, bool, Schema]] = {
    **openapi.SPAN,
    "d": ("Only this device.", False, openapi.INTEGER),
    "dt_format": ("How dates are grouped; also `format`.", False, {"type": "string", "enum": [*_FORMS]}),
    "to_object": ("1: nodes by their names instead of lists.", False, {"type": "integer", "enum": [0, 1]}),
    "page": ("Of devices or movies as the first level, from 0.", False, {"type": "integer", "minimum": 0}),
    "obj_in_page": ("Devices or movies on a page; 10 if left out.", False, {"type": "integer", "minimum": 1}),
}
_OPERATION = openapi.operation("Views by the resources of the path, in their order.", _ANSWER, _PARAMETERS)
METHODS = (
    Method("/v2/statistics/user/{user:str}/{resources:path}", "unified statistics", statistics, _OPERATION),
    Method("/v2/statistics/{resources:path}", "unified statistics of the key's user", statistics, _OPERATION),
)
