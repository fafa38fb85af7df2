"""Sessions: what sightings of one device amount to. Pure computation, on journal time.

Sightings of a device in one scope (a site; or a sensor that does not count for its site) that lie less than
`wifi_session_gap_s` apart are one session. It spans from the first to the last of them, its signal is the strongest,
and of each zone in which the device was heard it has a part of its own. All of this is minimum, maximum and union,
so neither the order of sightings nor their repetition matters.

**When a session ends.** When `wifi_session_gap_s + wifi_lateness_s` have passed since a sighting of it last *arrived*,
on the clock of the journal; or earlier, when the sender says that nothing will come any more. Whatever arrives at most
`wifi_lateness_s` late and belongs to a session finds it open: arriving after its end, it would have been heard
`wifi_session_gap_s` after everything in it. What arrives later still is a session of its own, unless it was heard
during one that has ended: then it is a repetition, or says nothing new.

Because only arrival times from the journal count, never the clock of whoever computes, reading the journal again gives
the same sessions.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# (scope, device): scope as in `sighting.ROW_COLUMNS`.
Key = tuple[int, str]
# Asked for a scope: (gap, gap + lateness), milliseconds.
Waits = Callable[[int], tuple[int, int]]
# Asked for (scope, device, instant): whether a session that has ended spans it.
Ended = Callable[[int, str, int], bool]


class Session:
    """An open session. Times are UTC milliseconds; `arrived_ms` is when a sighting of it last arrived.

    `sensor_id` heard the strongest signal, of equally strong ones the earliest, at `best_ms`. `zones` has, for each
    (sensor, zone): first and last sighting and strongest signal there.
    """

    __slots__ = ("arrived_ms", "best_ms", "first_ms", "last_ms", "randomized", "rssi", "sensor_id", "zones")

    def __init__(self, sensor_id: int, seen_ms: int, rssi: int, randomized: bool | None, arrived_ms: int) -> None:
        self.first_ms = self.last_ms = self.best_ms = seen_ms
        self.sensor_id = sensor_id
        self.rssi = rssi
        self.randomized = randomized
        self.arrived_ms = arrived_ms
        self.zones: dict[tuple[int, int], list[int]] = {}

    def add(  # noqa: PLR0913, PLR0917 - called for every sighting: plain values cost least
        self, sensor_id: int, zone_id: int | None, seen_ms: int, rssi: int, randomized: bool | None, arrived_ms: int
    ) -> None:
        """One more sighting; the first one too, for its zone."""
        if seen_ms > self.last_ms:
            self.last_ms = seen_ms
        elif seen_ms < self.first_ms:
            self.first_ms = seen_ms
        if rssi >= self.rssi:
            self._strongest(sensor_id, seen_ms, rssi)
        if randomized is not self.randomized:
            self.randomized = self.randomized or randomized
        self.arrived_ms = arrived_ms
        if zone_id is not None:
            self._in_zone((sensor_id, zone_id), seen_ms, seen_ms, rssi)

    def join(self, other: Session) -> None:
        """Take in another session of the device: a sighting between them made them one."""
        self.first_ms = min(self.first_ms, other.first_ms)
        self.last_ms = max(self.last_ms, other.last_ms)
        if other.rssi >= self.rssi:
            self._strongest(other.sensor_id, other.best_ms, other.rssi)
        if other.randomized is not self.randomized:
            self.randomized = self.randomized or other.randomized
        self.arrived_ms = max(self.arrived_ms, other.arrived_ms)
        for place, part in other.zones.items():
            self._in_zone(place, *part)

    def _strongest(self, sensor_id: int, seen_ms: int, rssi: int) -> None:
        if (rssi, -seen_ms, -sensor_id) > (self.rssi, -self.best_ms, -self.sensor_id):
            self.rssi, self.best_ms, self.sensor_id = rssi, seen_ms, sensor_id

    def _in_zone(self, place: tuple[int, int], first_ms: int, last_ms: int, rssi: int) -> None:
        part = self.zones.get(place)
        if part is None:
            self.zones[place] = [first_ms, last_ms, rssi]
            return
        part[0] = min(part[0], first_ms)
        part[1] = max(part[1], last_ms)
        part[2] = max(part[2], rssi)

    def state(self) -> tuple[Any, ...]:
        """Everything in it, as msgpack can hold it."""
        zones = [(*place, *part) for place, part in self.zones.items()]
        head = (self.first_ms, self.last_ms, self.arrived_ms, self.sensor_id, self.best_ms, self.rssi)
        return (*head, self.randomized, zones)

    @classmethod
    def of_state(cls, state: Sequence[Any]) -> Session:
        """The session that `state` was taken of."""
        first_ms, last_ms, arrived_ms, sensor_id, best_ms, rssi, randomized, zones = state
        made = cls(sensor_id, best_ms, rssi, randomized, arrived_ms)
        made.first_ms, made.last_ms = first_ms, last_ms
        made.zones = {(sensor, zone): [*part] for sensor, zone, *part in zones}
        return made


@dataclass(frozen=True, slots=True)
class Closed:
    """A session that has ended."""

    scope: int
    device: str
    session: Session


class Book:
    """The open sessions. `changed` has the devices whose sessions changed since someone emptied it. For one thread."""

    def __init__(self, waits: Waits, ended: Ended) -> None:
        self._waits = waits
        self._ended = ended
        self._scopes: dict[int, dict[str, list[Session]]] = {}
        # At most one entry a device counts: the instant before which none of its sessions ends by itself.
        self._due: list[tuple[int, int, str]] = []
        self._closed: list[Closed] = []
        self.changed: set[Key] = set()

    def __len__(self) -> int:
        return sum(len(sessions) for devices in self._scopes.values() for sessions in devices.values())

    def take(self, rows: Iterable[Sequence[Any]], arrived_ms: int) -> None:
        """Sightings (`sighting.ROW_COLUMNS`) that arrived at one instant."""
        scopes, changed = self._scopes, self.changed
        for scope, sensor_id, zone_id, device, seen_ms, rssi, randomized in rows:
            gap_ms, hold_ms = self._waits(scope)
            devices = scopes.get(scope)
            if devices is None:
                devices = scopes[scope] = {}
            sessions = devices.get(device)
            if sessions is not None and len(sessions) == 1:
                one = sessions[0]
                if one.first_ms - gap_ms < seen_ms < one.last_ms + gap_ms and arrived_ms < one.arrived_ms + hold_ms:
                    one.add(sensor_id, zone_id, seen_ms, rssi, randomized, arrived_ms)
                    changed.add((scope, device))
                    continue
            self._place(devices, scope, device, (sensor_id, zone_id, seen_ms, rssi, randomized, arrived_ms))

    def _place(
        self,
        devices: dict[str, list[Session]],
        scope: int,
        device: str,
        sighting: tuple[int, int | None, int, int, bool | None, int],
    ) -> None:
        """A sighting that does not simply continue a device's only session."""
        sensor_id, _, seen_ms, rssi, randomized, arrived_ms = sighting
        gap_ms, hold_ms = self._waits(scope)
        self._close(scope, device, lambda one: one.arrived_ms + hold_ms <= arrived_ms)
        sessions = devices.get(device, [])
        near = [one for one in sessions if one.first_ms - gap_ms < seen_ms < one.last_ms + gap_ms]
        if not near and self._ended(scope, device, seen_ms):
            return
        if not near:
            near = [Session(sensor_id, seen_ms, rssi, randomized, arrived_ms)]
            if not sessions:
                sessions = devices[device] = []
                heapq.heappush(self._due, (arrived_ms + hold_ms, scope, device))
            sessions.append(near[0])
        first, *others = near
        for other in others:
            first.join(other)
            sessions.remove(other)
        first.add(*sighting)
        self.changed.add((scope, device))

    def pass_time(self, now_ms: int) -> None:
        """End the sessions whose time has come by `now_ms`, an arrival time of the journal."""
        while self._due and self._due[0][0] <= now_ms:
            _, scope, device = heapq.heappop(self._due)
            hold_ms = self._waits(scope)[1]
            left = self._close(scope, device, lambda one: one.arrived_ms + hold_ms <= now_ms)  # noqa: B023 - used at once
            if left:
                heapq.heappush(self._due, (min(one.arrived_ms for one in left) + hold_ms, scope, device))

    def is_due(self, now_ms: int) -> bool:
        """Whether a session would end if `now_ms` were an arrival time."""
        while self._due and self._due[0][0] <= now_ms:
            _, scope, device = self._due[0]
            sessions = self._scopes.get(scope, {}).get(device)
            if sessions is None:
                heapq.heappop(self._due)
                continue
            due_ms = min(one.arrived_ms for one in sessions) + self._waits(scope)[1]
            if due_ms <= now_ms:
                return True
            heapq.heapreplace(self._due, (due_ms, scope, device))
        return False

    def end(self, scope: int, until_ms: int) -> None:
        """End the sessions of a scope whose last sighting is before `until_ms`: nothing more will come."""
        for device in list(self._scopes.get(scope, ())):
            self._close(scope, device, lambda one: one.last_ms < until_ms)

    def _close(self, scope: int, device: str, over: Callable[[Session], bool]) -> list[Session]:
        """End those of a device's sessions that are `over`; the others."""
        devices = self._scopes.get(scope, {})
        sessions = devices.get(device)
        if not sessions:
            return []
        ended = [one for one in sessions if over(one)]
        if ended:
            self.changed.add((scope, device))
            self._closed += [Closed(scope, device, one) for one in ended]
            sessions[:] = [one for one in sessions if one not in ended]
            if not sessions:
                del devices[device]
        return sessions

    def closed(self) -> list[Closed]:
        """The sessions that ended since this was asked last."""
        closed, self._closed = self._closed, []
        return closed

    def sessions(self, scope: int) -> Iterator[Session]:
        """The open sessions of a scope."""
        for sessions in self._scopes.get(scope, {}).values():
            yield from sessions

    def of(self, scope: int, device: str) -> list[Session]:
        """The open sessions of a device."""
        return self._scopes.get(scope, {}).get(device, [])

    def put_back(self, scope: int, device: str, sessions: list[Session]) -> None:
        """Open sessions of a device, as they were kept."""
        self._scopes.setdefault(scope, {})[device] = sessions
        due_ms = min(one.arrived_ms for one in sessions) + self._waits(scope)[1]
        heapq.heappush(self._due, (due_ms, scope, device))
