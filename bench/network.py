"""The made-up network that everything is measured on: 1,000 sites in four time zones, and its catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

SITES = 1_000
TIME_ZONES = ("America/New_York", "Europe/Zurich", "Asia/Kathmandu", "Australia/Sydney")
YEAR_END = datetime(2026, 1, 1, tzinfo=UTC)

BRAND_ID = 1
ZONE_IDS = (11, 12)
LINE_ID = 1
CONTENT_ID = 1
# Every tenth site has a second sensor that only counts people at a side door.
SIDE_DOOR_EVERY = 10

INGEST_KEY = "psb_bench_key"
CLIENT_ID = "bench"
CLIENT_SECRET = "bench-secret"
GRANT = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "audience": "https://gql.analytiks.ai",
    "grant_type": "client_credentials",
}


def door_sensor(site_id: int) -> int:
    """The id of a site's door camera."""
    return 10_000 + site_id


def side_door_sensor(site_id: int) -> int:
    """The id of the counter at a site's side door."""
    return 20_000 + site_id


def time_zone(site_id: int) -> str:
    """The IANA zone of a site."""
    return TIME_ZONES[site_id % len(TIME_ZONES)]


def site_ids() -> range:
    """The ids of all sites."""
    return range(1, SITES + 1)


def side_door_sites() -> list[int]:
    """The sites that have a side door."""
    return [site for site in site_ids() if site % SIDE_DOOR_EVERY == 0]


def catalogue(settings: Mapping[str, object] | None = None) -> dict[str, object]:
    """The catalogue document, in the form of a catalogue file; `settings` of the account."""
    return {
        "account": {"id": 1, "name": "Bench"},
        "settings": dict(settings or {}),
        "credentials": [
            {"dialect": "native", "key": INGEST_KEY, "scopes": ["ingest", "read", "admin"]},
            {"dialect": "analytiks", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        ],
        "contents": [{"id": CONTENT_ID, "content_id": "spring", "name": "Spring", "duration_ms": 10_000}],
        "brands": [{"id": BRAND_ID, "name": "Bench stores", "sites": [_site(site) for site in site_ids()]}],
    }


def _site(site_id: int) -> dict[str, object]:
    sensors = [_door(site_id)]
    if site_id % SIDE_DOOR_EVERY == 0:
        sensors.append(_side_door(site_id))
    return {
        "id": site_id,
        "name": f"Store {site_id}",
        "reference": f"B{site_id:04d}",
        "timezone": time_zone(site_id),
        "opening_hours": {"open": "09:00", "close": "21:00"},
        "sensors": sensors,
    }


def _door(site_id: int) -> dict[str, object]:
    square = [[0, 0], [10, 0], [10, 10], [0, 10]]
    return {
        "id": door_sensor(site_id),
        "uid": f"door-{site_id}",
        "name": "Door",
        "lines": [
            {"id": LINE_ID, "uid": f"gate-{site_id}", "name": "Gate", "entrance": False, "points": [[0, 0], [9, 0]]}
        ],
        "zones": [
            {"id": zone, "uid": f"zone-{site_id}-{zone}", "name": f"Shelf {zone}", "polygon": square}
            for zone in ZONE_IDS
        ],
    }


def _side_door(site_id: int) -> dict[str, object]:
    return {
        "id": side_door_sensor(site_id),
        "uid": f"side-{site_id}",
        "name": "Side door",
        "lines": [
            {"id": LINE_ID, "uid": f"side-{site_id}-in", "name": "In", "entrance": True, "points": [[0, 0], [9, 0]]}
        ],
    }
