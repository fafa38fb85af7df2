"""The catalogue as a document again: the file that would make it, and the part of it that a credential may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from passerby.catalogue.document import (
    AccountEntry,
    AnalytiksEntry,
    AnyCredentialEntry,
    BrandEntry,
    CamlyticsEntry,
    CatalogueFile,
    ContentEntry,
    Entry,
    FeedEntry,
    LineEntry,
    NativeEntry,
    OpeningHours,
    QuividiEntry,
    SeemetrixEntry,
    SensorEntry,
    SiteEntry,
    TagEntry,
    WebhookEntry,
    ZoneEntry,
)
from passerby.catalogue.model import (
    Brand,
    Catalogue,
    Content,
    Credential,
    Feed,
    Line,
    Sensor,
    Site,
    Target,
    Webhook,
    Zone,
)
from passerby.catalogue.shape import BAD_CHARACTER


class CatalogueView(Entry, kw_only=True, frozen=True):
    """What a credential may see, in the shape of the catalogue file. Never holds secrets or other credentials."""

    account: AccountEntry
    settings: dict[str, object]
    contents: list[ContentEntry]
    brands: list[BrandEntry]


def visible(catalogue: Catalogue, credential: Credential) -> CatalogueView:
    """What exists for `credential`: its brands, sites and sensors, and the account's contents."""
    account = catalogue.accounts[credential.account_id]
    return CatalogueView(
        account=AccountEntry(id=account.id, name=account.name),
        settings=dict(account.settings),
        contents=_contents(catalogue, account.id),
        brands=[
            brand_entry(
                catalogue,
                brand,
                lambda site: catalogue.may_see_site(credential, site),
                lambda sensor: catalogue.may_see_sensor(credential, sensor),
            )
            for brand in catalogue.visible_brands(credential)
        ],
    )


def file_document(catalogue: Catalogue, account_id: int) -> dict[str, object]:
    """The account as a catalogue file that changes nothing when it is applied; secrets are left out."""
    account = catalogue.accounts[account_id]
    credentials = [
        _credential(credential)
        for credential in catalogue.credentials.values()
        if credential.account_id == account_id and credential.sensor_id is None
    ]
    file = CatalogueFile(
        account=AccountEntry(id=account.id, name=account.name),
        settings=dict(account.settings),
        credentials=credentials,
        contents=[content for content in _contents(catalogue, account_id) if _can_be_written(content)],
        brands=[brand_entry(catalogue, brand) for brand in catalogue.brands.values() if brand.account_id == account_id],
        webhooks=[_webhook(one) for one in catalogue.webhooks.values() if one.account_id == account_id],
        feeds=[_feed(feed) for feed in catalogue.feeds.values() if feed.account_id == account_id],
    )
    document = _plain(msgspec.to_builtins(file))
    assert isinstance(document, dict)  # noqa: S101  # a struct becomes a mapping
    return document


def _everything(_: object) -> bool:
    return True


def brand_entry(
    catalogue: Catalogue,
    brand: Brand,
    sees_site: Callable[[Site], bool] = _everything,
    sees_sensor: Callable[[Sensor], bool] = _everything,
) -> BrandEntry:
    """A brand as a file has it, with those of its sites and sensors that are to be seen."""
    sites = (catalogue.sites[site_id] for site_id in brand.site_ids)
    return BrandEntry(
        id=brand.id,
        name=brand.name,
        tags=[TagEntry(id=tag.id, label=tag.label, of=tag.of) for tag in brand.tags],
        sites=[site_entry(catalogue, site, sees_sensor) for site in sites if sees_site(site)],
    )


def site_entry(catalogue: Catalogue, site: Site, sees_sensor: Callable[[Sensor], bool]) -> SiteEntry:
    """A site as a file has it, with those of its sensors that are to be seen."""
    hours = site.opening_hours
    sensors = (catalogue.sensors[sensor_id] for sensor_id in site.sensor_ids)
    return SiteEntry(
        id=site.id,
        name=site.name,
        reference=site.reference,
        timezone=site.timezone,
        opening_hours=OpeningHours(open=hours[0], close=hours[1]) if hours else None,
        settings=dict(site.settings),
        tags=list(site.tags),
        vehicle_factors=dict(site.vehicle_factors),  # type: ignore[arg-type]  # its keys were checked when applied
        sensors=[sensor_entry(sensor) for sensor in sensors if sees_sensor(sensor)],
    )


def sensor_entry(sensor: Sensor) -> SensorEntry:
    """A sensor with its lines and zones as a file has it."""
    return SensorEntry(
        id=sensor.id,
        uid=sensor.uid,
        name=sensor.name,
        tags=list(sensor.tags),
        entry_point=sensor.entry_point,
        active=sensor.active,
        expert=sensor.expert,
        lines=[_line(line) for line in sensor.lines.values()],
        zones=[_zone(zone) for zone in sensor.zones.values()],
    )


def _line(line: Line) -> LineEntry:
    return LineEntry(
        id=line.id,
        uid=line.uid,
        name=line.name,
        entrance=line.entrance,
        direction=line.direction,
        inside=line.inside,
        points=list(line.points),
    )


def _zone(zone: Zone) -> ZoneEntry:
    return ZoneEntry(
        id=zone.id,
        uid=zone.uid,
        name=zone.name,
        min_dwell_s=zone.min_dwell_s,
        queue=zone.queue,
        polygon=list(zone.polygon),
    )


def _contents(catalogue: Catalogue, account_id: int) -> list[ContentEntry]:
    return [content_entry(content) for content in catalogue.contents.values() if content.account_id == account_id]


def _can_be_written(content: ContentEntry) -> bool:
    """Whether a file may name it: observations may bring names that no file accepts; those stay without it."""
    told = (content.app_id, content.campaign_id)
    return not BAD_CHARACTER.search(content.content_id) and all(
        text is None or (text and not BAD_CHARACTER.search(text)) for text in told
    )


def content_entry(content: Content) -> ContentEntry:
    """A content as a file has it."""
    return ContentEntry(
        id=content.id,
        content_id=content.content_id,
        app_id=content.app_id,
        campaign_id=content.campaign_id,
        name=content.name,
        duration_ms=content.duration_ms,
    )


def _credential(credential: Credential) -> AnyCredentialEntry:
    brands = None if credential.brand_ids is None else sorted(credential.brand_ids)
    sites = None if credential.site_ids is None else sorted(credential.site_ids)
    match credential.dialect:
        case "native":
            return NativeEntry(name=credential.name, scopes=sorted(credential.scopes), brands=brands, sites=sites)
        case "analytiks":
            return AnalytiksEntry(client_id=credential.name, brands=brands, sites=sites)
        case "camlytics":
            return CamlyticsEntry(key=credential.name, brands=brands, sites=sites)
        case "quividi":
            return QuividiEntry(username=credential.name, brands=brands, sites=sites)
        case "seemetrix":
            return SeemetrixEntry(name=credential.name, brands=brands, sites=sites)


def _webhook(webhook: Webhook) -> WebhookEntry:
    # The secret stays unset: it is not shown, and a file that is silent about it keeps it.
    return WebhookEntry(
        id=webhook.id,
        url=webhook.url,
        what=webhook.what,
        every_s=webhook.every_s,
        **place(webhook.target),
    )


def _feed(feed: Feed) -> FeedEntry:
    # The id stays out: whoever knows it may read the report. `passerby feed list` shows it.
    return FeedEntry(
        name=feed.name,
        type=feed.type,
        metric=feed.metric,
        period=feed.period,
        bucket=feed.bucket,
        by=feed.by,
        compare=feed.compare,
        **place(feed.target),
    )


def place(target: Target) -> dict[str, Any]:
    """A place under the key that a file names it by."""
    key = target.key
    return {target.level: "/".join(map(str, key)) if isinstance(key, tuple) else key}


def _plain(value: object) -> object:
    """Without what says nothing (null, empty), tuples as lists, and 45.0 as 45."""
    if isinstance(value, dict):
        plain = {key: _plain(item) for key, item in value.items()}
        return {key: item for key, item in plain.items() if item is not None and item not in ([], {})}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
