"""What of the catalogue decides how live numbers are made: when it changes, they are made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from passerby.catalogue.model import Catalogue, Sensor, Site

Part = tuple[int, int]
"""(sensor id, id of a line or zone of that sensor)."""


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """A zone: stays shorter than `min_dwell_ms` do not count."""

    key: Part
    uid: str
    site_id: int
    queue: bool
    min_dwell_ms: int


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A site: its time zone and local reset time (HH:MM), its sensors, and its zones."""

    id: int
    timezone: str
    reset: str
    sensors: tuple[int, ...]
    zones: tuple[ZonePlan, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """All sites, and which of them an entrance line or a sensor counts for."""

    sites: Mapping[int, SitePlan]
    doors: Mapping[Part, int]
    counting: Mapping[int, int]

    @staticmethod
    def of(catalogue: Catalogue) -> Layout:
        """The layout of a catalogue. Only entry points count for a site, as in its metrics."""
        counting = [sensor for sensor in catalogue.sensors.values() if sensor.entry_point]
        return Layout(
            {site.id: _site(catalogue, site) for site in catalogue.sites.values()},
            {
                (sensor.id, line.id): sensor.site_id
                for sensor in counting
                for line in sensor.lines.values()
                if line.entrance
            },
            {sensor.id: sensor.site_id for sensor in counting},
        )


def _site(catalogue: Catalogue, site: Site) -> SitePlan:
    sensors = [catalogue.sensors[each] for each in site.sensor_ids]
    reset = catalogue.settings_of_site(site).text("occupancy_reset")
    zones = tuple(zone for sensor in sensors for zone in _zones(sensor))
    return SitePlan(site.id, site.timezone, reset, tuple(site.sensor_ids), zones)


def _zones(sensor: Sensor) -> list[ZonePlan]:
    return [
        ZonePlan((sensor.id, zone.id), zone.uid, sensor.site_id, zone.queue, round(zone.min_dwell_s * 1000))
        for zone in sensor.zones.values()
    ]
