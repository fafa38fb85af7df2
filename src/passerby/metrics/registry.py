"""Every metric, declared once: name, unit, meaning, where it exists and how series of it combine.

The formulas are carried out in `compute` (sums) and `kernels` (sequences); the reference page
`docs/reference/metrics.md` and `GET /v1/metrics/names` are printed from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["brand", "site", "sensor", "zone", "line"]
Combine = Literal["sum", "max"]
Unit = Literal["persons", "groups", "ms", "passages", "stays", "crossings"]

LEVELS: tuple[Level, ...] = ("brand", "site", "sensor", "zone", "line")
_SITES: tuple[Level, ...] = ("brand", "site", "sensor")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    `combine` says how the values of several buckets or places become one: "sum", or "max" for peaks.
    `levels` are the kinds of place it exists for. `formula` is the rule in one sentence.
    """

    name: str
    unit: Unit
    combine: Combine
    levels: tuple[Level, ...]
    description: str
    formula: str


_ALL = (
    Metric(
        "all_visits",
        "persons",
        "sum",
        _SITES,
        "Everybody who came in.",
        "visits that start in the bucket, plus `in` crossings (not `also_visit`) and `in` counts of entrance lines, "
        "class person",
    ),
    Metric(
        "visits",
        "persons",
        "sum",
        _SITES,
        "Everybody who came in and did not turn on the heel.",
        "all_visits - bounces",
    ),
    Metric(
        "bounces",
        "persons",
        "sum",
        _SITES,
        "Those who left again at once.",
        "visits that start in the bucket with a known duration < `bounce_s`",
    ),
    Metric(
        "dwell_time",
        "ms",
        "sum",
        _SITES,
        "Time spent inside.",
        "sum of the durations of the visits that start in the bucket, bounces and unknown durations left out",
    ),
    Metric(
        "timed_visits",
        "persons",
        "sum",
        _SITES,
        "Visits whose time inside is known: dwell_time / timed_visits is the mean stay.",
        "visits that start in the bucket with a known duration, bounces left out",
    ),
    Metric(
        "group_visits",
        "groups",
        "sum",
        _SITES,
        "Parties that came in together; a single person is a party of one.",
        "groups whose first member starts in the bucket: visits that are not bounces and individual entrance crossings "
        "of a site, ordered by start, a new group after a gap > `group_gap_s`; or by the sensor's own `group`, "
        "a name being used for one group only (see `group_name_s`)",
    ),
    Metric(
        "peak_occupancy",
        "persons",
        "max",
        _SITES,
        "The most people present at one instant.",
        "per site the largest of: visits present in [start, end), bounces included; entrance in - out since "
        "`occupancy_reset`, taken as S - min(0, lowest S so far); the sensors' own levels, added",
    ),
    Metric(
        "walk_bys",
        "passages",
        "sum",
        _SITES,
        "People who passed without coming in.",
        "passages of class person that start in the bucket",
    ),
    Metric(
        "zone_visits",
        "stays",
        "sum",
        ("zone",),
        "Stays in a zone.",
        "zone visits that start in the bucket with a duration >= the zone's `min_dwell_s`",
    ),
    Metric(
        "zone_dwell_time",
        "ms",
        "sum",
        ("zone",),
        "Time spent in a zone.",
        "sum of the durations of the zone_visits",
    ),
    Metric(
        "zone_peak_visits",
        "persons",
        "max",
        ("zone",),
        "The most people in a zone at one instant.",
        "highest number of zone_visits present at one instant, in [start, end)",
    ),
    Metric(
        "line_in",
        "crossings",
        "sum",
        ("line",),
        "Inward over a line, every class.",
        "`in` crossings plus `in` counts that start in the bucket",
    ),
    Metric(
        "line_out",
        "crossings",
        "sum",
        ("line",),
        "Outward over a line, every class.",
        "`out` crossings plus `out` counts that start in the bucket",
    ),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
