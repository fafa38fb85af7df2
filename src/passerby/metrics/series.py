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
    computed = compute(
        store, catalogue, question.metrics, frames.places, frames.calendars, role=question.role, now_ms=now_ms
    )
    seen = observed(store, catalogue, frames.places, frames.calendars) if question.fill == "null" else None
    return _series(question, frames, _Values(computed, len(question.metrics)), seen)


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
                narrowed = tuple(sites) if subject.level == "brand" else None
                self.places.append(Place(subject.level, subject.key, self._calendar(zone), narrowed))
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

    def __init__(self, computed: Computed, metrics: int) -> None:
        self._computed, self._metrics = computed, metrics
        self._key = computed.place * metrics + computed.metric

    def of(self, place: int, metric: int) -> tuple[Integers, Floats]:
        """(buckets, values), ascending."""
        first, last = np.searchsorted(self._key, place * self._metrics + metric + np.arange(2))
        return self._computed.bucket[first:last], self._computed.value[first:last]


def _series(question: Question, frames: _Frames, values: _Values, seen: Sequence[Flags] | None) -> Iterator[Series]:
    number = {name: index for index, name in enumerate(question.metrics)}
    places_of: Mapping[Subject, list[int]] = dict(zip(question.subjects, frames.places_of, strict=True))
    for subject, metric in question.pairs():
        places = places_of[subject]
        calendars = [frames.calendars[frames.places[place].calendar] for place in places]
        found = [values.of(place, number[metric.name]) for place in places]
        if len(places) == 1 and question.fill == "none":
            bucket, value = found[0]
            labels = calendars[0].offset_labels
            yield Series(subject, metric, [labels[index] for index in bucket.tolist()], _numbers(value))
            continue
        flags = None if seen is None else [seen[place] for place in places]
        if len(places) == 1:
            labels, dense = calendars[0].offset_labels, _dense(len(calendars[0]), *found[0])
            observed_at = None if flags is None else flags[0]
        else:
            labels, dense, observed_at = _by_label(metric, calendars, found, flags)
        yield Series(subject, metric, *_filled(question, labels, dense, observed_at))


def _dense(count: int, bucket: Integers, value: Floats) -> Floats:
    values = np.zeros(count)
    values[bucket] = value
    return values


def _by_label(
    metric: Metric,
    calendars: Sequence[Calendar],
    found: Sequence[tuple[Integers, Floats]],
    flags: Sequence[Flags] | None,
) -> tuple[list[str], Floats, Flags | None]:
    """(labels, values, observed) of several calendars, matched by the local time of their buckets."""
    if not calendars:
        return [], np.zeros(0), None
    floors = np.unique(np.concatenate([each.floors_ms for each in calendars]))
    labels = np.datetime_as_string(floors.astype("datetime64[ms]"), unit="s").tolist()
    dense, seen = np.zeros(len(floors)), np.zeros(len(floors), dtype=np.bool_)
    combine = np.maximum if metric.combine == "max" else np.add
    for index, (each, (bucket, value)) in enumerate(zip(calendars, found, strict=True)):
        position = np.searchsorted(floors, each.floors_ms)
        combine.at(dense, position[bucket], value)
        if flags is not None:
            np.logical_or.at(seen, position, flags[index])
    return labels, dense, None if flags is None else seen


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
