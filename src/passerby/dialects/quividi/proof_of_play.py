"""The proof of play exports: what was played, who watched it, by location or by site.

A row is a content in a period that it was played or watched in; there are no placeholders. The document's names of the
times stand beside those of later releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from passerby.catalogue.model import Catalogue
from passerby.dialects.quividi.columns import half_up, rows, tenths, two_decimals, whole
from passerby.dialects.quividi.requests import DataRequest
from passerby.dialects.quividi.rows import Table, sensor_table
from passerby.metrics import contents
from passerby.metrics.audience import AGE_GROUPS, GENDERS
from passerby.metrics.places import Floats, Integers, Place
from passerby.metrics.ratios import divided
from passerby.metrics.scope import portions
from passerby.store.contract import Store

_SUMS = ("play_count", "content_duration", "watchers", "watchers_2sec", "dwell", "attention")
_AGES = {"child": "child", "young": "young_adult", "adult": "adult", "senior": "senior"}
_MS_PER_SECOND = 1000
_MS_PER_TENTH = 100
# Rows of sensors held at one time, in two dozen columns of 8 bytes each; and how many contents a screen shows in a
# period, as a guess.
_ROWS = 500_000
_CONTENTS = 20


def by_location(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """A row for each location, period and content."""
    known = [sensor for sensor in sensors if sensor in catalogue.sensors]
    yield from _tables(store, catalogue, request, [[sensor] for sensor in known], "location_id")


def by_site(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """A row for each site, period and content: the sum over those of its sensors that were asked for."""
    sites: dict[int, list[int]] = {}
    for sensor in sensors:
        if sensor in catalogue.sensors:
            sites.setdefault(catalogue.sensors[sensor].site_id, []).append(sensor)
    yield from _tables(store, catalogue, request, [sites[site] for site in sorted(sites)], "site_id")


def _tables(
    store: Store, catalogue: Catalogue, request: DataRequest, groups: Sequence[Sequence[int]], key: str
) -> Iterator[pa.Table]:
    """Rows for each group of sensors, which are of one site; `key` names what a group is."""
    if not groups:
        return
    periods = len(sensor_table(request, catalogue, groups[0][:1]))
    for first, last in portions([len(group) * periods * _CONTENTS for group in groups], _ROWS):
        yield _Proofs(store, catalogue, request, groups[first:last], key).rows()


@dataclass(frozen=True, slots=True)
class _Found:
    """Sums of one sensor, period and content each: `row` is that of the sensors' table, `sums` as `_SUMS`."""

    row: Integers
    content: Integers
    sums: Floats
    kinds: Floats


class _Proofs:
    """The rows of some groups of sensors."""

    def __init__(
        self, store: Store, catalogue: Catalogue, request: DataRequest, groups: Sequence[Sequence[int]], key: str
    ) -> None:
        self._store, self._catalogue, self._request, self._key = store, catalogue, request, key
        self._sensors = sensor_table(request, catalogue, [sensor for group in groups for sensor in group])
        self._sensors.fill(store, catalogue, ["ots", "watchers", "duration"])
        firsts = np.cumsum([0, *(len(group) for group in groups)])
        leaders = [self._sensors.places[first] for first in firsts[:-1]]
        sites = [catalogue.sensors[group[0]].site_id for group in groups]
        numbers = sites if key == "site_id" else [group[0] for group in groups]
        places = [Place("site", site, leader.calendar) for site, leader in zip(sites, leaders, strict=True)]
        self._table = Table(places, self._sensors.calendars, numbers)
        group_of = np.repeat(np.arange(len(groups)), np.diff(firsts))
        self._of_sensor_row = self._table.rows_of_periods(group_of[self._sensors.place], self._sensors.period)

    def rows(self) -> pa.Table:
        """The finished rows, by group, period and content."""
        found = self._found()
        # Impressions are those of each sensor and period, so they are added up last.
        ratio = divided(self._sensors["ots"], self._sensors["watchers"])[found.row]
        impressions = found.sums[:, _SUMS.index("watchers")] * ratio
        total = _added(
            self._of_sensor_row[found.row],
            found.content,
            np.column_stack([found.sums, impressions, found.kinds]),
        )
        sums = {name: total.sums[:, index] for index, name in enumerate((*_SUMS, "impressions"))}
        duration: Floats = np.bincount(self._of_sensor_row, self._sensors["duration"], len(self._table)).astype(
            np.float64
        )
        head = rows({self._key: self._table.number, **self._table.periods(" ")}, total.row)
        return pa.table(
            {
                **{name: head[name] for name in head.column_names},
                "content_id": self._texts(total.content),
                "duration": whole(duration[total.row]),
                **_metrics(sums),
                **(_demographics(sums["watchers"], total.kinds) if self._request.by_demographics else {}),
            }
        )

    def _found(self) -> _Found:
        """By sensor, period and content: buckets that one period is made of are added."""
        table, wanted = self._sensors, self._wanted()
        parts = [
            (
                table.rows_of(each.place, each.bucket),
                each.content,
                np.column_stack([*(getattr(each, name) for name in _SUMS), each.kinds]),
            )
            for each in contents.by_content(
                self._store,
                self._catalogue,
                table.places,
                table.calendars,
                contents=wanted,
                by_kind=self._request.by_demographics,
            )
        ]
        row, content, sums = (np.concatenate(column) for column in zip(*parts, strict=True))
        return _added(row, content, sums, columns=len(_SUMS))

    def _wanted(self) -> list[int] | None:
        """The ids of the contents that are asked for; None: all."""
        texts = self._request.contents
        if texts is None:
            return None
        found = (self._catalogue.content(self._request.account, text) for text in texts)
        return [content.id for content in found if content is not None]

    def _texts(self, ids: Integers) -> pa.Array:
        unique, index = np.unique(ids, return_inverse=True)
        known = self._catalogue.contents
        texts = [known[number].content_id if number in known else str(number) for number in unique.tolist()]
        return pa.array(texts, pa.string()).take(pa.array(index))


def _added(row: Integers, content: Integers, sums: Floats, columns: int = len(_SUMS) + 1) -> _Found:
    """Rows of the same key added up, in order of the keys; the first `columns` are `sums`, the others `kinds`."""
    order = np.lexsort((content, row))
    row, content = row[order], content[order]
    begins = np.ones(len(row), dtype=np.bool_)
    begins[1:] = (row[1:] != row[:-1]) | (content[1:] != content[:-1])
    first = np.flatnonzero(begins)
    added = np.add.reduceat(sums[order], first, axis=0) if len(first) else sums
    return _Found(row[first], content[first], added[:, :columns], added[:, columns:])


def _metrics(sums: Mapping[str, Floats]) -> Mapping[str, object]:
    watchers = sums["watchers"]
    return {
        "play_count": whole(sums["play_count"]),
        "content_duration": whole(sums["content_duration"] / _MS_PER_SECOND),
        "impressions": whole(sums["impressions"]),
        "impressions_per_play": two_decimals(divided(sums["impressions"], sums["play_count"])),
        "watchers": whole(watchers),
        "watchers_2sec": whole(sums["watchers_2sec"]),
        "total_dwell_time_in_tenths_of_sec": half_up(sums["dwell"] / _MS_PER_TENTH, 1),
        "total_attention_time_in_tenths_of_sec": half_up(sums["attention"] / _MS_PER_TENTH, 1),
        "dwell_time_in_tenths_of_sec": tenths(sums["dwell"]),
        "attention_time_in_tenths_of_sec": tenths(sums["attention"]),
        "avg_dwell_time_in_tenths_of_sec": tenths(divided(sums["dwell"], watchers)),
        "avg_attention_time_in_tenths_of_sec": tenths(divided(sums["attention"], watchers)),
    }


def _demographics(watchers: Floats, kinds: Floats) -> Mapping[str, object]:
    """Watchers of each known gender and age group; masked are those of whom either is unknown."""
    named = {
        f"watchers_{shown}_{gender}": kinds[:, len(AGE_GROUPS) * GENDERS.index(gender) + AGE_GROUPS.index(age)]
        for age, shown in _AGES.items()
        for gender in ("male", "female")
    }
    masked = watchers - np.sum(list(named.values()), axis=0)
    return {"watchers_masked": whole(masked), **{name: whole(each) for name, each in named.items()}}
