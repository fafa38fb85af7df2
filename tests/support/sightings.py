"""A brute-force twin of sessions: from all sightings at once, in whatever order they came."""

from __future__ import annotations

from collections import defaultdict


def sessions(sightings, gap_ms):
    """The visits that sightings amount to, as a set of
    (scope, device, sensor, zone or None, first, last, strongest signal).

    A sighting is (scope, sensor, zone or None, device, instant, signal, randomized).
    """
    of_device = defaultdict(set)
    for scope, sensor, zone, device, at, rssi, _ in sightings:
        of_device[scope, device].add((at, sensor, zone, rssi))
    found = set()
    for (scope, device), heard in of_device.items():
        session = []
        for one in sorted(heard, key=lambda one: one[0]):
            if session and one[0] - session[-1][0] >= gap_ms:
                found |= _visits(scope, device, session)
                session = []
            session.append(one)
        found |= _visits(scope, device, session)
    return found


def _visits(scope, device, session):
    strongest = max(rssi for _, _, _, rssi in session)
    sensor = min((at, sensor) for at, sensor, _, rssi in session if rssi == strongest)[1]
    times = [at for at, *_ in session]
    found = {(scope, device, sensor, None, min(times), max(times), strongest)}
    for place in {(sensor, zone) for _, sensor, zone, _ in session if zone is not None}:
        there = [(at, rssi) for at, sensor, zone, rssi in session if (sensor, zone) == place]
        times = [at for at, _ in there]
        found.add((scope, device, *place, min(times), max(times), max(rssi for _, rssi in there)))
    return found
