"""What is computed: places taken apart into units, and the Arrow tables that queries join facts to.

A *unit* is one thing that the rules are applied to, in one calendar: a site (over its entry points), a single
sensor, a zone or a line. A brand is no unit: it is the sum (for peaks the maximum) over the units of its sites.
A site that is asked for by itself and within its brand is one unit with two places.

Facts hold only sensor ids. `scope` tables say, for each sensor (and zone, or line), which unit it counts for,
with the settings that the rule needs; `slots` says which bucket a slot number belongs to. Both joins compare one
integer for equality, which is several times faster than comparing ranges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa

from passerby.calendar import DAY_MS, Calendar, to_utc, zone
from passerby.catalogue.model import Catalogue, Sensor, Site
from passerby.metrics.places import Flags, Integers, Place
from passerby.metrics.registry import Level
from passerby.store.contract import Store

# With more windows than this it pays to ask first where there are facts at all.
_MANY_WINDOWS = 32
# Doors and levels are carried until the next reset of the day.
_CARRIED_MS = 2 * DAY_MS


class Frames:
    """The calendars of a computation, as the queries and the kernels need them."""

    def __init__(self, calendars: Sequence[Calendar]) -> None:
        self.calendars = calendars
        self.range_start = np.array([each.range_start_ms for each in calendars], dtype=np.int64)
        self.range_end = np.array([each.range_end_ms for each in calendars], dtype=np.int64)
        self.slot_ms = np.array([each.slot_ms for each in calendars], dtype=np.int64)
        buckets = [each.slots()[1] for each in calendars]
        self._first_slot = np.cumsum([0, *(len(each) for each in buckets)])[:-1]
        self._bucket = np.concatenate(buckets)
        # The slots of all calendars are numbered one after another, from 0. An instant outside of a calendar's range
        # may have the number of another one's slot, or one below 0: queries leave it out by the range.
        starts = np.array([each.starts[0] for each in calendars], dtype=np.int64)
        self.slot_shift_ms = self._first_slot * self.slot_ms - starts

    def slots(self, wanted: Sequence[Flags] | None = None) -> pa.Table:
        """The columns slot and bucket; of all buckets, or by calendar of those `wanted`."""
        found = pa.table({"slot": np.arange(len(self._bucket)), "bucket": self._bucket})
        if wanted is None:
            return found
        calendars = np.split(self._bucket, self._first_slot[1:])
        kept = [flags[buckets] for flags, buckets in zip(wanted, calendars, strict=True)]
        return found.filter(pa.array(np.concatenate(kept)))

    def buckets(self, calendar: Integers, time: Integers) -> Integers:
        """The bucket of each time (ms) in the calendar of the same position; times must lie in the buckets."""
        slot = (time + self.slot_shift_ms[calendar]) // self.slot_ms[calendar]
        bucket: Integers = self._bucket[slot].astype(np.int64)
        return bucket

    def span(self) -> tuple[int, int]:
        """[start, end) of all ranges together, in ms."""
        return int(self.range_start.min()), int(self.range_end.max())


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch [start, end) of ms that is computed at one time."""

    start: int
    end: int


@dataclass(slots=True)
class Units:
    """Units in order, and the places each of them counts for.

    `calendar[u]` is the calendar's index; `edge_unit`/`edge_place` pair units with places, ordered by unit.
    """

    calendar: Integers
    edge_unit: Integers
    edge_place: Integers

    def __len__(self) -> int:
        return len(self.calendar)

    def windows(self, frames: Frames, window: Window) -> Windows:
        """Every unit's buckets, cut to what is asked for and to the window."""
        parts: list[tuple[Integers, Integers, Integers, Integers]] = []
        for index, each in enumerate(frames.calendars):
            units = np.flatnonzero(self.calendar == index)
            begin = np.maximum(each.starts, max(each.range_start_ms, window.start))
            end = np.minimum(each.ends, min(each.range_end_ms, window.end))
            bucket = np.flatnonzero(begin < end)
            parts.append(
                (
                    np.repeat(units, len(bucket)),
                    np.tile(bucket, len(units)),
                    np.tile(begin[bucket], len(units)),
                    np.tile(end[bucket], len(units)),
                )
            )
        return Windows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True, slots=True)
class Windows:
    """For each unit and bucket the stretch [begin, end) of ms whose instants count."""

    unit: Integers
    bucket: Integers
    begin: Integers
    end: Integers


@dataclass(slots=True)
class SiteUnits(Units):
    """Sites and single sensors, with what the rules of the section Sites need."""

    sensors: tuple[tuple[Sensor, ...], ...]
    bounce_ms: Integers
    group_gap_ms: Integers
    group_name_ms: Integers
    """For how long a sensor's own group name may be unused and still name the same group; 0: for ever."""
    reset_of: tuple[tuple[str, str], ...]
    """Zone name and local time (HH:MM) of the occupancy reset."""
    scope: pa.Table
    doors: pa.Table


@dataclass(slots=True)
class PartUnits(Units):
    """Zones or lines; `scope` has the columns sensor_id, part_id, unit and what `frame_columns` adds."""

    scope: pa.Table


@dataclass(slots=True)
class SensorUnits(Units):
    """Single sensors, whatever place they count for.

    `sensors` are their ids; `scope` has the columns sensor_id, unit and what `frame_columns` adds.
    """

    sensors: Integers
    scope: pa.Table


@dataclass(slots=True)
class Edges:
    """Gathers units in the order in which places first need them."""

    number: dict[tuple[object, ...], int] = field(default_factory=dict)
    unit: list[int] = field(default_factory=list)
    place: list[int] = field(default_factory=list)

    def add(self, key: tuple[object, ...], place: int) -> None:
        """The unit `key`, whose last part is its calendar's index, counts for a place."""
        self.unit.append(self.number.setdefault(key, len(self.number)))
        self.place.append(place)

    def arrays(self) -> tuple[Integers, Integers, Integers]:
        """(calendar of each unit, edge_unit, edge_place)."""
        unit, place = np.array(self.unit, dtype=np.int64), np.array(self.place, dtype=np.int64)
        order = np.argsort(unit, kind="stable")
        calendar = np.array([key[-1] for key in self.number], dtype=np.int64)
        return calendar, unit[order], place[order]


def site_units(catalogue: Catalogue, places: Sequence[Place], frames: Frames) -> SiteUnits | None:
    """The units of the brands, sites and sensors among the places; None when there are none."""
    edges = Edges()
    for index, place in enumerate(places):
        if place.level == "brand":
            for site_id in sites_of(catalogue, place):
                edges.add(("site", site_id, place.calendar), index)
        elif place.level in {"site", "sensor"}:
            edges.add((place.level, place.key, place.calendar), index)
    if not edges.number:
        return None
    calendar, edge_unit, edge_place = edges.arrays()
    sensors = tuple(_sensors(catalogue, level, _number(key)) for level, key, _ in edges.number)
    sites = [_site(catalogue, level, _number(key)) for level, key, _ in edges.number]
    settings = [catalogue.settings_of_site(site) for site in sites]
    bounce_ms = np.array([each.ms("bounce_s") for each in settings], dtype=np.int64)
    scope, doors = _site_tables(sensors, calendar, bounce_ms, frames)
    return SiteUnits(
        calendar,
        edge_unit,
        edge_place,
        sensors,
        bounce_ms,
        np.array([each.ms("group_gap_s") for each in settings], dtype=np.int64),
        np.array([each.ms("group_name_s") for each in settings], dtype=np.int64),
        tuple((site.timezone, each.text("occupancy_reset")) for site, each in zip(sites, settings, strict=True)),
        scope,
        doors,
    )


def sensor_units(
    catalogue: Catalogue, places: Sequence[Place], frames: Frames, *, every: bool, level: Level | None = None
) -> SensorUnits | None:
    """The sensors that count for the brands, sites and sensors among the places; None when there are none.

    With `level`, only places of that level. `every`: also sensors that are no entry points of their site.
    """
    edges = Edges()
    for index, place in enumerate(places):
        if place.level == level or (level is None and place.level in {"brand", "site", "sensor"}):
            for sensor in sensors_of(catalogue, place, every=every):
                edges.add((sensor.id, place.calendar), index)
    if not edges.number:
        return None
    calendar, edge_unit, edge_place = edges.arrays()
    units = single_sensors(frames, np.array([key[0] for key in edges.number], dtype=np.int64), calendar)
    units.edge_unit, units.edge_place = edge_unit, edge_place
    return units


def single_sensors(frames: Frames, sensors: Integers, calendar: Integers) -> SensorUnits:
    """A unit for each sensor with a calendar's index; they count for no place yet."""
    columns = {
        "sensor_id": sensors,
        "unit": np.arange(len(calendar), dtype=np.int32),
        **frame_columns(frames, calendar),
    }
    nothing = np.zeros(0, dtype=np.int64)
    return SensorUnits(calendar, nothing, nothing, sensors, pa.table(columns))


def place_scope(catalogue: Catalogue, places: Sequence[Place], frames: Frames) -> pa.Table:
    """A `scope` table whose units are the places themselves: a row for every sensor of each, entry point or not."""
    pairs = [
        (number, sensor.id) for number, each in enumerate(places) for sensor in sensors_of(catalogue, each, every=True)
    ]
    unit = np.array([pair[0] for pair in pairs], dtype=np.int64)
    calendar = np.array([each.calendar for each in places], dtype=np.int64)[unit]
    sensors = np.array([pair[1] for pair in pairs], dtype=np.int64)
    return pa.table({"sensor_id": sensors, "unit": unit.astype(np.int32), **frame_columns(frames, calendar)})


def portions(sizes: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Runs [first, last) whose sizes together are at most `most`, or one alone that is larger."""
    first = total = 0
    for index, size in enumerate(sizes):
        if index > first and total + size > most:
            yield first, index
            first, total = index, 0
        total += size
    if sizes:
        yield first, len(sizes)


def sensors_of(catalogue: Catalogue, place: Place, *, every: bool) -> list[Sensor]:
    """The sensors that count for a brand, site, sensor or content: of sites the entry points, or `every` one."""
    if place.level == "sensor":
        return [catalogue.sensors[_number(place.key)]]
    if place.sensors is not None:
        return [catalogue.sensors[sensor] for sensor in place.sensors]
    sites = (_number(place.key),) if place.level == "site" else sites_of(catalogue, place)
    sensors = (catalogue.sensors[sensor] for site in sites for sensor in catalogue.sites[site].sensor_ids)
    return [sensor for sensor in sensors if every or sensor.entry_point]


def zone_units(catalogue: Catalogue, places: Sequence[Place], frames: Frames) -> PartUnits | None:
    """The units of the zones among the places, with each zone's `min_dwell_ms`."""
    return _part_units(catalogue, places, frames, "zone")


def line_units(catalogue: Catalogue, places: Sequence[Place], frames: Frames) -> PartUnits | None:
    """The units of the lines among the places."""
    return _part_units(catalogue, places, frames, "line")


def _part_units(catalogue: Catalogue, places: Sequence[Place], frames: Frames, level: str) -> PartUnits | None:
    edges = Edges()
    for index, place in enumerate(places):
        if place.level == level and isinstance(place.key, tuple):
            edges.add((*place.key, place.calendar), index)
    if not edges.number:
        return None
    calendar, edge_unit, edge_place = edges.arrays()
    columns: dict[str, object] = {
        "sensor_id": pa.array([key[0] for key in edges.number], pa.int64()),
        "part_id": pa.array([key[1] for key in edges.number], pa.int64()),
        "unit": np.arange(len(calendar), dtype=np.int32),
        **frame_columns(frames, calendar),
    }
    if level == "zone":
        dwell = [catalogue.sensors[int(str(key[0]))].zones[int(str(key[1]))].min_dwell_s for key in edges.number]
        columns["min_dwell_ms"] = pa.array([round(each * 1000) for each in dwell], pa.int64())
    return PartUnits(calendar, edge_unit, edge_place, pa.table(columns))


def frame_columns(frames: Frames, calendar: Integers) -> dict[str, object]:
    """The columns by which a `scope` table's rows find their buckets; `calendar` is the index of each row's."""
    return {
        "slot_shift_ms": frames.slot_shift_ms[calendar],
        "slot_ms": frames.slot_ms[calendar],
        "range_start_ms": frames.range_start[calendar],
        "range_end_ms": frames.range_end[calendar],
    }


def _site_tables(
    sensors: Sequence[Sequence[Sensor]], calendar: Integers, bounce_ms: Integers, frames: Frames
) -> tuple[pa.Table, pa.Table]:
    """(scope: a row per sensor and unit; doors: a row per entrance line and unit)."""
    unit = np.repeat(np.arange(len(sensors)), [len(each) for each in sensors])
    scope = {
        "sensor_id": pa.array([sensor.id for each in sensors for sensor in each], pa.int64()),
        "unit": unit.astype(np.int32),
        "bounce_ms": bounce_ms[unit],
        **frame_columns(frames, calendar[unit]),
    }
    doors = [
        (number, sensor.id, line.id)
        for number, each in enumerate(sensors)
        for sensor in each
        for line in sensor.lines.values()
        if line.entrance
    ]
    door_unit = np.array([row[0] for row in doors], dtype=np.int64)
    door = {
        "sensor_id": pa.array([row[1] for row in doors], pa.int64()),
        "part_id": pa.array([row[2] for row in doors], pa.int64()),
        "unit": door_unit.astype(np.int32),
        **frame_columns(frames, calendar[door_unit]),
    }
    return pa.table(scope), pa.table(door)


def _sensors(catalogue: Catalogue, level: object, key: int) -> tuple[Sensor, ...]:
    """A sensor counts for itself; for its site only when it is an entry point."""
    if level == "sensor":
        return (catalogue.sensors[key],)
    sensors = (catalogue.sensors[each] for each in catalogue.sites[key].sensor_ids)
    return tuple(sensor for sensor in sensors if sensor.entry_point)


def _site(catalogue: Catalogue, level: object, key: int) -> Site:
    return catalogue.site_of(catalogue.sensors[key]) if level == "sensor" else catalogue.sites[key]


def sites_of(catalogue: Catalogue, place: Place) -> tuple[int, ...]:
    """The ids of the sites that a brand is the sum over."""
    return catalogue.brands[_number(place.key)].site_ids if place.sites is None else place.sites


def _number(key: object) -> int:
    if not isinstance(key, int):
        raise TypeError(f"expected a catalogue id, not {key!r}")
    return key


@lru_cache(maxsize=256)
def resets(zone_name: str, local_time: str, first_ms: int, last_ms: int) -> Integers:
    """The instants (ms, ascending) of an occupancy reset: the last one at or before `first_ms` up to `last_ms`.

    Each local date has one, at `local_time` (HH:MM) on the wall: its first occurrence when it occurs twice, moved
    forward by the gap when it does not exist.
    """
    hour, minute = (int(part) for part in local_time.split(":"))
    information = zone(zone_name)
    day = datetime.fromtimestamp(first_ms / 1000, UTC).astimezone(information).date() - timedelta(days=2)
    last_day = datetime.fromtimestamp(last_ms / 1000, UTC).astimezone(information).date() + timedelta(days=1)
    instants = []
    while day <= last_day:
        instants.append(to_utc(datetime(day.year, day.month, day.day, hour, minute), zone_name))  # noqa: DTZ001 - a wall clock
        day += timedelta(days=1)
    found = np.unique(np.array(instants, dtype=np.int64))
    first = max(int(np.searchsorted(found, first_ms, side="right")) - 1, 0)
    return found[first : int(np.searchsorted(found, last_ms, side="right"))]


def resets_of(units: SiteUnits, frames: Frames, window: Window) -> tuple[Integers, Integers]:
    """(unit, ms) of every reset that matters in the window; each unit's first one begins its look-back."""
    unit_parts, time_parts = [], []
    for unit, (zone_name, local_time) in enumerate(units.reset_of):
        begin = max(window.start, int(frames.range_start[units.calendar[unit]]))
        instants = resets(zone_name, local_time, begin, max(begin, window.end))
        unit_parts.append(np.full(len(instants), unit, dtype=np.int64))
        time_parts.append(instants)
    return np.concatenate(unit_parts), np.concatenate(time_parts)


def windows(span: tuple[int, int], unit_count: int, unit_days: int) -> Iterator[Window]:
    """`span` cut into stretches of at most about `unit_days` days of units, each at least a day."""
    start, end = span
    days = min(max(1, unit_days // max(1, unit_count)), 366)
    while start < end:
        yield Window(start, min(start + days * DAY_MS, end))
        start += days * DAY_MS


def windows_with_facts(store: Store, span: tuple[int, int], unit_count: int, unit_days: int) -> list[Window]:
    """As `windows`; of very many only those in which there can be anything."""
    found = list(windows(span, unit_count, unit_days))
    if len(found) <= _MANY_WINDOWS:
        return found
    (extent,) = store.query("metrics/extent", {}).to_pylist()
    first, last = extent["first_ms"], extent["last_ms"]
    if first is None:
        return []
    return [window for window in found if window.end > first and window.start <= last + _CARRIED_MS]
