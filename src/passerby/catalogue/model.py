"""The catalogue as the rest of the program sees it: an immutable snapshot with the look-ups that are needed.

`repository.py` reads it from the database and replaces it whole when anything changes, so a request works on
one consistent snapshot from beginning to end and look-ups are dictionary reads.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from passerby.settings import Settings, Value

DialectName = Literal["native", "analytiks", "camlytics", "quividi", "seemetrix"]
Scope = Literal["ingest", "read", "admin"]
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn line of a sensor; `id` is unique among the lines and zones of its sensor, `uid` everywhere."""

    id: int
    uid: str
    sensor_id: int
    name: str
    entrance: bool
    direction: Literal["in", "out"]
    points: tuple[tuple[float, float], ...]
    inside: Side


@dataclass(frozen=True, slots=True)
class Zone:
    """A drawn area of a sensor; `id` is unique among the lines and zones of its sensor, `uid` everywhere."""

    id: int
    uid: str
    sensor_id: int
    name: str
    min_dwell_s: float
    queue: bool
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Sensor:
    """Something that observes. `entry_point` false: it does not count for the site. `active` false: frozen.

    `created_ms`: when it became known here, UTC; `modified_ms`: when it or what is drawn for it was last changed.
    """

    id: int
    uid: str
    site_id: int
    name: str
    entry_point: bool
    active: bool
    expert: bool
    tags: tuple[int, ...]
    lines: Mapping[int, Line]
    zones: Mapping[int, Zone]
    # Notes about it, not what it is: two catalogues that say the same are equal.
    created_ms: int = field(default=0, compare=False)
    modified_ms: int = field(default=0, compare=False)

    def line(self, reference: int | str) -> Line | None:
        """The line of this sensor with that id or uid."""
        if isinstance(reference, int):
            return self.lines.get(reference)
        return next((line for line in self.lines.values() if line.uid == reference), None)

    def zone(self, reference: int | str) -> Zone | None:
        """The zone of this sensor with that id or uid."""
        if isinstance(reference, int):
            return self.zones.get(reference)
        return next((zone for zone in self.zones.values() if zone.uid == reference), None)


@dataclass(frozen=True, slots=True)
class Site:
    """A place with an IANA time zone. `opening_hours` is None for always open.

    Else it is (open, close) as local HH:MM, every day; close is at most 24:00, and earlier than open where the
    place closes after midnight.
    """

    id: int
    brand_id: int
    name: str
    reference: str | None
    timezone: str
    opening_hours: tuple[str, str] | None
    settings: Mapping[str, Value]
    tags: tuple[int, ...]
    vehicle_factors: Mapping[str, float]
    sensor_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """A label on sites or sensors of a brand."""

    id: int
    brand_id: int
    label: str
    of: Literal["sites", "sensors"]


@dataclass(frozen=True, slots=True)
class Brand:
    """A group of sites of an account."""

    id: int
    account_id: int
    name: str
    tags: tuple[Tag, ...]
    site_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """Something that screens play; `registered`: made known by an observation, not by a file."""

    id: int
    account_id: int
    content_id: str
    app_id: str | None
    campaign_id: str | None
    name: str
    duration_ms: int | None
    registered: bool = False

    def lacks(self, app_id: str | None, campaign_id: str | None) -> bool:
        """Whether an observation that tells these tells anything new: of what a file declares it never does."""
        return self.registered and (
            (self.app_id is None and app_id is not None) or (self.campaign_id is None and campaign_id is not None)
        )


@dataclass(frozen=True, slots=True)
class Account:
    """Who owns brands and credentials."""

    id: int
    name: str
    settings: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Credential:
    """What a key may do. `brand_ids`/`site_ids` None: not narrowed. Never holds a secret.

    `name` is the public half (client id, username, key id). `sensor_id` is set for a sensor's own ingest key,
    which may send that sensor's observations and nothing else.
    """

    id: int
    account_id: int
    dialect: DialectName
    name: str
    scopes: frozenset[Scope]
    brand_ids: frozenset[int] | None
    site_ids: frozenset[int] | None
    sensor_id: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The place that a webhook or feed is about. `key`: an id; of zones and lines (sensor id, its own id)."""

    level: Literal["brand", "site", "sensor", "zone", "line"]
    key: int | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where something is posted. Never holds the secret that signs it (`Repository.webhook_secret`)."""

    id: int
    account_id: int
    url: str = field(repr=False)  # addresses of receivers often hold a token
    what: Literal["events", "occupancy", "queue"]
    target: Target
    every_s: float
    signed: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """A saved report. Never holds the id that it is published under (`Repository.feed_ids`)."""

    account_id: int
    name: str
    type: Literal["number", "series", "distribution"]
    metric: str
    target: Target
    period: Literal["today", "yesterday", "7d", "30d", "month"]
    bucket: Literal["15m", "30m", "1h", "1d", "1w", "1M"]
    by: Literal["hour", "weekday"]
    compare: bool


@dataclass(frozen=True)
class Catalogue:
    """One consistent state of the catalogue."""

    version: int
    accounts: Mapping[int, Account] = field(default_factory=dict)
    brands: Mapping[int, Brand] = field(default_factory=dict)
    sites: Mapping[int, Site] = field(default_factory=dict)
    sensors: Mapping[int, Sensor] = field(default_factory=dict)
    contents: Mapping[int, Content] = field(default_factory=dict)
    credentials: Mapping[int, Credential] = field(default_factory=dict)
    webhooks: Mapping[int, Webhook] = field(default_factory=dict)
    feeds: Mapping[tuple[int, str], Feed] = field(default_factory=dict)
    global_settings: Mapping[str, Value] = field(default_factory=dict)
    _sensors_by_uid: dict[str, Sensor] = field(default_factory=dict, init=False, repr=False)
    _contents_by_text: dict[tuple[int, str], Content] = field(default_factory=dict, init=False, repr=False)
    _lines_by_uid: dict[str, Line] = field(default_factory=dict, init=False, repr=False)
    _zones_by_uid: dict[str, Zone] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for sensor in self.sensors.values():
            self._sensors_by_uid[sensor.uid] = sensor
            self._lines_by_uid.update({line.uid: line for line in sensor.lines.values()})
            self._zones_by_uid.update({zone.uid: zone for zone in sensor.zones.values()})
        for content in self.contents.values():
            self._contents_by_text[content.account_id, content.content_id] = content

    def sensor(self, reference: int | str) -> Sensor | None:
        """The sensor with that id or uid."""
        return self.sensors.get(reference) if isinstance(reference, int) else self._sensors_by_uid.get(reference)

    def site_of(self, sensor: Sensor) -> Site:
        """The site that a sensor stands in."""
        return self.sites[sensor.site_id]

    def account_id_of_site(self, site: Site) -> int:
        """The account that owns a site."""
        return self.brands[site.brand_id].account_id

    def line(self, reference: str) -> Line | None:
        """The line with that uid, or `sensor/id`."""
        return self._lines_by_uid.get(reference) or _part(self.sensors, reference, "lines")  # type: ignore[return-value]  # "lines" gives a Line

    def zone(self, reference: str) -> Zone | None:
        """The zone with that uid, or `sensor/id`."""
        return self._zones_by_uid.get(reference) or _part(self.sensors, reference, "zones")  # type: ignore[return-value]  # "zones" gives a Zone

    def content(self, account_id: int, reference: int | str) -> Content | None:
        """The account's content with that id or content_id."""
        if isinstance(reference, int):
            content = self.contents.get(reference)
            return content if content is not None and content.account_id == account_id else None
        return self._contents_by_text.get((account_id, reference))

    def with_content(self, content: Content, version: int) -> Catalogue:
        """This snapshot with one more content; everything else is shared, so it costs no pass over the sensors."""
        made = copy.copy(self)
        object.__setattr__(made, "version", version)
        object.__setattr__(made, "contents", {**self.contents, content.id: content})
        by_text = {**self._contents_by_text, (content.account_id, content.content_id): content}
        object.__setattr__(made, "_contents_by_text", by_text)
        return made

    def settings_of_account(self, account_id: int) -> Settings:
        """The settings in force for an account."""
        account = self.accounts.get(account_id)
        return Settings(self.global_settings, account.settings if account else {})

    def settings_of_site(self, site: Site) -> Settings:
        """The settings in force at a site."""
        return self.settings_of_account(self.account_id_of_site(site)).narrowed(site.settings)

    def may_see_site(self, credential: Credential, site: Site) -> bool:
        """Whether a site exists for a credential: brand and site limits both hold where both are given."""
        if self.account_id_of_site(site) != credential.account_id:
            return False
        if credential.brand_ids is not None and site.brand_id not in credential.brand_ids:
            return False
        if credential.site_ids is not None and site.id not in credential.site_ids:
            return False
        return credential.sensor_id is None or credential.sensor_id in site.sensor_ids

    def may_see_sensor(self, credential: Credential, sensor: Sensor) -> bool:
        """Whether a sensor exists for a credential."""
        if credential.sensor_id is not None and credential.sensor_id != sensor.id:
            return False
        return self.may_see_site(credential, self.site_of(sensor))

    def site_of_target(self, target: Target) -> Site | None:
        """The site of a place that is not a brand; None when the place does not exist (any more)."""
        if target.level == "site":
            return self.sites.get(cast("int", target.key))
        if target.level == "brand":
            return None
        sensor_id, part = target.key if isinstance(target.key, tuple) else (target.key, None)
        sensor = self.sensors.get(sensor_id)
        if sensor is None or (
            part is not None and part not in (sensor.zones if target.level == "zone" else sensor.lines)
        ):
            return None
        return self.site_of(sensor)

    def visible_sites(self, credential: Credential) -> list[Site]:
        """The sites that exist for a credential, by id."""
        return [site for _, site in sorted(self.sites.items()) if self.may_see_site(credential, site)]

    def visible_brands(self, credential: Credential) -> list[Brand]:
        """The brands of which a credential sees at least one site, or that it is not kept from, by id."""
        seen = {site.brand_id for site in self.visible_sites(credential)}
        return [brand for brand in _by_id(self.brands) if brand.id in seen or self.owns_brand(credential, brand)]

    def owns_brand(self, credential: Credential, brand: Brand) -> bool:
        """Whether a credential sees a whole brand, also the sites that it does not have yet."""
        if brand.account_id != credential.account_id or credential.site_ids is not None or credential.sensor_id:
            return False
        return credential.brand_ids is None or brand.id in credential.brand_ids


def _by_id(brands: Mapping[int, Brand]) -> Iterable[Brand]:
    return (brand for _, brand in sorted(brands.items()))


def _part(sensors: Mapping[int, Sensor], reference: str, what: str) -> Line | Zone | None:
    sensor_text, _, part_text = reference.partition("/")
    if not (_is_number(sensor_text) and _is_number(part_text)):
        return None
    sensor = sensors.get(int(sensor_text))
    parts: Mapping[int, Line | Zone] = getattr(sensor, what) if sensor else {}
    return parts.get(int(part_text))


def _is_number(text: str) -> bool:
    """Whether `text` can be an id; nobody's million digits are converted."""
    return len(text) <= 16 and text.isascii() and text.isdigit()
