"""What the types of `document.py` cannot say about a single entry: zones of the earth, hours, drawings, settings.

Each rule takes an entry and its path and yields problems. Fields that could not be read are None and were reported.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from itertools import pairwise
from urllib.parse import urlsplit

from passerby.catalogue.document import (
    FeedEntry,
    LineEntry,
    OpeningHours,
    Point,
    SiteEntry,
    WebhookEntry,
    ZoneEntry,
)
from passerby.catalogue.shape import suggest
from passerby.catalogue.targets import LEVELS
from passerby.errors import InvalidInputError, Problem
from passerby.metrics.registry import METRICS
from passerby.settings import Level, check_settings
from passerby.webhooks.addresses import is_public

# Far beyond any drawing, near enough that products of coordinates stay exact enough to tell sides apart.
MAX_COORDINATE = 1e9
MAX_POINTS = 1000
# What a feed of type `number` may show beside the metrics: the state of this moment.
LIVE_METRICS = ("occupancy", "queue")

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def check_site(site: SiteEntry, path: str) -> Iterator[Problem]:
    """The zone name, the hours and the settings of a site."""
    if site.timezone is not None and site.timezone not in zone_names():
        hint = suggest(site.timezone, zone_names())
        yield Problem(f"{path}.timezone", f"no such IANA time zone: {site.timezone}{hint}")
    if site.opening_hours is not None:
        yield from check_hours(site.opening_hours, f"{path}.opening_hours")
    yield from check_values(site.settings, "site", f"{path}.settings")


def check_hours(hours: OpeningHours, path: str) -> Iterator[Problem]:
    """`close` may be 24:00, and earlier than `open` where a place closes after midnight."""
    if hours.open is not None and not _CLOCK.fullmatch(hours.open):
        yield Problem(f"{path}.open", 'expected a local time such as "08:00"')
    if hours.close is not None and not (_CLOCK.fullmatch(hours.close) or hours.close == "24:00"):
        yield Problem(f"{path}.close", 'expected a local time such as "22:00", at most "24:00"')
    if hours.open is not None and hours.open == hours.close:
        yield Problem(path, "open and close are the same; for a place that never closes leave opening_hours out")


def check_values(values: Mapping[str, object], level: Level, path: str) -> Iterator[Problem]:
    """Settings, each by its own rule."""
    try:
        check_settings(values, level, path)
    except InvalidInputError as error:
        yield from error.problems


def check_line(line: LineEntry, path: str) -> Iterator[Problem]:
    """Two points or more, none where the one before it is."""
    points = line.points or []
    yield from _check_points(points, f"{path}.points")
    if line.points is not None and len(points) < 2:
        yield Problem(f"{path}.points", f"a line needs at least two points, this one has {len(points)}")
    for index, (before, point) in enumerate(pairwise(points), start=1):
        if before == point:
            yield Problem(f"{path}.points[{index}]", f"the same as points[{index - 1}]; leave one out")


def check_zone(zone: ZoneEntry, path: str) -> Iterator[Problem]:
    """Three corners or more, not all on one straight line."""
    if zone.polygon is None:
        return
    yield from _check_points(zone.polygon, f"{path}.polygon")
    corners = open_ring(zone.polygon)
    for index, (before, point) in enumerate(pairwise(corners), start=1):
        if before == point:
            yield Problem(f"{path}.polygon[{index}]", f"the same as polygon[{index - 1}]; leave one out")
    if len(set(corners)) < 3:
        yield Problem(f"{path}.polygon", f"a zone needs at least three corners, this one has {len(set(corners))}")
    elif _on_one_line(corners):
        yield Problem(f"{path}.polygon", "all corners lie on one straight line, so nothing is inside")


def open_ring(polygon: list[Point]) -> list[Point]:
    """The corners once each: a first corner that is repeated at the end closes the ring and is dropped."""
    return polygon[:-1] if len(polygon) > 1 and polygon[0] == polygon[-1] else polygon


def check_webhook(webhook: WebhookEntry, path: str, *, allow_private: bool) -> Iterator[Problem]:
    """An address that can be posted to, without a password in it; a place that what is sent exists for."""
    if webhook.url is not None and (wrong := _wrong_address(webhook.url)):
        yield Problem(f"{path}.url", wrong)
    elif webhook.url is not None and not allow_private and _is_private(webhook.url):
        yield Problem(f"{path}.url", "the address is not public; settings: {allow_private_webhooks: true} allows it")
    if webhook.what in ("occupancy", "queue") and webhook.sensor is not None:
        yield Problem(f"{path}.sensor", f"{webhook.what} is of a site or a zone, not of a sensor")


def check_signing_secret(secret: str, path: str) -> Iterator[Problem]:
    """Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes."""
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except ValueError:
        size = 0
    if not secret.startswith("whsec_") or not 24 <= size <= 64:
        yield Problem(path, "expected whsec_ followed by base64 of 24 to 64 random bytes")


def _is_private(url: str) -> bool:
    """Whether no message can ever be sent there: names are looked up, and refused, when one is."""
    try:
        return not is_public(ipaddress.ip_address((urlsplit(url).hostname or "").partition("%")[0]))
    except ValueError:
        return False


def _wrong_address(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not a valid address"
    if parts.scheme not in ("http", "https") or not host:
        return "expected http:// or https:// and a host"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password; use a secret, or a token in the path"
    if parts.fragment or not url.isascii() or " " in url:
        return "expected an address in ASCII without blanks and without a part after #"
    return None


def check_feed(feed: FeedEntry, path: str) -> Iterator[Problem]:
    """A metric that exists, for such a place and such a report; as many buckets as a chart can show."""
    level = next((level for level in LEVELS if getattr(feed, level) is not None), None)
    if feed.metric in LIVE_METRICS:
        if feed.type not in (None, "number"):
            yield Problem(f"{path}.metric", f"{feed.metric} is a real-time number; use type: number")
        if level not in (None, "site", "zone"):
            yield Problem(f"{path}.{level}", f"{feed.metric} is of a site or a zone")
    elif feed.metric is not None and feed.metric not in METRICS:
        hint = suggest(feed.metric, [*METRICS, *LIVE_METRICS])
        yield Problem(f"{path}.metric", f"there is no such metric{hint}")
    elif feed.metric is not None and level is not None and level not in METRICS[feed.metric].levels:
        levels = " or ".join(METRICS[feed.metric].levels)
        yield Problem(f"{path}.{level}", f"{feed.metric} exists for a {levels}")
    if feed.metric in METRICS:
        yield from _check_report(feed, path)


def _check_report(feed: FeedEntry, path: str) -> Iterator[Problem]:
    """Reports that a metric cannot be in: hours that stand alone, shares that do not add up."""
    metric = METRICS[feed.metric]
    if metric.hourly and (feed.type, feed.bucket) != ("series", "1h"):
        yield Problem(f"{path}.metric", f"{metric.name} exists for one hour only: use type: series with bucket: 1h")
    elif metric.combine == "ratio" and feed.type == "distribution":
        yield Problem(f"{path}.metric", f"{metric.name} of several days is not a sum; use type: number or series")


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone of the pinned tzdata, whatever the machine has."""
    return frozenset((resources.files("tzdata") / "zones").read_text().split()) - {"Factory"}


def _check_points(points: list[Point], path: str) -> Iterator[Problem]:
    if len(points) > MAX_POINTS:
        yield Problem(path, f"more than {MAX_POINTS} points")
    for index, point in enumerate(points):
        if any(abs(coordinate) > MAX_COORDINATE for coordinate in point):
            yield Problem(f"{path}[{index}]", "a coordinate is larger than 1e9")


def _on_one_line(corners: list[Point]) -> bool:
    (x, y), *others = corners
    far_x, far_y = max(others, key=lambda corner: abs(corner[0] - x) + abs(corner[1] - y))
    return all((far_x - x) * (cy - y) == (far_y - y) * (cx - x) for cx, cy in others)
