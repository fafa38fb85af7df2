"""Which metrics each page of the exports has, under which names and in which order.

The pages of the exports differ in these tables and in nothing else; what they share is in the other modules.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One map of the answer: its name there and the metric behind it.

    `per` is the metric that counts what `metric` sums, for the accounts that want the mean instead of the sum.
    """

    name: str
    metric: str
    per: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the exports.

    `title` is what people call it; `site_fields` and `zone_fields` in the order of the document's sample answer;
    `intervals` maps the name that a request gives to the size of a bucket, the default first. `by_zone` = a request
    may name one zone instead of locations; its answer has the `site_fields` of that zone. `complete` = the page has
    a v4 that leaves nothing out.
    """

    name: str
    title: str
    site_fields: tuple[Field, ...]
    zone_fields: tuple[Field, ...]
    intervals: dict[str, str]
    by_zone: bool = False
    complete: bool = False


CAMERA = Page(
    name="json",
    title="Camera export",
    site_fields=(
        Field("visits", "visits"),
        Field("dwellTime", "dwell_time", per="timed_visits"),
        Field("groupVisits", "group_visits"),
        Field("bounces", "bounces"),
        Field("allVisits", "all_visits"),
        Field("peakOccupancy", "peak_occupancy"),
        Field("walkBys", "walk_bys"),
    ),
    zone_fields=(
        Field("dwellTime", "zone_dwell_time", per="zone_visits"),
        Field("peakVisits", "zone_peak_visits"),
        Field("visits", "zone_visits"),
    ),
    intervals={"hourly": "1h", "15min": "15m"},
)

WIFI = Page(
    name="wifi/json",
    title="WiFi export",
    site_fields=(
        Field("visits", "wifi_visits"),
        Field("dwellTime", "wifi_dwell_time", per="wifi_visits"),
        Field("newVisitors", "wifi_new_visitors"),
        Field("returningVisitors", "wifi_returning_visitors"),
        Field("bounces", "wifi_bounces"),
        Field("allVisits", "wifi_all_visits"),
        Field("walkBys", "wifi_walk_bys"),
        Field("under15Mins", "wifi_under_15"),
        Field("from15To30Mins", "wifi_15_30"),
        Field("from30To45Mins", "wifi_30_45"),
        Field("from45To60Mins", "wifi_45_60"),
        Field("over60Mins", "wifi_over_60"),
    ),
    zone_fields=(),
    intervals={"hourly": "1h"},
    by_zone=True,
    complete=True,
)
