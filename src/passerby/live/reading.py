"""From the store to the live numbers: what matters now of everything, and then what each load adds."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from passerby.live.layout import Part
from passerby.live.sequences import Instant
from passerby.live.state import COLUMNS, STEPS, State, Tables
from passerby.observations import table
from passerby.store.contract import FactBatch, Loaded, Parameter, Store

Load = tuple[int, FactBatch, Loaded]
"""The first journal entry of a load, the rows that were handed to the store, and what it said."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a state goes: the last journal entry and the last row that is in it."""

    entry: int
    seq: int

    @staticmethod
    def of(store: Store) -> Position:
        """How far the store goes. While it loads, `entry` may already be the next one; `seq` is right."""
        seq = store.last_seq()
        return Position(store.cursor(), seq)


_STAYS = frozenset({"visit", "zone_visit"})
_ZONE_COLUMN = {"zone_visit": "zone_id", "level": "zone_id", "wifi_visit": "zone_id", "event": "trigger_id"}


def read_stored(store: Store, state: State, after_seq: int, last_seq: int) -> None:
    """Bring a state that stands at row `after_seq` up to row `last_seq`, from the store.

    Of what was long ago only two narrow columns are read, for the last times.
    """
    state.apply(_stored(store, state, after_seq, last_seq))
    bounds: dict[str, Parameter] = {"after_seq": after_seq, "last_seq": last_seq}
    sensors = store.query("live/last_of_sensors", bounds).to_pylist()
    zones = store.query("live/last_of_zones", bounds).to_pylist()
    state.seen(
        {row["sensor_id"]: row["last_ms"] for row in sensors},
        {(row["sensor_id"], row["zone_id"]): row["last_ms"] for row in zones},
    )


def take_load(store: Store, state: State, load: Load, position: Position) -> Position:
    """Bring a state that stands at `position` up to what was loaded; how far it goes then.

    Only rows that the store took count. When it took all that there were, they are at hand; else, and when anything
    is missing in between, the store is asked.
    """
    first_entry, batch, loaded = load
    after = Position(batch.cursor, batch.last_seq)
    if after.seq <= position.seq:
        return Position(max(after.entry, position.entry), position.seq)
    if loaded.duplicates or first_entry != position.entry + 1:
        read_stored(store, state, position.seq, after.seq)
        return after
    state.apply({kind: _relevant(kind, batch.rows[kind], state) for kind in COLUMNS if kind in batch.rows})
    for kind, rows in batch.rows.items():
        _see(state, kind, rows)
    return after


def _stored(store: Store, state: State, after_seq: int, last_seq: int) -> Tables:
    def rows(kind: str) -> pa.Table:
        since = state.stays_since() if kind in _STAYS else state.since()
        bounds: dict[str, Parameter] = {"since_ms": since, "after_seq": after_seq, "last_seq": last_seq}
        if kind == "zone_visit":
            bounds["joined_since_ms"] = state.since()
        return store.query(f"live/{table(kind).name}", bounds)

    return {kind: rows(kind) for kind in COLUMNS}


def _relevant(kind: str, rows: pa.Table, state: State) -> pa.Table:
    """The rows that can matter now: of a recording of last year none."""
    if kind == "event":
        rows = rows.filter(pc.is_in(rows.column("event_type"), value_set=pa.array(STEPS)))
    if kind in _STAYS:
        ends = rows.column("ended_ms")
        wanted = pc.greater(ends, state.stays_since())
        if kind == "zone_visit":
            # Also those that are over, when they say which joins are.
            paired = pc.and_(rows.column("also_events"), pc.greater_equal(ends, state.since()))
            wanted = pc.or_kleene(wanted, paired)
        return rows.filter(wanted)
    return rows.filter(pc.greater_equal(rows.column("started_ms"), state.since()))


def _see(state: State, kind: str, rows: pa.Table) -> None:
    latest = rows.select(["sensor_id", "started_ms"]).group_by("sensor_id").aggregate([("started_ms", "max")])
    columns = latest.to_pydict()
    sensors: Mapping[int, Instant] = dict(zip(columns["sensor_id"], columns["started_ms_max"], strict=True))
    zones: dict[Part, Instant] = {}
    if kind in _ZONE_COLUMN:
        keys = ["sensor_id", _ZONE_COLUMN[kind]]
        latest = rows.select([*keys, "started_ms"]).group_by(keys).aggregate([("started_ms", "max")])
        for row in latest.to_pylist():
            if row[keys[1]] is not None:
                zones[row[keys[0]], row[keys[1]]] = row["started_ms_max"]
    state.seen(sensors, zones)


class Waiting:
    """Loads that were not yet taken into account, in order, for one thread that waits for them.

    When more than `limit_rows` rows wait they are dropped: reading what matters from the store is quicker then.
    """

    def __init__(self, limit_rows: int) -> None:
        self._limit_rows = limit_rows
        self._changed = threading.Condition()
        self._loads: list[Load] = []
        self._rows = 0
        self._nudged = False
        self.overflown = False
        """Whether any were dropped since `start_over`."""

    def add(self, first_entry: int, batch: FactBatch, loaded: Loaded) -> None:
        """For the loader: another load."""
        with self._changed:
            self._rows += sum(rows.num_rows for rows in batch.rows.values())
            self._loads.append((first_entry, batch, loaded))
            if self._rows > self._limit_rows:
                self.overflown = True
                self._loads.clear()
            self._nudged = True
            self._changed.notify()

    def take(self) -> list[Load]:
        """What waits."""
        with self._changed:
            taken, self._loads, self._rows = self._loads, [], 0
        return taken

    def start_over(self) -> None:
        """Forget what waits: everything is read from the store."""
        with self._changed:
            self._loads, self._rows, self.overflown = [], 0, False

    def wait(self, timeout_s: float) -> None:
        """Until there is something to take or `nudge` was called since the last wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._nudged, timeout_s)
            self._nudged = False

    def nudge(self) -> None:
        """End a `wait`."""
        with self._changed:
            self._nudged = True
            self._changed.notify()
