"""Observations in the order in which they reach the server, which is not the order in which things happened.

A sensor sends an observation when what it is about is over, a moment later over the network. Some connections
are down for a while: everything of that time then arrives in one burst. Single observations are late by up to
three hours, and now and then one is sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from passerby.observations import Event, Observation
from passerby.simulate import people, screens, surroundings
from passerby.simulate.day import Bundle, Day, Report, Span, at, day, outages, seen, uptimes
from passerby.simulate.network import Network, SitePlan
from passerby.simulate.profiles import OFFLINE_MS

LATE, REPEATED = 0.01, 0.005
_LATEST_MS = 3 * 3_600_000
# The earliest clock on earth is 14 hours ahead of UTC; no date begins before that.
_EARLIEST_DATE = timedelta(hours=15)


class Delivery(NamedTuple):
    """An observation that reaches the server at `arrives_ms` (UTC); `order` tells apart what arrives together."""

    arrives_ms: int
    order: int
    observation: Observation


def reports(site: SitePlan, on: date, seed: int) -> tuple[list[Report], Day | None]:
    """Everything that the sensors of a site observe on a local date, in a fixed order of no meaning."""
    of = day(site, on, seed)
    if of is None:
        return [], None
    down: dict[int | str, list[Span]] = {sensor.id: outages(of, sensor) for sensor in site.sensors}
    found = list(seen(_everything(of), down))
    for sensor in site.sensors:
        found += uptimes(of, sensor, down[sensor.id])
        # The site's recorder notices that a camera is gone.
        for begin, _ in down[sensor.id]:
            lost = Event(sensor=sensor.id, at=at(begin), type="CameraDisconnected")
            found.append(Report(begin, begin, lost))
    return found, of


def _everything(of: Day) -> Iterator[Bundle]:
    yield from people.reported(of)
    yield from surroundings.passing(of)
    yield from surroundings.road_counts(of)
    yield from surroundings.devices(of)
    yield from screens.plays(of)
    yield from screens.views(of)


def deliveries(made: Network, first: date, days: int) -> Iterator[Delivery]:
    """Everything that all sites observe on `days` local dates from `first`, by time of arrival.

    Memory holds the dates under way and what is still late from them, however many days are asked for.
    """
    waiting: list[Delivery] = []
    order = 0
    for number in range(days):
        on = first + timedelta(days=number)
        for site in made.sites:
            arriving = _arriving(site, on, made.seed)
            waiting += [Delivery(instant, order + i, observation) for i, (instant, observation) in enumerate(arriving)]
            order += len(arriving)
        waiting.sort()
        # Nothing of a later date happens before that date has begun somewhere on earth.
        tomorrow = datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(days=1) - _EARLIEST_DATE
        until = int(tomorrow.timestamp()) * 1000
        ready = _first_after(waiting, until)
        yield from waiting[:ready]
        del waiting[:ready]
    yield from waiting


def _first_after(waiting: list[Delivery], instant_ms: int) -> int:
    low, high = 0, len(waiting)
    while low < high:
        middle = (low + high) // 2
        if waiting[middle].arrives_ms < instant_ms:
            low = middle + 1
        else:
            high = middle
    return low


def _arriving(site: SitePlan, on: date, seed: int) -> list[tuple[int, Observation]]:
    found, of = reports(site, on, seed)
    if of is None:
        return []
    offline: dict[int | str, Span] = {sensor.id: _offline(of, sensor.id) for sensor in site.sensors}
    dice = of.dice("delivery")
    arriving: list[tuple[int, Observation]] = []
    for report in found:
        instant = report.over_ms + dice.integer(200, 3_000)
        if dice.chance(LATE):
            instant += dice.integer(60_000, _LATEST_MS)
        begin, end = offline[report.observation.sensor]
        if begin <= instant < end:
            instant = end + dice.integer(0, 20_000)
        arriving.append((instant, report.observation))
        if dice.chance(REPEATED):
            arriving.append((instant + dice.integer(1_000, 600_000), report.observation))
    return arriving


def _offline(of: Day, sensor_id: int) -> Span:
    """When a sensor had no connection and kept what it observed; (0, 0) on most days."""
    dice = of.dice(f"offline {sensor_id}")
    if not dice.chance(0.06):
        return 0, 0
    begin = dice.integer(of.open_ms, of.close_ms)
    return begin, begin + dice.quantile(OFFLINE_MS)
