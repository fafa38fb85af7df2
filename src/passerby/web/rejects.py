"""Rejected rows as people look at them: together where the reason is the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from passerby.api.rejected import RejectedView
from passerby.api.replay import never
from passerby.catalogue.model import Catalogue, Sensor
from passerby.journal import KeptAside
from passerby.services import Services
from passerby.web.viewer import Viewer

NEWEST = 5000
"""So many of an account's newest rejected rows are looked at."""


@dataclass(slots=True)
class Group:
    """Rows of one sensor that were refused for one reason; `named` is the sensor as they name it."""

    error: str
    named: str
    sensor: Sensor | None
    source: str
    sample: str
    never: str | None
    rows: list[KeptAside] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Names the group in a form."""
        told = msgspec.json.encode([self.error, self.named, self.source])
        return hashlib.blake2b(told, digest_size=9).hexdigest()

    @property
    def last_ms(self) -> int:
        """When the newest came."""
        return self.rows[0].received_ms

    @property
    def first_ms(self) -> int:
        """When the oldest came."""
        return self.rows[-1].received_ms


@dataclass(frozen=True, slots=True)
class Rejects:
    """The newest rejected rows that somebody may see, newest first, and whether there may be older ones."""

    groups: Sequence[Group]
    more: bool
    _of_sensor: Counter[int]

    def of_sensor(self, sensor_id: int) -> int:
        """How many are of a sensor."""
        return self._of_sensor[sensor_id]


def rejects(services: Services, viewer: Viewer, sensor: Sensor | None = None) -> Rejects:
    """What was refused, of everything that `viewer` sees or of one sensor."""
    catalogue = viewer.catalogue
    view = RejectedView(catalogue, viewer.credential)
    groups: dict[tuple[str, str, str], Group] = {}
    counts: Counter[int] = Counter()
    kept = services.journal.newest_rejected(viewer.account_id, NEWEST)
    for one in kept:
        row = msgspec.json.decode(one.rejected.row)
        if not view.shows(row):
            continue
        named = _named(row)
        of = _sensor(catalogue, viewer, named)
        if of is not None:
            counts[of.id] += 1
        if sensor is not None and of != sensor:
            continue
        key = (one.rejected.error, named, one.source)
        if key not in groups:
            groups[key] = Group(one.rejected.error, named, of, one.source, _pretty(row), never(one))
        groups[key].rows.append(one)
    return Rejects(list(groups.values()), len(kept) == NEWEST, counts)


def _named(row: object) -> str:
    if not isinstance(row, dict):
        return ""
    named = row.get("sensor", row.get("channel_id", ""))
    return str(named)[:256] if isinstance(named, str | int) else ""


def _sensor(catalogue: Catalogue, viewer: Viewer, named: str) -> Sensor | None:
    found = catalogue.sensor(named) or (catalogue.sensor(int(named)) if named.isascii() and named.isdigit() else None)
    return found if found is not None and catalogue.may_see_sensor(viewer.credential, found) else None


def _pretty(row: object) -> str:
    text = msgspec.json.format(msgspec.json.encode(row), indent=2).decode()
    return text if len(text) <= 4000 else text[:4000] + " ..."
