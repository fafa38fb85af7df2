"""The recording of WiFi probe requests from Brno, as rows of its files."""

from __future__ import annotations

import csv
from datetime import datetime
from zoneinfo import ZoneInfo

DAY = "sc6-61_2024-02-08_ver-99.csv"


def sightings(path, scope, sensor):
    """Its sightings in the form of `tests.support.sightings`, devices as addresses."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            at = datetime.fromisoformat(row["datetime"]).replace(tzinfo=ZoneInfo("Europe/Prague"))
            randomized = row["randomized"] == "1"
            yield (scope, sensor, None, row["src"], int(at.timestamp() * 1000), int(row["rssi"]), randomized)
