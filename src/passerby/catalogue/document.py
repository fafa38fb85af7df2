"""The catalogue file: one struct per mapping, as `docs/catalogue.md` describes it to people.

The structs say names, types, bounds and defaults; `shape.py` reads any value into them and `rules.py` holds what
a type cannot say. None as the default of a name or uid means: made from the id, or kept from the last apply.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from passerby.catalogue.model import Scope, Side

# JSON numbers are exact to 2**53 - 1 in every language that reads them as doubles.
MAX_ID = 2**53 - 1

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Secret = Annotated[str, Meta(min_length=1, max_length=1024)]
Point = tuple[float, float]
Vehicle = Literal["car", "bus", "truck", "van", "bike", "unknown"]


class Entry(msgspec.Struct, kw_only=True, frozen=True):
    """One mapping of the file."""


class LineEntry(Entry, kw_only=True, frozen=True):
    """A drawn line: `inside` is a side looking from its first point towards its last, y axis up."""

    id: Id
    uid: Name | None = None
    name: Name | None = None
    entrance: bool = False
    direction: Literal["in", "out"] = "in"
    inside: Side = "left"
    points: list[Point]


class ZoneEntry(Entry, kw_only=True, frozen=True):
    """A drawn area."""

    id: Id
    uid: Name | None = None
    name: Name | None = None
    min_dwell_s: Annotated[float, Meta(ge=0, le=86_400)] = 3.0
    queue: bool = False
    polygon: list[Point]


class MerakiEntry(Entry, kw_only=True, frozen=True):
    """Cisco Meraki Scanning API: the validator that the dashboard shows, the secret that it was given."""

    validator: Secret | None = None
    secret: Secret | None = None


class ProducersEntry(Entry, kw_only=True, frozen=True):
    """What producers that push with this key prove themselves with. Left out: kept; null: taken away."""

    meraki: MerakiEntry | UnsetType | None = UNSET


class SensorEntry(Entry, kw_only=True, frozen=True):
    """Something that observes. `key` left out keeps the key it has; null takes it away."""

    id: Id
    uid: Name | None = None
    name: Name | None = None
    tags: list[Id] = []
    entry_point: bool = True
    active: bool = True
    expert: bool = True
    key: Secret | UnsetType | None = UNSET
    producers: ProducersEntry = ProducersEntry()
    lines: list[LineEntry] = []
    zones: list[ZoneEntry] = []


class OpeningHours(Entry, kw_only=True, frozen=True):
    """Local times `HH:MM`, the same every day; `close` up to 24:00, and before `open` when past midnight."""

    open: str
    close: str


class SiteEntry(Entry, kw_only=True, frozen=True):
    """A place with a time zone."""

    id: Id
    name: Name
    reference: Name | None = None
    timezone: str
    opening_hours: OpeningHours | None = None
    settings: dict[str, object] = {}
    tags: list[Id] = []
    vehicle_factors: dict[Vehicle, Annotated[float, Meta(ge=0, le=1000)]] = {}
    sensors: list[SensorEntry] = []


class TagEntry(Entry, kw_only=True, frozen=True):
    """A label that sites, or sensors, of the brand may carry."""

    id: Id
    label: Name
    of: Literal["sites", "sensors"]


class BrandEntry(Entry, kw_only=True, frozen=True):
    """A group of sites."""

    id: Id
    name: Name
    tags: list[TagEntry] = []
    sites: list[SiteEntry] = []


class ContentEntry(Entry, kw_only=True, frozen=True):
    """Something that screens play."""

    id: Id
    content_id: Name
    app_id: Name | None = None
    campaign_id: Name | None = None
    name: Name | None = None
    duration_ms: Annotated[int, Meta(ge=0, le=MAX_ID)] | None = None


class AccountEntry(Entry, kw_only=True, frozen=True):
    """Who owns everything else in the file."""

    id: Id
    name: Name


class CredentialEntry(Entry, kw_only=True, frozen=True, tag_field="dialect"):
    """What every credential has: `brands` and `sites` narrow what it may see; left out, it sees all.

    A secret left out keeps the one held, so that the output of `catalogue show` can be applied.
    """

    brands: list[Id] | None = None
    sites: list[Id] | None = None


class NativeEntry(CredentialEntry, kw_only=True, frozen=True, tag="native"):
    """A bearer key of the native API."""

    name: Name | None = None
    key: Secret | None = None
    producers: ProducersEntry = ProducersEntry()
    scopes: list[Scope] = msgspec.field(default_factory=lambda: ["ingest", "read"])


class AnalytiksEntry(CredentialEntry, kw_only=True, frozen=True, tag="analytiks"):
    """A client of the Analytiks token endpoint."""

    client_id: Name
    client_secret: Secret | None = None


class CamlyticsEntry(CredentialEntry, kw_only=True, frozen=True, tag="camlytics"):
    """A public key, and the secret that signs requests."""

    key: Name
    secret: Secret | None = None


class QuividiEntry(CredentialEntry, kw_only=True, frozen=True, tag="quividi"):
    """A user name and its token."""

    username: Name
    token: Secret | None = None


class SeemetrixEntry(CredentialEntry, kw_only=True, frozen=True, tag="seemetrix"):
    """A user key; the user id is the account's."""

    name: Name | None = None
    user_key: Secret | None = None


class WebhookEntry(Entry, kw_only=True, frozen=True):
    """Where events, or the occupancy or queue of a place, are posted: exactly one of `site`, `sensor`, `zone`.

    `id` left out is made from the rest. `secret` left out keeps the one held, null takes it away: then messages are
    not signed. Occupancy and queue are sent when they change, at most every `every_s` seconds.
    """

    id: Id | None = None
    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    what: Literal["events", "occupancy", "queue"] = "events"
    site: Id | None = None
    sensor: Id | Name | None = None
    zone: Name | None = None
    every_s: Annotated[float, Meta(ge=1, le=86_400)] = 5.0
    secret: Secret | UnsetType | None = UNSET


class FeedEntry(Entry, kw_only=True, frozen=True):
    """A saved report, published under `id`, which is its secret: whoever knows it may read the report.

    `id` left out keeps the one held under `name`, or makes a new one. Exactly one of `brand` ... `line`.
    """

    id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] | None = None
    name: Name
    type: Literal["number", "series", "distribution"]
    metric: Name
    brand: Id | None = None
    site: Id | None = None
    sensor: Id | Name | None = None
    zone: Name | None = None
    line: Name | None = None
    period: Literal["today", "yesterday", "7d", "30d", "month"] = "today"
    bucket: Literal["15m", "30m", "1h", "1d", "1w", "1M"] = "1h"
    by: Literal["hour", "weekday"] = "hour"
    compare: bool = False


AnyCredentialEntry = NativeEntry | AnalytiksEntry | CamlyticsEntry | QuividiEntry | SeemetrixEntry


class CatalogueFile(Entry, kw_only=True, frozen=True):
    """The whole file: one account and what it owns."""

    account: AccountEntry
    settings: dict[str, object] = {}
    credentials: list[AnyCredentialEntry] = []
    contents: list[ContentEntry] = []
    brands: list[BrandEntry] = []
    webhooks: list[WebhookEntry] = []
    feeds: list[FeedEntry] = []
