"""The made-up network: which sites there are, what stands in them, and the catalogue document that says so."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal
from uuid import UUID

from passerby.simulate.dice import Dice

Equipment = Literal["tracker", "gate", "counter", "hall", "screen", "street"]

# What a site is equipped with. Together they send all eleven kinds, and each fact reaches a site's metrics in
# another way: stays that are followed, entrances with directions, interval counts, levels, screens, a street.
EQUIPMENT: tuple[Equipment, ...] = ("tracker", "gate", "counter", "screen", "street", "hall")

ACCOUNT = {"id": 632, "name": "Acme"}
STORES, OUTDOOR = 1234, 1235
CONTENTS: tuple[tuple[int, str, str], ...] = (
    (8482, "my_very_own_content_id", "Spring"),
    (8483, "sneakers", "Sneakers"),
    (8484, "coffee", "Coffee to go"),
    (8485, "museum-night", "Museum night"),
)

# Each content plays for so long, one after the other, while the site is open.
PLAY_MS = 30_000

# Numbers of the lines and zones of a sensor.
DOOR, BACK_DOOR, SHELF, QUEUE = 1, 2, 11, 12

_PLACES: dict[str, tuple[str, ...]] = {
    "America/New_York": ("Manhattan", "Brooklyn", "Boston", "Philadelphia"),
    "Europe/Zurich": ("Bahnhofstrasse", "Bern", "Basel", "Lugano"),
    "Asia/Kathmandu": ("Thamel", "Patan", "Pokhara", "Bhaktapur"),
    "Australia/Lord_Howe": ("Lagoon Road", "Ned's Beach", "Middle Beach", "Old Settlement"),
    "America/Sao_Paulo": ("Avenida Paulista", "Pinheiros", "Rio de Janeiro", "Curitiba"),
    "Asia/Tokyo": ("Shibuya", "Ginza", "Osaka", "Sapporo"),
}
ZONES: tuple[str, ...] = tuple(_PLACES)
_COUNTRIES = dict(zip(ZONES, ("US", "CH", "NP", "AU", "BR", "JP"), strict=True))
_TITLES: dict[Equipment, str] = {
    "tracker": "store",
    "gate": "outlet",
    "counter": "department store",
    "screen": "showroom",
    "street": "street corner",
    "hall": "library",
}
_HOURS: dict[Equipment, tuple[tuple[str, str], ...]] = {
    "tracker": (("08:00", "22:00"), ("09:00", "20:00")),
    "gate": (("10:00", "19:00"), ("09:30", "18:30")),
    "counter": (("09:00", "21:00"), ("08:30", "20:00")),
    "screen": (("08:00", "22:00"), ("10:00", "20:00")),
    "street": (("06:00", "23:30"),),
    "hall": (("07:00", "22:30"), ("08:00", "20:00")),
}


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """One made-up sensor: `does` is what it watches."""

    id: int
    name: str
    does: Literal["door", "inside", "screen", "street", "wifi"]
    lines: tuple[int, ...] = ()
    zones: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SitePlan:
    """One made-up site; `visitors_a_day` and `passers_a_day` are what an average Wednesday brings."""

    id: int
    brand_id: int
    name: str
    reference: str
    timezone: str
    open: str
    close: str
    equipment: Equipment
    visitors_a_day: int
    passers_a_day: int
    sensors: tuple[SensorPlan, ...]

    def sensor(self, does: str) -> SensorPlan | None:
        """The sensor that watches that."""
        return next((sensor for sensor in self.sensors if sensor.does == does), None)


@dataclass(frozen=True, slots=True)
class Network:
    """All made-up sites of one seed."""

    seed: int
    sites: tuple[SitePlan, ...]


def network(sites: int, seed: int) -> Network:
    """A network of `sites` sites; six bring every time zone and every kind of equipment."""
    return Network(seed, tuple(_site(seed, index) for index in range(sites)))


def _site(seed: int, index: int) -> SitePlan:
    dice = Dice(seed, "site", index)
    timezone = ZONES[index % len(ZONES)]
    # Shifted by one after each round through the zones, so that each zone gets every equipment.
    equipment = EQUIPMENT[(index + index // len(ZONES)) % len(EQUIPMENT)]
    places = _PLACES[timezone]
    turn = index // len(ZONES)
    again = f" {turn // len(places) + 1}" if turn >= len(places) else ""
    opens, closes = dice.pick(_HOURS[equipment])
    return SitePlan(
        id=index + 1,
        brand_id=OUTDOOR if equipment in {"screen", "street"} else STORES,
        name=f"{places[turn % len(places)]}{again} {_TITLES[equipment]}",
        reference=f"{_COUNTRIES[timezone]}{658 + index:04}",
        timezone=timezone,
        open=opens,
        close=closes,
        equipment=equipment,
        visitors_a_day=0 if equipment == "street" else dice.integer(180, 420),
        passers_a_day=dice.integer(900, 1500) if equipment == "street" else dice.integer(200, 500),
        sensors=_sensors(index + 1, equipment),
    )


def _sensors(site_id: int, equipment: Equipment) -> tuple[SensorPlan, ...]:
    first = 3000 + 10 * site_id
    door = SensorPlan(first, "Door camera", "door", lines=(DOOR,))
    inside = SensorPlan(first + 1, "Ceiling camera", "inside", zones=(SHELF, QUEUE))
    street = SensorPlan(first + 2, "Street camera", "street", lines=(DOOR,) if equipment == "street" else ())
    screen = SensorPlan(first + 3, "Screen", "screen")
    wifi = SensorPlan(first + 4, "WiFi scanner", "wifi")
    two_doors = SensorPlan(first, "Door counter", "door", lines=(DOOR, BACK_DOOR))
    return {
        "tracker": (door, inside, wifi),
        "gate": (door, inside),
        "counter": (two_doors,),
        "screen": (door, screen),
        "street": (street, wifi),
        "hall": (
            SensorPlan(first, "Door camera", "door"),
            SensorPlan(first + 1, "Hall camera", "inside", zones=(QUEUE,)),
        ),
    }[equipment]


def catalogue_document(made: Network, credentials: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The catalogue file that the made-up observations refer to, as `passerby catalogue apply` reads it."""
    document: dict[str, Any] = {"account": dict(ACCOUNT)}
    if credentials:
        document["credentials"] = credentials
    document["contents"] = [
        {"id": number, "content_id": text, "app_id": "my_app_id", "name": name, "duration_ms": PLAY_MS}
        for number, text, name in CONTENTS
    ]
    document["brands"] = [
        {
            "id": brand,
            "name": name,
            "tags": [{"id": tag, "label": label, "of": "sites"}, {"id": tag + 1, "label": "window", "of": "sensors"}],
            "sites": [_site_entry(site, tag) for site in made.sites if site.brand_id == brand],
        }
        for brand, name, tag, label in (
            (STORES, "Acme Stores", 7, "flagship"),
            (OUTDOOR, "Acme Outdoor", 17, "downtown"),
        )
    ]
    return document


def _site_entry(site: SitePlan, tag: int) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": site.id,
        "name": site.name,
        "reference": site.reference,
        "timezone": site.timezone,
        "opening_hours": {"open": site.open, "close": site.close},
    }
    if site.id % 3 == 1:
        entry["tags"] = [tag]
    entry["sensors"] = [_sensor_entry(site, sensor, tag + 1) for sensor in site.sensors]
    return entry


def _sensor_entry(site: SitePlan, sensor: SensorPlan, window: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": sensor.id, "uid": uid(sensor.id), "name": sensor.name}
    if sensor.does in {"street", "screen"}:
        entry["tags"] = [window]
    if sensor.lines:
        entry["lines"] = [_line_entry(site, sensor, line) for line in sensor.lines]
    if sensor.zones:
        entry["zones"] = [_zone_entry(sensor, zone) for zone in sensor.zones]
    return entry


def _line_entry(site: SitePlan, sensor: SensorPlan, line: int) -> dict[str, Any]:
    # A metre-wide doorway at y = 0; whoever is above it is inside. The street's line counts the road, no entrance.
    left = 4.0 * (line - DOOR)
    road = site.equipment == "street"
    return {
        "id": line,
        "uid": uid(sensor.id, line),
        "name": "Road" if road else {DOOR: "Entrance", BACK_DOOR: "Back entrance"}[line],
        "entrance": not road,
        "direction": "in",
        "points": [[left, 0.0], [left + 1.0, 0.0]],
        "inside": "left",
    }


def _zone_entry(sensor: SensorPlan, zone: int) -> dict[str, Any]:
    left = 10.0 * (zone - SHELF)
    return {
        "id": zone,
        "uid": uid(sensor.id, zone),
        "name": {SHELF: "Shelf", QUEUE: "Queue"}[zone],
        "min_dwell_s": 3,
        "queue": zone == QUEUE,
        "polygon": [[left, 2.0], [left + 5.0, 2.0], [left + 5.0, 6.0], [left, 6.0]],
    }


def uid(*numbers: int) -> str:
    """A UUID that depends on nothing but `numbers`."""
    return str(UUID(bytes=blake2b("/".join(map(str, numbers)).encode(), digest_size=16).digest(), version=4))
