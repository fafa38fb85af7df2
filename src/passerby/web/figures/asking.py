"""Asks for metrics: the same computation as `GET /v1/metrics?timezone=site`, for many places and spans in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from passerby.calendar import DAY_MS, Calendar, calendar, whole_range
from passerby.catalogue.model import Catalogue
from passerby.metrics.compute import compute
from passerby.metrics.kept import KeptSums
from passerby.metrics.observing import observed_ms
from passerby.metrics.places import Computed, Flags, Floats, Integers, Place
from passerby.metrics.ratios import RATIOS, with_parts
from passerby.metrics.registry import METRICS, Level
from passerby.store.contract import Store
from passerby.web.figures.period import Span

# Where clocks are set back.
_LONGEST_DAY_MS = 25 * 3_600_000


@dataclass(frozen=True, slots=True)
class Spot:
    """A site, sensor, zone or line with the zone of its clock; `key` as in `metrics.places.Place`."""

    level: Level
    key: int | tuple[int, int]
    zone: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures come from: facts, a snapshot of the catalogue, and what time it is (UTC ms).

    `kept`: where sums of days that were asked for before may be found.
    """

    store: Store
    catalogue: Catalogue
    now_ms: int
    kept: KeptSums | None = None

    def ask(
        self, metrics: Sequence[str], spots: Sequence[Spot], spans: Mapping[str, Span | None], bucket: str | None = None
    ) -> Answer:
        """The metrics of each spot over its zone's span, by bucket or (None) as a whole.

        A spot whose zone has no span has neither values nor buckets.
        """
        frames = _Frames(spots, spans, bucket)
        names = with_parts(metrics)
        nothing = np.zeros(0, dtype=np.int64)
        found = Computed(nothing, nothing, nothing, np.zeros(0))
        if frames.places:
            asked = (self.store, self.catalogue, names, frames.places, frames.calendars)
            found = compute(*asked, now_ms=self.now_ms, kept=self.kept)
        return Answer(frames, names, found)

    def observed(
        self,
        spots: Sequence[Spot],
        spans: Mapping[str, Span | None],
        bucket: str | None = None,
        *,
        every_sensor: bool = False,
    ) -> Observed:
        """How long each spot was observed; `every_sensor` as of a metric."""
        frames = _Frames(spots, spans, bucket)
        times: list[Integers] = []
        if frames.places:
            times = observed_ms(self.store, self.catalogue, frames.places, frames.calendars, every_sensor=every_sensor)
        return Observed(frames, times, spans, self.now_ms)


class _Frames:
    """The calendars of the zones, and a place for each spot whose zone has a span.

    Days that stand alone are laid over each other: on the two sides of the date line "today" are two dates. `floors`
    are the calendars' floors, of such days under the date that the first spot has.
    """

    def __init__(self, spots: Sequence[Spot], spans: Mapping[str, Span | None], bucket: str | None) -> None:
        self.spots = spots
        self.calendars: list[Calendar] = []
        self.places: list[Place] = []
        self.place_of: list[int | None] = []
        self.spot_of: list[int] = []
        index: dict[str, int | None] = {}
        for number, spot in enumerate(spots):
            if spot.zone not in index:
                index[spot.zone] = self._calendar(spot.zone, spans.get(spot.zone), bucket)
            at = index[spot.zone]
            if at is None:
                self.place_of.append(None)
                continue
            self.place_of.append(len(self.places))
            self.spot_of.append(number)
            self.places.append(Place(spot.level, spot.key, at))
        self.floors = [each.floors_ms for each in self.calendars]
        if all(each.range_end_ms - each.range_start_ms <= _LONGEST_DAY_MS for each in self.calendars):
            first = [int(floors[0]) // DAY_MS for floors in self.floors]
            self.floors = [floors + (first[0] - day) * DAY_MS for floors, day in zip(self.floors, first, strict=True)]

    def calendar_of(self, spot: int) -> int | None:
        """Which of the calendars has the buckets of a spot."""
        place = self.place_of[spot]
        return None if place is None else self.places[place].calendar

    def _calendar(self, zone: str, span: Span | None, bucket: str | None) -> int | None:
        if span is None:
            return None
        made = whole_range(*span, zone) if bucket is None else calendar(bucket, zone, *span)
        self.calendars.append(made)
        return len(self.calendars) - 1


@dataclass(frozen=True, slots=True)
class Line:
    """A series by local time: `floors_ms` are the wall clock's, ascending; values are NaN where not observed."""

    floors_ms: Integers
    values: Floats

    @property
    def labels(self) -> list[str]:
        """`YYYY-MM-DDTHH:MM:SS` for each bucket."""
        texts: list[str] = np.datetime_as_string(self.floors_ms.astype("datetime64[ms]"), unit="s").tolist()
        return texts

    def numbers(self) -> list[float | None]:
        """The values, None where not observed."""
        return [None if value != value else value for value in self.values.tolist()]  # noqa: PLR0124  # NaN differs from itself


class Answer:
    """Values by spot. What has none is 0; ratios are made of the sums of their parts."""

    def __init__(self, frames: _Frames, names: Sequence[str], found: Computed) -> None:
        self._frames = frames
        self._names = {name: number for number, name in enumerate(names)}
        self._found = found
        self._spot = np.array(frames.spot_of, dtype=np.int64)[found.place] if len(found.place) else found.place

    def totals(self, name: str) -> Floats:
        """The value of each spot over its whole span."""
        ratio = RATIOS.get(name)
        if ratio is not None:
            return ratio.of(*(self.totals(part) for part in ratio.parts))
        chosen = self._found.metric == self._names[name]
        values = np.zeros(len(self._frames.spots))
        combine = np.maximum if METRICS[name].combine == "max" else np.add
        combine.at(values, self._spot[chosen], self._found.value[chosen])
        return values

    def total(self, name: str, spots: Flags | None = None) -> float:
        """The value of all spots (or of those chosen) together."""
        ratio = RATIOS.get(name)
        if ratio is not None:
            return float(ratio.of(*(np.array([self.total(part, spots)]) for part in ratio.parts))[0])
        values = self.totals(name) if spots is None else self.totals(name)[spots]
        return float(values.max(initial=0.0) if METRICS[name].combine == "max" else values.sum())

    def line(self, name: str, observed: Observed | None = None, spots: Sequence[int] | None = None) -> Line:
        """The series of spots (default all) together, by local time; NaN where none of them was observed."""
        wanted = range(len(self._frames.spots)) if spots is None else spots
        floors, position = _positions(self._frames, wanted)
        ratio = RATIOS.get(name)
        if ratio is not None:
            values = ratio.of(*(self._dense(part, floors, position) for part in ratio.parts))
        else:
            values = self._dense(name, floors, position)
        if observed is not None:
            values = np.where((values == 0) & ~observed.seen(floors, position), np.nan, values)
        return Line(floors, values)

    def whole(self, floors: Integers, spots: Flags) -> Flags:
        """Which buckets of local time are over, and in the span, from beginning to end at each of the chosen spots."""
        flags = np.ones(len(floors), dtype=np.bool_)
        for number in {self._frames.calendar_of(spot) for spot in np.flatnonzero(spots).tolist()}:
            if number is None:
                return np.zeros(len(floors), dtype=np.bool_)
            found, own = self._frames.calendars[number], self._frames.floors[number]
            own = own[(found.starts >= found.range_start_ms) & (found.ends <= found.range_end_ms)]
            flags &= (floors >= own[0]) & (floors <= own[-1]) if len(own) else False
        return flags

    def _dense(self, name: str, floors: Integers, position: Mapping[int, Integers]) -> Floats:
        values = np.zeros(len(floors))
        combine = np.maximum if METRICS[name].combine == "max" else np.add
        chosen = np.flatnonzero(self._found.metric == self._names[name])
        spot, bucket, value = self._spot[chosen], self._found.bucket[chosen], self._found.value[chosen]
        # Ordered by spot already.
        edges = np.searchsorted(spot, np.arange(len(self._frames.spots) + 1))
        for each, where in position.items():
            rows = slice(edges[each], edges[each + 1])
            combine.at(values, where[bucket[rows]], value[rows])
        return values


@dataclass(frozen=True, slots=True)
class Observed:
    """How long spots were observed."""

    frames: _Frames
    times: Sequence[Integers]
    spans: Mapping[str, Span | None]
    now_ms: int

    def ms(self) -> Floats:
        """How long each spot was observed, over its span."""
        found = np.zeros(len(self.frames.spots))
        for spot, time in zip(self.frames.spot_of, self.times, strict=True):
            found[spot] = time.sum()
        return found

    def elapsed_ms(self) -> Floats:
        """How long the span of each spot is, as far as it is past."""
        spans = (self.spans.get(spot.zone) for spot in self.frames.spots)
        return np.array([0 if span is None else min(span.end_ms, self.now_ms) - span.start_ms for span in spans], float)

    def seen(self, floors: Integers, position: Mapping[int, Integers]) -> Flags:
        """In which buckets of local time any of the spots was observed."""
        flags = np.zeros(len(floors), dtype=np.bool_)
        for spot, where in position.items():
            place = self.frames.place_of[spot]
            if place is not None:
                np.logical_or.at(flags, where, self.times[place] > 0)
        return flags


def _positions(frames: _Frames, spots: Sequence[int]) -> tuple[Integers, dict[int, Integers]]:
    """(local floors of all buckets, for each spot where its buckets stand among them)."""
    calendars = {spot: number for spot in spots if (number := frames.calendar_of(spot)) is not None}
    if not calendars:
        return np.zeros(0, dtype=np.int64), {}
    distinct = set(calendars.values())
    floors = np.unique(np.concatenate([frames.floors[number] for number in distinct]))
    where = {number: np.searchsorted(floors, frames.floors[number]) for number in distinct}
    return floors, {spot: where[number] for spot, number in calendars.items()}
