"""From checked locations and a period to columns of numbers, through the calendar and the metrics.

Which buckets: those that contain startDate and endDate, both whole, and all between. In local time each location
has its own clock, so one answer may cover different UTC spans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from passerby.calendar import Calendar, calendar, to_utc
from passerby.catalogue.model import Catalogue, Zone
from passerby.dialects.analytiks.pages import Page
from passerby.dialects.analytiks.places import Location
from passerby.dialects.analytiks.requests import Period
from passerby.metrics.compute import compute
from passerby.metrics.places import Computed, Place
from passerby.store.contract import Store

UTC = "UTC"


@dataclass(frozen=True, eq=False)
class Buckets:
    """A calendar and how the exports label its buckets."""

    calendar: Calendar
    utc: bool

    @cached_property
    def labels(self) -> npt.NDArray[np.object_]:
        """The key of each bucket: `2023-06-08T20:30:00Z`, or without the Z in local time."""
        suffix = "Z" if self.utc else ""
        return np.array([label + suffix for label in self.calendar.labels], dtype=object)

    @cached_property
    def first(self) -> npt.NDArray[np.int64] | None:
        """The first bucket with the label of each bucket; None when no label occurs twice.

        Local labels have no offset, so where clocks go back one label stands for two buckets.
        """
        seen: dict[str, int] = {}
        first = np.array([seen.setdefault(label, i) for i, label in enumerate(self.labels.tolist())], dtype=np.int64)
        return None if len(seen) == len(first) else first


@dataclass(frozen=True, slots=True)
class Asked:
    """What is computed for a request.

    Place number i is location number i (or the zone of it that was asked for), for as many as there are; its zones
    are `zones[i]`, as (place number, zone). `buckets` are numbered as the places' calendars. `mean` = dwell times are
    means, not sums.
    """

    page: Page
    locations: Sequence[Location]
    mean: bool
    places: list[Place]
    buckets: list[Buckets]
    zones: list[list[tuple[int, Zone]]]

    @property
    def metrics(self) -> list[str]:
        """The metrics behind the page, each once; for means also those that count what is summed."""
        fields = self.page.site_fields + self.page.zone_fields
        names = [field.metric for field in fields]
        if self.mean:
            names += [field.per for field in fields if field.per]
        return list(dict.fromkeys(names))


def ask(
    catalogue: Catalogue, page: Page, locations: Sequence[Location], buckets: Mapping[str, Buckets], *, mean: bool
) -> Asked:
    """The places of a request; `buckets` by time zone, as `buckets_of` gives them."""
    numbers = {name: number for number, name in enumerate(buckets)}
    calendars = [numbers.get(location.site.timezone, 0) for location in locations]
    places = [_place(location, number) for location, number in zip(locations, calendars, strict=True)]
    zones = []
    for location, number in zip(locations, calendars, strict=True):
        found = _zones(catalogue, location) if page.zone_fields else []
        zones.append(list(enumerate(found, len(places))))
        places.extend(Place("zone", (zone.sensor_id, zone.id), number) for zone in found)
    return Asked(page, locations, mean, places, list(buckets.values()), zones)


def columns(store: Store, catalogue: Catalogue, asked: Asked) -> Computed:
    """The metrics at every place that was asked for."""
    return compute(store, catalogue, asked.metrics, asked.places, [each.calendar for each in asked.buckets])


def buckets_of(locations: Sequence[Location], period: Period, size: str) -> dict[str, Buckets]:
    """The buckets of a period by time zone: those of the locations, or UTC alone."""
    if period.utc:
        return {UTC: buckets(size, UTC, period)}
    return {name: buckets(size, name, period) for name in dict.fromkeys(each.site.timezone for each in locations)}


@lru_cache(maxsize=64)
def buckets(size: str, zone: str, period: Period) -> Buckets:
    """The whole buckets from the one that contains the start to the one that contains the end."""
    start_ms = to_utc(period.start, zone)
    end_ms = to_utc(period.end, zone, second=True)
    # A start inside the hour that clocks skip moves forward, perhaps beyond the end: then both buckets are meant.
    low, high = min(start_ms, end_ms), max(start_ms, end_ms)
    return Buckets(calendar(size, zone, low, high + 1, clip=False), period.utc)


def _place(location: Location, calendar: int) -> Place:
    zone = location.zone
    if zone is not None:
        return Place("zone", (zone.sensor_id, zone.id), calendar)
    return Place("site", location.site.id, calendar)


def _zones(catalogue: Catalogue, location: Location) -> list[Zone]:
    sensors = (catalogue.sensors[sensor_id] for sensor_id in sorted(location.site.sensor_ids))
    return [zone for sensor in sensors for _, zone in sorted(sensor.zones.items())]
