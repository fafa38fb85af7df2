"""From views broken down to the tree of the unified statistics: columns all the way, objects only to be written.

A node of the tree is a number: its path from the root, each step the place of the node among all members of its level.
So the nodes of a level in order are one sorted array, and those below a node are a run of the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import orjson

from passerby.metrics.breakdown import SUMS, Breakdown, Key
from passerby.metrics.places import Integers

Node = dict[str, Any]
# Nodes that are objects at one time, if the first level can be cut so small.
_NODES = 50_000
_OTS, _WATCHERS, _OTS_DWELL, _DWELL = range(len(SUMS))


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the tree: all members that it may have, by their values of `key` and in the order of the answer.

    `complete`: all of them are listed, with zeros; else those with data. `for_all`: its members are seen before anybody
    is known to look, so they count opportunities to see.
    """

    type: str
    key: Key
    values: Integers
    labels: Sequence[str]
    complete: bool
    for_all: bool

    @property
    def size(self) -> int:
        """How many members there may be; 1 of none, so that paths can be divided by it."""
        return max(len(self.labels), 1)

    def places(self, values: Integers) -> Integers:
        """Where these values stand among the members."""
        order = np.argsort(self.values)
        found: Integers = order[np.searchsorted(self.values[order], values)]
        return found


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes of one level: paths in ascending order, and a row of `SUMS` for each."""

    path: Integers
    sums: Integers

    @property
    def watched(self) -> Integers:
        """The paths of those with watchers, which alone are taken apart further."""
        found: Integers = self.path[self.sums[:, _WATCHERS] > 0]
        return found


class Rows:
    """Views broken down by the keys of some levels, and added up by the first of them."""

    def __init__(self, found: Breakdown, levels: Sequence[Level]) -> None:
        sums = np.stack([getattr(found, name) for name in SUMS], axis=1)
        path = np.zeros(len(found), dtype=np.int64)
        for level in levels:
            path = path * level.size + level.places(found.keys[level.key])
        order = np.argsort(path)
        self._path, self._sums = path[order], sums[order]
        self._levels = levels

    def added(self, depth: int) -> Nodes:
        """By the first `depth` levels."""
        path = self._path
        for level in self._levels[depth:]:
            path = path // level.size
        first = np.flatnonzero(np.diff(path, prepend=-1))
        return Nodes(path[first], np.add.reduceat(self._sums, first, axis=0) if len(first) else self._sums)


class Tree:
    """The nodes of all levels below a root."""

    def __init__(self, root: Breakdown, levels: Sequence[Level], rows: Sequence[Rows]) -> None:
        """`rows` hold, for each level, the views by it and the levels above it."""
        self._levels = levels
        total = np.array([[getattr(root, name).sum() for name in SUMS]], dtype=np.int64)
        self._nodes = [Nodes(np.zeros(1, dtype=np.int64), total)]
        self._for_all = [True]
        for depth, (level, found) in enumerate(zip(levels, rows, strict=True), start=1):
            self._for_all.append(self._for_all[-1] and level.for_all)
            self._nodes.append(_below(self._nodes[-1], found.added(depth), level, for_all=self._for_all[-1]))
        # Where the nodes below each node begin and end in the next level.
        self._first = [
            np.append(np.searchsorted(below.path // level.size, above.path), len(below.path))
            for above, below, level in zip(self._nodes, self._nodes[1:], levels, strict=False)
        ]

    def root(self) -> Node:
        """The root without what is below it."""
        ots, watchers, ots_dwell, dwell = self._nodes[0].sums[0].tolist()
        return {"n": "root", "o": [], "ots": ots, "otsd": ots_dwell, "t": "root", "v": watchers, "vd": dwell}

    def pieces(self, *, to_object: bool) -> Iterator[bytes]:
        """What is below the root as JSON, piece by piece, without the brackets around it and with commas between."""
        count, begin = len(self._nodes[1].path), 0
        while begin < count:
            end = self._until(begin, count)
            nodes = self._written(1, begin, end, to_object=to_object)
            text = orjson.dumps({node["n"]: node for node in nodes} if to_object else nodes)
            yield (b"," if begin else b"") + text[1:-1]
            begin = end

    def _until(self, begin: int, count: int) -> int:
        """How far the first level goes, from `begin`, until there are enough nodes at and below it; at least one."""
        edges = np.arange(begin, count + 1)
        size = edges - begin
        for first in self._first[1:]:
            edges = first[edges]
            size = size + edges - edges[0]
        return begin + max(1, int(np.searchsorted(size, _NODES, side="right")) - 1)

    def _written(self, depth: int, begin: int, end: int, *, to_object: bool) -> list[Node]:
        """The nodes from `begin` to `end` of a level, with all below them."""
        level, nodes = self._levels[depth - 1], self._nodes[depth]
        labels = [level.labels[place] for place in (nodes.path[begin:end] % level.size).tolist()]
        below = self._contents(depth, begin, end, to_object=to_object)
        ots, watchers, ots_dwell, dwell = nodes.sums[begin:end].T.tolist()
        if self._for_all[depth]:
            return [
                {"n": n, "o": o, "ots": all_, "otsd": all_ms, "t": level.type, "v": v, "vd": ms}
                for n, o, all_, all_ms, v, ms in zip(labels, below, ots, ots_dwell, watchers, dwell, strict=True)
            ]
        return [
            {"n": n, "o": o, "t": level.type, "v": v, "vd": ms}
            for n, o, v, ms in zip(labels, below, watchers, dwell, strict=True)
        ]

    def _contents(self, depth: int, begin: int, end: int, *, to_object: bool) -> list[Node] | list[list[Node]]:
        """What is below each of these nodes."""
        if depth == len(self._levels):
            empty: Any = {} if to_object else []
            return [empty] * (end - begin)
        first = self._first[depth][begin : end + 1].tolist()
        children = self._written(depth + 1, first[0], first[-1], to_object=to_object)
        edges = [edge - first[0] for edge in first]
        runs = [children[low:high] for low, high in pairwise(edges)]
        return [{node["n"]: node for node in run} for run in runs] if to_object else runs


def _below(above: Nodes, found: Nodes, level: Level, *, for_all: bool) -> Nodes:
    """The nodes below those that somebody watched: all members of a complete level, else those with data."""
    size = level.size
    if not level.complete:
        sums = found.sums
        data = (sums[:, _WATCHERS] > 0) | (sums[:, _DWELL] > 0) | (for_all & (sums[:, _OTS] > 0))
        listed = np.isin(found.path // size, above.watched) & data
        return Nodes(found.path[listed], sums[listed])
    path = (above.watched[:, None] * size + np.arange(size)).ravel()
    sums = np.zeros((len(path), len(SUMS)), dtype=np.int64)
    known = np.isin(found.path, path)
    sums[np.searchsorted(path, found.path[known])] = found.sums[known]
    return Nodes(path, sums)
