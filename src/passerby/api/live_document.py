"""What the live routes answer with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from passerby.catalogue.model import Catalogue, Credential
from passerby.live import Correction, QueueNow, SiteNow, ZoneNow
from passerby.metrics.question import Subject
from passerby.services import Services
from passerby.sightings.sessions import Presence, open_sessions


class LiveQueue(msgspec.Struct, frozen=True):
    """Who waits: how many, and for how long on average; null when it is not known since when."""

    count: float
    mean_wait_s: float | None


class LiveSite(msgspec.Struct, frozen=True):
    """A site. `queue`: its queue zones together, null when it has none. `wifi_devices`: heard lately, still around."""

    site: int
    occupancy: float
    queue: LiveQueue | None
    wifi_devices: int
    last_observation: datetime | None


class LiveZone(msgspec.Struct, frozen=True):
    """A zone, as `sensor/id` and by its uid. `queue`: null unless the zone is marked as a queue."""

    zone: str
    uid: str
    site: int
    occupancy: float
    queue: LiveQueue | None
    wifi_devices: int
    last_observation: datetime | None


class LiveSensor(msgspec.Struct, frozen=True):
    """A sensor, and when its latest observation began, by its own clock; null when there is none."""

    sensor: int
    site: int
    last_observation: datetime | None


class LiveNow(msgspec.Struct, frozen=True):
    """How it is `at` this time. In a change only the places whose numbers changed, each as it is now."""

    at: datetime
    sites: list[LiveSite]
    zones: list[LiveZone]
    sensors: list[LiveSensor]


class Corrected(msgspec.Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """What was corrected: when, from what, to what, why, and with which key."""

    id: int
    site: int
    at: datetime
    before: float
    after: int
    reason: str
    by: str

    @classmethod
    def of(cls, made: Correction) -> Corrected:
        """A correction for people."""
        return cls(made.id, made.site_id, _time(made.at_ms), _persons(made.before), made.after, made.reason, made.who)


@dataclass(frozen=True, slots=True)
class Places:
    """What is asked for: whole sites (with their zones and sensors), and single zones."""

    sites: frozenset[int]
    zones: frozenset[tuple[int, int]]
    site_ids: tuple[int, ...]
    """Every site that something of is asked for."""

    @staticmethod
    def of(subjects: Sequence[Subject]) -> Places:
        """The places of a question."""
        sites = [site for each in subjects if each.level != "zone" for site in each.sites]
        zones = [each.key for each in subjects if each.level == "zone" and isinstance(each.key, tuple)]
        site_ids = dict.fromkeys(site for each in subjects for site in each.sites)
        return Places(frozenset(sites), frozenset(zones), tuple(site_ids))


def document(  # noqa: PLR0913, PLR0917  # where from, for whom, what, when
    services: Services,
    catalogue: Catalogue,
    credential: Credential,
    places: Places,
    at_ms: int,
    sites: Sequence[SiteNow],
) -> LiveNow:
    """The sites at `at_ms`, as far as they are asked for and a credential may see them."""
    found = LiveNow(_time(at_ms), [], [], [])
    for site in sites:
        known = catalogue.sites.get(site.site_id)
        if known is None or not catalogue.may_see_site(credential, known):
            continue
        whole = site.site_id in places.sites
        wifi = open_sessions(services.sessions, site.site_id)
        seen = {
            sensor.id
            for sensor in (catalogue.sensors[each] for each in known.sensor_ids)
            if catalogue.may_see_sensor(credential, sensor)
        }
        if whole:
            found.sites.append(_site(site, wifi, at_ms))
            found.sensors.extend(
                LiveSensor(sensor, site.site_id, _last(last)) for sensor, last in site.sensors if sensor in seen
            )
        found.zones.extend(
            _zone(zone, wifi, at_ms)
            for zone in site.zones
            if zone.key[0] in seen and (whole or zone.key in places.zones)
        )
    return found


def _site(site: SiteNow, wifi: Presence, at_ms: int) -> LiveSite:
    return LiveSite(
        site.site_id,
        _persons(site.occupancy),
        _queue(site.queue, at_ms),
        wifi.devices,
        _last(site.last_ms),
    )


def _zone(zone: ZoneNow, wifi: Presence, at_ms: int) -> LiveZone:
    sensor, number = zone.key
    return LiveZone(
        f"{sensor}/{number}",
        zone.uid,
        zone.site_id,
        _persons(zone.occupancy),
        _queue(zone.queue, at_ms),
        wifi.zones.get(zone.key, 0),
        _last(zone.last_ms),
    )


def _queue(queue: QueueNow | None, at_ms: int) -> LiveQueue | None:
    if queue is None:
        return None
    wait = queue.mean_wait_ms(at_ms)
    return LiveQueue(_persons(queue.count), None if wait is None else round(wait / 1000, 3))


def _persons(value: float) -> float:
    """Whole persons are written as whole numbers."""
    return int(value) if value.is_integer() else value


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _last(ms: int | None) -> datetime | None:
    return None if ms is None else _time(ms)
