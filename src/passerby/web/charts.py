"""Charts: data in columns, and a Vega-Lite specification that draws them in the browser and on the server alike.

    chart = trend("visits", "Visits", ...)
    chart.spec()      # what a page carries; charts.js draws it in the page's colours
    chart.table()     # the same numbers as an Arrow table: for CSV and Parquet files, and for the table below a chart
    chart.picture()   # a specification that is complete in itself (size, colours): for PNG, SVG and PDF

A chart's `name` is stable and unique on its page. Specifications are built with altair, without data, once for each
form of chart; the data is put into them. They need no `eval`: charts.js has expressions interpreted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from passerby.web.chart_words import Value, bars_words, short, trend_words, when

if TYPE_CHECKING:
    import altair as alt

Kind = Literal["time", "text", "number"]
Spec = dict[str, Any]
THIS, BEFORE = "This period", "Before"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DATA = "table"
_POINTS_SHOWN = 120
_TYPES = {"time": pa.string(), "text": pa.string(), "number": pa.float64()}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart's data. `title` is for people, with the unit; times are local, without offset."""

    name: str
    title: str
    kind: Kind = "number"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. `rows` hold a value for each of the columns; None: not observed."""

    name: str
    title: str
    meaning: str
    description: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Value, ...]]
    height: int
    _drawing: Callable[[], Spec]
    _drawn: Sequence[Mapping[str, Value]] = field(repr=False)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw: no value other than none."""
        numbers = [index for index, column in enumerate(self.columns) if column.kind == "number"]
        return not any(row[index] is not None for row in self.rows for index in numbers)

    def spec(self) -> Spec:
        """The specification with its data; colours and width are left to whoever draws it."""
        return {**self._drawing(), "description": self.description, "datasets": {_DATA: list(self._drawn)}}

    def picture(self, *, dark: bool = False, width: int = 720) -> Spec:
        """As `spec`, with a title, a size and colours of its own."""
        made = self.spec()
        autosize = {"type": "fit-x", "contains": "padding"}
        return {
            **made,
            "title": self.title,
            "width": width,
            "height": self.height,
            "autosize": autosize,
            "config": config(dark=dark),
        }

    def table(self) -> pa.Table:
        """The data under the names of the columns."""
        schema = pa.schema([pa.field(column.name, _TYPES[column.kind]) for column in self.columns])
        values = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        return pa.table([pa.array(each, kind.type) for each, kind in zip(values, schema, strict=True)], schema=schema)


def prepare() -> None:
    """Begin to load what specifications are built with, which takes a second, while something else is computed."""
    threading.Thread(target=_altair, name="altair", daemon=True).start()


def config(*, dark: bool = False) -> Spec:
    """Colours and lines of a picture that stands alone; in pages charts.js takes them from the style sheet."""
    ink, soft, grid, ground = (
        ("#e6ebf2", "#9ba8b8", "#28303b", "#161b23") if dark else ("#18212d", "#566273", "#e6e9ee", "#ffffff")
    )
    series = (
        ["#8da2ff", "#f0a45a", "#4fc3ad", "#e58bc8", "#93a0b2", "#d8b54a"]
        if dark
        else ["#3451d1", "#d9822b", "#1a8a78", "#b0408f", "#6b7688", "#8f6a00"]
    )
    ramp = ["#1b2440", "#a9b9ff"] if dark else ["#eef2fe", "#24398f"]
    soft_text = {"titleColor": soft, "labelColor": soft}
    return {
        "background": ground,
        "font": "Liberation Sans, DejaVu Sans, sans-serif",
        "padding": 12,
        "view": {"stroke": None},
        "range": {"category": series, "heatmap": ramp, "ramp": ramp},
        "mark": {"color": series[0]},
        "line": {"strokeWidth": 2},
        "bar": {"cornerRadiusEnd": 2},
        "rule": {"color": soft},
        "text": {"color": ink},
        "axis": {**soft_text, "gridColor": grid, "domainColor": grid, "tickColor": grid, "titleFontWeight": 500},
        "axisX": {"grid": False},
        "legend": {"labelColor": ink, "titleColor": soft, "orient": "top", "title": None, "symbolType": "circle"},
        "title": {"color": ink, "fontSize": 14, "anchor": "start", "offset": 12},
    }


# -- forms of charts


def trend(  # noqa: PLR0913, PLR0917  # what it is called, and its columns
    name: str,
    title: str,
    meaning: str,
    unit: str,
    bucket: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    whole: Sequence[bool] | None = None,
    dark: Sequence[bool] | None = None,
) -> Chart:
    """Series over local time; `labels` are the buckets' floors.

    `whole`: which buckets are complete (left out: all); the others are rings, which no line joins to those.
    `dark`: where nobody looked, which is shaded (left out: the gaps of the first series).
    """
    columns = (
        Column("time", "Time", "time"),
        *(Column(_column(each), f"{each} ({unit})" if unit else each) for each in series),
    )
    rows = [(label, *values) for label, *values in zip(labels, *series.values(), strict=True)]
    first = next(iter(series.values()), ())
    edges = [*labels[1:], _following(labels)] if labels else []
    whole = [True] * len(labels) if whole is None else whole
    dark = [value is None for value in first] if dark is None else dark
    drawn: list[Mapping[str, Value]] = [
        {"time": f"{label}Z", "when": when(label, bucket), "series": each, "value": value}
        if complete
        else {"time": f"{label}Z", "when": f"{when(label, bucket)}, in part", "series": each, "part": value}
        for each, values in series.items()
        for label, value, complete in zip(labels, values, whole, strict=True)
    ]
    drawn += [
        {"time": f"{label}Z", "end": f"{end}Z", "when": when(label, bucket), "dark": "not observed"}
        for label, end, unseen in zip(labels, edges, dark, strict=True)
        if unseen
    ]
    form = _Trend(
        unit,
        _time_format(bucket, labels),
        tuple(series),
        points=len(labels) <= _POINTS_SHOWN,
        shaded=any("dark" in row for row in drawn),
        rings=any(row.get("part") is not None for row in drawn),
        flat=_flat(drawn),
    )
    description = trend_words(title, unit, labels, series, bucket, whole)
    return Chart(name, title, meaning, description, columns, rows, 240, lambda: _trend(form), drawn)


def bars(  # noqa: PLR0913, PLR0917  # what it is called, and its columns
    name: str,
    title: str,
    meaning: str,
    category: str,
    unit: str,
    categories: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    lying: bool = False,
) -> Chart:
    """Bars for categories in the order given; with several series side by side. `lying`: from left to right."""
    columns = (
        Column(_column(category), category, "text"),
        *(Column(_column(each), f"{each} ({unit})" if unit else each) for each in series),
    )
    rows = [(each, *values) for each, *values in zip(categories, *series.values(), strict=True)]
    drawn = [
        {"category": each, "series": name_, "value": value}
        for name_, values in series.items()
        for each, value in zip(categories, values, strict=True)
    ]
    form = _Bars(category, unit, tuple(series), lying=lying, flat=_flat(drawn))
    height = max(100, 34 * len(categories) * min(len(series), 2)) if lying else 240
    return Chart(name, title, meaning, bars_words(title, unit, rows), columns, rows, height, lambda: _bars(form), drawn)


def week(name: str, title: str, meaning: str, unit: str, values: Mapping[tuple[int, int], float | None]) -> Chart:
    """A week as weekday by hour; `values` by (weekday from Monday = 0, hour)."""
    columns = (Column("weekday", "Weekday", "text"), Column("hour", "Hour", "text"), Column("value", unit))
    rows = [(WEEKDAYS[day], f"{hour:02d}:00", values.get((day, hour))) for day in range(7) for hour in range(24)]
    drawn = [
        {"weekday": day, "hour": hour, "value": value, "shown": "not observed" if value is None else short(value)}
        for day, hour, value in rows
    ]
    known = [(float(value), f"{day} {hour}") for day, hour, value in rows if value is not None]
    words = f"{title}. Most on {max(known)[1]}: {short(max(known)[0])} {unit}." if known else f"{title}. No data."
    return Chart(name, title, meaning, words, columns, rows, 240, lambda: _week(unit, flat=_flat(drawn)), drawn)


def pyramid(  # noqa: PLR0913, PLR0917  # what it is called, and its columns
    name: str, title: str, meaning: str, unit: str, groups: Sequence[str], sides: Mapping[str, Sequence[float]]
) -> Chart:
    """Two series back to back, one bar for each group, the first group lowest."""
    (left, lefts), (right, rights) = sides.items()
    columns = (Column("group", "Group", "text"), *(Column(_column(side), f"{side} ({unit})") for side in sides))
    rows = list(zip(groups, lefts, rights, strict=True))
    drawn: list[Mapping[str, Value]] = [
        {"group": group, "side": side, "value": sign * value, "shown": value}
        for side, values, sign in ((left, lefts, -1), (right, rights, 1))
        for group, value in zip(groups, values, strict=True)
    ]
    form = (unit, tuple(reversed(groups)), left, right)
    words = bars_words(title, unit, rows)
    return Chart(name, title, meaning, words, columns, rows, 40 * len(groups) + 40, lambda: _pyramid(*form), drawn)


# -- what the data says


def _flat(drawn: Sequence[Mapping[str, Value]]) -> bool:
    return not any(row.get("value") or row.get("part") for row in drawn)


def _column(title: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in title.lower())


def _following(labels: Sequence[str]) -> str:
    """Where a next bucket would begin."""
    if len(labels) < 2:
        return labels[0] if labels else ""
    last, before = (datetime.fromisoformat(label) for label in (labels[-1], labels[-2]))
    return (last + (last - before)).isoformat()


_DAYS = "%a %-d"


def _time_format(bucket: str, labels: Sequence[str]) -> str:
    if not labels or bucket in {"1M", "1y"}:
        return "%b %Y" if bucket != "1y" else "%Y"
    days = (datetime.fromisoformat(labels[-1]) - datetime.fromisoformat(labels[0])).days
    return "%H:%M" if days < 2 else _DAYS if days <= 14 else "%-d %b"


# -- specifications, without data


@cache
def _altair() -> Any:  # noqa: ANN401  # a module
    import altair as alt  # noqa: PLC0415  # it takes a second to load, which most starts of the server need not

    return alt


@dataclass(frozen=True, slots=True)
class _Trend:
    unit: str
    format: str
    series: tuple[str, ...]
    points: bool
    shaded: bool
    rings: bool
    flat: bool


@cache
def _trend(form: _Trend) -> Spec:
    alt = _altair()
    x = alt.X("time:T", scale=alt.Scale(type="utc"), axis=_time_axis(alt, form.format), title=None)
    y = alt.Y("value:Q", title=form.unit or None, scale=_from_zero(alt, form.flat), axis=_number_axis(alt))
    shade = (
        alt.Chart()
        .mark_rect(opacity=0.14, color="#888888")
        .encode(x=x, x2="end:T", tooltip=[alt.Tooltip("when:N", title="Time"), alt.Tooltip("dark:N", title=" ")])
        .transform_filter("isValid(datum.dark)")
    )
    several = len(form.series) > 1
    scale, legend = (
        alt.Scale(domain=list(form.series)),
        alt.Legend(title=None, symbolType="stroke", symbolSize=400) if several else None,
    )
    color = alt.Color("series:N", scale=scale, legend=legend)
    dashes = alt.Scale(domain=list(form.series), range=_dashes(form.series))
    dash = alt.StrokeDash("series:N", scale=dashes, legend=legend)
    tooltip = [
        alt.Tooltip("when:N", title="Time"),
        alt.Tooltip("series:N", title="Series"),
        alt.Tooltip("value:Q", title=form.unit or "Value", format=",.2~f"),
    ]
    lines = (
        alt.Chart()
        .mark_line(
            point={"size": 24, "filled": True} if form.points else False,
            interpolate="linear",
            invalid="break-paths-filter-domains",
        )
        .encode(x=x, y=y, color=color, strokeDash=dash, tooltip=tooltip)
        .transform_filter("isValid(datum.series)")
    )
    rings = (
        alt.Chart()
        .mark_point(filled=False, size=44, strokeWidth=1.8)
        .encode(
            x=x,
            y=alt.Y("part:Q", title=form.unit or None, scale=_from_zero(alt, form.flat), axis=_number_axis(alt)),
            color=color,
            tooltip=[*tooltip[:2], alt.Tooltip("part:Q", title=form.unit or "Value", format=",.2~f")],
        )
        .transform_filter("isValid(datum.part)")
    )
    # With sites far apart most of a day may be rings: a thin line of their own shows the way they go.
    faint = (
        alt.Chart()
        .mark_line(strokeWidth=1, opacity=0.5, interpolate="linear", invalid="break-paths-filter-domains")
        .encode(x=x, y=rings.encoding.y, color=color)
        .transform_filter("isValid(datum.series)")
    )
    layers = [*([shade] if form.shaded else []), lines, *([faint, rings] if form.rings else [])]
    return _spec(alt, alt.layer(*layers) if len(layers) > 1 else lines)


def _dashes(series: Sequence[str]) -> list[list[int]]:
    """The first is drawn through, so that one that lies under another is still seen."""
    return [[1, 0] if number == 0 else [5, 3] if number == 1 else [2, 2] for number in range(len(series))]


@dataclass(frozen=True, slots=True)
class _Bars:
    category: str
    unit: str
    series: tuple[str, ...]
    lying: bool
    flat: bool


@cache
def _bars(form: _Bars) -> Spec:
    alt = _altair()
    several = len(form.series) > 1
    tooltip = [
        alt.Tooltip("category:N", title=form.category),
        *([alt.Tooltip("series:N", title="Series")] if several else []),
        alt.Tooltip("value:Q", title=form.unit or "Value", format=",.2~f"),
    ]
    numbers = {"title": form.unit or None, "axis": _number_axis(alt), "scale": _from_zero(alt, form.flat)}
    chart = alt.Chart().mark_bar()
    if form.lying:
        names = alt.Y("category:N", sort=None, title=None, axis=alt.Axis(labelLimit=180, domain=False, ticks=False))
        chart = chart.encode(y=names, x=alt.X("value:Q", **numbers), tooltip=tooltip)
    else:
        axis = alt.Axis(labelAngle=0, labelOverlap=True, labelSeparation=6)
        names = alt.X("category:N", sort=None, title=None, axis=axis)
        chart = chart.encode(x=names, y=alt.Y("value:Q", **numbers), tooltip=tooltip)
    if several:
        color = alt.Color(
            "series:N", scale=alt.Scale(domain=list(form.series)), legend=alt.Legend(title=None), sort=None
        )
        within = list(form.series)
        offset = (
            {"yOffset": alt.YOffset("series:N", sort=within)}
            if form.lying
            else {"xOffset": alt.XOffset("series:N", sort=within)}
        )
        chart = chart.encode(color=color, **offset)
    return _spec(alt, chart)


@cache
def _week(unit: str, *, flat: bool) -> Spec:
    alt = _altair()
    hours = [f"{hour:02d}:00" for hour in range(24)]
    chart = (
        alt.Chart()
        .mark_rect(cornerRadius=2, stroke=None)
        .encode(
            x=alt.X(
                "hour:O",
                sort=hours,
                title=None,
                scale=alt.Scale(domain=hours, paddingInner=0.06),
                axis=alt.Axis(
                    labelAngle=0,
                    labelOverlap="parity",
                    labelSeparation=4,
                    labelExpr="slice(datum.label, 0, 2)",
                    domain=False,
                    ticks=False,
                ),
            ),
            y=alt.Y(
                "weekday:O",
                sort=list(WEEKDAYS),
                title=None,
                scale=alt.Scale(domain=list(WEEKDAYS), paddingInner=0.08),
                axis=alt.Axis(domain=False, ticks=False),
            ),
            color=alt.Color("value:Q", scale=_from_zero(alt, flat), legend=alt.Legend(title=unit, gradientLength=120)),
            tooltip=[
                alt.Tooltip("weekday:N", title="Weekday"),
                alt.Tooltip("hour:N", title="From"),
                alt.Tooltip("shown:N", title=unit),
            ],
        )
    )
    return _spec(alt, chart)


@cache
def _pyramid(unit: str, groups: tuple[str, ...], left: str, right: str) -> Spec:
    alt = _altair()
    chart = (
        alt.Chart()
        .mark_bar()
        .encode(
            y=alt.Y("group:N", sort=list(groups), title=None, axis=alt.Axis(domain=False, ticks=False)),
            x=alt.X(
                "value:Q",
                title=unit,
                axis=alt.Axis(labelExpr="format(abs(datum.value), ',')", tickCount=6),
            ),
            color=alt.Color("side:N", scale=alt.Scale(domain=[left, right]), legend=alt.Legend(title=None)),
            tooltip=[
                alt.Tooltip("group:N", title="Group"),
                alt.Tooltip("side:N", title="Gender"),
                alt.Tooltip("shown:Q", title=unit, format=","),
            ],
        )
    )
    return _spec(alt, chart)


def _time_axis(alt: Any, format_: str) -> Any:  # noqa: ANN401  # altair is loaded late
    # Where labels name days, a tick at noon would name its day once more.
    count = alt.TimeIntervalStep(interval="day", step=1) if format_ == _DAYS else 8
    return alt.Axis(format=format_, labelOverlap=True, tickCount=count, labelFlush=True)


def _from_zero(alt: Any, flat: bool) -> Any:  # noqa: ANN401  # altair is loaded late
    """A scale from 0. Where every value is 0 it has no length of its own."""
    return alt.Scale(domain=[0, 1]) if flat else alt.Scale(zero=True, nice=True)


def _number_axis(alt: Any) -> Any:  # noqa: ANN401  # altair is loaded late
    return alt.Axis(tickCount=5, minExtent=36)


def _spec(alt: Any, chart: alt.TopLevelMixin) -> Spec:  # noqa: ANN401  # altair is loaded late
    made: Spec = chart.properties(data=alt.NamedData(name=_DATA)).to_dict()
    made.pop("config", None)  # whoever draws has the colours
    return made
