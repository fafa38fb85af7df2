"""`GET /v1/metrics`: series of metrics; `GET /v1/metrics/names`: which there are."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from passerby.api.native import native_router
from passerby.api.streaming import streamed
from passerby.catalogue.model import Credential
from passerby.metrics.documents import MEDIA_TYPES, Format, pieces
from passerby.metrics.question import Fill, question, subjects
from passerby.metrics.registry import METRICS, Combine, Level, Unit
from passerby.metrics.series import answer
from passerby.services import Services

PATH = "/v1/metrics"
Bucket = Literal["5m", "10m", "15m", "30m", "1h", "1d", "1w", "1M", "1y"]
_TIME = "RFC 3339 with an offset; or a local time without one, together with `timezone`."
_PLACES = "Without any place: every site that the key may see."


class MetricDescription(msgspec.Struct, frozen=True):
    """What a metric is."""

    name: str
    unit: Unit
    description: str
    formula: str
    levels: tuple[Level, ...]
    combine: Combine


@get("/names", summary="The metrics that there are, with unit and meaning")
async def names() -> list[MetricDescription]:
    """`levels`: the kinds of place a metric exists for. `combine`: how several buckets or places become one.

    A `ratio` is computed again from its parts.
    """
    return [
        MetricDescription(each.name, each.unit, each.description, each.formula, each.levels, each.combine)
        for each in METRICS.values()
    ]


@get("/", summary="Series of metrics, by place and time bucket")
async def metrics(  # noqa: PLR0913, PLR0917  # one parameter a query parameter, as Litestar wants
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    metric: Annotated[list[str], QueryParameter(description="Names; `/v1/metrics/names` lists them.")],
    start: Annotated[str, QueryParameter(description=f"Facts that start at or after this time count. {_TIME}")],
    end: Annotated[str, QueryParameter(description=f"Facts that start before this time count. {_TIME}")],
    bucket: Annotated[Bucket, QueryParameter(description="How long one bucket is; weeks start on Monday.")],
    brand: Annotated[list[str] | None, QueryParameter(description=f"Ids. {_PLACES}")] = None,
    site: Annotated[list[str] | None, QueryParameter(description=f"Ids. {_PLACES}")] = None,
    sensor: Annotated[list[str] | None, QueryParameter(description=f"Ids or uids. {_PLACES}")] = None,
    zone: Annotated[list[str] | None, QueryParameter(description=f"Uids, or sensor/id. {_PLACES}")] = None,
    line: Annotated[list[str] | None, QueryParameter(description=f"Uids, or sensor/id. {_PLACES}")] = None,
    content: Annotated[
        list[str] | None,
        QueryParameter(
            description="Ids or content_ids: each brand, site or sensor asked for with each content; without those, "
            "everything that the key may see together."
        ),
    ] = None,
    timezone: Annotated[
        str | None, QueryParameter(description="An IANA name, or `site`: each site's own. Default UTC.")
    ] = None,
    fill: Annotated[
        Fill,
        QueryParameter(
            description="none: only points other than 0; zero: all; null: 0 where observed, null where not."
        ),
    ] = "none",
    role: Annotated[
        str | None, QueryParameter(description="any: staff too; a role: only those who have it. Default: no staff.")
    ] = None,
    format: Annotated[Format, QueryParameter(description="How to write them.")] = "json",  # noqa: A002  # its name in the query
) -> Stream:
    """One series for each place and metric that exists for it, in the order asked; those without points are empty.

    Buckets are whole on the wall clock of `timezone`; of a first or last bucket that reaches beyond [start, end)
    only what lies inside counts. A point is `[label, value]`; the label is the bucket's start, with its UTC offset
    (`Z` for UTC). In `timezone=site`, a brand with sites in several zones gets labels without offset: buckets of
    the same local time are added up, of peaks the largest is taken.
    """
    catalogue = services.catalogue.current()
    places = subjects(
        catalogue,
        credential,
        {
            "brand": brand or (),
            "site": site or (),
            "sensor": sensor or (),
            "zone": zone or (),
            "line": line or (),
            "content": content or (),
        },
    )
    asked = question(metric, places, (start, end), bucket, timezone=timezone, fill=fill, role=role)

    series = await asyncio.to_thread(answer, services.store, catalogue, asked)
    return await streamed(pieces(asked, series, format), MEDIA_TYPES[format], {})


_SERIES: dict[str, Any] = {
    "type": "object",
    "required": ["bucket", "timezone", "series"],
    "properties": {
        "bucket": {"type": "string"},
        "timezone": {"type": "string"},
        "series": {
            "type": "array",
            "items": {
                "type": "object",
                "description": "Beside `metric` and `points` the place: brand, site, sensor, zone, line, content.",
                "required": ["metric", "points"],
                "properties": {
                    "metric": {"type": "string"},
                    "points": {
                        "type": "array",
                        "items": {
                            "type": "array",
                            "prefixItems": [{"type": "string"}, {"type": ["number", "null"]}],
                            "minItems": 2,
                            "maxItems": 2,
                        },
                    },
                },
            },
        },
    },
}
ANSWER: dict[str, Any] = {
    "description": "The series. Tables have the columns level, place, metric, bucket and value, a row per point; "
    "where contents are asked for also content.",
    "content": {
        media_type.partition(";")[0]: {"schema": _SERIES} if form == "json" else {}
        for form, media_type in MEDIA_TYPES.items()
    },
}

router = native_router(PATH, [metrics, names], tags=["Metrics"])
