"""How numbers are called and written for people."""

from __future__ import annotations

from collections.abc import Mapping

from passerby.metrics.metric import Metric, Unit
from passerby.metrics.registry import METRICS

LABELS: Mapping[str, str] = {
    "visits": "Visitors",
    "all_visits": "Everybody who came in",
    "bounces": "Left at once",
    "turn_in_rate": "Turn-in rate",
    "mean_dwell_time": "Mean stay",
    "walk_bys": "Passed by",
    "group_visits": "Groups",
    "peak_occupancy": "Most at once",
    "wifi_visits": "WiFi visits",
    "wifi_new_visitors": "New devices",
    "wifi_returning_visitors": "Returning devices",
    "wifi_walk_bys": "Devices that passed",
    "zone_visits": "Stays",
    "zone_mean_dwell_time": "Mean stay",
    "zone_peak_visits": "Most at once",
    "line_in": "In",
    "line_out": "Out",
    "ots": "Opportunities to see",
    "watchers": "Watchers",
    "conversion_ratio": "Conversion",
    "mean_attention": "Mean attention",
    "mean_dwell": "Mean time in front",
    "footfall_count": "Pedestrians",
    "vehicle_count": "Vehicles",
    "vehicle_impressions": "People in vehicles",
    "impressions_per_vehicle": "People per vehicle",
    "im": "Both",
    "im_footfall": "Pedestrians",
    "im_vehicle": "In vehicles",
}
PLAIN: Mapping[str, str] = {
    "visits": "People who came in and stayed for more than a moment.",
    "all_visits": "Everybody who came in, also those who left again at once.",
    "bounces": "People who came in and left again at once.",
    "timed_visits": "Those of whom a sensor can tell how long they stayed.",
    "turn_in_rate": "Of 100 people who came by, so many came in.",
    "mean_dwell_time": "How long a visit lasts on average; those who left again at once are left out.",
    "walk_bys": "People who passed and did not come in.",
    "group_visits": "Parties that came in together. Somebody who comes alone is a party of one.",
    "peak_occupancy": "The most people who were inside at the same time.",
    "wifi_visits": "Telephones and other WiFi devices that came in and stayed for a while.",
    "wifi_new_visitors": "WiFi devices that had not been here before on the same day, or for as long as the site "
    "recognises devices.",
    "wifi_returning_visitors": "WiFi devices that had been here before on the same day, or for as long as the site "
    "recognises devices.",
    "wifi_walk_bys": "WiFi devices that passed outside.",
    "zone_visits": "How often somebody stayed in the zone, long enough to count.",
    "zone_mean_dwell_time": "How long a stay in the zone lasts on average.",
    "zone_peak_visits": "The most people who were in the zone at the same time.",
    "line_in": "How often the line was crossed inwards, by people or anything else.",
    "line_out": "How often the line was crossed outwards, by people or anything else.",
    "ots": "Everybody who was in front of the screen and could have looked at it.",
    "watchers": "Those of them who did look at it.",
    "conversion_ratio": "Of 100 people who could have looked at the screen, so many did.",
    "mean_attention": "How long those who looked kept looking, on average.",
    "mean_dwell": "How long those who looked were in front of the screen, on average.",
    "footfall_count": "People who passed on foot.",
    "vehicle_count": "Vehicles that passed, of every kind.",
    "vehicle_impressions": "People who sat in the vehicles that passed, estimated by the kind of vehicle.",
    "impressions_per_vehicle": "How many people sit in a vehicle on average, estimated by the kind of vehicle.",
    "im": "How many people are there at a time, on foot and in vehicles.",
    "im_footfall": "How many people are there on foot at a time.",
    "im_vehicle": "How many people are there in vehicles at a time.",
    "im_backup": "Hours of which so little was observed that the same hour one week before stands in for them.",
    "impressions": "How many people could have seen the content, estimated from those who looked at it.",
}
"""Metrics as somebody who runs a shop would say them; the registry has the exact rule of each."""
UNITS: Mapping[Unit, str] = {"percent": "%", "ms": "s"}
# More of these is no better.
NOT_BETTER = frozenset({"bounces", "wifi_walk_bys", "walk_bys"})
NONE = "–"  # noqa: RUF001  # the sign for "none" in tables
_THIN = "\u202f"
_MINUTE_S, _HOUR_S = 60, 3600


def label(metric: str) -> str:
    """How a metric is called."""
    return LABELS.get(metric) or metric.replace("_", " ").capitalize()


def unit(metric: Metric) -> str:
    """The unit as charts have it."""
    return UNITS.get(metric.unit, metric.unit)


def plain(metric: str) -> str:
    """What a metric means, in everyday words."""
    return PLAIN.get(metric) or METRICS[metric].description


def rule(metric: str) -> str:
    """By which rule a metric is made, exactly."""
    return f"{METRICS[metric].formula}.".replace("`", "")


def meaning(*metrics: str) -> str:
    """What metrics mean: in everyday words, then by their rules."""
    words = " ".join(plain(each) for each in metrics)
    if len(metrics) == 1:
        return f"{words} Exactly: {rule(metrics[0])}"
    return f"{words} Exactly: {' '.join(f'{label(each)}: {rule(each)}' for each in metrics)}"


def shown(value: float | None, unit_: Unit = "persons") -> str:
    """A number for people."""
    if value is None:
        return NONE
    if unit_ == "ms":
        return duration(value)
    if unit_ == "percent":
        return f"{value:.1f}{_THIN}%"
    return grouped(value)


def grouped(value: float) -> str:
    """A number with thin spaces, and as many decimals as matter."""
    digits = 0 if float(value).is_integer() or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", _THIN)


def duration(ms: float | None) -> str:
    """A length of time: `45 s`, `4 min 05 s`, `2 h 10 min`."""
    if ms is None:
        return NONE
    seconds = ms / 1000
    if seconds < 10:
        return f"{seconds:.1f}{_THIN}s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole}{_THIN}s"
    if whole < _HOUR_S:
        return f"{whole // 60}{_THIN}min {whole % 60:02d}{_THIN}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}{_THIN}h {minutes % 60:02d}{_THIN}min"


def changed(change: float, metric: Metric) -> str:
    """How much more: percent, of a percentage points."""
    rounded = _rounded(change, metric)
    text = f"{rounded:+,.{_digits(metric)}f}" if rounded else "0"
    sign = text.replace(",", _THIN).replace("-", "\u2212")
    return f"{sign}{_THIN}{'points' if metric.unit == 'percent' else '%'}"


def tone(change: float, metric: Metric) -> str:
    """`good`, `bad` or `same`, as the style sheet colours a change."""
    if not _rounded(change, metric) or metric.name in NOT_BETTER:
        return "same"
    return "good" if change > 0 else "bad"


def _digits(metric: Metric) -> int:
    return 1 if metric.unit == "percent" else 0


def _rounded(change: float, metric: Metric) -> float:
    return round(change, _digits(metric))
