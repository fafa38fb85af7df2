"""The charts of each page: figures as `charts.Chart`, by a name that is stable on its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from passerby.web.charts import BEFORE, THIS, Chart, bars, pyramid, trend, week
from passerby.web.figures.comparing import Trend
from passerby.web.figures.overview import Overview
from passerby.web.figures.period import BUCKETS
from passerby.web.figures.screen import AGES, ScreenFigures
from passerby.web.figures.site import SiteFigures
from passerby.web.figures.street import CLASSES, MULTIPLIERS, StreetFigures
from passerby.web.wording import label, meaning, unit

Charts = Mapping[str, Chart]
GAPS = "Shaded: nobody looked there, which is not the same as nobody came."
PARTS = "A ring: that time is not over yet at every place, or only a part of it belongs to the period."
MOODS = {
    "very_happy": "Very happy",
    "happy": "Happy",
    "neutral": "Neutral",
    "unhappy": "Unhappy",
    "very_unhappy": "Very unhappy",
}
_MOST_CONTENTS = 12


def overview_charts(figures: Overview) -> Charts:
    """Visits over time."""
    return _named(compared_trend("visits", figures.trend))


def site_charts(figures: SiteFigures) -> Charts:
    """Visits over time, a usual week, lengths of stay; lines and WiFi where there are any."""
    usual = figures.week
    made = [
        compared_trend("visits", figures.trend),
        week(
            "week",
            "A usual week",
            f"Mean visitors of each hour over {usual.days} days, hours that nobody observed left out. "
            + meaning("visits"),
            "visitors per hour",
            usual.values,
        ),
        bars(
            "stays",
            "How long they stay",
            "Visitors by the length of their visit, where it is known; bounces left out. " + meaning("timed_visits"),
            "Stay",
            "visitors",
            list(figures.stays),
            {"Visitors": list(figures.stays.values())},
            lying=True,  # so that there is room for the name of each
        ),
    ]
    if figures.gates is not None:
        inward, outward = figures.gates
        made.append(
            side_by_side("lines", "In and out", [inward, outward], ["In", "Out"], "Over all lines of the site.")
        )
    if figures.wifi_trend is not None:
        made.append(
            side_by_side(
                "wifi",
                "WiFi beside cameras",
                [figures.trend, figures.wifi_trend],
                ["Cameras", "WiFi"],
                "People that cameras counted, and devices that WiFi heard inside.",
            )
        )
    return _named(*made)


def screen_charts(figures: ScreenFigures) -> Charts:
    """Who could see and who looked, attention against time in front, who they are, their mood, what they saw."""
    made = [
        side_by_side(
            "audience",
            "Who could see it, who looked",
            [figures.seen, figures.watched],
            [label("ots"), label("watchers")],
            meaning("ots", "watchers"),
        ),
        side_by_side(
            "attention",
            "Attention against time in front",
            [figures.dwell, figures.attention],
            [label("mean_dwell"), label("mean_attention")],
            meaning("mean_dwell", "mean_attention"),
            empty_is_gap=True,
        ),
        pyramid(
            "people",
            "Who watches",
            "Watchers by age group and gender, as far as the sensor tells both.",
            "watchers",
            [age.capitalize() for age in AGES],
            {
                "Men": [figures.watchers_of["male"][age] for age in AGES],
                "Women": [figures.watchers_of["female"][age] for age in AGES],
            },
        ),
    ]
    total = sum(figures.moods.values())
    if total:
        shares = [100 * figures.moods[mood] / total for mood in MOODS]
        text = "Share of the time for which watchers showed each mood, of the time for which the sensor told one."
        made.append(bars("mood", "Mood", text, "Mood", "%", list(MOODS.values()), {"Share": shares}, lying=True))
    if figures.contents:
        first = figures.contents[:_MOST_CONTENTS]
        made.append(
            bars(
                "contents",
                "Contents by impressions",
                meaning("impressions"),
                "Content",
                "impressions",
                [each.content.name if each.content else "unknown" for each in first],
                {"Impressions": [each.impressions for each in first]},
                lying=True,
            )
        )
    return _named(*made)


def street_charts(figures: StreetFigures) -> Charts:
    """Pedestrians and vehicles over time, vehicles by class, the impression multiplier by hour."""
    numbers = figures.numbers
    return _named(
        side_by_side(
            "passages",
            "Pedestrians and vehicles",
            [figures.pedestrians, figures.vehicles],
            [label("footfall_count"), label("vehicle_count")],
            meaning("footfall_count", "vehicle_count"),
        ),
        bars(
            "classes",
            "Vehicles by class",
            meaning("vehicle_count"),
            "Class",
            "vehicles",
            list(CLASSES.values()),
            {"Vehicles": [numbers[name].value for name in CLASSES]},
            lying=True,
        ),
        bars(
            "multiplier",
            "Impression multiplier by hour",
            meaning("im") + " Of several days the mean over those hours that were observed.",
            "Hour",
            "people at a time",
            [f"{hour:02d}" for hour in range(24)],
            {label(name): figures.hours[name] for name in MULTIPLIERS if name != "im"},
        ),
    )


def compared_trend(name: str, figures: Trend) -> Chart:
    """A metric over time beside what it is compared with."""
    metric = figures.metric
    series = {THIS: figures.values}
    if figures.before is not None:
        series[BEFORE] = figures.before
    return trend(
        name,
        f"{label(metric.name)} by {BUCKETS[figures.bucket]}",
        _noted(meaning(metric.name), figures),
        unit(metric),
        figures.bucket,
        figures.labels,
        series,
        whole=figures.whole,
    )


def side_by_side(  # noqa: PLR0913  # what it is called, and its series
    name: str,
    title: str,
    trends: Sequence[Trend],
    names: Sequence[str],
    text: str,
    *,
    empty_is_gap: bool = False,
) -> Chart:
    """Several metrics of the same buckets. `empty_is_gap`: a mean of nothing, which is 0, is not drawn."""
    first = trends[0]
    in_seconds = first.metric.unit == "ms"
    series = {
        each: _plain(one.values, 1000 if in_seconds else 1, empty_is_gap)
        for each, one in zip(names, trends, strict=True)
    }
    bucket = BUCKETS[first.bucket]
    return trend(
        name,
        f"{title}, by {bucket}",
        _noted(text, first),
        unit(first.metric),
        first.bucket,
        first.labels,
        series,
        whole=first.whole,
        dark=[value is None for value in first.values],
    )


def _noted(text: str, figures: Trend) -> str:
    """A meaning with what the marks of its chart stand for."""
    return f"{text} {GAPS}" if all(figures.whole) else f"{text} {GAPS} {PARTS}"


def _plain(values: Sequence[float | None], divisor: float, empty_is_gap: bool) -> list[float | None]:
    return [None if value is None or (empty_is_gap and not value) else value / divisor for value in values]


def _named(*charts: Chart) -> Charts:
    return {chart.name: chart for chart in charts}


__all__ = ["Charts", "overview_charts", "screen_charts", "site_charts", "street_charts"]
