"""The metrics of screens, of the street in front of them, and of what they show.

The formulas are carried out in `audience`, `street` and `contents`.
"""

from __future__ import annotations

from passerby.metrics.metric import Level, Metric

_SITES: tuple[Level, ...] = ("brand", "site", "sensor")

SCREENS = (
    Metric(
        "ots",
        "persons",
        "sum",
        _SITES,
        "Opportunities to see: everybody who was in front of a screen.",
        "views that start in the bucket",
        every_sensor=True,
    ),
    Metric(
        "watchers",
        "persons",
        "sum",
        _SITES,
        "Those of them who looked at it.",
        "views that start in the bucket with attention > 0",
        every_sensor=True,
    ),
    Metric(
        "conversion_ratio",
        "percent",
        "ratio",
        _SITES,
        "How many of those who could see it looked.",
        "100 * watchers / ots; 0 when ots is 0",
        every_sensor=True,
    ),
    Metric(
        "ots_dwell",
        "ms",
        "sum",
        _SITES,
        "Time that everybody spent in front of a screen.",
        "sum of the durations of the ots",
        every_sensor=True,
    ),
    Metric(
        "dwell",
        "ms",
        "sum",
        _SITES,
        "Time that the watchers spent in front of a screen.",
        "sum of the durations of the watchers",
        every_sensor=True,
    ),
    Metric(
        "attention",
        "ms",
        "sum",
        _SITES,
        "Time that the watchers looked at the screen.",
        "sum of the attention of the watchers",
        every_sensor=True,
    ),
    Metric(
        "duration",
        "s",
        "sum",
        _SITES,
        "How long it was observed, each sensor for itself.",
        "the union of a sensor's `uptime` intervals, split exactly over buckets; on a local day that none of them "
        "touches, 300 s for each five-minute slot that holds any observation of it",
        every_sensor=True,
    ),
)
STREETS: tuple[Metric, ...] = ()
CONTENTS: tuple[Metric, ...] = ()
