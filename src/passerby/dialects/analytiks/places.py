"""Which locations a request means, and which of them the credential may not see.

A location that does not exist and one that belongs to somebody else are the same here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from passerby.catalogue.model import Brand, Catalogue, Credential, Site, Zone
from passerby.dialects.analytiks.requests import BatchRequest


@dataclass(frozen=True, slots=True)
class Location:
    """A location to answer for; `reference` when it was asked for by its reference number.

    With `zone` the answer is for that zone of the location alone.
    """

    site: Site
    reference: str | None = None
    zone: Zone | None = None


@dataclass(slots=True)
class Found:
    """The locations of a request in its order, and the ids, reference numbers or zone that were refused."""

    locations: list[Location] = field(default_factory=list)
    refused_ids: list[int] = field(default_factory=list)
    refused_references: list[str] = field(default_factory=list)
    refused_zones: list[str] = field(default_factory=list)

    @property
    def refused(self) -> list[int] | list[str]:
        """What was refused, as it was asked for."""
        return self.refused_ids or self.refused_references or self.refused_zones

    @property
    def refused_field(self) -> str:
        """The name in the request of what was refused."""
        if self.refused_zones:
            return "zoneId"
        return "locations" if self.refused_ids else "referenceNumbers"


def find(catalogue: Catalogue, credential: Credential, request: BatchRequest) -> Found:
    """The locations that a request of v1, v2 or v4 names."""
    if request.zone is not None:
        return _of_zone(catalogue, credential, request.zone)
    found = Found()
    if request.brand_id is None:
        for site_id in request.locations:
            site = catalogue.sites.get(site_id)
            if site is not None and catalogue.may_see_site(credential, site):
                found.locations.append(Location(site))
            else:
                found.refused_ids.append(site_id)
        return found
    by_reference = _by_reference(catalogue, credential, request.brand_id)
    for reference in request.references:
        site = by_reference.get(reference)
        if site is not None:
            found.locations.append(Location(site, reference))
        else:
            found.refused_references.append(reference)
    return found


def brand(catalogue: Catalogue, credential: Credential, brand_id: int) -> Brand | None:
    """The brand, if the credential may know of it."""
    return next((each for each in catalogue.visible_brands(credential) if each.id == brand_id), None)


def after(catalogue: Catalogue, credential: Credential, brand_id: int, last_id: int) -> list[Location]:
    """The visible locations of a brand with an id above `last_id`, by id."""
    sites = catalogue.visible_sites(credential)
    return [Location(site) for site in sites if site.brand_id == brand_id and site.id > last_id]


def _of_zone(catalogue: Catalogue, credential: Credential, uid: str) -> Found:
    """The location that owns a zone."""
    zone = catalogue.zone(uid)
    sensor = None if zone is None else catalogue.sensors[zone.sensor_id]
    if sensor is None or not catalogue.may_see_sensor(credential, sensor):
        return Found(refused_zones=[uid])
    return Found([Location(catalogue.site_of(sensor), zone=zone)])


def _by_reference(catalogue: Catalogue, credential: Credential, brand_id: int) -> dict[str, Site]:
    """The brand's visible sites by their reference, which is unique within a brand."""
    sites = (site for site in catalogue.visible_sites(credential) if site.brand_id == brand_id)
    return {site.reference: site for site in sites if site.reference is not None}
