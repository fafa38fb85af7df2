"""The live numbers of all sites: a function of facts, corrections, catalogue and time, kept up to date row by row.

The rules are those of `peak_occupancy` (spec: docs/reference/metrics.md). Order of arrival never matters: whatever came
late stands where it belongs in time. Rows must come once each; `reading.py` sees to that.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa

from passerby.calendar import DAY_MS
from passerby.live.joins import Joins, Step
from passerby.live.layout import Layout, Part, SitePlan, ZonePlan
from passerby.live.sequences import Instant, Levels, Run, Stays
from passerby.metrics.kernels import SCALE
from passerby.metrics.scope import resets

Tables = Mapping[str, pa.Table]
"""Rows by kind, with at least the columns of `COLUMNS`."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "crossing": ("sensor_id", "line_id", "started_ms", "direction", "class", "role"),
    "count": ("sensor_id", "line_id", "started_ms", "count_in", "count_out", "class"),
    "visit": ("sensor_id", "started_ms", "ended_ms", "role"),
    "zone_visit": ("sensor_id", "zone_id", "started_ms", "ended_ms", "role", "object_id", "also_events"),
    "level": ("sensor_id", "zone_id", "started_ms", "value"),
    "event": ("sensor_id", "trigger_id", "started_ms", "event_type", "object_id"),
}
STEPS: Mapping[str, Step] = {"RegionJoin": Step.JOINED, "RegionLeave": Step.LEFT}
"""The events that matter: someone joined a zone, someone left it."""
_HOUR_MS = 3_600_000
_STAFF = "staff"


@dataclass(frozen=True, slots=True)
class QueueNow:
    """Who waits: how many, and since when on average (UTC ms); None when it is not known since when."""

    count: float
    since_ms: float | None

    def mean_wait_ms(self, now: Instant) -> float | None:
        """How long those who wait have waited on average."""
        return None if self.since_ms is None else now - self.since_ms


@dataclass(frozen=True, slots=True)
class ZoneNow:
    """A zone at an instant. `queue` is None unless the zone is marked as one. `last_ms`: its latest observation."""

    site_id: int
    key: Part
    uid: str
    occupancy: float
    queue: QueueNow | None
    last_ms: Instant | None


@dataclass(frozen=True, slots=True)
class SiteNow:
    """A site at an instant. `queue` is that of all its queue zones together, None when it has none."""

    site_id: int
    occupancy: float
    queue: QueueNow | None
    last_ms: Instant | None
    zones: tuple[ZoneNow, ...]
    sensors: tuple[tuple[int, Instant | None], ...]
    """(sensor id, its latest observation)."""

    def numbers(self) -> object:
        """What a change is a change of: everything but the times of observations."""
        return (self.occupancy, self.queue, [(zone.key, zone.occupancy, zone.queue) for zone in self.zones])


class _Zone:
    """One zone's stays, those that joined and have not left, and levels."""

    def __init__(self, plan: ZonePlan, now: Instant) -> None:
        self.plan = plan
        self.stays = Stays()
        self.joins = Joins(now)
        self.levels = Levels()

    def value(self, now: Instant) -> float:
        return max(float(self.known(now)), self.levels.at(now) / SCALE)

    def known(self, now: Instant) -> int:
        """Those of whom it is known since when they are here."""
        return self.stays.at(now) + self.joins.count()

    def starts(self, now: Instant) -> int:
        """The sum of the instants since when they are here."""
        return self.stays.starts(now) + self.joins.starts()


class _Site:
    """One site's sources, since its last reset."""

    def __init__(self, plan: SitePlan, now: Instant) -> None:
        self.plan = plan
        self.reset, self.next_reset = _resets_around(plan, now)
        self.run = Run(self.reset)
        self.stays = Stays()
        self.levels: dict[int, Levels] = {}
        self.zones = {zone.key: _Zone(zone, now) for zone in plan.zones}
        self.correction: tuple[Instant, int] | None = None

    def correct(self, at: Instant, occupancy: int) -> None:
        if at >= self.reset:
            self.correction = (at, occupancy)
            self.run.correct(at + 1, occupancy)  # what happened until then the person has seen

    @property
    def keep_ms(self) -> Instant | None:
        """Stays that ended later than this are needed, although they have ended."""
        return self.correction[0] if self.correction else None

    def advance(self, now: Instant) -> None:
        """Let time pass: resets, and stays that end."""
        if now >= self.next_reset:
            self.reset, self.next_reset = _resets_around(self.plan, now)
            self.correction = None
            self.run.reset(self.reset)
            for levels in self._all_levels():
                levels.reset(self.reset)
            for zone in self.zones.values():
                zone.joins.reset(self.reset)
        self.stays.forget(now if self.keep_ms is None else self.keep_ms)
        for zone in self.zones.values():
            zone.stays.forget(now)
            zone.joins.advance(now)

    def occupancy(self, now: Instant) -> float:
        """Of several sources the larger. After a correction each goes on from the corrected number."""
        if self.correction is None:
            levels = sum(each.at(now) for each in self.levels.values())
            return max(float(self.stays.at(now)), self.run.at(now) / SCALE, levels / SCALE)
        at, base = self.correction
        found = []
        if self.run.first is not None and self.run.first <= now:
            found.append(self.run.at(now))
        if self.stays.begun(now):
            found.append(base + round((self.stays.at(now) - self.stays.at(at)) * SCALE))
        measured = [each for each in self.levels.values() if each.known(now)]
        if measured:
            found.append(base + sum(each.at(now) - each.at(at) for each in measured))
        return max(0, max(found, default=base)) / SCALE

    def next_change(self, now: Instant) -> Instant:
        """When a number may change without a new observation."""
        sources: Iterable[Run | Stays | Levels] = chain(
            (self.run, self.stays), self._all_levels(), (zone.stays for zone in self.zones.values())
        )
        following = (source.after(now) for source in sources)
        joins = (zone.joins.after() for zone in self.zones.values())
        return min([self.next_reset, *(each for each in chain(following, joins) if each is not None)])

    def _all_levels(self) -> Iterator[Levels]:
        return chain(self.levels.values(), (zone.levels for zone in self.zones.values()))


class State:
    """The live numbers. Not safe for several threads. Time never goes back: an earlier `now` counts as the latest."""

    def __init__(self, layout: Layout, now: Instant) -> None:
        self.layout = layout
        self.now = now
        self._sites = {plan.id: _Site(plan, now) for plan in layout.sites.values()}
        self._zones = {key: zone for site in self._sites.values() for key, zone in site.zones.items()}
        # When each site may change next; of what the heap holds only the entries that agree with it are in force.
        self._next: dict[int, Instant] = {}
        self._due: list[tuple[Instant, int]] = []
        self._touched: set[int] = set(self._sites)
        self._last: dict[int, Instant] = {}
        self._last_of_zone: dict[Part, Instant] = {}

    @property
    def site_ids(self) -> Iterable[int]:
        """Every site."""
        return self._sites.keys()

    def since(self) -> Instant:
        """Movements and levels from before this matter to nobody any more."""
        return min((site.reset for site in self._sites.values()), default=self.now)

    def stays_since(self) -> Instant:
        """Stays that ended before this matter to nobody any more."""
        kept = (site.keep_ms for site in self._sites.values())
        return min([self.now, *(each for each in kept if each is not None)])

    def correct(self, site_id: int, at: Instant, occupancy: int) -> None:
        """A person said how many were in a site at `at`; the last one said counts. From before a reset: ignored."""
        site = self._sites.get(site_id)
        if site is not None:
            site.correct(at, round(occupancy * SCALE))
            self._touched.add(site_id)

    def apply(self, tables: Tables) -> None:
        """Take new rows, in any order, each only once."""
        appliers: Mapping[str, Callable[..., None]] = {
            "crossing": self._crossing,
            "count": self._count,
            "visit": self._visit,
            "zone_visit": self._zone_visit,
            "level": self._level,
            "event": self._event,
        }
        for kind, apply in appliers.items():
            if kind in tables:
                for row in zip(*(tables[kind].column(name).to_pylist() for name in COLUMNS[kind]), strict=True):
                    apply(*row)

    def seen(self, sensors: Mapping[int, Instant], zones: Mapping[Part, Instant]) -> None:
        """Sensors and zones were heard of: when each was last, by the time of its observations."""
        for sensor, time in sensors.items():
            self._last[sensor] = max(time, self._last.get(sensor, time))
        for key, time in zones.items():
            self._last_of_zone[key] = max(time, self._last_of_zone.get(key, time))

    def advance(self, now: Instant) -> set[int]:
        """Let time pass until `now`; the sites whose numbers may be others since the last call."""
        self.now = max(self.now, now)
        while self._due and self._due[0][0] <= self.now:
            time, number = heapq.heappop(self._due)
            if self._next[number] == time:
                self._touched.add(number)
        touched, self._touched = self._touched, set()
        for number in touched:
            site = self._sites[number]
            site.advance(self.now)
            following = site.next_change(self.now)
            if self._next.get(number) != following:
                self._next[number] = following
                heapq.heappush(self._due, (following, number))
        return touched

    def next_change(self) -> Instant | None:
        """When to call `advance` again even if no row comes."""
        return self._due[0][0] if self._due else None

    def site(self, site_id: int) -> SiteNow:
        """A site at the time of the last `advance`; KeyError when there is none."""
        site = self._sites[site_id]
        zones = tuple(self._zone_now(zone) for zone in site.zones.values())
        sensors = tuple((sensor, self._last.get(sensor)) for sensor in site.plan.sensors)
        last = max((time for _, time in sensors if time is not None), default=None)
        return SiteNow(site_id, site.occupancy(self.now), self._queue(site), last, zones, sensors)

    def _zone_now(self, zone: _Zone) -> ZoneNow:
        plan = zone.plan
        queue = _queue_of([zone], self.now) if plan.queue else None
        return ZoneNow(plan.site_id, plan.key, plan.uid, zone.value(self.now), queue, self._last_of_zone.get(plan.key))

    def _queue(self, site: _Site) -> QueueNow | None:
        queues = [zone for zone in site.zones.values() if zone.plan.queue]
        return _queue_of(queues, self.now) if queues else None

    # -- rows

    def _door(self, key: Part, time: Instant, change: int) -> None:
        number = self.layout.doors.get(key)
        if number is not None and time >= self._sites[number].reset:
            self._sites[number].run.add(time, change)
            self._touched.add(number)

    def _crossing(  # noqa: PLR0913, PLR0917  # the columns, in order
        self, sensor: int, line: int, time: Instant, direction: str, road_user: str, role: str | None
    ) -> None:
        if road_user == "person" and role != _STAFF:
            self._door((sensor, line), time, round(SCALE if direction == "in" else -SCALE))

    def _count(  # noqa: PLR0913, PLR0917  # the columns, in order
        self, sensor: int, line: int, time: Instant, came: float, went: float, road_user: str
    ) -> None:
        if road_user == "person":
            self._door((sensor, line), time, round(came * SCALE) - round(went * SCALE))

    def _visit(self, sensor: int, start: Instant, end: Instant | None, role: str | None) -> None:
        number = self.layout.counting.get(sensor)
        if number is None or end is None or end <= start or role == _STAFF:
            return
        site = self._sites[number]
        if end > (self.now if site.keep_ms is None else site.keep_ms):
            site.stays.add(start, end)
            self._touched.add(number)

    def _zone_visit(  # noqa: PLR0913, PLR0917  # the columns, in order
        self,
        sensor: int,
        zone_id: int,
        start: Instant,
        end: Instant,
        role: str | None,
        object_id: int | None,
        also_events: bool | None,
    ) -> None:
        if also_events:
            self._step(sensor, zone_id, start, Step.STAYED, object_id)
            self._step(sensor, zone_id, end, Step.LEFT, object_id)
        zone = self._zones.get((sensor, zone_id))
        if zone is None or role == _STAFF or end <= max(start, self.now) or end - start < zone.plan.min_dwell_ms:
            return
        zone.stays.add(start, end)
        self._touched.add(zone.plan.site_id)

    def _event(self, sensor: int, trigger: int | None, time: Instant, event_type: str, object_id: int | None) -> None:
        if trigger is not None and event_type in STEPS:
            self._step(sensor, trigger, time, STEPS[event_type], object_id)

    def _step(self, sensor: int, zone_id: int, time: Instant, step: Step, object_id: int | None) -> None:
        """Someone who is followed joined or left a zone; of whom nobody follows it cannot be known who left."""
        zone = self._zones.get((sensor, zone_id))
        if zone is None or object_id is None or time < self._sites[zone.plan.site_id].reset:
            return
        zone.joins.add(object_id, time, step)
        self._touched.add(zone.plan.site_id)

    def _level(self, sensor: int, zone_id: int | None, time: Instant, value: float) -> None:
        number = self.layout.counting.get(sensor)
        if zone_id is not None:
            zone = self._zones.get((sensor, zone_id))
            number = zone.plan.site_id if zone else None
        if number is None or time < self._sites[number].reset:
            return
        if zone_id is None:
            levels = self._sites[number].levels.setdefault(sensor, Levels())
        else:
            levels = self._zones[sensor, zone_id].levels
        levels.add(time, round(value * SCALE))
        self._touched.add(number)


def _queue_of(zones: list[_Zone], now: Instant) -> QueueNow:
    """The zones' persons, and the mean start of those of whom it is known."""
    known = sum(zone.known(now) for zone in zones)
    since = sum(zone.starts(now) for zone in zones) / known if known else None
    return QueueNow(sum(zone.value(now) for zone in zones), since)


def _resets_around(plan: SitePlan, now: Instant) -> tuple[Instant, Instant]:
    """The last reset at or before `now`, and the next one."""
    hour = now - now % _HOUR_MS  # so that all sites of a zone share what is computed
    found = resets(plan.timezone, plan.reset, hour, hour + 3 * DAY_MS)
    following = int(found.searchsorted(now, side="right"))
    return int(found[following - 1]), int(found[following])
