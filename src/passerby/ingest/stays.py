"""Stays made of two events: someone joined a zone, someone left it.

A RegionJoin and the RegionLeave of the same object in the same zone are one zone visit, whichever comes first and
however long a restart lies between them. Both are events and stay events; the visit is added beside them, in the same
entry of the journal as the half that completes it, marked `also_events`.

Nothing is kept for this but the events themselves: what a process remembers it finds again in the facts after a
restart, a failure, or a restore. So no state of its own can get lost or disagree with them.

Halves belong together when one follows the other in time with no other half of the same object and zone between them,
at most `window_ms` apart. The second must arrive within `window_ms` of the first. Object ids may be used again: a join
that is followed by another join has lost its leave, and stays an event alone. So does a leave whose join never comes.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from passerby import observations
from passerby.catalogue.model import Catalogue
from passerby.loader import Loader
from passerby.observations import ZoneVisit
from passerby.store.contract import Store

JOINED = "RegionJoin"
LEFT = "RegionLeave"

# How long halves that have found each other are remembered: for those that are sent again.
_PAIRED_MS = 3_600_000
_SWEEP_MS = 60_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SAID = ("origin", "suborigin", "age_range", "gender", "snapshot_id", "record_id")

# Ids of sensor, zone and object.
Key = tuple[int, int, int]
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Half:
    """One end of a stay. `said` is what the event says besides, in the order of `_SAID`."""

    at_ms: int
    joined: bool
    received_ms: int
    paired: bool = False
    said: tuple[Any, ...] = ()

    @property
    def place(self) -> tuple[int, bool]:
        """Its place among the halves of its key: at one instant a leave ends the stay before a join begins the next."""
        return self.at_ms, self.joined


@dataclass(frozen=True, slots=True)
class Stay:
    """Two halves that found each other."""

    key: Key
    joined: Half
    left: Half

    def observation(self) -> ZoneVisit:
        """The zone visit that they make; what is said of it is what the join said."""
        sensor, zone, object_id = self.key
        return ZoneVisit(
            sensor=sensor,
            zone=zone,
            start=_EPOCH + timedelta(milliseconds=self.joined.at_ms),
            duration_ms=self.left.at_ms - self.joined.at_ms,
            object_id=object_id,
            also_events=True,
            **dict(zip(_SAID, self.joined.said, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What some events change: the stays that they complete, and the halves of each key that is concerned."""

    stays: list[Stay] = field(default_factory=list)
    halves: dict[Key, list[Half]] = field(default_factory=dict)


class Stays:
    """Finds the other halves. Whoever calls `plan` holds `turn` until he has called `keep` or `forget`."""

    def __init__(self, store: Store, loader: Loader, window_ms: int) -> None:
        self._store = store
        self._loader = loader
        self._window_ms = window_ms
        self._halves: dict[Key, list[Half]] | None = None
        self._swept_ms = 0
        self.turn = asyncio.Lock()

    def plan(self, rows: Sequence[Row], catalogue: Catalogue) -> Plan:
        """What these rows of kind `event` mean. May wait for the store the first time: call it in a thread.

        Raises UnavailableError when the store is too far behind to know which halves wait.
        """
        now_ms = int(time.time() * 1000)
        if self._halves is None:
            self._halves = self._waiting(now_ms)
        self._sweep(now_ms)
        plan = Plan()
        for key, half in halves(rows, now_ms):
            sensor = catalogue.sensors.get(key[0])
            if sensor is not None and key[1] in sensor.zones:
                known = plan.halves.get(key)
                if known is None:
                    known = plan.halves[key] = list(self._halves.get(key, ()))
                stay = add(known, key, half, self._window_ms)
                if stay is not None:
                    plan.stays.append(stay)
        return plan

    def keep(self, plan: Plan) -> None:
        """Remember what a plan has changed: its rows are safe."""
        if self._halves is not None:
            self._halves.update(plan.halves)

    def forget(self) -> None:
        """Nobody knows whether the rows of a plan are safe: look into the facts again next time."""
        self._halves = None

    def _waiting(self, now_ms: int) -> dict[Key, list[Half]]:
        """The halves that the facts hold, once all that was acknowledged is among them."""
        self._loader.catch_up()
        found: dict[Key, list[Half]] = {}
        since = {"received_from_ms": now_ms - self._window_ms}
        for batch in self._store.stream("stays", since):
            for row in batch.to_pylist():
                key = (row["sensor_id"], row["zone_id"], row["object_id"])
                said = tuple(row[name] for name in _SAID) if row["joined"] else ()
                half = Half(row["at_ms"], row["joined"], row["received_ms"], row["paired"], said)
                found.setdefault(key, []).append(half)
        for of_key in found.values():
            of_key.sort(key=lambda half: half.place)
        return found

    def _sweep(self, now_ms: int) -> None:
        if self._halves is None or now_ms - self._swept_ms < _SWEEP_MS:
            return
        self._swept_ms = now_ms
        for key, of_key in list(self._halves.items()):
            kept = [half for half in of_key if half.received_ms > now_ms - self._patience_ms(half)]
            if not kept:
                del self._halves[key]
            elif len(kept) < len(of_key):
                self._halves[key] = kept

    def _patience_ms(self, half: Half) -> int:
        return min(_PAIRED_MS, self._window_ms) if half.paired else self._window_ms


def add(known: list[Half], key: Key, half: Half, window_ms: int) -> Stay | None:
    """Put a half in its place among those of its key, and the stay that it completes if it does."""
    place = bisect_left(known, half.place, key=lambda each: each.place)
    if place < len(known) and known[place].place == half.place:
        return None  # sent again
    known.insert(place, half)
    other = _other(known, place, window_ms)
    if other is None:
        return None
    known[place] = replace(half, paired=True)
    known[other] = replace(known[other], paired=True)
    first, second = (place, other) if half.joined else (other, place)
    return Stay(key, known[first], known[second])


def _other(known: list[Half], place: int, window_ms: int) -> int | None:
    """Where the other half of the one at `place` is: next to it, or, of a stay of no length, at the same instant."""
    half = known[place]
    for other in (place + 1, place - 1) if half.joined else (place - 1, place + 1):
        if not 0 <= other < len(known):
            continue
        joined, left = (half, known[other]) if half.joined else (known[other], half)
        if not joined.joined or left.joined or known[other].paired:
            continue
        if 0 <= left.at_ms - joined.at_ms <= window_ms:
            return other
    return None


def halves(rows: Sequence[Row], now_ms: int) -> Iterator[tuple[Key, Half]]:
    """The joins and leaves among rows of kind `event`, of objects that somebody followed."""
    for row in rows:
        event = dict(zip(_EVENT, row, strict=True))
        type_, part, object_id = event["event_type"], event["trigger_id"], event["object_id"]
        if type_ in {JOINED, LEFT} and part is not None and object_id is not None:
            said = tuple(event[name] for name in _SAID) if type_ == JOINED else ()
            yield (event["sensor_id"], part, object_id), Half(event["started_ms"], type_ == JOINED, now_ms, said=said)


_EVENT = tuple(column.name for column in observations.table("event").row_columns)
