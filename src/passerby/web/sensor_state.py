"""What is known of each sensor: whether it reports, when it observed, and whether its clock is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from passerby.calendar import DAY_MS, calendar
from passerby.catalogue.model import Catalogue, Sensor, Site
from passerby.metrics.clocks import Clock, clocks
from passerby.metrics.observing import observed_ms
from passerby.metrics.places import Place
from passerby.services import Services

SILENT_MS = DAY_MS
"""A sensor that sent nothing for so long is called silent."""

State = Literal["reports", "silent", "waiting", "off"]
STATES: Mapping[State, tuple[str, str]] = {
    "reports": ("Reports", "good"),
    "silent": ("Silent", "bad"),
    "waiting": ("Nothing yet", "warn"),
    "off": ("Switched off", ""),
}


@dataclass(frozen=True, slots=True)
class Day:
    """A local day of a sensor: `share` of it, as far as it has passed, that the sensor observed; 0 to 1."""

    label: str
    share: float

    @property
    def step(self) -> int:
        """The share in tenths, for drawing: 0 for nothing at all, at least 1 for anything."""
        return 0 if self.share <= 0 else max(1, round(self.share * 10))


@dataclass(frozen=True, slots=True)
class SensorNow:
    """A sensor as the pages show it. `last_ms`: when its latest observation began, by its own clock."""

    sensor: Sensor
    site: Site
    state: State
    last_ms: int | None
    days: tuple[Day, ...]
    clock: Clock | None


def sensors_now(
    services: Services, catalogue: Catalogue, sensors: Sequence[Sensor], now_ms: int, days: int
) -> list[SensorNow]:
    """Sensors with their last `days` local days, today included."""
    last = last_observations(services, sensors)
    ribbons = _ribbons(services, catalogue, sensors, now_ms, days)
    quiet = services.journal.quiet(0, services.journal.last_seq)
    told = clocks(services.store, [sensor.id for sensor in sensors], quiet, now_ms) if sensors else {}
    return [
        SensorNow(
            sensor,
            catalogue.site_of(sensor),
            state_of(sensor, last.get(sensor.id), now_ms),
            last.get(sensor.id),
            ribbons[sensor.id],
            told.get(sensor.id),
        )
        for sensor in sensors
    ]


def last_observations(services: Services, sensors: Sequence[Sensor]) -> dict[int, int]:
    """When the latest observation of each sensor began; sensors without any are left out."""
    _, sites = services.live.sites({sensor.site_id for sensor in sensors})
    return {sensor: int(at) for site in sites.values() for sensor, at in site.sensors if at is not None}


def state_of(sensor: Sensor, last_ms: int | None, now_ms: int) -> State:
    """Whether a sensor reports."""
    if not sensor.active:
        return "off"
    if last_ms is None:
        return "waiting"
    return "silent" if last_ms < now_ms - SILENT_MS else "reports"


def _ribbons(
    services: Services, catalogue: Catalogue, sensors: Sequence[Sensor], now_ms: int, days: int
) -> dict[int, tuple[Day, ...]]:
    zones = sorted({catalogue.site_of(sensor).timezone for sensor in sensors})
    # A local day is at most 25 hours long, so this many begin in the range, and perhaps one more.
    calendars = [calendar("1d", zone, now_ms - days * DAY_MS, now_ms + 1) for zone in zones]
    places = [Place("sensor", each.id, zones.index(catalogue.site_of(each).timezone)) for each in sensors]
    found = observed_ms(services.store, catalogue, places, calendars)
    ribbons = {}
    for sensor, place, ms in zip(sensors, places, found, strict=True):
        own = calendars[place.calendar]
        passed = [min(end, now_ms) - start for start, end in zip(own.starts.tolist(), own.ends.tolist(), strict=True)]
        made = [
            Day(label[:10], min(1.0, seen / max(1, length)))
            for label, seen, length in zip(own.labels, ms.tolist(), passed, strict=True)
        ]
        ribbons[sensor.id] = tuple(made[-days:])
    return ribbons
