"""Networks, sites, locations, boxes, zones and tags, as the vendor's lists show them.

A network is a brand, a location a sensor, and the box of a location the same sensor again. What Passerby does not know
of them is sent empty, so that programs find every key that they read. Times are UTC without an offset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

import pyarrow as pa

from passerby.calendar import zone
from passerby.catalogue.model import Brand, Catalogue, Credential, Sensor, Site, Tag, Zone
from passerby.errors import ForbiddenError
from passerby.metrics.street import FACTORS
from passerby.services import Services

Document = dict[str, Any]
T = TypeVar("T")
_FORBIDDEN = "You are not allowed to see this or it does not exist"
# The vendor's default: a box that has uploaded nothing for so many minutes raises an alert.
_UPLOAD_PERIOD_MIN = 780


@dataclass(frozen=True)
class Topology:
    """What one credential sees. Every method raises ForbiddenError for what it does not see or what does not exist."""

    services: Services
    catalogue: Catalogue
    credential: Credential

    # -- what a path may name

    @cached_property
    def all_networks(self) -> Sequence[Brand]:
        """The brands, by id."""
        return self.catalogue.visible_brands(self.credential)

    @cached_property
    def all_sites(self) -> Sequence[Site]:
        """The sites, by id."""
        return self.catalogue.visible_sites(self.credential)

    def network(self, number: int | None) -> Brand:
        """A brand."""
        return _one(brand for brand in self.all_networks if brand.id == number)

    def site(self, number: int | None) -> Site:
        """A site."""
        return _one(site for site in self.all_sites if site.id == number)

    def location(self, number: int | None) -> Sensor:
        """A sensor."""
        return _one(sensor for sensor in self.sensors(self.all_sites) if sensor.id == number)

    def sites_of_network(self, number: int) -> list[Site]:
        """The sites of a brand."""
        brand = self.network(number)
        return [site for site in self.all_sites if site.brand_id == brand.id]

    def sites_of_tag(self, label: str) -> list[Site]:
        """The sites with a tag of that label."""
        tags = self._labelled(label, "sites")
        return [site for site in self.all_sites if any((site.brand_id, tag) in tags for tag in site.tags)]

    def sensors_of_tag(self, label: str) -> list[Sensor]:
        """The sensors with a tag of that label."""
        tags = self._labelled(label, "sensors")
        return [
            sensor
            for sensor in self.sensors(self.all_sites)
            if any((self.catalogue.site_of(sensor).brand_id, tag) in tags for tag in sensor.tags)
        ]

    def sensors(self, sites: Sequence[Site]) -> list[Sensor]:
        """The sensors of sites, by id."""
        found = [self.catalogue.sensors[number] for site in sites for number in site.sensor_ids]
        seen = (sensor for sensor in found if self.catalogue.may_see_sensor(self.credential, sensor))
        return sorted(seen, key=lambda sensor: sensor.id)

    def _labelled(self, label: str, of: str) -> set[tuple[int, int]]:
        """(brand, tag) of the tags with a label."""
        tags = {(tag.brand_id, tag.id) for tag in self._tags(of, self.all_networks) if tag.label == label}
        if not tags:
            raise ForbiddenError(_FORBIDDEN)
        return tags

    def _tags(self, of: str, brands: Sequence[Brand]) -> list[Tag]:
        return [tag for brand in brands for tag in brand.tags if tag.of == of]

    # -- documents

    def networks(self) -> list[Document]:
        """Every network."""
        return [{"id": brand.id, "label": brand.name, "active": True} for brand in self.all_networks]

    def site_documents(self, sites: Sequence[Site], *, vehicles: bool = False) -> list[Document]:
        """Sites; `vehicles`: with what their vehicles stand for."""
        return [self._site(site) | (_factors(site) if vehicles else {}) for site in sites]

    def _site(self, site: Site) -> Document:
        sensors = self.sensors([site])
        return {
            "network_id": site.brand_id,
            "id": site.id,
            "label": site.name,
            "active": any(sensor.active for sensor in sensors),
            "address": "",
            "description": site.reference or "",
            "venue_type": "",
            "venue_subtype": "",
            "max_active_locations": len(sensors),
            "exclude_from_network_vrc": False,
            "upload_period_alert": _UPLOAD_PERIOD_MIN,
            "daily_watchers_alert_threshold": 0,
            "black_input_is_error": False,
            "ignore_low_fps": False,
        }

    def location_documents(self, sensors: Sequence[Sensor]) -> list[Document]:
        """Locations, with what was last received of each."""
        seen, watched = self._last_seen(sensors), self._last_views(sensors)
        return [self._location(sensor, seen.get(sensor.id), watched.get(sensor.id)) for sensor in sensors]

    def _location(self, sensor: Sensor, seen: int | None, watched: int | None) -> Document:
        site = self.catalogue.site_of(sensor)
        return {
            "id": sensor.id,
            "label": sensor.name,
            "site_id": site.id,
            "box_id": sensor.id,
            "active": sensor.active,
            "creation_date": None,
            "last_upload_timestamp": _text(seen),
            "last_timezone": _offset_s(site, seen),
            "last_seen": _text(seen),
            "last_ots_uploaded": _text(watched),
            "id_pointer": sensor.uid,
            "id_broadsign_uuid": "",
            "id_broadsign_playerid": None,
            "id_broadsign_screenid_v1": None,
            "id_broadsign_displayunitid": None,
            "location_type": "",
            "venue_type": "",
            "venue_subtype": "",
            "description": "",
            "bm_ignore": False,
        }

    def box_documents(self, sensors: Sequence[Sensor]) -> list[Document]:
        """The boxes of locations."""
        seen = self._last_seen(sensors)
        return [
            {
                "id": sensor.id,
                "label": sensor.uid,
                "active": sensor.active,
                "location_id": sensor.id,
                "site_id": sensor.site_id,
                "last_upload_timestamp": _text(seen.get(sensor.id)),
                "box_mac": 0,
                "raw_camera_config": "",
            }
            for sensor in sensors
        ]

    def zone_documents(self, sensors: Sequence[Sensor]) -> list[Document]:
        """The zones drawn at locations, in the coordinates in which they were drawn."""
        return [_zone(drawn) for sensor in sensors for _, drawn in sorted(sensor.zones.items())]

    def zones_of_location(self, number: int) -> Document:
        """A location's zones, and of its picture what is known: nothing."""
        return {"zones": self.zone_documents([self.location(number)]), "input_mask": {}, "input_original_size": {}}

    def tag_documents(self, of: str) -> list[Document]:
        """The tags of sites or of sensors."""
        return [_tag(tag) for tag in self._tags(of, self.all_networks)]

    def site_tags_of_network(self, number: int) -> list[Document]:
        """A network's site tags, each with its sites."""
        sites = self.sites_of_network(number)
        return [
            _tag(tag) | {"sites": self.site_documents([site for site in sites if tag.id in site.tags])}
            for tag in self._tags("sites", [self.network(number)])
        ]

    def location_tags_of_network(self, number: int) -> list[Document]:
        """A network's location tags, each with its locations."""
        sensors = self.sensors(self.sites_of_network(number))
        return [
            _tag(tag) | {"locations": self.location_documents([each for each in sensors if tag.id in each.tags])}
            for tag in self._tags("sensors", [self.network(number)])
        ]

    # -- what was last received

    def _last_seen(self, sensors: Sequence[Sensor]) -> Mapping[int, int]:
        _, now = self.services.live.sites({sensor.site_id for sensor in sensors})
        return {number: last for site in now.values() for number, last in site.sensors if last is not None}

    def _last_views(self, sensors: Sequence[Sensor]) -> Mapping[int, int]:
        wanted = pa.table({"sensor_id": pa.array([sensor.id for sensor in sensors], pa.int64())})
        found = self.services.store.query("quividi/last_views", {}, {"wanted_sensors": wanted})
        return dict(zip(found["sensor_id"].to_pylist(), found["last_ms"].to_pylist(), strict=True))


def _one(found: Iterator[T]) -> T:
    for each in found:
        return each
    raise ForbiddenError(_FORBIDDEN)


def _text(instant_ms: int | None) -> str | None:
    if instant_ms is None:
        return None
    return f"{datetime.fromtimestamp(instant_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}"


def _offset_s(site: Site, instant_ms: int | None) -> int | None:
    """The UTC offset of the latest upload, in seconds."""
    if instant_ms is None:
        return None
    offset = datetime.fromtimestamp(instant_ms // 1000, zone(site.timezone)).utcoffset()
    return None if offset is None else int(offset.total_seconds())


def _factors(site: Site) -> Document:
    factors = {**FACTORS, **site.vehicle_factors}
    return {"vehicles_factors": {f"factor_{name}": factors[name] for name in ("car", "van", "bus", "truck")}}


def _zone(drawn: Zone) -> Document:
    return {
        "id": drawn.id,
        "location_id": drawn.sensor_id,
        "name": drawn.name,
        "description": "",
        "type": 0,
        "created_at": 0,
        "updated_at": 0,
        "coordinates": [{"x": x, "y": y} for x, y in drawn.polygon],
        "presence_threshold": float(drawn.min_dwell_s),
    }


def _tag(tag: Tag) -> Document:
    return {"network_id": tag.brand_id, "id": tag.id, "label": tag.label, "extrapolation": False}


Listing = Callable[[Topology, Any], object]
_SCOPES: tuple[tuple[str, str, Callable[[Topology, Any], list[Sensor]]], ...] = (
    ("/things", "All {}", lambda t, _: t.sensors(t.all_sites)),
    ("/network/{key:int}/things", "{} of a network", lambda t, n: t.sensors(t.sites_of_network(n))),
    ("/site/{key:int}/things", "{} of a site", lambda t, n: t.sensors([t.site(n)])),
    ("/site_tag/{key:str}/things", "{} of the sites with a tag", lambda t, n: t.sensors(t.sites_of_tag(n))),
    ("/location_tag/{key:str}/things", "{} with a tag", lambda t, n: t.sensors_of_tag(n)),
)


def _listing(documents: str, sensors: Callable[[Topology, Any], list[Sensor]]) -> Listing:
    return lambda topology, key: getattr(topology, documents)(sensors(topology, key))


LISTS: Mapping[str, tuple[str, Listing]] = {
    "/networks": ("All networks", lambda t, _: t.networks()),
    "/sites": ("All sites", lambda t, _: t.site_documents(t.all_sites)),
    "/network/{key:int}/sites": ("Sites of a network", lambda t, n: t.site_documents(t.sites_of_network(n))),
    "/site_tag/{key:str}/sites": ("Sites with a tag", lambda t, n: t.site_documents(t.sites_of_tag(n))),
    "/sites/vehicles": ("Sites and their vehicle factors", lambda t, _: t.site_documents(t.all_sites, vehicles=True)),
    "/network/{key:int}/sites/vehicles": (
        "Sites of a network and their vehicle factors",
        lambda t, n: t.site_documents(t.sites_of_network(n), vehicles=True),
    ),
    **{
        path.replace("things", name): (title.format(name).capitalize(), _listing(documents, sensors))
        for name, documents in (("locations", "location_documents"), ("boxes", "box_documents"))
        for path, title, sensors in _SCOPES
    },
    "/location/{key:int}/boxes": ("The box of a location", lambda t, n: t.box_documents([t.location(n)])),
    "/zones": ("All zones", lambda t, _: t.zone_documents(t.sensors(t.all_sites))),
    "/location/{key:int}/zones": ("Zones of a location", lambda t, n: t.zones_of_location(n)),
    "/site_tags": ("Tags of sites", lambda t, _: t.tag_documents("sites")),
    "/location_tags": ("Tags of locations", lambda t, _: t.tag_documents("sensors")),
    "/network/{key:int}/site_tags": ("Tags of a network's sites", lambda t, n: t.site_tags_of_network(n)),
    "/network/{key:int}/location_tags": ("Tags of a network's locations", lambda t, n: t.location_tags_of_network(n)),
}
"""Every list: path, title, and what answers it from what the path names (`key`)."""
