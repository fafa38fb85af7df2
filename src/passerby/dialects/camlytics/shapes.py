"""Catalogue, events, totals and histograms as the document's objects, in its order of fields."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa
import xxhash

from passerby import __version__
from passerby.calendar import zone
from passerby.catalogue.model import Catalogue, Sensor, Site, Zone
from passerby.dialects.camlytics import events
from passerby.dialects.camlytics.events import Document, Names
from passerby.dialects.camlytics.places import Trigger
from passerby.metrics.histograms import Histogram

_HEAD = b'{"msg":"success","result":['
_TAIL = b'],"code":0}'


def envelope(documents: Iterable[Document]) -> bytes:
    """A whole answer."""
    return b"".join(pieces([documents]))


def pieces(batches: Iterable[Iterable[Document]]) -> Iterator[bytes]:
    """An answer piece by piece, one for each batch that has anything in it."""
    written = False
    for batch in batches:
        body = orjson.dumps(list(batch))[1:-1]
        if body:
            yield (b"," if written else _HEAD) + body
            written = True
    yield _TAIL if written else _HEAD + _TAIL


def channel(sensor: Sensor) -> Document:
    """A sensor."""
    return {
        "name": sensor.name,
        "paid": 0,
        "active": int(sensor.active),
        "id": sensor.uid,
        "location_id": sensor.site_id,
    }


def location(site: Site, secret: bytes, now: datetime) -> Document:
    """A site; `secret` is the key of its hash."""
    return {
        "name": site.name,
        "id": site.id,
        "version": __version__,
        "timezone_offset": now.astimezone(zone(site.timezone)).isoformat()[-6:],
        "hash": base64.b64encode(hmac.digest(secret, str(site.id).encode(), "sha512")).decode(),
    }


def trigger(sensor: Sensor, part: Trigger) -> Document:
    """A line or zone."""
    return {
        "name": part.name,
        "active": int(sensor.active),
        "id": part.uid,
        "type": "Zone" if isinstance(part, Zone) else "Line",
        "channel_id": sensor.uid,
        "location_id": sensor.site_id,
    }


def totals_by_trigger(found: pa.Table, catalogue: Catalogue) -> list[Document]:
    """Counts by trigger, in the order of locations, channels and triggers; events without a trigger first."""
    names = Names(catalogue)
    rows = []
    for row in _ordered(found, catalogue, "part_id"):
        sensor = catalogue.sensors[row["sensor_id"]]
        part = sensor.lines.get(row["part_id"]) or sensor.zones.get(row["part_id"])
        document: Document = {
            "trigger_name": part.name if part else "",
            "trigger_id": names.trigger(sensor.id, row["part_id"]),
            "count": row["events"],
            "channel_id": sensor.uid,
            "location_id": sensor.site_id,
        }
        rows.append(document)
    return rows


def totals_by_type(found: pa.Table, catalogue: Catalogue) -> list[Document]:
    """Counts by type, in the order of locations, channels and types."""
    return [
        {"count": row["events"], "type": row["event_type"], "channel_id": catalogue.sensors[row["sensor_id"]].uid}
        for row in _ordered(found, catalogue, "event_type")
    ]


def histogram(one: Histogram, sensor: Sensor, part: Zone) -> Document:
    """One hour of one zone."""
    return {
        "trigger_id": part.uid,
        "id": histogram_id(sensor.id, part.id, one.hour_ms),
        "channel_id": sensor.uid,
        "counting_data": [ms // 1000 if ms % 1000 == 0 else ms / 1000 for ms in one.counting_ms],
        "lifetime_data": one.lifetime(),
        "location_id": sensor.site_id,
        "histogram_time": events.event_time(one.hour_ms).replace(".000", ""),
    }


def histogram_id(sensor_id: int, zone_id: int, hour_ms: int) -> int:
    """An integer that stays with a zone's hour: 53 bits of a hash, so that every program can hold it."""
    return xxhash.xxh3_64_intdigest(f"{sensor_id}/{zone_id}/{hour_ms}".encode()) >> 11


def _ordered(found: pa.Table, catalogue: Catalogue, by: str) -> list[dict[str, Any]]:
    def place(row: dict[str, Any]) -> tuple[object, ...]:
        sensor_id = row["sensor_id"]
        return (catalogue.sensors[sensor_id].site_id, sensor_id, row[by] is not None, row[by])

    rows: list[dict[str, Any]] = found.to_pylist()
    return sorted(rows, key=place)
