"""The GraphQL schema: the queries that programs written for Analytiks use, and the native `series`.

Names are those of the vendor's schema as far as its clients show it: an account's brands, their locations, and the
cameras there. What the credential may not see does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

import strawberry
import structlog
from graphql import GraphQLError
from strawberry import Info
from strawberry.types import ExecutionContext

from passerby.api.graphql import native
from passerby.api.graphql.context import Context
from passerby.api.graphql.fields import resolved
from passerby.api.graphql.filters import BrandWhere, Condition, LocationWhere, conditions
from passerby.api.graphql.native import Series, SeriesQuestion
from passerby.api.graphql.presence import PresenceAnalytics, presence
from passerby.catalogue.model import Brand as CatalogueBrand
from passerby.catalogue.model import Sensor, Site
from passerby.errors import PasserbyError

Asking = Info[Context, None]
T = TypeVar("T")

_log = structlog.get_logger("passerby.graphql")


@strawberry.type(description="A place that people visit.")
class Location:
    """A site."""

    site: strawberry.Private[Site]
    id: int = strawberry.field(description="The exports call it locationId.")
    name: str
    reference_id: str | None = strawberry.field(description="Your own number; the exports call it referenceNumber.")
    brand_id: int
    timezone: str = strawberry.field(description="IANA name of the time zone.")

    @classmethod
    def of(cls, site: Site) -> Location:
        """The location that a site is."""
        return cls(
            site=site,
            id=site.id,
            name=site.name,
            reference_id=site.reference,
            brand_id=site.brand_id,
            timezone=site.timezone,
        )

    @resolved
    def brand(self, info: Asking) -> Brand:
        """The brand that it belongs to."""
        info.context.budget.objects(1)
        return Brand.of(info.context.catalogue.brands[self.brand_id])

    @resolved
    def presence_analytics(self, from_: Annotated[str, strawberry.argument(name="from")], to: str) -> PresenceAnalytics:
        """Visits between two local dates yyyy-MM-dd, both included."""
        return presence(self.site, from_, to)


@strawberry.type(description="A group of locations.")
class Brand:
    """A brand."""

    id: int
    name: str
    has_alerts: bool = strawberry.field(description="Whether alerts are sent for it: Passerby sends none.")
    alerts_deviation_threshold: int | None = strawberry.field(
        description="From which deviation on an alert is sent, in percent; null without alerts."
    )

    @classmethod
    def of(cls, brand: CatalogueBrand) -> Brand:
        """The brand as the catalogue has it."""
        return cls(id=brand.id, name=brand.name, has_alerts=False, alerts_deviation_threshold=None)

    @resolved
    def locations(
        self, info: Asking, limit: int | None = None, offset: int | None = None, where: LocationWhere | None = None
    ) -> list[Location]:
        """Its locations that may be seen, by id."""
        of_brand = Condition("brand_id", frozenset([self.id]))
        return _locations(info, [of_brand, *conditions(where)], limit, offset)


@strawberry.type(description="Where a camera looks.")
class CameraZone:
    """The zone of a camera: its first drawn zone, if it has one, and the location in any case."""

    sensor: strawberry.Private[Sensor]
    id: str | None = strawberry.field(description="The uid of the first zone drawn for the camera; null when none is.")
    name: str | None

    @resolved
    def location(self, info: Asking) -> Location:
        """The location that the camera stands in."""
        info.context.budget.objects(1)
        return Location.of(info.context.catalogue.site_of(self.sensor))


@strawberry.type(description="A sensor.")
class Camera:
    """A sensor."""

    serial_number: str = strawberry.field(description="The uid of the sensor.")
    name: str
    zone: CameraZone

    @classmethod
    def of(cls, sensor: Sensor) -> Camera:
        """The camera that a sensor is."""
        first = next((zone for _, zone in sorted(sensor.zones.items())), None)
        zone = CameraZone(sensor=sensor, id=first.uid if first else None, name=first.name if first else None)
        return cls(serial_number=sensor.uid, name=sensor.name, zone=zone)


@strawberry.type
class Query:
    """What can be asked."""

    @resolved
    def location_list(
        self, info: Asking, limit: int | None = None, offset: int | None = None, where: LocationWhere | None = None
    ) -> list[Location]:
        """The locations that may be seen, by id."""
        return _locations(info, conditions(where), limit, offset)

    @resolved
    def location(self, info: Asking, id: int) -> Location | None:  # noqa: A002 - the argument's name in the schema
        """One location; null when there is none of that id that may be seen."""
        info.context.budget.objects(1)
        site = info.context.catalogue.sites.get(id)
        if site is None or not info.context.catalogue.may_see_site(info.context.credential, site):
            return None
        return Location.of(site)

    @resolved
    def brand_list(
        self, info: Asking, limit: int | None = None, offset: int | None = None, where: BrandWhere | None = None
    ) -> list[Brand]:
        """The brands that may be seen, by id."""
        brands = info.context.catalogue.visible_brands(info.context.credential)
        found = _chosen(info, [Brand.of(brand) for brand in brands], conditions(where))
        return list(_page(info, found, limit, offset))

    @resolved
    def camera_list(self, info: Asking, limit: int | None = None, offset: int | None = None) -> list[Camera]:
        """The sensors that may be seen, by location and id."""
        catalogue = info.context.catalogue
        sensors = [catalogue.sensors[number] for site in info.context.sites for number in sorted(site.sensor_ids)]
        info.context.budget.look_through(len(sensors))
        return [Camera.of(sensor) for sensor in _page(info, sensors, limit, offset)]

    @resolved
    def series(  # noqa: PLR0913, PLR0917 - one argument for each parameter of GET /v1/metrics
        self,
        info: Asking,
        metric: str,
        site: int,
        start: str,
        end: str,
        bucket: str,
        timezone: str | None = None,
        fill: str = "none",
    ) -> Series:
        """One metric of one site over time: the numbers of GET /v1/metrics, which says what the arguments may be."""
        return native.series(info.context, SeriesQuestion(metric, site, start, end, bucket, timezone, fill))


class Schema(strawberry.Schema):
    """The schema. Strawberry logs every error with its traceback; here only what nobody raised on purpose."""

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,  # noqa: ARG002 - part of the method that this overrides
    ) -> None:
        """Log the unexpected."""
        for error in errors:
            if error.original_error is not None and not isinstance(error.original_error, (PasserbyError, GraphQLError)):
                _log.error("graphql failed", path=error.path, exc_info=error.original_error)


schema = Schema(query=Query)


def _locations(info: Asking, wanted: Sequence[Condition], limit: int | None, offset: int | None) -> list[Location]:
    found = _chosen(info, [Location.of(site) for site in info.context.sites], wanted)
    return list(_page(info, found, limit, offset))


def _chosen(info: Asking, things: Sequence[T], wanted: Sequence[Condition]) -> Sequence[T]:
    info.context.budget.look_through(len(things))
    return [thing for thing in things if all(condition.holds(thing) for condition in wanted)]


def _page(info: Asking, found: Sequence[T], limit: int | None, offset: int | None) -> Sequence[T]:
    for name, value in (("limit", limit), ("offset", offset)):
        if value is not None and value < 0:
            raise GraphQLError(f"{name}: expected an integer >= 0")
    start = offset or 0
    page = found[start : None if limit is None else start + limit]
    info.context.budget.objects(len(page))
    return page
