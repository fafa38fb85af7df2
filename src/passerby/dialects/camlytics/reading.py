"""Events and totals out of the store.

Events come in the order of arrival, which is the order in which they lie in the store, so a long answer is read in
stretches of ids and never sorted as a whole: memory does not grow with it. It is one snapshot: what arrives while it is
read is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from passerby.dialects.camlytics.events import ORIGINS
from passerby.dialects.camlytics.places import Places
from passerby.dialects.camlytics.requests import Asked
from passerby.store.contract import Parameter, Store

# Events that are held in memory at one time: about 15 MB as Python objects.
PAGE = 10_000
_END_OF_TIME = 2**62
# How many ids are looked at first for a few events, and how many times as many in each further step.
_NEAR = 1 << 18
_WIDER = 8
_ORIGINS = pa.table({"class": list(ORIGINS), "origin": [origin for origin, _ in ORIGINS.values()]})


@dataclass(frozen=True, slots=True)
class Reading:
    """The events that one request is about."""

    store: Store
    places: Places
    asked: Asked
    page: int = PAGE

    def events(self) -> Iterator[pa.Table]:
        """The events, piece by piece, in the order asked for; columns as in `events.COLUMNS`."""
        after = self._since_id
        until = self._last_id
        limit = self.asked.limit
        if not self.places.sensors:
            return
        if limit is not None and limit <= self.page:
            yield from self._nearest(after, until, limit)
            return
        left = _END_OF_TIME if limit is None else limit
        for low, high in self._stretches(after, until):
            for found in self._stretch(low, high):
                yield found.slice(0, left)
                left -= found.num_rows
                if left <= 0:
                    return

    def totals(self, name: str) -> pa.Table:
        """The answer of `camlytics/totals_<name>.sql`."""
        return self._query(f"camlytics/totals_{name}", self._since_id, self._last_id)

    @property
    def _since_id(self) -> int:
        return -1 if self.asked.since_id is None else self.asked.since_id

    @property
    def _last_id(self) -> int:
        return 2 * self.store.last_seq() + 1

    def _nearest(self, after: int, until: int, limit: int) -> Iterator[pa.Table]:
        """The first few events from where the order begins: mostly they lie near, so little is looked at at first."""
        width = _NEAR
        while after < until and limit > 0:
            if self.asked.descending:
                low, high = max(after, until - width), until
                until = low
            else:
                low, high = after, min(after + width, until)
                after = high
            found = self._page(low, high, limit)
            limit -= found.num_rows
            width *= _WIDER
            if found.num_rows:
                yield found

    def _stretches(self, after: int, until: int) -> Iterator[tuple[int, int]]:
        """(after, until] in stretches that hold about a page each, if events arrived evenly."""
        found = self._query("camlytics/extent", after, until).to_pylist()[0]
        if not found["events"]:
            return
        first, last = found["first_id"] - 1, found["last_id"]
        width = max(1, -(-(last - first) // -(-found["events"] // self.page)))
        starts = range(first, last, width)
        for low in reversed(starts) if self.asked.descending else starts:
            yield low, min(low + width, last)

    def _stretch(self, low: int, high: int) -> Iterator[pa.Table]:
        while low < high:
            found = self._page(low, high, self.page)
            if found.num_rows:
                yield found
            if found.num_rows < self.page:
                return
            last = found.column("id")[-1].as_py()
            low, high = (low, last - 1) if self.asked.descending else (last, high)

    def _page(self, after: int, until: int, size: int) -> pa.Table:
        return self._query("camlytics/events", after, until, direction=-1 if self.asked.descending else 1, page=size)

    def _query(self, name: str, after: int, until: int, **more: Parameter) -> pa.Table:
        asked = self.asked
        trigger = self.places.trigger
        parameters: dict[str, Parameter] = {
            "first_seq": max(0, after // 2),
            "last_seq": until // 2,
            "after_id": after,
            "until_id": until,
            "since_ms": -_END_OF_TIME if asked.since_ms is None else asked.since_ms,
            "until_ms": _END_OF_TIME if asked.until_ms is None else asked.until_ms,
            "part_id": None if trigger is None else trigger.id,
            "without_trigger": asked.without_trigger,
            "event_type": asked.event_type,
            "origin": asked.origin,
            **more,
        }
        return self.store.query(name, parameters, {"wanted_sensors": self.places.sensor_table, "origins": _ORIGINS})
