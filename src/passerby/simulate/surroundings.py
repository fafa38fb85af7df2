"""What happens around a site: people and vehicles passing by, and the devices they carry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import get_args

from passerby.observations import Color, CountInterval, Passage, RoadUser, WifiVisit
from passerby.simulate.day import MINUTE_MS, Bundle, Day, Report, at
from passerby.simulate.dice import Dice, Weighted
from passerby.simulate.network import DOOR, SensorPlan
from passerby.simulate.profiles import PASSAGE_MS, SHOP_HOURS, SIGHTING_MS, STREET_HOURS, VEHICLE_MS, within

_CLASSES: tuple[RoadUser, ...] = get_args(RoadUser)
_COLORS: tuple[Color, ...] = get_args(Color)
# person, car, bus, truck, van, bike, unknown
_TRAFFIC = Weighted((55, 27, 2, 3, 6, 6, 1))
_PAINT = Weighted((26, 28, 3, 8, 3, 14, 16, 2))
_STREET_COUNT_MS = 900_000


@lru_cache(maxsize=256)
def _busy_minutes(street: bool, first_minute: int, last_minute: int) -> Weighted:
    return within(STREET_HOURS if street else SHOP_HOURS, first_minute, last_minute)[0]


def passing(of: Day) -> Iterator[Bundle]:
    """Passages: at a street corner of everything all day long, at a shop of people while it is open."""
    street = of.site.sensor("street")
    sensor = street or of.site.sensor("door")
    if sensor is None or of.site.equipment == "counter":
        return
    dice = of.dice("passing")
    minutes = _busy_minutes(True, 0, 1440) if street else _busy_minutes(True, *of.open_minutes)
    taken: set[int] = set()
    for _ in range(dice.around(of.site.passers_a_day * of.busy, 0.15)):
        start = _instant(of, dice, minutes.draw(dice))
        while start in taken:  # rows without an id are told apart by their content
            start += 1
        taken.add(start)
        passage = _passage(sensor, dice, start, _CLASSES[_TRAFFIC.draw(dice)] if street else "person")
        yield [Report(start, start + passage.duration_ms, passage)]


def _instant(of: Day, dice: Dice, minute: int) -> int:
    # Stretched over days of 23 or 25 hours; the opening hours keep to the clock.
    first, last = of.open_minutes
    within_minute = dice.integer(0, MINUTE_MS - 1)
    if first <= minute < last:
        return of.open_ms + (minute - first) * MINUTE_MS + within_minute
    if minute < first:
        return of.start_ms + (of.open_ms - of.start_ms) * minute // first + within_minute * 9 // 10
    return of.close_ms + (of.end_ms - of.close_ms) * (minute - last) // (1440 - last) + within_minute * 9 // 10


def _passage(sensor: SensorPlan, dice: Dice, start: int, what: RoadUser) -> Passage:
    if what in {"person", "bike"}:
        return Passage(sensor=sensor.id, start=at(start), duration_ms=dice.quantile(PASSAGE_MS), class_=what)
    color = _COLORS[_PAINT.draw(dice)]
    return Passage(sensor=sensor.id, start=at(start), duration_ms=dice.quantile(VEHICLE_MS), class_=what, color=color)


def road_counts(of: Day) -> Iterator[Bundle]:
    """The street sensor's own counts of cars, both ways, every quarter of an hour, nights included."""
    street = of.site.sensor("street")
    if street is None:
        return
    dice = of.dice("road")
    length = of.end_ms - of.start_ms
    for start in range(of.start_ms, of.end_ms, _STREET_COUNT_MS):
        hour = (start - of.start_ms) * 24 // length
        both_ways = [dice.around(STREET_HOURS[hour] * of.busy * 2, 0.5) for _ in range(2)]
        count = CountInterval(
            sensor=street.id,
            line=DOOR,
            start=at(start),
            duration_ms=min(_STREET_COUNT_MS, of.end_ms - start),
            in_=float(both_ways[0]),
            out=float(both_ways[1]),
            class_="car",
        )
        yield [Report(start, start + count.duration_ms, count)]


def devices(of: Day) -> Iterator[Bundle]:
    """WiFi devices near a scanner while the site is open: regulars come back, many phones change their address."""
    scanner = of.site.sensor("wifi")
    if scanner is None:
        return
    dice = of.dice("wifi")
    minutes = _busy_minutes(False, *of.open_minutes)
    for _ in range(dice.around((of.site.visitors_a_day + of.site.passers_a_day) * of.busy * 0.4, 0.2)):
        start = _instant(of, dice, minutes.draw(dice))
        length = min(dice.quantile(SIGHTING_MS), of.close_ms - start)
        randomized = dice.chance(0.6)
        sighting = WifiVisit(
            sensor=scanner.id,
            start=at(start),
            duration_ms=length,
            device=_address(of, dice, randomized),
            # Who walks by outside is far away.
            rssi=dice.integer(-74, -38) if dice.chance(0.45) else dice.integer(-93, -76),
            randomized=randomized,
        )
        yield [Report(start, start + length, sighting)]


def _address(of: Day, dice: Dice, randomized: bool) -> str:
    """A MAC address: a locally administered one of the day, or that of one of the site's some thousand regulars."""
    if randomized:
        tail = dice.integer(0, (1 << 40) - 1)
        return ":".join(f"{part:02x}" for part in (0x02 | dice.integer(0, 63) << 2, *tail.to_bytes(5, "big")))
    # The smaller the number, the more often that regular comes.
    regular = int(4000 * dice.random() * dice.random())
    owner = Dice(of.seed, "device", of.site.id, regular)
    return ":".join(f"{part:02x}" for part in (0x3C, 0x22, 0xFB, *owner.integer(0, (1 << 24) - 1).to_bytes(3, "big")))
