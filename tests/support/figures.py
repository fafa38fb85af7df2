"""Observations of every kind that a page shows, over some days before an instant, of `networks.network()`."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

from tests.support.networks import KEY

BRAND, SITE, SENSOR = 1234, 1, 3024
_DATA = re.compile(r'<data value="([^"]*)" data-metric="([^"]+)" data-place="([^"]+)">')


def days_of_observations(now_ms, days=30, seed=1):
    """A few of each kind on each of the days until now; on every ninth day nobody looked."""
    dice = random.Random(seed)
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    made = []
    for back in range(days):
        if back % 9 == 8:
            continue
        for sensor in (3024, 3026):
            for hour in range(24):
                at = now - timedelta(days=back, hours=hour, minutes=dice.randrange(60))
                made += list(_hour(dice, sensor, at, f"{back}-{sensor}-{hour}"))
            start = now - timedelta(days=back + 1)
            made.append({"kind": "uptime", "sensor": sensor, "start": _text(start), "duration_ms": 80_000_000})
    return made


def _hour(dice, sensor, at, name):
    """What is seen around an instant; some of it by chance not at all."""

    def one(kind, **fields):
        return {"kind": kind, "sensor": sensor, "id": f"{name}-{dice.randrange(10**9)}", **fields}

    start = _text(at)
    for _ in range(dice.randrange(3)):
        yield one("visit", start=start, duration_ms=dice.choice([2_000, 90_000, 600_000, 4_000_000]))
    if dice.random() < 0.5:
        yield one("crossing", line=dice.choice([1, 2]), at=start, direction=dice.choice(["in", "out"]))
        yield one("zone_visit", zone=11, start=start, duration_ms=dice.choice([1_000, 5_000, 70_000]))
        yield one(
            "passage", start=start, duration_ms=4_000, **{"class": dice.choice(["person", "person", "car", "bus"])}
        )
        yield one(
            "wifi_visit", start=start, duration_ms=300_000, device=f"d{dice.randrange(9)}", rssi=dice.choice([-60, -90])
        )
        yield one("play", content="spring", start=start, duration_ms=10_000)
        looked = dice.choice([0, 1_500, 4_000])
        yield one(
            "view",
            start=start,
            duration_ms=8_000,
            attention_ms=looked,
            gender=dice.choice(["male", "female", "unknown"]),
            age_group=dice.choice(["child", "young", "adult", "senior"]),
            mood={"happy": 700, "neutral": 200, "very_happy": 0, "unhappy": 100, "very_unhappy": 0},
            contents=[{"content": "spring", "start_ms": 0, "duration_ms": 6_000, "attention_ms": looked}],
        )


def _text(at):
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def post(http, observations):
    """Send them; they are visible once this returns."""
    for first in range(0, len(observations), 2000):
        answer = http.post(
            "/v1/observations?wait=visible",
            json=observations[first : first + 2000],
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == []


def shown(html):
    """Every number of a page: [(metric, level, key, value or None)]."""
    found = []
    for value, metric, place in _DATA.findall(html):
        level, key = place.split(" ")
        found.append((metric, level, key, float(value) if value else None))
    return found
