"""The answer to a `Question`: one labelled series per place and metric.

In `timezone=site` each site has its own calendar. A brand whose sites are in several zones is then the sum (for
peaks the maximum) of the buckets that carry the same local label, whatever instants they are; such labels have no
offset, and a local hour that occurs twice is one. All other labels tell every instant apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from passerby.calendar import Calendar, calendar
from passerby.catalogue.model import Catalogue
from passerby.errors import InvalidInputError, Problem
from passerby.metrics.compute import compute
from passerby.metrics.observing import observed
from passerby.metrics.places import Computed, Flags, Floats, Integers, Place
from passerby.metrics.question import SITE_TIME, Question, Subject, instant_ms
from passerby.metrics.ratios import RATIOS, with_parts
from passerby.metrics.registry import LEVELS, METRICS, Metric
from passerby.store.contract import Store

MAX_POINTS = 5_000_000


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one metric at one place: `labels` of buckets, and values (None: not observed)."""

    subject: Subject
    metric: Metric
    labels: Sequence[str]
    values: Sequence[int | float | None]


def answer(store: Store, catalogue: Catalogue, question: Question, *, now_ms: int | None = None) -> Iterator[Series]:
    """The series in the order of `question.pairs()`; everything is computed before the first one is given.

    Raises:
        InvalidInputError: the range is empty, or the answer could have more than `MAX_POINTS` points.
    """
    frames = _Frames(catalogue, question)
    names = with_parts(question.metrics)
    computed = compute(store, catalogue, names, frames.places, frames.calendars, role=question.role, now_ms=now_ms)
    seen: dict[bool, Sequence[Flags]] = {}
    if question.fill == "null":
        for every in {METRICS[name].every_sensor for name in question.metrics}:
            seen[every] = observed(store, catalogue, frames.places, frames.calendars, every_sensor=every)
    return _series(question, frames, _Values(computed, names), seen)


class _Frames:
    """The calendars of a question, and the places that each subject is made of: one, or one per zone of a brand."""

    def __init__(self, catalogue: Catalogue, question: Question) -> None:
        self.calendars: list[Calendar] = []
        self.places: list[Place] = []
        self.places_of: list[list[int]] = []
        self._question = question
        self._index: dict[str, int] = {}
        metrics_at = {level: sum(level in METRICS[name].levels for name in question.metrics) for level in LEVELS}
        points = 0
        for subject in question.subjects:
            of_zone: dict[str, list[int]] = {}
            for site in subject.sites:
                zone = question.timezone if question.timezone != SITE_TIME else catalogue.sites[site].timezone
                of_zone.setdefault(zone, []).append(site)
            self.places_of.append(list(range(len(self.places), len(self.places) + len(of_zone))))
            for zone, sites in of_zone.items():
                narrowed = tuple(sites) if subject.level in {"brand", "content"} else None
                within = subject.within
                sensors = (within.key,) if within and within.level == "sensor" and isinstance(within.key, int) else None
                self.places.append(Place(subject.level, subject.key, self._calendar(zone), narrowed, sensors))
            points += metrics_at[subject.level] * max((len(self._of(zone)) for zone in of_zone), default=0)
        if points > MAX_POINTS:
            message = f"up to {points:,} points: ask for a shorter range, longer buckets or fewer places at a time"
            raise InvalidInputError([Problem("bucket", f"{message} (at most {MAX_POINTS:,})")])

    def _of(self, zone: str) -> Calendar:
        return self.calendars[self._calendar(zone)]

    def _calendar(self, zone: str) -> int:
        if zone not in self._index:
            asked = self._question
            start, end = instant_ms(asked.start, zone), instant_ms(asked.end, zone)
            if end <= start:
                raise InvalidInputError([Problem("end", "must be later than start")])
            self._index[zone] = len(self.calendars)
            try:
                self.calendars.append(calendar(asked.bucket, zone, start, end))
            except InvalidInputError as error:
                raise InvalidInputError(error.message, "bucket") from None
        return self._index[zone]


class _Values:
    """Look-up of one place's and metric's buckets and values."""

    def __init__(self, computed: Computed, names: Sequence[str]) -> None:
        self._computed = computed
        self._number = {name: index for index, name in enumerate(names)}
        self._key = computed.place * len(names) + computed.metric

    def of(self, place: int, name: str) -> tuple[Integers, Floats]:
        """(buckets, values), ascending."""
        key = place * len(self._number) + self._number[name]
        first, last = np.searchsorted(self._key, key + np.arange(2))
        return self._computed.bucket[first:last], self._computed.value[first:last]


def _series(
    question: Question, frames: _Frames, values: _Values, seen: Mapping[bool, Sequence[Flags]]
) -> Iterator[Series]:
    """`seen`: by `Metric.every_sensor`, the buckets in which each place was observed; empty unless the fill asks."""
    places_of: Mapping[Subject, list[int]] = dict(zip(question.subjects, frames.places_of, strict=True))
    for subject, metric in question.pairs():
        places = places_of[subject]
        calendars = [frames.calendars[frames.places[place].calendar] for place in places]
        flags = [seen[metric.every_sensor][place] for place in places] if seen else None
        if len(places) != 1:
            labels, dense, observed_at = _by_label(metric, calendars, places, values, flags)
            yield Series(subject, metric, *_filled(question, labels, dense, observed_at))
            continue
        bucket, value = values.of(places[0], metric.name)
        labels = calendars[0].offset_labels
        if question.fill == "none":
            yield Series(subject, metric, [labels[index] for index in bucket.tolist()], _numbers(value))
            continue
        dense = _dense(len(calendars[0]), bucket, value)
        yield Series(subject, metric, *_filled(question, labels, dense, None if flags is None else flags[0]))


def _dense(count: int, bucket: Integers, value: Floats) -> Floats:
    values = np.zeros(count)
    values[bucket] = value
    return values


def _by_label(
    metric: Metric,
    calendars: Sequence[Calendar],
    places: Sequence[int],
    values: _Values,
    flags: Sequence[Flags] | None,
) -> tuple[list[str], Floats, Flags | None]:
    """(labels, values, observed) of places with several calendars, matched by the local time of their buckets."""
    if not calendars:
        return [], np.zeros(0), None
    floors = np.unique(np.concatenate([each.floors_ms for each in calendars]))
    labels = np.datetime_as_string(floors.astype("datetime64[ms]"), unit="s").tolist()
    positions = [np.searchsorted(floors, each.floors_ms) for each in calendars]

    def combined(name: str) -> Floats:
        dense = np.zeros(len(floors))
        combine = np.maximum if metric.combine == "max" else np.add
        for position, place in zip(positions, places, strict=True):
            bucket, value = values.of(place, name)
            combine.at(dense, position[bucket], value)
        return dense

    ratio = RATIOS.get(metric.name)
    dense = combined(metric.name) if ratio is None else ratio.of(*map(combined, ratio.parts))
    if flags is None:
        return labels, dense, None
    seen = np.zeros(len(floors), dtype=np.bool_)
    for position, each in zip(positions, flags, strict=True):
        np.logical_or.at(seen, position, each)
    return labels, dense, seen


def _filled(
    question: Question, labels: list[str], values: Floats, seen: Flags | None
) -> tuple[list[str], list[int | float | None]]:
    """(labels, values) of the points that the fill asks for. What has a value was observed, whatever uptime says."""
    if question.fill == "none":
        found = np.flatnonzero(values)
        return [labels[index] for index in found.tolist()], [*_numbers(values[found])]
    filled: list[int | float | None] = [*_numbers(values)]
    if question.fill == "null" and len(values):
        dark = values == 0 if seen is None else (values == 0) & ~seen
        for index in np.flatnonzero(dark).tolist():
            filled[index] = None
    return labels, filled


def _numbers(values: Floats) -> list[int] | list[int | float]:
    """Whole numbers as integers."""
    whole = np.rint(values)
    if (whole == values).all():
        integers: list[int] = whole.astype(np.int64).tolist()
        return integers
    return [int(value) if value.is_integer() else value for value in values.tolist()]
