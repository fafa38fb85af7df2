"""Camlytics: the webhook of the cloud product, an array of events, and that of the desktop product, one event.

An event is what the cloud's page shows, or the desktop product's object:

    [{"record_id": 1635343534, "event_type": "RegionJoin", "trigger_id": "...", "origin": "Pedestrian", "object_id": 6,
      "channel_id": "...", "event_time": "2000-01-23 04:56:07.000", ...}]
    {"channel_id": "...", "event_name": "Crossed line", "event_type": "TripwireCrossed", "event_origin": "Pedestrian",
     "event_time": "2020-09-24T00:59:41.6446594-03:00", "object_id": 6, "rule_id": "...", "rule_name": "Enter"}

A TripwireCrossed on a line of the catalogue becomes a crossing in the line's `direction`, everything else an event; of
RegionJoin and RegionLeave `ingest.stays` makes zone visits. A time without an offset is UTC in the cloud's form (with a
blank) and the site's local time in the desktop's (with a T). A trigger that the catalogue does not have is left out. An
event has no id that can be trusted, so the same content is the same event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from passerby.calendar import to_utc
from passerby.catalogue.model import Line, Sensor, Zone
from passerby.errors import InvalidInputError
from passerby.ingest.producers.base import Producer, Pushed, Sender

_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})([T ])(\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?", re.ASCII | re.IGNORECASE
)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_CLASSES = {"car": "car", "bus": "bus", "truck": "truck", "van": "van", "bike": "bike", "bicycle": "bike"}
_PERSONS = {"", "pedestrian", "face"}
# What the desktop product calls things.
_OTHER_NAMES = {"trigger_id": "rule_id", "origin": "event_origin"}
_NOBODY = -1
# Camera software: who saw it, where and when, and as what.
_WHOLE = frozenset(
    {"channel_id", "trigger_id", "rule_id", "event_type", "event_time", "event_origin", "origin", "suborigin"}
    | {"age_range", "gender", "object_id", "snapshot_id", "record_id"}
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Record = Mapping[str, Any]


class _BadRecordError(Exception):
    """A record that cannot be kept: "field: message"."""


def decode(body: bytes, sender: Sender) -> Pushed:
    """The events of a push. Raises InvalidInputError when it is not JSON."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"not JSON: {error}") from None
    pushed = Pushed()
    for index, record in enumerate(document if isinstance(document, list) else [document]):
        try:
            pushed.take(index, _fields(record, sender), record)
        except _BadRecordError as error:
            pushed.refuse(index, str(error), record)
    return pushed


def _fields(record: Any, sender: Sender) -> dict[str, object]:  # noqa: ANN401  # whatever JSON holds
    if not isinstance(record, dict):
        raise _BadRecordError("expected an object")
    sensor = _sensor(record, sender)
    type_ = _text(record, "event_type")
    if not type_:
        raise _BadRecordError("event_type: missing")
    at = _time(record.get("event_time"), sender.catalogue.site_of(sensor).timezone)
    told = _told(record)
    trigger = _trigger(record, sensor)
    if type_ == "TripwireCrossed" and isinstance(trigger, Line):
        crossing = {"line": trigger.id, "direction": trigger.direction, "class": _class(record)}
        return {"kind": "crossing", "sensor": sensor.id, "at": at, **crossing, **told}
    event: dict[str, object] = {"kind": "event", "sensor": sensor.id, "at": at, "type": type_, **told}
    return event if trigger is None else {**event, "trigger": trigger.id}


def _value(record: _Record, name: str) -> Any:  # noqa: ANN401  # whatever JSON holds
    return record.get(name, record.get(_OTHER_NAMES.get(name, "")))


def _text(record: _Record, name: str) -> str:
    value = _value(record, name)
    if value is not None and not isinstance(value, (str, int)):
        raise _BadRecordError(f"{name}: expected a text")
    return "" if value is None else str(value).strip()


def _number(record: _Record, name: str) -> int | None:
    text = _text(record, name)
    if text and not _INTEGER.fullmatch(text):
        raise _BadRecordError(f"{name}: expected an integer")
    return int(text) if text else None


def _sensor(record: _Record, sender: Sender) -> Sensor:
    uid = _text(record, "channel_id")
    sensor = sender.sensor(uid)
    if sensor is None:
        raise _BadRecordError(f"channel_id: no sensor has the uid {uid[:64]!r}" if uid else "channel_id: missing")
    return sensor


def _trigger(record: _Record, sensor: Sensor) -> Line | Zone | None:
    uid = _text(record, "trigger_id")
    number = int(uid) if _INTEGER.fullmatch(uid) else uid
    return sensor.line(uid) or sensor.zone(uid) or sensor.line(number) or sensor.zone(number)


def _told(record: _Record) -> dict[str, object]:
    texts = {name: _text(record, name) for name in ("origin", "suborigin", "age_range", "gender")}
    numbers = {name: _number(record, name) for name in ("object_id", "snapshot_id", "record_id")}
    if numbers["object_id"] == _NOBODY:
        numbers["object_id"] = None
    return {name: value for name, value in {**texts, **numbers}.items() if value not in {"", None}}


def _class(record: _Record) -> str:
    if _text(record, "origin").lower() in _PERSONS:
        return "person"
    return _CLASSES.get(_text(record, "suborigin").lower(), "unknown")


def _time(value: object, timezone: str) -> datetime:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _BadRecordError("event_time: expected a time such as 2000-01-23 04:56:07.000")
    date, between, clock, fraction, offset = found.groups()
    try:
        if offset is None and between != " ":
            whole = _EPOCH + timedelta(milliseconds=to_utc(datetime.fromisoformat(f"{date}T{clock}"), timezone))
        else:
            whole = datetime.fromisoformat(f"{date}T{clock}{(offset or 'Z').upper()}").astimezone(UTC)
    except (ValueError, OverflowError, InvalidInputError):
        raise _BadRecordError("event_time: there is no such time") from None
    return whole + timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))


CAMLYTICS = Producer("camlytics", "Camlytics webhooks, cloud and desktop", decode, pairs=True, whole=_WHOLE)
