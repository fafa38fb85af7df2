"""Metrics of some places over the chosen period, beside what they were at the times that it is compared with."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from passerby.metrics.metric import Metric
from passerby.metrics.places import Flags, Floats
from passerby.metrics.registry import METRICS
from passerby.web.figures.asking import Answer, Line, Observed, Source, Spot
from passerby.web.figures.period import LONGEST_USUAL_DAYS, Choice, Comparison, Shift, Span, local

_DAY_MS = 86_400_000
# What a ratio is nothing without. Where nobody counts who passes, everybody who comes by seems to come in.
_NEEDS = {
    "turn_in_rate": "walk_bys",
    "mean_dwell_time": "timed_visits",
    "zone_mean_dwell_time": "zone_visits",
    "conversion_ratio": "ots",
    "mean_dwell": "watchers",
    "mean_attention": "watchers",
    "impressions_per_vehicle": "vehicle_count",
}
# Observed for less than this part of what the period itself was, a time is no measure: a network's first days.
_ENOUGH = 0.5
# Of the times of a median it is looked up how much was observed while they are so many days together: those of a day.
_MOST_LOOKED_UP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Compared:
    """A number at another time. `value` None: not observed then.

    `change`: percent more (or, of a percentage, points more); None where there is nothing to compare with.
    `observed`: the share of that time in which sensors observed (of a median of those times that it is made of), None
    where it was not looked up. `times`: how many of the times that a median is made of were observed.
    """

    comparison: Comparison
    value: float | None
    change: float | None
    observed: float | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Number:
    """A metric's value; None: not observed, or (of a ratio) made of nothing."""

    metric: Metric
    value: float | None
    compared: tuple[Compared, ...] = ()

    @property
    def last(self) -> Compared | None:
        """What charts and tables compare with."""
        return self.compared[0] if self.compared else None


@dataclass(frozen=True, slots=True)
class Trend:
    """A series by local time beside the one it is compared with, whose values stand at the buckets they belong to.

    `whole`: which buckets have all their time, of every place; others are not over yet, or cut by the period.
    """

    metric: Metric
    bucket: str
    labels: Sequence[str]
    values: Sequence[float | None]
    whole: Sequence[bool]
    before: Sequence[float | None] | None = None


class Comparing:
    """The metrics of `spots`, of each and together.

    What was not observed is None; who has a value was observed, whatever the sensors say about themselves.

    Args:
        metrics: Names; one that says something of each spot's level.
        every_sensor: As of a metric: sensors that are no entry points count too.
    """

    def __init__(
        self,
        source: Source,
        spots: Sequence[Spot],
        choice: Choice,
        metrics: Sequence[str],
        *,
        every_sensor: bool = False,
    ) -> None:
        self._source, self._every = source, every_sensor
        self._spots, self._metrics = spots, metrics
        zones = sorted({spot.zone for spot in spots})
        # Names and lengths are those of the first place's clock: they differ for a few hours of a day at most.
        today = local(source.now_ms, spots[0].zone if spots else "UTC").date()
        self.bucket = choice.bucket_for(today)
        self.comparisons = choice.comparisons(today)
        self.spans: dict[str, Span | None] = {zone: choice.span(zone, source.now_ms) for zone in zones}
        self.answer = source.ask(metrics, spots, self.spans, self.bucket)
        self.observed = source.observed(spots, self.spans, self.bucket, every_sensor=every_sensor)
        self.seen: Flags = (self.observed.ms() > 0) | self._has_values(self.answer)
        self._first = self.comparisons[0].shifts[0] if self.comparisons else None
        self._answers: dict[Shift, Answer] = {}
        self._seen: dict[Shift, Flags] = {}
        self._observed_then: Observed | None = None
        self._shares_then: dict[Shift, list[float | None]] = {}
        first, end = choice.days(today)
        shifts = dict.fromkeys(shift for each in self.comparisons for shift in each.shifts)
        # How much was observed is looked up of short times only: of longer ones it would take as long as the numbers.
        short = (end - first).days <= LONGEST_USUAL_DAYS
        all_short = (end - first).days * len(shifts) <= _MOST_LOOKED_UP_DAYS
        for shift in shifts:
            spans = {zone: choice.span(zone, source.now_ms, shift) for zone in zones}
            answer = source.ask(metrics, spots, spans, self.bucket if shift == self._first else None)
            self._answers[shift] = answer
            if all_short or (short and shift == self._first):
                bucket = self.bucket if shift == self._first else None
                then = source.observed(spots, spans, bucket, every_sensor=every_sensor)
                self._shares_then[shift] = _shares(then)
                self._seen[shift] = (then.ms() > 0) | self._has_values(answer)
                self._observed_then = then if shift == self._first else self._observed_then
            else:
                self._seen[shift] = self._seen_then(answer, spans)
        self._measures = self._measuring(choice, zones) if short else self._seen

    # -- numbers

    def together(self) -> dict[str, Number]:
        """Each metric of all spots together; a ratio of those where it says something."""
        shares = {shift: _mean(each) for shift, each in self._shares_then.items()}
        return {
            name: self._number(
                name,
                _together(self.answer, name, self.seen),
                [
                    [_together(self._answers[shift], name, self._of(each)[shift]) for shift in each.shifts]
                    for each in self.comparisons
                ],
                shares,
            )
            for name in self._metrics
        }

    def each(self) -> list[dict[str, Number]]:
        """Each metric of each spot."""
        found: list[dict[str, Number]] = [{} for _ in self._spots]
        for name in self._metrics:
            values = _each(self.answer, name, self.seen).tolist()
            then = [
                [_each(self._answers[shift], name, self._of(each)[shift]).tolist() for shift in each.shifts]
                for each in self.comparisons
            ]
            for index, numbers in enumerate(found):
                before = [[values_then[index] for values_then in times] for times in then]
                shares = {shift: each[index] for shift, each in self._shares_then.items()}
                numbers[name] = self._number(name, values[index], before, shares)
        return found

    def shares(self) -> list[float | None]:
        """Which part of its span each spot was observed; None where the span has not begun."""
        return _shares(self.observed)

    def _number(
        self, name: str, value: float, before: Sequence[Sequence[float]], shares: Mapping[Shift, float | None]
    ) -> Number:
        metric = METRICS[name]
        compared = []
        for comparison, times in zip(self.comparisons, before, strict=True):
            some = {shift: each for shift, each in zip(comparison.shifts, times, strict=True) if not math.isnan(each)}
            earlier = statistics.median(some.values()) if some else math.nan
            looked_up = all(shift in shares for shift in comparison.shifts)
            observed = _mean([shares[shift] for shift in some or comparison.shifts]) if looked_up else None
            compared.append(Compared(comparison, known(earlier), change(metric, value, earlier), observed, len(some)))
        return Number(metric, known(value), tuple(compared))

    # -- series

    def trend(self, name: str, *, compared: bool = True) -> Trend:
        """The series of a metric of all spots together, with gaps where nobody looked."""
        line = self.answer.line(name, self.observed)
        before = None
        if compared and self._first is not None:
            before = _aligned(line, self._answers[self._first].line(name, self._observed_then), self._first)
        ever = np.logical_or.reduce([self.seen, *self._seen.values()])
        whole = self.answer.whole(line.floors_ms, ever)
        return Trend(METRICS[name], self.bucket, line.labels, line.numbers(), whole.tolist(), before)

    def _has_values(self, answer: Answer) -> Flags:
        flags = np.zeros(len(self._spots), dtype=np.bool_)
        for name in self._metrics:
            flags |= answer.totals(name) > 0
        return flags

    def _of(self, comparison: Comparison) -> Mapping[Shift, Flags]:
        """Which spots count at each time of a comparison."""
        return self._seen if len(comparison.shifts) == 1 else self._measures

    def _measuring(self, choice: Choice, zones: Sequence[str]) -> dict[Shift, Flags]:
        """Which spots a median takes at each time.

        Those that were observed, and where that is fewer than all times, observed for long enough: the first days of
        a sensor would halve the median. With all times at hand, a median bears one that is cut short.
        """
        measures = {shift: seen.copy() for shift, seen in self._seen.items()}
        if len(measures) < 2:
            return measures
        young = np.flatnonzero(~np.logical_and.reduce(list(self._seen.values())))
        if not len(young):
            return measures
        spots = [self._spots[index] for index in young.tolist()]
        shares_now = _shares(self.observed)
        for shift, flags in measures.items():
            if not flags[young].any():
                continue
            if shift in self._shares_then:
                shares = [self._shares_then[shift][index] for index in young.tolist()]
            else:
                spans = {zone: choice.span(zone, self._source.now_ms, shift) for zone in zones}
                shares = _shares(self._source.observed(spots, spans, every_sensor=self._every))
            for index, share in zip(young.tolist(), shares, strict=True):
                flags[index] &= (share or 0) >= _ENOUGH * (shares_now[index] or 0)
        return measures

    def _seen_then(self, answer: Answer, spans: Mapping[str, Span | None]) -> Flags:
        """Which spots were observed. Whoever has a value was, so only the others are looked up."""
        seen = self._has_values(answer)
        dark = np.flatnonzero(~seen)
        if len(dark):
            spots = [self._spots[index] for index in dark.tolist()]
            seen[dark] = self._source.observed(spots, spans, every_sensor=self._every).ms() > 0
        return seen


def change(metric: Metric, value: float, before: float) -> float | None:
    """How much more a value is: percent, of percentages points; None where that cannot be told."""
    if math.isnan(value) or math.isnan(before):
        return None
    if metric.unit == "percent":
        return float(value - before)
    return float(100 * (value - before) / before) if before else None


def known(value: float) -> float | int | None:
    """A number as people know it: whole ones whole, None for NaN."""
    if math.isnan(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def _has(answer: Answer, name: str, seen: Flags) -> Flags:
    """At which spots a metric says something: where they were observed, and what it divides by is there."""
    needed = _NEEDS.get(name)
    found: Flags = seen if needed is None else seen & (answer.totals(needed) > 0)
    return found


def _each(answer: Answer, name: str, seen: Flags) -> Floats:
    values: Floats = np.where(_has(answer, name, seen), answer.totals(name), np.nan)
    return values


def _together(answer: Answer, name: str, seen: Flags) -> float:
    has = _has(answer, name, seen)
    return answer.total(name, has) if has.any() else math.nan


def _shares(observed: Observed) -> list[float | None]:
    times, elapsed = observed.ms().tolist(), observed.elapsed_ms().tolist()
    return [min(1.0, time / whole) if whole else None for time, whole in zip(times, elapsed, strict=True)]


def _mean(shares: Sequence[float | None]) -> float | None:
    """The mean of what is known."""
    some = [share for share in shares if share is not None]
    return sum(some) / len(some) if some else None


def _aligned(line: Line, before: Line, shift: Shift) -> list[float | None]:
    """The earlier values at the buckets they belong to: by local time; a month's by their order."""
    if shift.month:
        values = before.numbers()[: len(line.floors_ms)]
        return [*values, *[None] * (len(line.floors_ms) - len(values))]
    found = dict(zip((before.floors_ms + shift.days * _DAY_MS).tolist(), before.numbers(), strict=True))
    return [found.get(floor) for floor in line.floors_ms.tolist()]


__all__ = ["Compared", "Comparing", "Number", "Observed", "Trend", "change", "known"]
