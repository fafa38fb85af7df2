"""Live numbers by brute force: every rule as it is written, over all rows there are, at one instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

STAFF = "staff"


def last_reset(now, timezone, text):
    """The last instant at or before `now` whose wall clock in the zone says `text`, minute by minute."""
    zone = ZoneInfo(timezone)
    hour, minute = map(int, text.split(":"))
    day = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone).date()
    for back in range(3):
        at = _first(day - timedelta(days=back), hour, minute, zone)
        if at <= now:
            return at
    raise AssertionError


def _first(day: date, hour, minute, zone):
    """The first instant of a local time; where clocks skip it, as much later as they skip."""
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    return round(local.timestamp() * 1000)  # fold=0: the first of two; in a gap, by the offset before it


def doors(moves, start, base, now):
    """S - min(0, lowest S so far) over (time, change), changes of one instant netted."""
    total = low = base
    for time in sorted({t for t, _ in moves if start <= t <= now}):
        total += sum(change for t, change in moves if t == time)
        low = min(low, total)
    return total - min(0, low)


def present(stays, at):
    return sum(start <= at < end for start, end in stays)


def level(values, start, at):
    """values: {sensor: [(time, value)]}: the last of each sensor since the reset, the largest of one instant."""
    total = 0
    for each in values.values():
        since = [(time, value) for time, value in each if start <= time <= at]
        total += max(since)[1] if since else 0
    return total


def occupancy(sources, corrections, reset, now):
    moves, stays, levels = sources
    valid = [each for each in corrections if reset <= each[0] <= now]
    stays = [(start, end) for start, end in stays if start < end]
    if not valid:
        return max(doors(moves, reset, 0, now), present(stays, now), level(levels, reset, now))
    at, number = valid[-1]
    found = []
    if any(reset <= time <= now for time, _ in moves):
        found.append(doors(moves, at + 1, number, now))  # what happened until then the person has seen
    if any(start <= now and end > at for start, end in stays):
        found.append(number + present(stays, now) - present(stays, at))
    if any(reset <= time <= now for each in levels.values() for time, _ in each):
        found.append(number + level(levels, reset, now) - level(levels, reset, at))
    return max(0, max(found, default=number))


def waiting_since(stays, joins, now):
    """The mean start of those present, by their stays or only joined; None when nobody is."""
    starts = [start for start, end in stays if start <= now < end] + joins
    return sum(starts) / len(starts) if starts else None


def joined(events, visits, reset, now):
    """When those joined who are there by their events alone.

    events: (object, time, type), visits: (object, start, end), both of one zone. A join counts from its instant on,
    until the next thing known of the object, unless its zone visit is known, and not beyond a reset.
    """
    known = {(o, time) for o, time, _ in events} | {(o, time) for o, *ends in visits for time in ends}
    joins = {(o, time) for o, time, kind in events if kind == "RegionJoin" and reset <= time <= now}
    paired = {(o, start) for o, start, _ in visits}
    return [j for o, j in joins - paired if not any(other == o and j < time <= now for other, time in known)]
