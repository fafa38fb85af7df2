"""Choosing a place in a form: everything that the viewer sees, as `targets.written` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from passerby.catalogue.model import Catalogue, Target
from passerby.catalogue.targets import Level, written
from passerby.web.viewer import Viewer

LEVELS: tuple[Level, ...] = ("brand", "site", "sensor", "zone", "line")


def places(viewer: Viewer, levels: Iterable[Level] = LEVELS) -> list[tuple[str, str]]:
    """(value, text) of each place of these levels that the viewer sees, for a select field."""
    found = dict.fromkeys(levels)
    whole = [
        Target("brand", brand.id) for brand in viewer.brands() if viewer.catalogue.owns_brand(viewer.credential, brand)
    ]
    sites = viewer.sites()
    sensors = [viewer.catalogue.sensors[each] for site in sites for each in site.sensor_ids]
    targets = chain(
        whole,
        (Target("site", site.id) for site in sites),
        (Target("sensor", sensor.id) for sensor in sensors),
        (Target("zone", (sensor.id, zone)) for sensor in sensors for zone in sensor.zones),
        (Target("line", (sensor.id, line)) for sensor in sensors for line in sensor.lines),
    )
    return [(written(one), place_name(viewer.catalogue, one)) for one in targets if one.level in found]


def place_name(catalogue: Catalogue, target: Target) -> str:
    """A place for people: its own name, and where it is. Of one that is gone its number."""
    site = catalogue.site_of_target(target)
    if isinstance(target.key, int):
        if target.level == "brand":
            brand = catalogue.brands.get(target.key)
            return f"All of {brand.name}" if brand else f"brand {target.key}, which is gone"
        if site is None:
            return f"{written(target)}, which is gone"
        if target.level == "site":
            return site.name or f"Site {site.id}"
        sensor = catalogue.sensors[target.key]
        return f"{site.name}: {sensor.name or sensor.uid}"
    if site is None:
        return f"{written(target)}, which is gone"
    sensor = catalogue.sensors[target.key[0]]
    part = (sensor.zones if target.level == "zone" else sensor.lines)[target.key[1]]
    return f"{site.name}: {target.level} {part.name or '/'.join(map(str, target.key))}"


def sees(viewer: Viewer, target: Target) -> bool:
    """Whether a place exists for the viewer."""
    if target.level == "brand":
        brand = viewer.catalogue.brands.get(target.key) if isinstance(target.key, int) else None
        return brand is not None and viewer.catalogue.owns_brand(viewer.credential, brand)
    site = viewer.catalogue.site_of_target(target)
    return site is not None and viewer.catalogue.may_see_site(viewer.credential, site)


def entry(place: str) -> Mapping[str, object]:
    """A chosen place under the key that a catalogue file names it by."""
    level, _, key = place.partition(" ")
    return {level: key if "/" in key else int(key)}
