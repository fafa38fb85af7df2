"""What a feed says: one number, a series, or a distribution, each on the clock of its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from passerby.calendar import Calendar, calendar, fixed_days, to_utc, zone
from passerby.catalogue.model import Catalogue, Feed
from passerby.errors import NotFoundError
from passerby.metrics.compute import compute
from passerby.metrics.places import Place
from passerby.metrics.registry import METRICS
from passerby.store.contract import Store

Value = int | float
K = TypeVar("K")
Point = tuple[str, Value]
# Any period lies in one bucket of so many days; where one ends within a period, both count.
_ALL_DAYS = 3660
_DAYS = {"today": 1, "yesterday": 1, "7d": 7, "30d": 30}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Line:
    """A named series of points (key, value), oldest first."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Report:
    """What a feed says. `counter` of a number, with `previous` when it is compared; else `lines`.

    With two lines, `pairs` says for each point of the first its counterpart in the second, None where it has none.
    """

    counter: Value | None = None
    previous: Value | None = None
    lines: tuple[Line, ...] = ()
    pairs: Sequence[Value | None] = ()


def report(store: Store, catalogue: Catalogue, feed: Feed, now_ms: int) -> Report:
    """What a feed of a metric says at an instant. NotFoundError when its place is gone."""
    asked = _Asked(store, catalogue, feed, _zone_of(catalogue, feed), now_ms)
    now = datetime.fromtimestamp(now_ms / 1000, zone(asked.zone)).replace(tzinfo=None)
    start, end = _period(feed, now)
    if feed.type == "number":
        return Report(asked.number(start, end), asked.number(*_before(feed, start, end)) if feed.compare else None)
    points = asked.points(start, end)
    if not feed.compare:
        return Report(lines=(Line(feed.name, [(key, value) for _, key, value in points]),))
    earlier = asked.points(*_before(feed, start, end))
    lines = (
        Line(feed.name, [(key, value) for _, key, value in points]),
        Line(f"{feed.name} (period before)", [(key, value) for _, key, value in earlier]),
    )
    counterparts = {at: value for at, _, value in earlier}
    return Report(lines=lines, pairs=[counterparts.get(asked.counterpart(at)) for at, _, _ in points])


def _zone_of(catalogue: Catalogue, feed: Feed) -> str:
    """The zone of a place; of a brand that of its first site."""
    if feed.target.level == "brand":
        brand = catalogue.brands.get(feed.target.key)  # type: ignore[arg-type]  # an id there
        if brand is not None and brand.site_ids:
            return catalogue.sites[brand.site_ids[0]].timezone
    site = catalogue.site_of_target(feed.target)
    if site is None:
        raise NotFoundError("there is no such report")
    return site.timezone


def _period(feed: Feed, now: datetime) -> tuple[datetime, datetime]:
    """[start, end) in local time: whole days up to now, but yesterday."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if feed.period == "yesterday":
        return today - timedelta(days=1), today
    end = max(now, today + timedelta(milliseconds=1))
    if feed.period == "month":
        return today.replace(day=1), end
    return today - timedelta(days=_DAYS[feed.period] - 1), end


def _before(feed: Feed, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The period before, up to the same time of day; of a month that has fewer days, the whole."""
    return _shifted(feed, start), min(_shifted(feed, end), start)


def _shifted(feed: Feed, at: datetime) -> datetime:
    if feed.period != "month":
        return at - timedelta(days=_DAYS[feed.period])
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first - timedelta(days=1)).replace(day=1) + (at - first)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A feed at its place and time."""

    store: Store
    catalogue: Catalogue
    feed: Feed
    zone: str
    now_ms: int

    def number(self, start: datetime, end: datetime) -> Value:
        """The metric over the whole period."""
        buckets = fixed_days(_ALL_DAYS, self.zone, *self._instants(start, end))
        return _plain(self._combined(self._values(buckets)))

    def points(self, start: datetime, end: datetime) -> list[tuple[object, str, Value]]:
        """(what points of two periods are matched by, key, value), oldest first."""
        if self.feed.type == "distribution":
            return self._distribution(start, end)
        size = self.feed.bucket
        form = {"1d": "%Y-%m-%d", "1w": "%Y-%m-%d", "1M": "%Y-%m"}.get(size, "%Y-%m-%d %H:%M")
        grouped = self._grouped(calendar(size, self.zone, *self._instants(start, end)), _itself)
        return [(floor, floor.strftime(form), value) for floor, value in grouped.items()]

    def counterpart(self, at: object) -> object:
        """What the point of the period before is matched by."""
        if not isinstance(at, datetime):
            return at
        if self.feed.bucket == "1M":
            return (at.replace(day=1) - timedelta(days=1)).replace(day=1)
        return _shifted(self.feed, at)

    def _distribution(self, start: datetime, end: datetime) -> list[tuple[object, str, Value]]:
        span = self._instants(start, end)
        if self.feed.by == "hour":
            keys = {hour: f"{hour:02d}:00" for hour in range(24)}
            grouped = self._grouped(calendar("1h", self.zone, *span), lambda floor: floor.hour)
        else:
            keys = dict(enumerate(_WEEKDAYS))
            grouped = self._grouped(calendar("1d", self.zone, *span), lambda floor: floor.weekday())
        return [(number, key, grouped.get(number, 0)) for number, key in keys.items()]

    def _grouped(self, buckets: Calendar, key: Callable[[datetime], K]) -> dict[K, Value]:
        """Values by a key of each bucket's local time: what has the same key adds up, or is the larger."""
        values = self._values(buckets)
        keys = [key(datetime.fromisoformat(label)) for label in buckets.labels]
        found: dict[K, list[float]] = {}
        for one, value in zip(keys, values.tolist(), strict=True):
            found.setdefault(one, []).append(value)
        return {one: _plain(self._combined(np.array(some))) for one, some in found.items()}

    def _combined(self, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        return float(values.max() if METRICS[self.feed.metric].combine == "max" else values.sum())

    def _values(self, buckets: Calendar) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        place = Place(self.feed.target.level, self.feed.target.key, 0)
        found = compute(self.store, self.catalogue, [self.feed.metric], [place], [buckets], now_ms=self.now_ms)
        values = np.zeros(len(buckets))
        values[found.bucket] = found.value
        return values

    def _instants(self, start: datetime, end: datetime) -> tuple[int, int]:
        first, last = to_utc(start, self.zone), to_utc(end, self.zone, second=True)
        return first, max(last, first + 1)


def _itself(floor: datetime) -> datetime:
    return floor


def _plain(value: float) -> Value:
    return int(value) if value.is_integer() else value
