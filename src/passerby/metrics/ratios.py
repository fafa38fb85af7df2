"""Metrics that are never added up.

Each is computed from its parts, and for several buckets or places from the sums of the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from passerby.metrics.places import Floats


@dataclass(frozen=True, slots=True)
class Ratio:
    """`of(*parts)` is the value from the parts' values, all arrays of one length; parts are names of sums."""

    parts: tuple[str, ...]
    of: Callable[..., Floats]


def divided(numerator: Floats, denominator: Floats) -> Floats:
    """The quotients, 0 where there is nothing to divide by."""
    quotient = np.zeros(len(numerator))
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def _percent(part: Floats, whole: Floats) -> Floats:
    # In this order: 100 * 1 / 9 is 11.11111111111111, as the vendors print it, and 1 / 9 * 100 is not.
    return divided(100.0 * part, whole)


def _turn_in_rate(visits: Floats, walk_bys: Floats) -> Floats:
    return _percent(visits, visits + walk_bys)


_HOUR_MS = 3_600_000.0
IM_PARTS = (
    "im_vehicle_count",
    "im_vehicle_impressions",
    "im_vehicle_presence",
    "im_footfall_count",
    "im_footfall_presence",
)


def _im_vehicle(vehicles: Floats, impressions: Floats, presence: Floats) -> Floats:
    return divided(impressions, vehicles) * presence / _HOUR_MS


def _im_footfall(presence: Floats) -> Floats:
    return presence / _HOUR_MS


def _im(vehicles: Floats, impressions: Floats, vehicle_presence: Floats, footfall_presence: Floats) -> Floats:
    return _im_footfall(footfall_presence) + _im_vehicle(vehicles, impressions, vehicle_presence)


RATIOS: dict[str, Ratio] = {
    "turn_in_rate": Ratio(("visits", "walk_bys"), _turn_in_rate),
    "mean_dwell_time": Ratio(("dwell_time", "timed_visits"), divided),
    "zone_mean_dwell_time": Ratio(("zone_dwell_time", "zone_visits"), divided),
    "conversion_ratio": Ratio(("watchers", "ots"), _percent),
    "mean_dwell": Ratio(("dwell", "watchers"), divided),
    "mean_attention": Ratio(("attention", "watchers"), divided),
    "impressions_per_play": Ratio(("impressions", "play_count"), divided),
    "impressions_per_vehicle": Ratio(("vehicle_impressions", "vehicle_count"), divided),
    "im": Ratio((*IM_PARTS[:3], "im_footfall_presence"), _im),
    "im_footfall": Ratio(("im_footfall_presence",), _im_footfall),
    "im_vehicle": Ratio(IM_PARTS[:3], _im_vehicle),
    "im_impressions_per_vehicle": Ratio(("im_vehicle_impressions", "im_vehicle_count"), divided),
}


def with_parts(metrics: Iterable[str]) -> tuple[str, ...]:
    """The metrics in their order, followed by those parts of theirs that are not among them."""
    metrics = tuple(metrics)
    parts = [part for name in metrics if name in RATIOS for part in RATIOS[name].parts]
    return tuple(dict.fromkeys([*metrics, *parts]))
