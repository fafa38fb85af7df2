"""`presenceAnalytics`: the visits of a location by weekday."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import strawberry
from graphql import GraphQLError
from strawberry import Info

from passerby.api.graphql.context import Context
from passerby.api.graphql.fields import resolved
from passerby.calendar import calendar, to_utc
from passerby.catalogue.model import Site
from passerby.dialects.analytiks.shapes import half_up
from passerby.metrics.compute import compute
from passerby.metrics.places import Place

MAX_DAYS = 366
# English whatever the locale of the server: programs compare with these words.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@strawberry.type(name="GQLTextPairInt")
class TextPairInt:
    """A label and its number."""

    key: str
    value: int


@strawberry.type
class AggregatedPresenceMetricList:
    """Numbers by label, and what counted them."""

    data_points: list[TextPairInt]
    source: str


@strawberry.type
class PresenceAnalytics:
    """The visits of a location from one local date to another, both included."""

    site: strawberry.Private[Site]
    first: strawberry.Private[date]
    last: strawberry.Private[date]

    @resolved
    def visits_by_day(self, info: Info[Context, None]) -> AggregatedPresenceMetricList:
        """Visits, bounces excluded, by English weekday name, in the order of the days; several weeks add up."""
        context, zone = info.context, self.site.timezone
        context.budget.question((self.last - self.first).days + 1)
        start_ms = to_utc(datetime.combine(self.first, time()), zone)
        end_ms = to_utc(datetime.combine(self.last + timedelta(days=1), time()), zone)
        days = calendar("1d", zone, start_ms, end_ms)
        place = Place("site", self.site.id, 0)
        computed = compute(context.services.store, context.catalogue, ["visits"], [place], [days])
        by_weekday = {WEEKDAYS[date.fromisoformat(label[:10]).weekday()]: 0.0 for label in days.labels}
        for bucket, value in zip(computed.bucket.tolist(), computed.value.tolist(), strict=True):
            by_weekday[WEEKDAYS[date.fromisoformat(days.labels[bucket][:10]).weekday()]] += value
        counts = half_up(np.array(list(by_weekday.values()))).tolist()
        points = [TextPairInt(key=key, value=count) for key, count in zip(by_weekday, counts, strict=True)]
        return AggregatedPresenceMetricList(data_points=points, source="camera")


def presence(site: Site, first_text: str, last_text: str) -> PresenceAnalytics:
    """The presence analytics of a site between two dates `yyyy-MM-dd`; raises GraphQLError."""
    first, last = _date(first_text, "from"), _date(last_text, "to")
    if last < first:
        raise GraphQLError("to: lies before from")
    if (last - first).days >= MAX_DAYS:
        raise GraphQLError(f"to: at most {MAX_DAYS} days can be asked for at once")
    return PresenceAnalytics(site=site, first=first, last=last)


def _date(text: str, argument: str) -> date:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise GraphQLError(f"{argument}: expected a date such as 2023-06-08") from None
    if not 1970 <= found.year < 2199:
        raise GraphQLError(f"{argument}: expected a year from 1970 to 2198")
    return found
