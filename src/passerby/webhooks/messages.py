"""What a webhook is told: events in order of arrival, each as the Camlytics document writes it."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

import orjson
import pyarrow as pa

from passerby.catalogue.model import Catalogue, Webhook
from passerby.dialects.camlytics.events import Happening, Names, of_table, webhook_document
from passerby.journal import Journal
from passerby.store.contract import Store

# Rows of the journal looked at together, whatever they are: a window that several webhooks share.
WINDOW_ROWS = 8_192
# Events fetched at a time when a range of time is sent again.
_REPLAYED_AT_ONCE = 2_000
# Windows remembered: webhooks that are up to date all read the newest one.
_REMEMBERED = 4
_ALWAYS_MS = 2**62


@dataclass(frozen=True, slots=True)
class Message:
    """A body to post, and how far one is once it is delivered."""

    id: str
    body: bytes
    events: int
    until: int


class Position(Protocol):
    """A place in the journal that messages are made from: a webhook's own, or that of a replay."""

    cursor: int
    pending: int | None


@dataclass(frozen=True, slots=True)
class Range:
    """Where to look beyond a position: up to row `until`, and for a replay only events in [start_ms, end_ms)."""

    until: int
    start_ms: int = -_ALWAYS_MS
    end_ms: int = _ALWAYS_MS
    replay_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """Happenings of the rows up to `until`, by order of arrival."""

    happenings: Sequence[Happening]
    until: int


@dataclass(frozen=True, slots=True)
class _Place:
    """The sensors, and the zone if only that, whose events a webhook is told of."""

    sensor_ids: frozenset[int]
    part_id: int | None

    @classmethod
    def of(cls, catalogue: Catalogue, webhook: Webhook) -> _Place:
        target = webhook.target
        site = catalogue.site_of_target(target)
        if site is None:
            return cls(frozenset(), None)
        if target.level == "site":
            return cls(frozenset(site.sensor_ids), None)
        if isinstance(target.key, tuple):
            return cls(frozenset({target.key[0]}), target.key[1])
        return cls(frozenset({target.key}), None)

    def has(self, happening: Happening) -> bool:
        if happening.sensor_id not in self.sensor_ids:
            return False
        return self.part_id is None or happening.part_id == self.part_id


class Events:
    """Makes messages of what the store holds. Safe to use from several threads.

    Reading from the store and not from the journal leaves out, of itself, observations that were sent again; and how
    long the journal keeps its entries does not matter to a receiver that is away for days.
    """

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._windows: OrderedDict[tuple[int, int, int], _Page] = OrderedDict()
        self._lock = Lock()

    def message(
        self, catalogue: Catalogue, webhook: Webhook, position: Position, range_: Range, most: int
    ) -> Message | None:
        """The next message of about `most` events after a position; None when there is nothing to tell.

        The position moves over rows that hold nothing for this webhook. A message under way (`pending`) is made again
        with the boundaries it had. The events of one observation are never torn apart.
        """
        place = _Place.of(catalogue, webhook)
        found: list[Happening] = []
        until = range_.until if position.pending is None else position.pending
        reached = position.cursor
        while reached < until and (len(found) < most or position.pending is not None):
            page = self._page(catalogue, place, reached, until, range_)
            mine = [happening for happening in page.happenings if place.has(happening)]
            if position.pending is None and len(found) + len(mine) > most:
                mine, reached = _cut(mine, most - len(found))
                found += mine
                break
            found += mine
            reached = page.until
        if not found:
            position.cursor, position.pending = max(reached, position.cursor), None
            return None
        names = Names(catalogue)
        body = orjson.dumps([webhook_document(happening, names) for happening in found])
        return Message(message_id(webhook.id, range_.replay_id, position.cursor, body), body, len(found), reached)

    def _page(self, catalogue: Catalogue, place: _Place, after: int, until: int, range_: Range) -> _Page:
        if range_.replay_id is None:
            return self._window(catalogue, after, min(until, after + WINDOW_ROWS))
        rows = self._read(place.sensor_ids, after, until, (range_.start_ms, range_.end_ms), _REPLAYED_AT_ONCE)
        if len(rows) < _REPLAYED_AT_ONCE:
            return _Page(rows, until)
        whole, reached = _cut(rows, len(rows) - 2)  # the last observation's events may not all be among them
        return _Page(whole, reached)

    def _window(self, catalogue: Catalogue, after: int, until: int) -> _Page:
        """What happened at all sensors of any webhook, less what nobody is told about."""
        key = (catalogue.version, after, until)
        with self._lock:
            if (known := self._windows.get(key)) is not None:
                self._windows.move_to_end(key)
                return known
            places = (_Place.of(catalogue, each) for each in catalogue.webhooks.values() if each.what == "events")
            sensors = frozenset().union(*(place.sensor_ids for place in places))
            rows = self._read(sensors, after, until, (-_ALWAYS_MS, _ALWAYS_MS), 4 * WINDOW_ROWS)
            page = self._windows[key] = _Page(_told(rows, self._journal.quiet(after, until)), until)
            while len(self._windows) > _REMEMBERED:
                self._windows.popitem(last=False)
            return page

    def _read(
        self, sensors: frozenset[int], after: int, until: int, period: tuple[int, int], most: int
    ) -> list[Happening]:
        if not sensors:
            return []
        parameters = {
            "after_seq": after,
            "until_seq": until,
            "start_ms": period[0],
            "end_ms": period[1],
            "most": most,
        }
        tables = {"wanted_sensors": pa.table({"sensor_id": pa.array(sorted(sensors), pa.int64())})}
        return list(of_table(self._store.query("webhooks/events", parameters, tables)))


def message_id(webhook_id: int, replay_id: int | None, cursor: int, body: bytes) -> str:
    """The same for the same message, another for every other one: also after a restore, when numbers come again."""
    digest = hashlib.blake2b(f"{webhook_id} {replay_id} {cursor} ".encode(), digest_size=16)
    digest.update(body)
    return f"msg_{digest.hexdigest()}"


def row_of(happening: Happening) -> int:
    """The row of the journal that a happening comes from."""
    return happening.id // 2


def _cut(happenings: Sequence[Happening], most: int) -> tuple[list[Happening], int]:
    """At least one observation's happenings and not many more than `most`; the row that the last of them is from."""
    last = row_of(happenings[max(most, 1) - 1])
    kept = [happening for happening in happenings if row_of(happening) <= last]
    return kept, last


def _told(happenings: list[Happening], quiet: Sequence[tuple[int, int]]) -> list[Happening]:
    """Without those of quiet rows; `quiet` are runs (first, last) in order."""
    if not quiet:
        return happenings
    starts = [first for first, _ in quiet]

    def is_quiet(row: int) -> bool:
        run = bisect_right(starts, row) - 1
        return run >= 0 and row <= quiet[run][1]

    return [happening for happening in happenings if not is_quiet(row_of(happening))]
