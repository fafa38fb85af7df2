"""Every metric, declared once: name, unit, meaning, where it exists and how series of it combine.

The formulas are carried out in `compute` (sums) and `kernels` (sequences); the reference page
`docs/reference/metrics.md` and `GET /v1/metrics/names` are printed from this table.
"""

from __future__ import annotations

from passerby.metrics.media import CONTENTS, SCREENS, STREETS
from passerby.metrics.metric import LEVELS, Combine, Level, Metric, Unit

_SITES: tuple[Level, ...] = ("brand", "site", "sensor")
_WIFI: tuple[Level, ...] = (*_SITES, "zone")

_PEOPLE = (
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
        "Everybody who came in and did not leave at once.",
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
        "mean_dwell_time",
        "ms",
        "ratio",
        _SITES,
        "How long a visit lasts on average.",
        "dwell_time / timed_visits; 0 when there are none",
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
        "turn_in_rate",
        "percent",
        "ratio",
        _SITES,
        "How many of those who came by came in.",
        "100 * visits / (visits + walk_bys); 0 when nobody came by",
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
        "zone_mean_dwell_time",
        "ms",
        "ratio",
        ("zone",),
        "How long a stay in a zone lasts on average.",
        "zone_dwell_time / zone_visits; 0 when there are none",
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
    Metric(
        "wifi_all_visits",
        "devices",
        "sum",
        _WIFI,
        "WiFi devices that came in.",
        "WiFi visits that start in the bucket with a strongest signal >= `wifi_visit_rssi`",
    ),
    Metric(
        "wifi_visits",
        "devices",
        "sum",
        _WIFI,
        "WiFi devices that came in and stayed.",
        "wifi_all_visits - wifi_bounces",
    ),
    Metric(
        "wifi_bounces",
        "devices",
        "sum",
        _WIFI,
        "WiFi devices that left again soon.",
        "wifi_all_visits with a duration < `wifi_bounce_s`",
    ),
    Metric(
        "wifi_randomized_visits",
        "devices",
        "sum",
        _WIFI,
        "WiFi visits with an address that the device made up, and will not keep.",
        "wifi_visits with `randomized` true: as sent, or else by the address's locally administered bit",
    ),
    Metric(
        "wifi_walk_bys",
        "devices",
        "sum",
        _WIFI,
        "WiFi devices that passed, too far away to be inside.",
        "WiFi visits that start in the bucket with a strongest signal < `wifi_visit_rssi`",
    ),
    Metric(
        "wifi_dwell_time",
        "ms",
        "sum",
        _WIFI,
        "Time that WiFi devices spent inside.",
        "sum of the durations of the wifi_visits",
    ),
    Metric(
        "wifi_new_visitors",
        "devices",
        "sum",
        _WIFI,
        "WiFi devices seen for the first time in a period: a local day, unless `wifi_key_rotation` says otherwise.",
        "wifi_visits of a device that was not seen earlier in the same period at the site (of a zone: before the stay "
        "that the visit is part of); without made-up addresses where `wifi_randomized` is visits_only",
    ),
    Metric(
        "wifi_returning_visitors",
        "devices",
        "sum",
        _WIFI,
        "WiFi devices that were seen before in the same period. Nobody is recognised from one period to the next.",
        "wifi_visits - wifi_new_visitors, without made-up addresses where `wifi_randomized` is visits_only",
    ),
    Metric(
        "wifi_under_15",
        "devices",
        "sum",
        _WIFI,
        "WiFi visits shorter than 15 minutes.",
        "wifi_visits with a duration < 15 minutes",
    ),
    Metric(
        "wifi_15_30",
        "devices",
        "sum",
        _WIFI,
        "WiFi visits of 15 to 30 minutes.",
        "wifi_visits with 15 minutes <= duration < 30 minutes",
    ),
    Metric(
        "wifi_30_45",
        "devices",
        "sum",
        _WIFI,
        "WiFi visits of 30 to 45 minutes.",
        "wifi_visits with 30 minutes <= duration < 45 minutes",
    ),
    Metric(
        "wifi_45_60",
        "devices",
        "sum",
        _WIFI,
        "WiFi visits of 45 to 60 minutes.",
        "wifi_visits with 45 minutes <= duration < 60 minutes",
    ),
    Metric(
        "wifi_over_60",
        "devices",
        "sum",
        _WIFI,
        "WiFi visits of an hour or longer.",
        "wifi_visits with a duration >= 60 minutes",
    ),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in (*_PEOPLE, *SCREENS, *STREETS, *CONTENTS)}

__all__ = ["LEVELS", "METRICS", "Combine", "Level", "Metric", "Unit"]
