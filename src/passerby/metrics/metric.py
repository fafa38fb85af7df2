"""What a metric is: name, unit, where it exists, how series of it combine. `registry` lists them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["brand", "site", "sensor", "zone", "line", "content"]
Combine = Literal["sum", "max", "ratio"]
Unit = Literal[
    "persons",
    "groups",
    "ms",
    "s",
    "percent",
    "passages",
    "vehicles",
    "impressions",
    "plays",
    "hours",
    "stays",
    "crossings",
    "devices",
]

LEVELS: tuple[Level, ...] = ("brand", "site", "sensor", "zone", "line", "content")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    `combine` says how the values of several buckets or places become one: "sum", "max" for peaks, or "ratio" for
    what is never combined but computed again from its parts (`ratios`). `levels` are the kinds of place it exists
    for. `formula` is the rule in one sentence. `every_sensor`: sensors that are no entry points of their site count
    for it too. `hourly`: it exists in buckets of one hour only.
    """

    name: str
    unit: Unit
    combine: Combine
    levels: tuple[Level, ...]
    description: str
    formula: str
    every_sensor: bool = False
    hourly: bool = False
