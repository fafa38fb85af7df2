"""`/user/<id>/devices/`: the devices of a user, and the keys that they send with.

An account is one user, so nobody else has access to its devices and `acl` holds that user alone. Of the vendor's fields
without a meaning here each device has what a fresh one has there: `ip` "-", `or` and `sid` 0, no `s`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from passerby.catalogue.model import Sensor
from passerby.dialects.openapi import Schema
from passerby.dialects.seemetrix import openapi
from passerby.dialects.seemetrix.calls import Call, Document, Method
from passerby.dialects.seemetrix.status import State, statuses

_STATES: tuple[State, ...] = ("frozen", "offline", "online")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def devices(call: Call) -> Document:
    """The devices that the key sees, by state. `k` is a key for sending observations of the device, "" if lost."""
    states = statuses(call)
    keys: Mapping[int, str] = {}
    if call.credential.dialect == "seemetrix":  # somebody who looks at the dashboard may see devices, not their keys
        keys = call.services.catalogue.device_keys([sensor.id for sensor in call.devices])
    found: Document = {}
    for state in _STATES:
        listed = [
            _device(sensor, state, call.user_id, keys.get(sensor.id, ""))
            for sensor in call.devices
            if states[sensor.id].state == state
        ]
        found |= {state: listed, f"{state}_total": len(listed)}
    return found


def _device(sensor: Sensor, state: State, user: int, key: str) -> Document:
    return {
        "acl": [user],
        "created": _http_date(sensor.created_ms),
        "d": sensor.id,
        "f": int(state == "frozen"),
        "ip": "-",
        "k": key,
        "modified": _http_date(sensor.modified_ms),
        "n": sensor.name,
        "o": int(state == "online"),
        "or": 0,
        "sid": 0,
    }


def _http_date(instant_ms: int) -> str:
    """As `Fri, 08 Sep 2017 04:35:12 GMT`."""
    return format_datetime(_EPOCH + timedelta(milliseconds=instant_ms), usegmt=True)


_FLAG: Schema = {"enum": [0, 1]}
_DEVICE = openapi.form(
    {
        "acl": openapi.array(openapi.INTEGER),
        "created": openapi.TEXT,
        "d": openapi.INTEGER,
        "f": _FLAG,
        "ip": openapi.TEXT,
        "k": openapi.TEXT,
        "modified": openapi.TEXT,
        "n": openapi.TEXT,
        "o": _FLAG,
        "or": openapi.INTEGER,
        "sid": openapi.INTEGER,
    }
)
_ANSWER = openapi.form(
    {state: openapi.array(_DEVICE) for state in _STATES} | {f"{state}_total": openapi.INTEGER for state in _STATES}
)
METHODS = (Method("/user/{user:str}/devices", "devices", devices, openapi.operation("The devices by state.", _ANSWER)),)
