"""Numpy kernels for what depends on order: groups that come in together, and how many are present.

All kernels work on *keys*: one int64 that holds a unit (a site, sensor or zone; high bits) and a time
(milliseconds since an origin; low bits), so that one sort orders everything by unit and then by time.

A *step function* (`Steps`) says how many are present in each unit: the value at an instant, all changes of
that instant netted, holds until the unit's next step. Numbers of persons are scaled by `SCALE` wherever they
may be fractions, so that sums are exact and do not depend on the order of arrival.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from passerby.metrics.places import Flags, Floats, Integers

# 2**41 ms are 69 years: longer than one window of a computation and its look-back.
_TIME_BITS = 41
# With one more bit for "start or end" this many units still fit a signed 64-bit key.
MAX_UNITS = 1 << (62 - _TIME_BITS)
# Counts are kept in billionths while they are added: whole numbers of which a float64 holds 9 million persons exactly.
SCALE = 1e9


def keys(unit: Integers, time: Integers, origin: int) -> Integers:
    """One sortable integer for each (unit, time); `time` >= `origin`, both in ms."""
    return (unit << _TIME_BITS) | (time - origin)


def times(key: Integers, origin: int) -> Integers:
    """The times (ms) that `keys` put into keys."""
    return (key & ((1 << _TIME_BITS) - 1)) + origin


def units(key: Integers) -> Integers:
    """The units that `keys` put into keys."""
    return key >> _TIME_BITS


def scaled(value: Floats) -> Floats:
    """Numbers of persons as whole billionths: their sums are exact, whatever their order."""
    return np.rint(value * SCALE)


@dataclass(frozen=True, slots=True)
class Steps:
    """A step function per unit: from `key[i]` on, until the unit's next key, the value is `value[i]`. Keys ascend."""

    key: Integers
    value: Floats


def first_of_groups(key: Integers, gap: Integers) -> Integers:
    """The keys of those who begin a group; `gap` is the longest pause inside a group, in ms, for each unit.

    A new group begins when the pause since the previous start is longer than the unit's gap.
    """
    key = np.sort(key)
    unit = units(key)
    begins = np.ones(len(key), dtype=np.bool_)
    # Another unit is further away than any pause, because times and gaps are far smaller than one unit's keys.
    begins[1:] = np.diff(key) > gap[unit[1:]]
    return key[begins]


def steps_of_stays(unit: Integers, start: Integers, end: Integers, origin: int) -> Steps:
    """How many are present when each stay covers [start, end); stays of no length are never present."""
    # Rows arrive nearly in order of time. Dealt out by unit (a radix sort, when units are few) they are nearly in order
    # altogether, and a merge sort then takes half of the time of one that does not look for order.
    order = np.argsort(unit.astype(np.uint16) if len(unit) and unit.max() < 1 << 16 else unit, kind="stable")
    order = order[(start < end)[order]]
    unit, start, end = unit[order], start[order], end[order]
    changes = np.concatenate([keys(unit, start, origin) << 1 | 1, keys(unit, end, origin) << 1])
    changes.sort(kind="stable")
    present = np.cumsum((changes & 1) * 2 - 1)
    key = changes >> 1
    last = _last_of_each(key)
    return Steps(key[last], present[last].astype(np.float64))


def steps_of_changes(key: Integers, change: Floats) -> Steps:
    """The running sum of `change` (scaled) in each unit, changes of one instant netted."""
    key, change = _netted(key, change)
    total: Floats = np.cumsum(change)
    first = _first_of_each(units(key))
    return Steps(key, total - np.repeat(total[first] - change[first], _lengths(first, len(key))))


def steps_of_doors(key: Integers, change: Floats, reset_key: Integers) -> Steps:
    """How many are inside by the door counts: S - min(0, lowest S so far), from 0 again at each reset.

    `change` is in - out (scaled); changes of one instant are netted. Every unit needs a reset before or at
    its first change, because a reset is what separates it from the unit before.
    """
    everything = np.concatenate([key, reset_key])
    key, change = _netted(everything, np.concatenate([change, np.zeros(len(reset_key))]))
    first = np.searchsorted(key, np.unique(reset_key))
    lengths = _lengths(first, len(key))
    total = np.cumsum(change)
    balance = total - np.repeat(total[first] - change[first], lengths)
    lowest = _running_minimum(balance, np.repeat(np.arange(len(first)), lengths))
    return Steps(key, balance - np.minimum(0, lowest))


@dataclass(frozen=True, slots=True)
class Members:
    """The sensors of units: `of_row` is each row's sensor (numbered), `unit` each sensor's unit."""

    of_row: Integers
    unit: Integers


def steps_of_levels(
    members: Members, time: Integers, value: Floats, resets: tuple[Integers, Integers], origin: int
) -> Steps:
    """The sum over each unit's sensors, whose last value (scaled) holds until the next one or a reset.

    `resets` are (sensors, times). Of several values of one sensor at one instant the largest counts.
    """
    key = np.concatenate([keys(members.of_row, time, origin), keys(*resets, origin)])
    value = np.concatenate([value, np.zeros(len(resets[0]))])
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = _first_of_each(key)
    value = np.maximum.reduceat(value[order], first)
    key = key[first]
    before = np.concatenate([[0.0], value[:-1]])
    before[_first_of_each(units(key))] = 0
    return steps_of_changes(keys(members.unit[units(key)], times(key, origin), origin), value - before)


def maxima(steps: Steps, begin: Integers, end: Integers, carried: Flags) -> Floats:
    """The highest value in each window [begin, end) of keys, both keys of one unit.

    The value that holds when the window begins counts where `carried`; elsewhere only steps inside count.
    """
    if not len(steps.key) or not len(begin):
        return np.zeros(len(begin))
    inside = np.searchsorted(steps.key, begin)
    # Most windows end where the next one begins: one look for both.
    high = np.append(inside[1:], 0)
    apart = np.flatnonzero(np.append(end[:-1] != begin[1:], values=True))
    high[apart] = np.searchsorted(steps.key, end[apart])
    # The last step at or before the beginning.
    before = inside - (np.append(steps.key, -1)[inside] != begin)
    known = (before >= 0) & (units(steps.key[before]) == units(begin))
    low = np.where(carried & known, before, inside)
    edges = np.stack([low, np.maximum(low, high)], axis=1).ravel()
    highest = np.maximum.reduceat(np.append(steps.value, 0.0), edges)[::2]
    return np.where(low < high, highest, 0.0)


def _netted(key: Integers, change: Floats) -> tuple[Integers, Floats]:
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = _first_of_each(key)
    return key[first], np.add.reduceat(change[order], first) if len(key) else change


def _first_of_each(ordered: Integers) -> Integers:
    """Where each run of equal values begins."""
    changed = np.ones(len(ordered), dtype=np.bool_)
    changed[1:] = ordered[1:] != ordered[:-1]
    return np.flatnonzero(changed)


def _last_of_each(ordered: Integers) -> Flags:
    changed = np.ones(len(ordered), dtype=np.bool_)
    changed[:-1] = ordered[1:] != ordered[:-1]
    return changed


def places_in_runs(lengths: Integers) -> Integers:
    """0, 1, 2 ... in each of the runs that `lengths` long follow one another."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _lengths(first: Integers, count: int) -> Integers:
    return np.diff(first, append=count)


def _running_minimum(value: Floats, segment: Integers) -> Floats:
    """The lowest value so far inside each segment (ascending numbers).

    Ranks stand in for the values: a rank less (segment * count) is below everything of earlier segments, so one
    running minimum over all of them is exact, where shifting the values themselves would lose digits.
    """
    order = np.argsort(value, kind="stable")
    rank = np.empty(len(value), dtype=np.int64)
    rank[order] = np.arange(len(value))
    shift = segment * len(value)
    return value[order][np.minimum.accumulate(rank - shift) + shift]
