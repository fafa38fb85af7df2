"""The metrics of sites and sensors: visits, groups, occupancy, passers-by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from passerby.metrics import kernels
from passerby.metrics.grid import Grid
from passerby.metrics.kernels import SCALE, Steps
from passerby.metrics.places import Flags, Floats, Integers
from passerby.metrics.scope import Frames, SiteUnits, Units, Window, Windows, resets_of
from passerby.store.contract import Parameter, Store

if TYPE_CHECKING:
    from passerby.metrics.kept import KeptSums  # which needs what is asked

# Outside of what a calendar or a clock can say, yet far from overflowing when subtracted.
_NEVER_MS = -(2**61)
_FOR_EVER_MS = 2**61
# `visits` is what two of the others leave.
VISIT_SUMS = ("all_visits", "visits", "bounces", "dwell_time", "timed_visits")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every source: where facts come from, in which buckets they fall, whom to count, until when.

    `kept`: where sums of days may be found and left.
    """

    store: Store
    frames: Frames
    slots: pa.Table
    role: str | None
    now_ms: int
    kept: KeptSums | None = None

    def roles(self) -> dict[str, Parameter]:
        """The parameters that choose by role: staff is left out unless everyone, or one role, is asked for."""
        return counted_roles(self.role)

    @property
    def with_roleless(self) -> bool:
        """Whether observations that have no role count: passages, interval counts and levels."""
        return self.role in {None, "any"}

    def sums(self, name: str, window: Window, tables: dict[str, pa.Table], **more: Parameter) -> pa.Table:
        """The answer of a query that adds up by unit and bucket."""
        parameters: dict[str, Parameter] = {"start_ms": window.start, "end_ms": window.end, **more}
        return self.store.query(f"metrics/{name}", parameters, {"slots": self.slots, **tables})

    def all_sums(self, units: Units, name: str, tables: dict[str, pa.Table], **more: Parameter) -> pa.Table:
        """As `sums`, over the whole range; a unit and bucket may have several rows, which add up."""
        if self.kept is None:
            return self.sums(name, Window(*self.frames.span()), tables, **more)
        return self.kept.sums(self, units, name, tables, more)


def counted_roles(role: str | None) -> dict[str, Parameter]:
    """The parameters of `counted_roles.sql`; `role` as in `compute.compute`."""
    if role is None:
        return {"excluded": "staff", "only": None}
    return {"excluded": None, "only": None if role == "any" else role}


def numbers(table: pa.Table, name: str) -> Integers:
    """An integer column without nulls."""
    column: Integers = table.column(name).to_numpy().astype(np.int64, copy=False)
    return column


def floats(table: pa.Table, name: str) -> Floats:
    """A column of floating-point numbers without nulls."""
    column: Floats = table.column(name).to_numpy().astype(np.float64, copy=False)
    return column


def flags(table: pa.Table, name: str) -> Flags:
    """A column of booleans without nulls."""
    column: Flags = table.column(name).to_numpy().astype(np.bool_, copy=False)
    return column


def counted(frames: Frames, units: Units, unit: Integers, time: Integers, window: Window) -> Flags:
    """Which times lie in the window and in the asked range of their unit's calendar."""
    calendar = units.calendar[unit]
    begin = np.maximum(frames.range_start[calendar], window.start)
    end = np.minimum(frames.range_end[calendar], window.end)
    return (time >= begin) & (time < end)


def add_passages(asked: Asked, units: SiteUnits, grid: Grid) -> None:
    """Walk-bys. Passages have no role, so none counts when one role is asked for."""
    if not asked.with_roleless:
        return
    found = asked.all_sums(units, "passages", {"scope": units.scope})
    grid.add("walk_bys", units, numbers(found, "unit"), numbers(found, "bucket"), numbers(found, "walk_bys"))


def bounced(visits: pa.Table) -> Flags:
    """Which visits are known to be bounces."""
    known: Flags = pc.fill_null(visits.column("bounce"), fill_value=False).to_numpy()
    return known


def ends(stays: pa.Table) -> Integers:
    """When stays ended; one of unknown duration is never present, so it ends as it starts."""
    ended: Integers = pc.coalesce(stays.column("ended_ms"), stays.column("started_ms")).to_numpy()
    return ended


def add_visit_sums(asked: Asked, units: SiteUnits, grid: Grid) -> None:
    """all_visits, bounces, dwell_time and timed_visits, added up by the engine."""
    found = asked.all_sums(units, "visits", {"scope": units.scope}, **asked.roles())
    unit, bucket = numbers(found, "unit"), numbers(found, "bucket")
    for name in ("all_visits", "bounces", "dwell_time", "timed_visits"):
        grid.add(name, units, unit, bucket, numbers(found, name))
    if units.doors.num_rows:
        more = {**asked.roles(), "with_counts": asked.with_roleless}
        found = asked.all_sums(units, "doors", {"doors": units.doors}, **more)
        value = kernels.scaled(floats(found, "all_visits"))
        grid.add_scaled("all_visits", units, numbers(found, "unit"), numbers(found, "bucket"), value)


@dataclass(frozen=True, slots=True)
class Needs:
    """Which of the metrics that need single rows are asked for."""

    sums: bool
    groups: bool
    peaks: bool


@dataclass(frozen=True, slots=True)
class Sequences:
    """One window of the metrics that depend on the order of single observations."""

    asked: Asked
    units: SiteUnits
    grid: Grid
    window: Window
    needs: Needs

    def add(self) -> None:
        """Compute and add."""
        resets = resets_of(self.units, self.asked.frames, self.window)
        seen_ms = self.window.start - int(self.units.group_gap_ms.max() if self.needs.groups else 0)
        visits = self._visits(seen_ms)
        doors = self._doors(min(seen_ms, int(resets[1].min()) if self.needs.peaks else seen_ms))
        unit, start = numbers(visits, "unit"), numbers(visits, "started_ms")
        if self.needs.groups:
            named = visits.column("visit_group").is_valid().to_numpy()
            stayed = ~bounced(visits)
            alone = stayed & ~named
            self._add_groups(
                np.concatenate([unit[alone], doors.unit[doors.person]]),
                np.concatenate([start[alone], doors.time[doors.person]]),
                seen_ms,
            )
            self._add_named_groups(visits.filter(pa.array(stayed & named)))
        if self.needs.sums:
            self._add_sums(visits, doors)
        if self.needs.peaks:
            self._add_peaks(unit, start, ends(visits), doors, resets)

    def _visits(self, seen_ms: int) -> pa.Table:
        parameters: dict[str, Parameter] = {
            "seen_ms": seen_ms,
            "start_ms": self.window.start,
            "end_ms": self.window.end,
            **self.asked.roles(),
        }
        return self.asked.store.query("metrics/visit_rows", parameters, {"scope": self.units.scope})

    def _doors(self, seen_ms: int) -> DoorRows:
        if not self.units.doors.num_rows:
            return DoorRows.none()
        parameters: dict[str, Parameter] = {
            "seen_ms": seen_ms,
            "end_ms": self.window.end,
            **self.asked.roles(),
            "with_counts": self.asked.with_roleless,
        }
        found = self.asked.store.query("metrics/door_rows", parameters, {"doors": self.units.doors})
        return DoorRows(
            numbers(found, "unit"),
            numbers(found, "started_ms"),
            kernels.scaled(floats(found, "came")),
            kernels.scaled(floats(found, "went")),
            kernels.scaled(floats(found, "all_visits")),
            flags(found, "person"),
        )

    def _counted(self, unit: Integers, time: Integers) -> Flags:
        return counted(self.asked.frames, self.units, unit, time, self.window)

    def _buckets(self, unit: Integers, time: Integers) -> Integers:
        return self.asked.frames.buckets(self.units.calendar[unit], time)

    def _add_groups(self, unit: Integers, start: Integers, origin: int) -> None:
        recent = start >= origin
        key = kernels.keys(unit[recent], start[recent], origin)
        first = kernels.first_of_groups(key, self.units.group_gap_ms)
        unit, start = kernels.units(first), kernels.times(first, origin)
        inside = self._counted(unit, start)
        unit, start = unit[inside], start[inside]
        self.grid.add("group_visits", self.units, unit, self._buckets(unit, start), np.ones(len(unit)))

    def _add_named_groups(self, members: pa.Table) -> None:
        """Groups that sensors named themselves: a name is that of its sensor, and of one group (`group_name_s`)."""
        start = numbers(members, "started_ms")
        members = members.filter(pa.array(start >= self.window.start))
        if not members.num_rows:
            return
        unit, start, sensor = (numbers(members, name) for name in ("unit", "started_ms", "sensor_id"))
        names = members.column("visit_group").combine_chunks()
        name = names.dictionary_encode().indices.to_numpy()
        order = np.lexsort((start, name, sensor, unit))
        unit, start, name, sensor = unit[order], start[order], name[order], sensor[order]
        first = np.ones(len(start), dtype=np.bool_)
        first[1:] = (np.diff(name) != 0) | (np.diff(sensor) != 0) | (np.diff(unit) != 0)
        # In place of nothing before it, the first of a name has the name's last use before the window.
        previous = np.roll(start, 1)
        previous[first] = self._last_uses(unit[first], sensor[first], names.take(pa.array(order[first])))
        longest = np.where(self.units.group_name_ms > 0, self.units.group_name_ms, _FOR_EVER_MS)[unit]
        begins = ((previous == _NEVER_MS) | (start - previous > longest)) & self._counted(unit, start)
        unit, start = unit[begins], start[begins]
        self.grid.add("group_visits", self.units, unit, self._buckets(unit, start), np.ones(len(unit)))

    def _last_uses(self, unit: Integers, sensor: Integers, names: pa.Array) -> Integers:
        """When each name was last used before the window, `_NEVER_MS` where it was not."""
        table = pa.table(
            {
                "number": np.arange(len(unit)),
                "sensor_id": sensor,
                "visit_group": names,
                "bounce_ms": self.units.bounce_ms[unit],
            }
        )
        longest = self.units.group_name_ms
        parameters: dict[str, Parameter] = {
            "names_ms": self.window.start - int(longest.max()) if longest.all() else _NEVER_MS,
            "start_ms": self.window.start,
            **self.asked.roles(),
        }
        found = self.asked.store.query("metrics/named_before", parameters, {"names": table})
        last = np.full(len(unit), _NEVER_MS, dtype=np.int64)
        last[numbers(found, "number")] = numbers(found, "started_ms")
        return last

    def _add_sums(self, visits: pa.Table, doors: DoorRows) -> None:
        """Add up the rows, which are here anyway: a second scan would cost more. What they are the query has said."""
        unit, start = numbers(visits, "unit"), numbers(visits, "started_ms")
        inside = self._counted(unit, start)
        unit, bucket = unit[inside], self._buckets(unit[inside], start[inside])
        dwell = visits.column("dwell_ms")
        self.grid.add("all_visits", self.units, unit, bucket, np.ones(len(unit)))
        self.grid.add("bounces", self.units, unit, bucket, bounced(visits)[inside])
        self.grid.add("dwell_time", self.units, unit, bucket, dwell.fill_null(0).to_numpy()[inside])
        self.grid.add("timed_visits", self.units, unit, bucket, dwell.is_valid().to_numpy()[inside])
        inside = self._counted(doors.unit, doors.time)
        unit, bucket = doors.unit[inside], self._buckets(doors.unit[inside], doors.time[inside])
        self.grid.add_scaled("all_visits", self.units, unit, bucket, doors.all_visits[inside])

    def _add_peaks(
        self, unit: Integers, start: Integers, end: Integers, doors: DoorRows, resets: tuple[Integers, Integers]
    ) -> None:
        windows = self.units.windows(self.asked.frames, self.window)
        # Those who are there already begin before every bucket of the window, so only carrying counts them.
        before = self.window.start - 1
        stays = kernels.steps_of_stays(unit, np.maximum(start, before), np.minimum(end, self.window.end), before)
        self._add_maxima(stays, windows, before, 1.0)
        if not len(resets[1]):
            return
        origin = int(resets[1].min())
        if len(doors.unit):
            self._add_maxima(self._inside(doors, resets, origin), windows, origin, SCALE)
        if self.asked.with_roleless:
            levels = self._levels(resets, origin)
            if levels is not None:
                self._add_maxima(levels, windows, origin, SCALE)

    def _since_reset(self, unit: Integers, time: Integers, resets: tuple[Integers, Integers]) -> Flags:
        """Which times are not before their unit's look-back begins."""
        first = np.full(len(self.units), np.iinfo(np.int64).max)
        np.minimum.at(first, resets[0], resets[1])
        return time >= first[unit]

    def _inside(self, doors: DoorRows, resets: tuple[Integers, Integers], origin: int) -> Steps:
        kept = self._since_reset(doors.unit, doors.time, resets)
        key = kernels.keys(doors.unit[kept], doors.time[kept], origin)
        return kernels.steps_of_doors(key, doors.came[kept] - doors.went[kept], kernels.keys(*resets, origin))

    def _levels(self, resets: tuple[Integers, Integers], origin: int) -> Steps | None:
        parameters: dict[str, Parameter] = {"seen_ms": origin, "end_ms": self.window.end}
        found = self.asked.store.query("metrics/level_rows", parameters, {"scope": self.units.scope})
        if not found.num_rows:
            return None
        unit, time = numbers(found, "unit"), numbers(found, "started_ms")
        kept = self._since_reset(unit, time, resets)
        sensor = numbers(found, "sensor_id")[kept]
        unit, time, value = unit[kept], time[kept], kernels.scaled(floats(found, "value")[kept])
        # One member per unit and sensor, numbered by unit: a sensor asked for by itself and within its site is two.
        sensors, sensor = np.unique(sensor, return_inverse=True)
        pairs, member = np.unique(unit * len(sensors) + sensor, return_inverse=True)
        unit_of_member = pairs // len(sensors)
        # Every sensor of a unit is set back by each reset of the unit.
        first = np.searchsorted(unit_of_member, np.arange(len(self.units) + 1))
        reset_unit, reset_time = resets
        count = np.diff(first)[reset_unit]
        reset_row = np.repeat(np.arange(len(reset_unit)), count)
        reset_member = first[reset_unit][reset_row] + kernels.places_in_runs(count)
        return kernels.steps_of_levels(
            kernels.Members(member, unit_of_member), time, value, (reset_member, reset_time[reset_row]), origin
        )

    def _add_maxima(self, steps: Steps, windows: Windows, origin: int, scale: float) -> None:
        """What is present when a bucket begins is not carried into buckets of the future."""
        highest = kernels.maxima(
            steps,
            kernels.keys(windows.unit, windows.begin, origin),
            kernels.keys(windows.unit, windows.end, origin),
            windows.begin <= self.asked.now_ms,
        )
        self.grid.add("peak_occupancy", self.units, windows.unit, windows.bucket, highest / scale)


@dataclass(frozen=True, slots=True)
class DoorRows:
    """Movements over entrance lines; persons are `scaled`. `person`: an individual who begins or joins a group."""

    unit: Integers
    time: Integers
    came: Floats
    went: Floats
    all_visits: Floats
    person: Flags

    @staticmethod
    def none() -> DoorRows:
        """No movements."""
        integers, numbers_ = np.zeros(0, dtype=np.int64), np.zeros(0)
        return DoorRows(integers, integers, numbers_, numbers_, numbers_, np.zeros(0, dtype=np.bool_))
