"""People inside a site: who comes, how long they stay, and how each kind of equipment reports them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from passerby.calendar import MINUTE_MS
from passerby.observations import CountInterval, Crossing, Event, Level, Visit, ZoneVisit
from passerby.simulate.day import Bundle, Day, Report, at
from passerby.simulate.dice import Dice, Weighted
from passerby.simulate.network import DOOR, QUEUE, SHELF, SensorPlan
from passerby.simulate.profiles import BOUNCE_MS, PARTY_SIZES, QUEUE_MS, SHELF_MS, SHOP_HOURS, STAY_MS, within

COUNT_MS = 300_000
LEVEL_MS = 60_000
# Nobody comes in during the last minutes, and whoever is inside leaves before the doors close.
_LAST_ENTRY_MS = 5 * MINUTE_MS


class Stay(NamedTuple):
    """One person inside from `enter_ms` to `leave_ms`; `number` is unique in the day, `party` among its groups."""

    number: int
    party: int
    enter_ms: int
    leave_ms: int
    staff: bool


@lru_cache(maxsize=256)
def _arrivals(first_minute: int, last_minute: int) -> Weighted:
    return within(SHOP_HOURS, first_minute, last_minute)[0]


def stays(of: Day) -> list[Stay]:
    """Everybody who is inside on that date, by time of entry."""
    dice = of.dice("stays")
    found = _staff(of, dice)
    first, last = of.open_minutes
    minutes = _arrivals(first, last)
    # A party has 1.5 members on average.
    for party in range(dice.around(of.site.visitors_a_day * of.busy / 1.5, 0.1)):
        minute = minutes.draw(dice) - first
        enter = of.open_ms + minute * MINUTE_MS + dice.integer(0, MINUTE_MS - 1)
        found += _party(of, dice, party, min(enter, of.close_ms - _LAST_ENTRY_MS))
    found.sort(key=lambda stay: (stay.enter_ms, stay.leave_ms, stay.party))
    return [stay._replace(number=number) for number, stay in enumerate(found)]


def _party(of: Day, dice: Dice, party: int, enter: int) -> Iterator[Stay]:
    together = dice.quantile(STAY_MS)
    bounces = dice.chance(0.12)
    for _ in range(PARTY_SIZES.draw(dice) + 1):
        length = dice.quantile(BOUNCE_MS) if bounces else together + dice.integer(0, 20_000)
        yield Stay(0, party, enter, min(enter + length, of.close_ms - dice.integer(1, MINUTE_MS)), staff=False)
        enter += dice.integer(200, 2_500)  # the next member follows within the gap that makes a group


def _staff(of: Day, dice: Dice) -> list[Stay]:
    """Staff come as the doors open, go out for lunch in the middle of the day, and leave before they close."""
    middle = (of.open_ms + of.close_ms) // 2
    found = []
    for person in range(2 + of.site.visitors_a_day // 150):
        begin = of.open_ms + dice.integer(0, 5 * MINUTE_MS)
        lunch = middle + dice.integer(-60, 60) * MINUTE_MS
        back = lunch + dice.integer(20, 45) * MINUTE_MS
        end = of.close_ms - dice.integer(1, 3 * MINUTE_MS)
        found += [Stay(0, -1 - person, begin, lunch, staff=True), Stay(0, -1 - person, back, end, staff=True)]
    return found


def reported(of: Day) -> Iterator[Bundle]:
    """What the site's equipment reports of everybody inside, a bundle for each person."""
    everybody = stays(of)
    if of.site.equipment == "counter":
        yield from _counted(of, everybody)
        return
    door, inside = of.site.sensor("door"), of.site.sensor("inside")
    dice = of.dice("zones")
    for stay in everybody:
        bundle: Bundle = []
        if door is not None:
            bundle += _at_door(of, stay, door)
        if inside is not None and not stay.staff:
            bundle += _in_zones(stay, inside, dice)
        yield bundle
    if of.site.equipment == "hall" and inside is not None:
        yield from _levels(of, everybody, inside)


def _at_door(of: Day, stay: Stay, door: SensorPlan) -> Iterator[Report]:
    role = "staff" if stay.staff else None
    if of.site.equipment != "gate":
        # The hall's camera sees who enters, but cannot follow them.
        follows = of.site.equipment != "hall"
        duration = stay.leave_ms - stay.enter_ms if follows else None
        # A group's name is its sensor's for ever, so it holds the date.
        groups = of.site.equipment == "screen" and not stay.staff
        group = f"{of.date:%y%m%d}-{stay.party}" if groups else None
        number = f"v{of.date:%y%m%d}-{stay.number}"
        visit = Visit(sensor=door.id, id=number, start=at(stay.enter_ms), duration_ms=duration, group=group, role=role)
        yield Report(stay.enter_ms, stay.leave_ms if follows else stay.enter_ms, visit)
    if door.lines:
        also_visit = of.site.equipment != "gate"
        crossings: tuple[tuple[int, Literal["in", "out"]], ...] = ((stay.enter_ms, "in"), (stay.leave_ms, "out"))
        for instant, direction in crossings:
            crossing = Crossing(
                sensor=door.id,
                id=f"x{of.date:%y%m%d}-{stay.number}-{direction}",
                line=DOOR,
                at=at(instant),
                direction=direction,
                also_visit=also_visit,
                role=role,
            )
            yield Report(instant, instant, crossing)


def _in_zones(stay: Stay, inside: SensorPlan, dice: Dice) -> Iterator[Report]:
    """A look at the shelf in the first half of the stay, a wait in the queue in the second."""
    half = (stay.leave_ms - stay.enter_ms) // 2
    for zone, table, chance in ((SHELF, SHELF_MS, 0.5), (QUEUE, QUEUE_MS, 0.35)):
        comes, length = dice.chance(chance), dice.quantile(table)
        if zone not in inside.zones or not comes or length > half - 2_000:
            continue
        if zone == SHELF:
            start = stay.enter_ms + 1_000 + dice.integer(0, half - length - 2_000)
        else:
            start = stay.leave_ms - length - dice.integer(500, 1_500)
        yield Report(start, start + length, ZoneVisit(sensor=inside.id, zone=zone, start=at(start), duration_ms=length))
        if zone == SHELF and length > 60_000:
            loitering = Event(
                sensor=inside.id, at=at(start + 60_000), type="Loitering", trigger=zone, object_id=stay.number
            )
            yield Report(start + 60_000, start + 60_000, loitering)


def _counted(of: Day, everybody: list[Stay]) -> Iterator[Bundle]:
    """A counter adds up each line for five minutes; it knows neither staff nor groups."""
    door = of.site.sensor("door")
    if door is None:
        return
    dice = of.dice("doors")
    intervals = (of.close_ms - of.open_ms - 1) // COUNT_MS + 1
    counts = {line: [[0, 0] for _ in range(intervals)] for line in door.lines}
    for stay in everybody:
        if not stay.staff:
            for direction, instant in enumerate((stay.enter_ms, stay.leave_ms)):
                counts[dice.pick(door.lines)][(instant - of.open_ms) // COUNT_MS][direction] += 1
    for line, series in counts.items():
        for interval, (entered, left) in enumerate(series):
            start = of.open_ms + interval * COUNT_MS
            count = CountInterval(
                sensor=door.id, line=line, start=at(start), duration_ms=COUNT_MS, in_=float(entered), out=float(left)
            )
            yield [Report(start, start + COUNT_MS, count)]


def _levels(of: Day, everybody: list[Stay], inside: SensorPlan) -> Iterator[Bundle]:
    """How many are in the hall at each minute, from a camera that sees all of it at once."""
    changes = sorted(
        change for stay in everybody if not stay.staff for change in ((stay.enter_ms, 1), (stay.leave_ms, -1))
    )
    present, i = 0, 0
    for instant in range(of.open_ms, of.close_ms + 1, LEVEL_MS):
        while i < len(changes) and changes[i][0] <= instant:
            present += changes[i][1]
            i += 1
        yield [Report(instant, instant, Level(sensor=inside.id, at=at(instant), value=float(present)))]
