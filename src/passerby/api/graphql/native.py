"""`series`: the numbers of `GET /v1/metrics` for one metric of one site."""

from __future__ import annotations

from dataclasses import dataclass

import strawberry

from passerby.api.graphql.context import Context
from passerby.calendar import SUB_DAY_MS
from passerby.metrics.question import instant_ms, question, subjects
from passerby.metrics.series import answer

_DAY_MS = 86_400_000
# The shortest that a bucket of each size lasts, near enough to know the price of a question before it is asked.
_LENGTH_MS = SUB_DAY_MS | {"1d": _DAY_MS, "1w": 7 * _DAY_MS, "1M": 28 * _DAY_MS, "1y": 365 * _DAY_MS}


@strawberry.type(description="One bucket of a series.")
class Point:
    """One bucket."""

    time: str = strawberry.field(description="Start of the bucket, RFC 3339 with the offset of the time zone.")
    value: float | None = strawberry.field(description="Null where nobody looked (fill: null).")


@strawberry.type(description="A metric of a site over time, as GET /v1/metrics gives it.")
class Series:
    """A series."""

    metric: str
    site: int
    bucket: str
    timezone: str
    points: list[Point]


@dataclass(frozen=True, slots=True)
class SeriesQuestion:
    """The arguments of `series`; names and meanings are those of GET /v1/metrics."""

    metric: str
    site: int
    start: str
    end: str
    bucket: str
    timezone: str | None
    fill: str


def series(context: Context, asked: SeriesQuestion) -> Series:
    """The series; raises InvalidInputError or NotFoundError, and GraphQLError when it costs too much."""
    places = subjects(context.catalogue, context.credential, {"site": [str(asked.site)]})
    checked = question(
        [asked.metric], places, (asked.start, asked.end), asked.bucket, timezone=asked.timezone, fill=asked.fill
    )
    length_ms = instant_ms(checked.end, "UTC") - instant_ms(checked.start, "UTC")
    context.budget.question(points=max(0, length_ms // _LENGTH_MS[checked.bucket]))
    points = [
        Point(time=label, value=value)
        for each in answer(context.services.store, context.catalogue, checked)
        for label, value in zip(each.labels, each.values, strict=True)
    ]
    return Series(metric=asked.metric, site=asked.site, bucket=checked.bucket, timezone=checked.timezone, points=points)
