"""Which sensors and triggers a request means; what the credential may not see is as unknown as what does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from passerby.catalogue.model import Catalogue, Credential, Line, Sensor, Site, Zone
from passerby.dialects.camlytics.codes import CamlyticsError, Code
from passerby.dialects.camlytics.requests import Asked

Trigger = Line | Zone


@dataclass(frozen=True, slots=True)
class Places:
    """The sites of a request by id, their sensors by site and id, and the one trigger if one is asked for."""

    sites: list[Site]
    sensors: list[Sensor]
    trigger: Trigger | None = None

    @property
    def sensor_table(self) -> pa.Table:
        """The sensors as the queries join them."""
        return pa.table({"sensor_id": pa.array([sensor.id for sensor in self.sensors], pa.int64())})

    def triggers(self) -> Iterator[tuple[Sensor, Trigger]]:
        """The lines and zones, sensor by sensor, by id."""
        for sensor in self.sensors:
            parts: list[Trigger] = [*sensor.lines.values(), *sensor.zones.values()]
            for part in sorted(parts, key=lambda part: part.id):
                if self.trigger is None or part == self.trigger:
                    yield sensor, part


def find(catalogue: Catalogue, credential: Credential, asked: Asked) -> Places:
    """What a request is about; raises CamlyticsError for a location, channel or trigger that is not there."""
    sites = catalogue.visible_sites(credential)
    if asked.location_id is not None:
        sites = [site for site in sites if site.id == asked.location_id]
        if not sites:
            raise CamlyticsError(Code.UNKNOWN_PLACE, f"location_id: there is no location {asked.location_id}")
    sensors = [
        catalogue.sensors[number]
        for site in sites
        for number in sorted(site.sensor_ids)
        if catalogue.may_see_sensor(credential, catalogue.sensors[number])
    ]
    if asked.channel_id is not None:
        channel = _channel(catalogue, credential, asked.channel_id)
        sensors = [sensor for sensor in sensors if sensor.id == channel.id]
    if asked.trigger_id is None or asked.without_trigger:
        return Places(sites, sensors)
    trigger = _trigger(catalogue, credential, asked.trigger_id)
    return Places(sites, [sensor for sensor in sensors if sensor.id == trigger.sensor_id], trigger)


def _channel(catalogue: Catalogue, credential: Credential, uid: str) -> Sensor:
    sensor = catalogue.sensor(uid)
    if sensor is None or not catalogue.may_see_sensor(credential, sensor):
        raise CamlyticsError(Code.UNKNOWN_PLACE, f"channel_id: there is no channel {uid}")
    return sensor


def _trigger(catalogue: Catalogue, credential: Credential, uid: str) -> Trigger:
    trigger = catalogue.line(uid) or catalogue.zone(uid)
    if trigger is None or not catalogue.may_see_sensor(credential, catalogue.sensors[trigger.sensor_id]):
        raise CamlyticsError(Code.UNKNOWN_PLACE, f"trigger_id: there is no trigger {uid}")
    return trigger
