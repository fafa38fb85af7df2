"""Histograms of zones: per hour, how long how many were present, and how long those stayed who came.

* counting[i]: milliseconds of the hour with exactly i present. Stays are cut exactly at the hour, so an hour's counting
  adds up to 3,600,000.
* lifetime[i]: stays that began in the hour and lasted i to i + 1 bins of `lifetime_bin_s`.

Present is who stays in [start, end). Every stay counts, also one shorter than the zone's `min_dwell_s`: a histogram is
there to look at short ones too. Staff counts nowhere. Trailing zeros are trimmed from both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from passerby.catalogue.model import Catalogue, Zone
from passerby.metrics.places import Integers
from passerby.store.contract import Parameter, Store

HOUR_MS = 3_600_000
STAFF = "staff"
# Hours times zones that are computed at one time, and the most hours: memory does not grow with the range asked for.
_CELLS = 20_000
_MOST_HOURS = 24 * 7
_ROLES: dict[str, Parameter] = {"excluded": STAFF}


@dataclass(frozen=True, slots=True)
class Histogram:
    """One UTC hour of one zone. `zone` counts in the order asked for; `lifetimes` pairs a bin with its stays."""

    zone: int
    hour_ms: int
    counting_ms: tuple[int, ...]
    lifetimes: tuple[tuple[int, int], ...]

    @property
    def empty(self) -> bool:
        """Whether nobody was there."""
        return len(self.counting_ms) == 1 and not self.lifetimes

    def lifetime(self) -> list[int]:
        """The stays in each bin."""
        bins = [0] * (self.lifetimes[-1][0] + 1 if self.lifetimes else 0)
        for number, stays in self.lifetimes:
            bins[number] = stays
        return bins


@dataclass(frozen=True, slots=True)
class Histograms:
    """Histograms of `zones`, each with its width of a lifetime's bin in ms."""

    store: Store
    zones: Sequence[Zone]
    bins_ms: Sequence[int]

    @classmethod
    def of(cls, store: Store, catalogue: Catalogue, zones: Sequence[Zone]) -> Histograms:
        """Those of some zones, with the bins that their sites' settings say."""
        sites = [catalogue.site_of(catalogue.sensors[zone.sensor_id]) for zone in zones]
        return cls(store, zones, [catalogue.settings_of_site(site).ms("lifetime_bin_s") for site in sites])

    def extent(self) -> tuple[int, int] | None:
        """[first, last) whole hours in which anybody was in any of the zones; None when nobody ever was."""
        found = self.store.query("metrics/histogram_extent", _ROLES, {"scope": self._scope()}).to_pylist()[0]
        if found["first_ms"] is None:
            return None
        return floor_hour(found["first_ms"]), floor_hour(found["last_ms"]) + HOUR_MS

    def hours(self, start_ms: int, end_ms: int, *, descending: bool = False) -> Iterator[Histogram]:
        """Every hour of every zone from one whole hour to another, by hour and zone."""
        for begin, end in self._windows(start_ms, end_ms, descending=descending):
            yield from self._window(begin, end, descending=descending)

    def _windows(self, start_ms: int, end_ms: int, *, descending: bool) -> Iterator[tuple[int, int]]:
        if not self.zones:
            return
        step = min(_MOST_HOURS, max(1, _CELLS // len(self.zones))) * HOUR_MS
        begins = range(start_ms, end_ms, step)
        for begin in reversed(begins) if descending else begins:
            yield begin, min(begin + step, end_ms)

    def _window(self, start_ms: int, end_ms: int, *, descending: bool) -> Iterator[Histogram]:
        parameters: dict[str, Parameter] = {"start_ms": start_ms, "end_ms": end_ms, **_ROLES}
        stays = self.store.query("metrics/histogram_stays", parameters, {"scope": self._scope()})
        unit, begin, end = (stays.column(name).to_numpy() for name in ("unit", "started_ms", "ended_ms"))
        cells = len(self.zones) * ((end_ms - start_ms) // HOUR_MS)
        counting = _by_cell(*present(unit, begin, end, len(self.zones), start_ms, end_ms), cells)
        lifetimes = _by_cell(*self._stays_by_bin(unit, begin, end, start_ms, end_ms), cells)
        hours = range(start_ms, end_ms, HOUR_MS)
        for hour, hour_ms in reversed(list(enumerate(hours))) if descending else enumerate(hours):
            for zone in range(len(self.zones)):
                cell = zone * len(hours) + hour
                times = dict(counting[cell])
                yield Histogram(
                    zone,
                    hour_ms,
                    tuple(times.get(level, 0) for level in range(max(times) + 1)),
                    tuple(lifetimes[cell]),
                )

    def _stays_by_bin(
        self, unit: Integers, begin: Integers, end: Integers, start_ms: int, end_ms: int
    ) -> tuple[Integers, Integers, Integers]:
        """(cell, bin, stays) of those that began in the window."""
        began = begin >= start_ms
        unit, begin, end = unit[began], begin[began], end[began]
        cell = unit * ((end_ms - start_ms) // HOUR_MS) + (begin - start_ms) // HOUR_MS
        return _added(cell, (end - begin) // np.array(self.bins_ms, dtype=np.int64)[unit], np.ones_like(unit))

    def _scope(self) -> pa.Table:
        return pa.table(
            {
                "unit": pa.array(range(len(self.zones)), pa.int64()),
                "sensor_id": pa.array([zone.sensor_id for zone in self.zones], pa.int64()),
                "part_id": pa.array([zone.id for zone in self.zones], pa.int64()),
            }
        )


def floor_hour(instant_ms: int) -> int:
    """The UTC hour that an instant lies in."""
    return instant_ms - instant_ms % HOUR_MS


def present(  # noqa: PLR0913, PLR0917  # three columns of one table, and the grid
    unit: Integers, begin: Integers, end: Integers, units: int, start_ms: int, end_ms: int
) -> tuple[Integers, Integers, Integers]:
    """(cell, number present, ms) for each cell = unit * hours + hour of [start_ms, end_ms), both whole hours.

    One sweep: who comes adds 1, who goes takes 1 away, and every hour begins with a change of 0, so that no stretch
    between two changes reaches over an hour.
    """
    hours = np.arange(start_ms, end_ms, HOUR_MS, dtype=np.int64)
    every = np.arange(units, dtype=np.int64)
    who = np.concatenate([unit, unit, np.repeat(every, len(hours))])
    when = np.concatenate([np.maximum(begin, start_ms), np.minimum(end, end_ms), np.tile(hours, units)])
    change = np.concatenate([np.ones_like(unit), -np.ones_like(unit), np.zeros(units * len(hours), dtype=np.int64)])
    order = np.lexsort((when, who))
    who, when, change = who[order], when[order], change[order]
    # Every unit ends with nobody present, so one running sum serves all of them.
    level = np.cumsum(change)
    until = np.append(when[1:], end_ms)
    until[np.append(who[1:] != who[:-1], True)] = end_ms
    lasting = until > when
    who, when, level, until = who[lasting], when[lasting], level[lasting], until[lasting]
    return _added(who * len(hours) + (when - start_ms) // HOUR_MS, level, until - when)


def _added(cell: Integers, key: Integers, value: Integers) -> tuple[Integers, Integers, Integers]:
    """`value` added up by (cell, key), ascending."""
    order = np.lexsort((key, cell))
    cell, key, value = cell[order], key[order], value[order]
    first = np.flatnonzero(np.append(True, (cell[1:] != cell[:-1]) | (key[1:] != key[:-1]))[: len(cell)])
    return cell[first], key[first], np.add.reduceat(value, first) if len(first) else value


def _by_cell(cell: Integers, key: Integers, value: Integers, cells: int) -> list[list[tuple[int, int]]]:
    """The (key, value) pairs of each cell."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(cells)]
    for number, *pair in zip(cell.tolist(), key.tolist(), value.tolist(), strict=True):
        found[number].append((pair[0], pair[1]))
    return found
