"""The metrics of contents: proof of play, and who watched what.

For authors of dialects. One content at a place is `compute.compute` with a `Place("content", id, calendar, sites=...)`
or `sensors=...`. All contents of many places, with kinds of viewers, are

    for rows in by_content(store, catalogue, places, calendars, contents=None, role=None): ...

where places are sensors, sites or brands: see `ContentRows`. Numbers are unrounded, times in ms.

A content is shown in a view while it stands in the view's `contents`; its watchers are the views with attention > 0,
once each however often it was shown in them. Attention to a content that the sensor does not tell is the overlap of
its interval with the intervals of looking, or 0 where the sensor does not tell those either.

Impressions = watchers of the content * ots / watchers of the sensor in the bucket; of a site they are the sum over its
sensors, so everything here is computed per sensor first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from passerby.calendar import Calendar
from passerby.catalogue.model import Catalogue
from passerby.metrics.audience import AGE_GROUPS, GENDERS
from passerby.metrics.grid import Grid
from passerby.metrics.kernels import places_in_runs
from passerby.metrics.people import Asked, floats, numbers
from passerby.metrics.places import Flags, Floats, Integers, Place
from passerby.metrics.ratios import divided
from passerby.metrics.scope import (
    Frames,
    SensorUnits,
    Window,
    portions,
    sensor_units,
    sensors_of,
    windows_with_facts,
)
from passerby.store.contract import Parameter, Store

PLAYS = ("play_count", "content_duration")
_SUMS = (*PLAYS, "watchers", "watchers_2sec", "dwell", "attention", "impressions")
KINDS = len(GENDERS) * len(AGE_GROUPS)

# Days of sensors whose untold views are held at one time.
_SENSOR_DAYS = 2_000
# Rows of an answer held at one time, and how many contents a screen shows in a bucket, as a guess.
_ROWS = 1_000_000
_CONTENTS = 20
_LONG_LOOK_MS = 2000


@dataclass(frozen=True, slots=True)
class ContentRows:
    """Arrays of equal length, ordered by place, bucket and content; rows with neither plays nor watchers are left out.

    `place` and `bucket` are indexes as in `Computed`, `content` is the catalogue's id. `kinds[row, 5 * g + a]` are the
    watchers of `audience.GENDERS[g]` and `audience.AGE_GROUPS[a]`; without `by_kind` it has no columns.
    """

    place: Integers
    bucket: Integers
    content: Integers
    play_count: Floats
    content_duration: Floats
    watchers: Floats
    watchers_2sec: Floats
    dwell: Floats
    attention: Floats
    impressions: Floats
    kinds: Floats


def add(asked: Asked, catalogue: Catalogue, places: Sequence[Place], grid: Grid, wanted: frozenset[str]) -> None:
    """Whatever of the metrics of contents is wanted; the plays of a screen are those of all contents."""
    if wanted.intersection(PLAYS):
        units = sensor_units(catalogue, places, asked.frames, every=True)
        if units is not None:
            found = _plays(asked, units, None)
            for name in PLAYS:
                grid.add(name, units, numbers(found, "unit"), numbers(found, "bucket"), numbers(found, name))
    names = [name for name in _SUMS if name in wanted]
    units = sensor_units(catalogue, places, asked.frames, every=True, level="content")
    if not names or units is None:
        return
    key_of = np.array([each.key if each.level == "content" else -1 for each in places], dtype=object)
    shown = np.array([key if isinstance(key, int) else -1 for key in key_of], dtype=np.int64)
    rows = _of_sensors(asked, units, np.unique(shown[shown >= 0]), 0)
    place, row = _spread(units, rows.place)
    same = shown[place] == rows.content[row]
    place, row = place[same], row[same]
    for name in names:
        grid.add_at(name, place, rows.bucket[row], getattr(rows, name)[row])


def by_content(  # noqa: PLR0913  # the last three are named and have defaults
    store: Store,
    catalogue: Catalogue,
    places: Sequence[Place],
    calendars: Sequence[Calendar],
    *,
    contents: Sequence[int] | None = None,
    by_kind: bool = False,
    role: str | None = None,
) -> Iterator[ContentRows]:
    """The rows of sensors, sites and brands, some places at a time, so that memory does not grow with them.

    `contents` None: all that were played or seen. `by_kind`: also the kinds of viewers.
    """
    frames = Frames(calendars)
    asked = Asked(store, frames, frames.slots(), role, 0)
    wanted = None if contents is None else np.array(sorted(set(contents)), dtype=np.int64)
    sizes = [
        len(calendars[each.calendar]) * len(sensors_of(catalogue, each, every=True)) * _CONTENTS for each in places
    ]
    for first, last in portions(sizes, _ROWS):
        units = sensor_units(catalogue, places[first:last], frames, every=True)
        if units is None:
            continue
        rows = _of_sensors(asked, units, wanted, KINDS if by_kind else 0)
        place, row = _spread(units, rows.place)
        yield _added((place + first, rows.bucket[row], rows.content[row]), _sums(rows)[row])


def _of_sensors(asked: Asked, units: SensorUnits, wanted: Integers | None, kinds: int) -> ContentRows:
    """The rows of each unit, which stands for `place`; `wanted` contents, or all; `kinds` of viewers, or 0."""
    plays = _plays(asked, units, wanted)
    columns = len(_SUMS) + kinds
    parts: list[tuple[tuple[Integers, ...], Floats]] = []
    sums = np.zeros((plays.num_rows, columns))
    sums[:, 0], sums[:, 1] = numbers(plays, "play_count"), numbers(plays, "content_duration")
    parts.append((tuple(numbers(plays, name) for name in ("unit", "bucket", "content_id")), sums))
    for met in _met(asked, units, wanted, by_kind=kinds > 0):
        sums = np.zeros((met.num_rows, columns))
        for index, name in enumerate(("watchers", "watchers_2sec", "dwell", "attention"), start=2):
            sums[:, index] = numbers(met, name)
        if kinds:
            sums[np.arange(met.num_rows), len(_SUMS) + numbers(met, "cell")] = sums[:, 2]
        parts.append((tuple(numbers(met, name) for name in ("unit", "bucket", "content_id")), sums))
    keys = tuple(np.concatenate(column) for column in zip(*(part[0] for part in parts), strict=True))
    rows = _added((keys[0], keys[1], keys[2]), np.concatenate([part[1] for part in parts]))
    rows.impressions[:] = rows.watchers * _ots_per_watcher(asked, units, rows.place, rows.bucket)
    return rows


def _ots_per_watcher(asked: Asked, units: SensorUnits, unit: Integers, bucket: Integers) -> Floats:
    """Of the sensor, for each of these units and buckets; 0 where nobody watched."""
    window = Window(*asked.frames.span())
    found = asked.sums("views", window, {"scope": units.scope}, **asked.roles())
    longest = max(len(each) for each in asked.frames.calendars)
    key = numbers(found, "unit") * longest + numbers(found, "bucket")
    order = np.argsort(key)
    ratio = divided(floats(found, "ots"), floats(found, "watchers"))[order]
    if not len(key):
        return np.zeros(len(unit))
    index = np.minimum(np.searchsorted(key[order], unit * longest + bucket), len(key) - 1)
    return np.where(key[order][index] == unit * longest + bucket, ratio[index], 0.0)


def _sums(rows: ContentRows) -> Floats:
    """The columns that add up, side by side, as `_added` takes them."""
    return np.concatenate([np.stack([getattr(rows, name) for name in _SUMS], axis=1), rows.kinds], axis=1)


def _added(keys: tuple[Integers, Integers, Integers], sums: Floats) -> ContentRows:
    """Rows of the same keys added up, in order of the keys."""
    order = np.lexsort(keys[::-1])
    ordered = [key[order] for key in keys]
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = np.any([key[1:] != key[:-1] for key in ordered], axis=0)
    first = np.flatnonzero(begins)
    added = np.add.reduceat(sums[order], first, axis=0) if len(first) else sums
    named = {name: added[:, index] for index, name in enumerate(_SUMS)}
    place, bucket, content = (key[first] for key in ordered)
    return ContentRows(place, bucket, content, **named, kinds=added[:, len(_SUMS) :])


def _spread(units: SensorUnits, unit: Integers) -> tuple[Integers, Integers]:
    """(place, row) for every place that the unit of each row counts for."""
    first = np.searchsorted(units.edge_unit, np.arange(len(units) + 1))
    count = np.diff(first)[unit]
    row = np.repeat(np.arange(len(unit)), count)
    return units.edge_place[first[unit][row] + places_in_runs(count)], row


def _wanted(wanted: Integers | None) -> tuple[dict[str, pa.Table], dict[str, Parameter]]:
    content = np.zeros(0, dtype=np.int64) if wanted is None else wanted
    return {"wanted": pa.table({"content_id": content})}, {"every_content": wanted is None}


def _plays(asked: Asked, units: SensorUnits, wanted: Integers | None) -> pa.Table:
    tables, parameters = _wanted(wanted)
    window = Window(*asked.frames.span())
    return asked.sums("content_plays", window, {"scope": units.scope, **tables}, **parameters)


def _met(asked: Asked, units: SensorUnits, wanted: Integers | None, *, by_kind: bool) -> Iterator[pa.Table]:
    """Watchers and times by unit, bucket, content and kind of viewer: of told views, then of untold ones."""
    wanted_tables, parameters = _wanted(wanted)
    parameters |= asked.roles()
    for window in windows_with_facts(asked.store, asked.frames.span(), len(units), _SENSOR_DAYS):
        tables = {"scope": units.scope, **wanted_tables}
        bounds: dict[str, Parameter] = {"start_ms": window.start, "end_ms": window.end}
        looks = asked.store.query("metrics/content_looks", bounds, {"scope": units.scope})
        tables["untold"] = looks.select(["seq"])
        yield asked.sums("content_views", window, tables, **parameters, of_untold=False, by_cell=by_kind)
        if looks.num_rows:
            rows = asked.sums("content_rows", window, tables, **parameters, of_untold=True)
            yield _of_untold(rows, looks)


def _of_untold(rows: pa.Table, looks: pa.Table) -> pa.Table:
    """As content_views.sql, of views whose attention to each content has to be found out."""
    attention = looked(rows, looks)
    view_content = [numbers(rows, name) for name in ("unit", "seq", "content_id")]
    order = np.lexsort(view_content)
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = np.any([key[order][1:] != key[order][:-1] for key in view_content], axis=0)
    first = np.flatnonzero(begins)
    if not len(first):
        attention = dwell = np.zeros(0, dtype=np.int64)
    else:
        attention = np.add.reduceat(attention[order], first)
        dwell = np.add.reduceat(numbers(rows, "duration_ms")[order], first)
    row = order[first]
    return pa.table(
        {
            **{name: numbers(rows, name)[row] for name in ("unit", "bucket", "content_id", "cell")},
            "watchers": np.ones(len(row), dtype=np.int64),
            "watchers_2sec": (attention > _LONG_LOOK_MS).astype(np.int64),
            "dwell": dwell,
            "attention": attention,
        }
    )


def looked(rows: pa.Table, looks: pa.Table) -> Integers:
    """The attention of each row, in ms: as told, else the overlap of its interval with the looking of its view.

    `rows`: seq, start_ms, duration_ms and attention_ms (-1: not told) of showings. `looks`: seq and attention of their
    views, every one of them.

    All views' stretches are laid end to end on one time line, along which the time looked so far only grows.
    """
    order = np.argsort(numbers(looks, "seq"))
    seq, lists = numbers(looks, "seq")[order], looks.column("attention").combine_chunks().take(pa.array(order))
    stretches = lists.flatten()
    ms = stretches.field("ms").to_numpy(zero_copy_only=False)
    looking: Flags = stretches.field("looking").to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(ms)])
    seen = np.concatenate([[0], np.cumsum(np.where(looking, ms, 0))])
    view_edges = ends[np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy())])]
    view = np.searchsorted(seq, numbers(rows, "seq"))
    begin, end = view_edges[view], view_edges[view + 1]

    def until(offset: Integers) -> Integers:
        """The time looked before `offset` ms of the view, counted from the beginning of the time line."""
        at = np.minimum(begin + offset, end)
        stretch = np.maximum(np.searchsorted(ends, at) - 1, 0)
        before: Integers = seen[stretch] + np.where(looking[stretch], at - ends[stretch], 0)
        return before

    start = numbers(rows, "start_ms")
    told = numbers(rows, "attention_ms")
    return np.where(told >= 0, told, until(start + numbers(rows, "duration_ms")) - until(start))
