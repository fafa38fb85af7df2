"""From columns of numbers to the documents of the exports.

All work is done on whole columns, also the writing of JSON: a map is a slice of one text that holds all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from passerby.dialects.analytiks.errors import REFUSED_LOCATIONS
from passerby.dialects.analytiks.pages import Field, Page
from passerby.dialects.analytiks.places import Found
from passerby.dialects.analytiks.series import Asked
from passerby.metrics.places import Computed
from passerby.metrics.registry import METRICS

Integers = npt.NDArray[np.int64]
Document = dict[str, object]
Maps = dict[tuple[int, int], orjson.Fragment]
"""The map of each (place, metric), written already."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """One number per (place, metric, label), sorted by them; `label` counts through the labels of all calendars."""

    place: Integers
    metric: Integers
    label: Integers
    value: npt.NDArray[np.float64]

    def __getitem__(self, keep: npt.NDArray[np.bool_]) -> _Rows:
        return _Rows(self.place[keep], self.metric[keep], self.label[keep], self.value[keep])


def documents(asked: Asked, computed: Computed, *, complete: bool = False) -> list[Document]:
    """One document per location, in order; maps, zones and fields without a value are left out.

    `complete` leaves out nothing: every map of a location has every bucket, with 0 where there is no value.
    """
    page, metrics = asked.page, asked.metrics
    rows = _over_labels(computed, asked, metrics)
    if asked.mean:
        rows = _means(rows, page, metrics)
    maps = _maps(_with_zeros(rows, asked, metrics) if complete else rows, asked, zeros=complete)
    numbers = {name: number for number, name in enumerate(metrics)}
    answer = []
    for place, location in enumerate(asked.locations):
        document: Document = {"locationId": location.site.id}
        if location.reference is not None:
            document["referenceNumber"] = location.reference
        document.update(_fields(page.site_fields, place, maps, numbers))
        zones = [
            {"id": zone.uid, **found}
            for number, zone in asked.zones[place]
            if (found := _fields(page.zone_fields, number, maps, numbers))
        ]
        if zones:
            document["pointOfInterest"] = zones
        answer.append(document)
    return answer


def partial(answered: list[Document], found: Found) -> Document:
    """The answer of v2: what was found, and what was refused as it was asked for."""
    failures = {"description": REFUSED_LOCATIONS, "locations": found.refused} if found.refused else {}
    return {"successes": answered, "failures": failures}


def batch(answered: list[Document], cursor: str | None) -> Document:
    """The answer of v3."""
    return {"cursor": cursor, "data": answered}


def half_up(values: npt.NDArray[np.float64]) -> Integers:
    """Natural numbers: halves are rounded up. Adding 0.5 first would round 0.49999999999999994 up as well."""
    whole = np.floor(values)
    return (whole + (values - whole >= 0.5)).astype(np.int64)


def _over_labels(computed: Computed, asked: Asked, metrics: Sequence[str]) -> _Rows:
    """Rows by label instead of bucket. Two buckets of one label become one row: counts add, the higher peak stays."""
    bases = np.cumsum([0, *(len(each.calendar) for each in asked.buckets[:-1])])
    calendars = np.array([place.calendar for place in asked.places], dtype=np.int64)[computed.place]
    label = bases[calendars] + computed.bucket
    rows = _Rows(
        computed.place.astype(np.int64, copy=False), computed.metric.astype(np.int64, copy=False), label, computed.value
    )
    if all(each.first is None for each in asked.buckets) or not len(label):
        return rows
    first = np.concatenate(
        [
            base + (np.arange(len(each.calendar)) if each.first is None else each.first)
            for base, each in zip(bases, asked.buckets, strict=True)
        ]
    )
    label = first[label]
    order = np.argsort((rows.place * len(metrics) + rows.metric) * len(first) + label, kind="stable")
    place, metric, label, value = rows.place[order], rows.metric[order], label[order], rows.value[order]
    begins = _begins(place, metric, label)
    highest = np.array([METRICS[name].combine == "max" for name in metrics])[metric[begins]]
    value = np.where(highest, np.maximum.reduceat(value, begins), np.add.reduceat(value, begins))
    return _Rows(place[begins], metric[begins], label[begins], value)


def _means(rows: _Rows, page: Page, metrics: Sequence[str]) -> _Rows:
    """Rows with the sums of fields that have a `per` divided by it."""
    value = rows.value.copy()
    for field in page.site_fields + page.zone_fields:
        if field.per is None:
            continue
        sums = rows.metric == metrics.index(field.metric)
        counts = rows[rows.metric == metrics.index(field.per)]
        width = int(rows.label.max(initial=0)) + 1
        # Whoever has a stay is counted, so each sum has its count in this sorted list.
        found = np.searchsorted(counts.place * width + counts.label, rows.place[sums] * width + rows.label[sums])
        value[sums] = rows.value[sums] / counts.value[found]
    return _Rows(rows.place, rows.metric, rows.label, value)


def _with_zeros(rows: _Rows, asked: Asked, metrics: Sequence[str]) -> _Rows:
    """A row for every metric and label of every location; a local label that stands for two buckets is one."""
    bases = np.cumsum([0, *(len(each.calendar) for each in asked.buckets)])
    labels = [
        base + (np.arange(len(each.calendar)) if each.first is None else np.unique(each.first))
        for base, each in zip(bases[:-1], asked.buckets, strict=True)
    ]
    count, width = len(metrics), int(bases[-1])
    of_places = [labels[asked.places[number].calendar] for number in range(len(asked.locations))]
    label = np.concatenate([np.tile(each, count) for each in of_places])
    place = np.repeat(np.arange(len(of_places)), [count * len(each) for each in of_places])
    metric = np.concatenate([np.repeat(np.arange(count), len(each)) for each in of_places])
    value = np.zeros(len(label))
    known = rows[rows.place < len(of_places)]
    key = (place * count + metric) * width + label
    value[np.searchsorted(key, (known.place * count + known.metric) * width + known.label)] = known.value
    return _Rows(place, metric, label, value)


def _maps(rows: _Rows, asked: Asked, *, zeros: bool = False) -> Maps:
    """The map of each (place, metric); without `zeros` a number that rounds to 0 is left out like a 0."""
    natural = half_up(rows.value)
    if not zeros:
        rows, natural = rows[natural != 0], natural[natural != 0]
    if not len(rows.place):
        return {}
    # Every entry as "label":number, each with a comma behind it, in one text.
    labels = pa.array([f'"{label}":' for each in asked.buckets for label in each.labels.tolist()])
    numbers = pa.array(natural).cast(pa.string())
    entries = pc.binary_join_element_wise(labels.take(pa.array(rows.label)), numbers, ",", "")
    _, offsets, text = entries.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32, count=len(entries) + 1)
    written = text.to_pybytes()
    begins = _begins(rows.place, rows.metric)
    edges = ends[np.append(begins, len(entries))].tolist()
    keys = zip(rows.place[begins].tolist(), rows.metric[begins].tolist(), strict=True)
    return {
        key: orjson.Fragment(b"{" + written[begin : end - 1] + b"}")
        for key, begin, end in zip(keys, edges[:-1], edges[1:], strict=True)
    }


def _begins(*columns: Integers) -> Integers:
    """Where each run of equal rows begins, in columns sorted together."""
    changed = np.zeros(len(columns[0]), dtype=bool)
    changed[:1] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changed)


def _fields(fields: Sequence[Field], place: int, maps: Maps, numbers: Mapping[str, int]) -> Document:
    """The maps of a place; those that are empty are left out."""
    found = ((field.name, maps.get((place, numbers[field.metric]))) for field in fields)
    return {name: written for name, written in found if written is not None}
