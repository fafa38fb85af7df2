"""The `wifi_visit`s that an ended session becomes: one of the site, and one of each zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from passerby import observations
from passerby.ingest import identity
from passerby.sightings.session import Closed

_KIND = "wifi_visit"


def visits(closed: Iterable[Closed]) -> list[tuple[Any, ...]]:
    """Rows of `wifi_visit`.

    The site's visit names no zone and stands with the sensor that heard the device best. A visit is known by its
    device, place and start, so a session computed twice counts once.
    """
    names = [column.name for column in observations.table(_KIND).row_columns]
    return [tuple(map(row.get, names)) for one in closed for row in _visits(one)]


def _visits(closed: Closed) -> Iterator[dict[str, Any]]:
    session = closed.session
    yield _visit(closed, session.sensor_id, None, session.first_ms, session.last_ms, session.rssi)
    for (sensor_id, zone_id), (first_ms, last_ms, rssi) in sorted(session.zones.items()):
        yield _visit(closed, sensor_id, zone_id, first_ms, last_ms, rssi)


def _visit(  # noqa: PLR0913, PLR0917 - what a visit consists of
    closed: Closed, sensor_id: int, zone_id: int | None, first_ms: int, last_ms: int, rssi: int
) -> dict[str, Any]:
    name = f"session {closed.device} {'' if zone_id is None else zone_id}"
    return {
        "sensor_id": sensor_id,
        "started_ms": first_ms,
        "ended_ms": last_ms,
        "id": None,
        "identity": identity.explicit(_KIND, sensor_id, first_ms, name),
        "device": closed.device,
        "rssi": rssi,
        "zone_id": zone_id,
        "randomized": closed.session.randomized,
    }
