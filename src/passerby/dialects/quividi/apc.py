"""The finest export of viewers with contents: each watcher, and what was on the screen meanwhile.

The engine gives the watchers with the contents as they were observed; here each content gets its names, its attention
where the sensor does not tell it, and one entry however often it was shown. A batch at a time, by columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from passerby.catalogue.model import Catalogue
from passerby.dialects.quividi.requests import DataRequest
from passerby.metrics.contents import looked
from passerby.metrics.places import Flags, Integers
from passerby.store.contract import Parameter, Store

MOODS = ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")
_RAW = ("expert", "contents", "attention")


class Contents:
    """The contents that an export asks for, and their names."""

    def __init__(self, catalogue: Catalogue, request: DataRequest) -> None:
        known = {content.id: content for content in catalogue.contents.values()}
        self._wanted: Integers | None = None
        if request.contents is not None:
            found = (catalogue.content(request.account, text) for text in request.contents)
            self._wanted = np.array(sorted(content.id for content in found if content is not None), dtype=np.int64)
            known = {number: known[number] for number in self._wanted.tolist()}
        named = [known[number] for number in sorted(known)]
        self._ids = np.array([content.id for content in named], dtype=np.int64)
        self._names = pa.table(
            {
                "content_id": pa.array([content.content_id for content in named], pa.string()),
                "app_id": pa.array([content.app_id for content in named], pa.string()),
                "campaign_id": pa.array([content.campaign_id for content in named], pa.string()),
            }
        )

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What the queries bind."""
        return {"every_content": self._wanted is None}

    @property
    def tables(self) -> Mapping[str, pa.Table]:
        """What the queries join."""
        return {"wanted": pa.table({"content_id": self._ids if self._wanted is not None else self._ids[:0]})}

    def asked(self, ids: Integers) -> Flags:
        """Which of these contents are asked for."""
        if self._wanted is None:
            return np.ones(len(ids), dtype=np.bool_)
        found: Flags = np.isin(ids, self._wanted)
        return found

    def names(self, ids: Integers) -> pa.Table:
        """The names of each; one that is no longer in the catalogue is called by its number."""
        place = np.searchsorted(self._ids, ids)
        known = np.append(self._ids, -1)[place] == ids
        names = self._names.take(pa.array(place, mask=~known))
        if known.all():
            return names
        numbers = pc.cast(pa.array(ids), pa.string())
        return names.set_column(0, "content_id", pc.coalesce(names["content_id"], numbers))


def lines(store: Store, batches: Iterator[pa.RecordBatch], contents: Contents) -> Iterator[pa.RecordBatch]:
    """The rows of viewers_apc.sql as JSON objects, a comma behind each."""
    for batch in batches:
        kept = [name for name in batch.schema.names if name not in _RAW]
        table = pa.Table.from_batches([batch]).select(kept).append_column("contents", _shown(batch, contents))
        yield from store.stream("json_rows", {}, {"rows": table})


def _shown(batch: pa.RecordBatch, contents: Contents) -> pa.ListArray:
    """The contents of each row's view as the document has them."""
    lists = batch.column("contents")
    shown = lists.flatten()
    view = np.repeat(np.arange(batch.num_rows), lists.value_lengths().to_numpy())
    ids = _integers(shown.field("content_id"))
    asked = np.flatnonzero(contents.asked(ids))
    shown, view, ids = shown.take(pa.array(asked)), view[asked], ids[asked]
    entry, first = _entries(view, ids)
    moods, mood = shown.field("mood"), ~shown.field("mood").is_null().to_numpy(zero_copy_only=False)
    told = np.bincount(entry, mood, len(first)) > 0
    told &= batch.column("expert").to_numpy(zero_copy_only=False)[view[first]]
    names = contents.names(ids[first])
    columns = {
        **{name: names[name].combine_chunks() for name in names.column_names},
        "dwell_time_in_milliseconds": pa.array(_sums(entry, _integers(shown.field("duration_ms")), len(first))),
        "attention_time_in_milliseconds": pa.array(_sums(entry, _attention(batch, view, shown), len(first))),
        **{
            f"{name}_time": pa.array(_sums(entry, _integers(pc.struct_field(moods, name)), len(first)), mask=~told)
            for name in MOODS
        },
    }
    offsets = np.searchsorted(view[first], np.arange(batch.num_rows + 1))
    structs = pa.StructArray.from_arrays(list(columns.values()), list(columns))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs)


def _entries(view: Integers, ids: Integers) -> tuple[Integers, Integers]:
    """(the entry that each showing belongs to, the first showing of each entry): one for a view and content."""
    order = np.lexsort((ids, view))
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (view[order][1:] != view[order][:-1]) | (ids[order][1:] != ids[order][:-1])
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(begins) - 1
    first = order[begins]  # lexsort is stable: the earliest showing of each
    by_first = np.argsort(first)
    rank = np.empty(len(first), dtype=np.int64)
    rank[by_first] = np.arange(len(first))
    return rank[group], first[by_first]


def _sums(entry: Integers, values: Integers, length: int) -> Integers:
    total = np.zeros(length, dtype=np.int64)
    np.add.at(total, entry, values)
    return total


def _integers(column: pa.Array) -> Integers:
    """Integers, 0 for null."""
    numbers: Integers = pc.fill_null(column, 0).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return numbers


def _attention(batch: pa.RecordBatch, view: Integers, shown: pa.StructArray) -> Integers:
    """Attention to each showing in ms: as told, else what the person looked meanwhile, else 0."""
    told = shown.field("attention_ms")
    found = _integers(told)
    looks = batch.column("attention")
    known = ~looks.is_null().to_numpy(zero_copy_only=False)
    untold = np.flatnonzero(told.is_null().to_numpy(zero_copy_only=False) & known[view])
    if len(untold):
        views = np.flatnonzero(known)
        rows = pa.table(
            {
                "seq": view[untold],
                "start_ms": _integers(shown.field("start_ms"))[untold],
                "duration_ms": _integers(shown.field("duration_ms"))[untold],
                "attention_ms": np.full(len(untold), -1),
            }
        )
        found = found.copy()
        found[untold] = looked(rows, pa.table({"seq": views, "attention": looks.take(pa.array(views))}))
    return found
