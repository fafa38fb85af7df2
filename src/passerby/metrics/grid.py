"""Where the values of a computation are gathered: one cell per metric, place and bucket."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from passerby.calendar import Calendar
from passerby.metrics.kernels import SCALE, places_in_runs
from passerby.metrics.places import Computed, Dense, Flags, Floats, Integers, Place
from passerby.metrics.ratios import RATIOS
from passerby.metrics.registry import METRICS
from passerby.metrics.scope import Units

# Fractions are answered to this many decimals: they are sums of billionths.
_DECIMALS = 6


Values = Floats | Integers | Flags


class Grid:
    """Dense cells that sources add to, from several threads if they like; a place without a value is 0."""

    def __init__(self, metrics: Sequence[str], places: Sequence[Place], calendars: Sequence[Calendar]) -> None:
        self.metrics = metrics
        lengths = np.array([len(calendars[place.calendar]) for place in places], dtype=np.int64)
        self._first = np.concatenate([[0], np.cumsum(lengths)])
        self._adding = threading.Lock()
        self._cells: dict[str, Floats] = {}
        self._billionths: dict[str, Floats] = {}

    def add(self, metric: str, units: Units, unit: Integers, bucket: Integers, value: Values) -> None:
        """Add values of units to the cells of their places, or take the maximum, as the metric combines."""
        self._combine(self._cells, metric, *self._spread(units, unit, bucket, value))

    def add_scaled(self, metric: str, units: Units, unit: Integers, bucket: Integers, value: Values) -> None:
        """As `add`, for sums that may be fractions, `kernels.scaled`: whole numbers until the very end."""
        self._combine(self._billionths, metric, *self._spread(units, unit, bucket, value))

    def add_at(self, metric: str, place: Integers, bucket: Integers, value: Values) -> None:
        """As `add`, for values that are those of places already."""
        self._combine(self._cells, metric, self._first[place] + bucket, value.astype(np.float64))

    def _combine(self, kept: dict[str, Floats], metric: str, cell: Integers, value: Floats) -> None:
        with self._adding:
            if (cells := kept.get(metric)) is None:
                cells = kept[metric] = np.zeros(self._first[-1])
            # What is no metric is a part of a ratio, and those are sums.
            if metric in METRICS and METRICS[metric].combine == "max":
                np.maximum.at(cells, cell, value)
            else:
                np.add.at(cells, cell, value)

    def _of(self, metric: str) -> Floats:
        return self._cells.setdefault(metric, np.zeros(self._first[-1]))

    def _spread(self, units: Units, unit: Integers, bucket: Integers, value: Values) -> tuple[Integers, Floats]:
        """(cell, value) for every place of each unit."""
        value = value.astype(np.float64)
        if len(units.edge_unit) == len(units):  # each unit has one place
            return self._first[units.edge_place[unit]] + bucket, value
        first = np.searchsorted(units.edge_unit, np.arange(len(units) + 1))
        count = np.diff(first)[unit]
        row = np.repeat(np.arange(len(unit)), count)
        edge = first[unit][row] + places_in_runs(count)
        return self._first[units.edge_place[edge]] + bucket[row], value[row]

    def _finish(self) -> None:
        """Make what is made of others, when all sources have added theirs."""
        for name, billionths in self._billionths.items():
            self._cells[name] = self._of(name) + billionths / SCALE
        if "visits" in self.metrics and "all_visits" in self._cells:
            self._cells["visits"] = self._cells["all_visits"] - self._of("bounces")
        for name in self.metrics:
            if name in RATIOS:
                self._cells[name] = RATIOS[name].of(*(self._of(part) for part in RATIOS[name].parts))

    def dense(self) -> Dense:
        """Every cell of every metric, 0 where there is nothing."""
        self._finish()
        return {
            name: self._of(name) if name in RATIOS else np.round(self._of(name), _DECIMALS) for name in self.metrics
        }

    def computed(self) -> Computed:
        """The cells that are not 0, by place, metric and bucket."""
        self._finish()
        none = np.zeros(self._first[-1])
        all_values = [self._cells.get(name, none) for name in self.metrics]
        found = [np.flatnonzero(values) for values in all_values]
        # Each metric's cells are in order of place already: what remains is to deal out its run of each place.
        edges = np.stack([np.searchsorted(cells, self._first) for cells in found], axis=1)
        base = np.cumsum([0, *(len(cells) for cells in found)])
        lengths = np.diff(edges, axis=0)
        begins = edges[:-1] + base[:-1]
        runs = lengths.ravel()
        order = np.repeat(begins.ravel() - np.cumsum(runs) + runs, runs) + np.arange(base[-1])
        place, metric = np.divmod(np.repeat(np.arange(len(runs)), runs), len(self.metrics))
        cell = np.concatenate(found)[order]
        value = np.concatenate(
            [
                values[cells] if name in RATIOS else np.round(values[cells], _DECIMALS)
                for name, values, cells in zip(self.metrics, all_values, found, strict=True)
            ]
        )[order]
        return Computed(place, metric, cell - self._first[place], value)
