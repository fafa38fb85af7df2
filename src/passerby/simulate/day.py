"""One local date at one site: everything that its sensors would report, in no particular order.

Pure: (plan, seed, date) decide everything, so a day can be made without the days before it, a live simulator
continues exactly where a written history ends, and memory never holds more than the days under way. That is
possible because everybody who enters during opening hours has left when they end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from passerby.calendar import DAY_MS, MINUTE_MS, calendar, to_utc
from passerby.observations import Observation, Uptime
from passerby.simulate.dice import Dice
from passerby.simulate.network import SensorPlan, SitePlan
from passerby.simulate.profiles import OUTAGE_MS, WEEKDAYS

UPTIME_MS = 900_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Report(NamedTuple):
    """An observation, with the time it is about in UTC milliseconds: it can be sent at `over_ms` at the earliest."""

    begun_ms: int
    over_ms: int
    observation: Observation


# What one person or one thing causes: reported whole or, when a sensor concerned is down meanwhile, not at all.
Bundle = list[Report]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Day:
    """A local date at a site as UTC milliseconds, with the part of it in which the site is open."""

    site: SitePlan
    date: date
    seed: int
    start_ms: int
    end_ms: int
    open_ms: int
    close_ms: int

    def dice(self, what: str) -> Dice:
        """The random numbers of this day for one purpose: more of one thing does not change the others."""
        return Dice(self.seed, what, self.site.id, self.date.isoformat())

    @property
    def busy(self) -> float:
        """How busy the date is, against an average Wednesday: weekday, time of year, weather."""
        weekday = WEEKDAYS[self.date.weekday()]
        advent = 1.4 if self.date.month == 12 and self.date.day < 25 else 1.0
        return weekday * advent * (0.75 + 0.5 * self.dice("weather").random())

    @property
    def open_minutes(self) -> Span:
        """The opening hours as minutes since midnight."""
        return _minutes(self.site.open), _minutes(self.site.close)


def day(site: SitePlan, on: date, seed: int) -> Day | None:
    """A local date at a site; None where the date does not exist."""
    noon = to_utc(datetime.combine(on, time(12)), site.timezone)
    whole = calendar("1d", site.timezone, noon, noon + 1)
    if whole.labels[0][:10] != on.isoformat():
        return None
    opens, closes = (
        to_utc(datetime.combine(on, time.fromisoformat(text)), site.timezone) for text in (site.open, site.close)
    )
    return Day(site, on, seed, int(whole.starts[0]), int(whole.ends[0]), opens, closes)


def at(instant_ms: int) -> datetime:
    """UTC milliseconds as the datetime that observations carry."""
    return _EPOCH + timedelta(milliseconds=instant_ms)


def outages(of: Day, sensor: SensorPlan) -> list[Span]:
    """When a sensor was down: seldom, and then for ten minutes to three hours."""
    dice = of.dice(f"outage {sensor.id}")
    if not dice.chance(0.05):
        return []
    begin = dice.integer(of.open_ms, of.close_ms)
    return [(begin, min(begin + dice.quantile(OUTAGE_MS), of.end_ms))]


def seen(bundles: Iterable[Bundle], down: dict[int | str, list[Span]]) -> Iterator[Report]:
    """The reports of all bundles that no outage of their sensors touches."""
    if not any(down.values()):
        for bundle in bundles:
            yield from bundle
        return
    for bundle in bundles:
        if not any(_touches(report, down) for report in bundle):
            yield from bundle


def _touches(report: Report, down: dict[int | str, list[Span]]) -> bool:
    spans = down.get(report.observation.sensor, ())
    return any(report.begun_ms <= end and begin <= report.over_ms for begin, end in spans)


def uptimes(of: Day, sensor: SensorPlan, down: list[Span]) -> Iterator[Report]:
    """What the sensor says about itself: quarter-hours of observing, with the outages cut out."""
    for begin in range(of.start_ms, of.end_ms, UPTIME_MS):
        for start, end in _less((begin, min(begin + UPTIME_MS, of.end_ms)), down):
            yield Report(start, end, Uptime(sensor=sensor.id, start=at(start), duration_ms=end - start))


def _less(span: Span, down: list[Span]) -> list[Span]:
    left = [span]
    for begin, end in down:
        left = [piece for low, high in left for piece in ((low, min(high, begin)), (max(low, end), high))]
        left = [(low, high) for low, high in left if low < high]
    return left


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


__all__ = ["DAY_MS", "MINUTE_MS", "Bundle", "Day", "Report", "at", "day", "outages", "seen", "uptimes"]
