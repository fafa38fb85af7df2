"""What the OpenAPI document says about the routes of this dialect."""

from __future__ import annotations

from litestar.openapi.spec import Operation, SecurityScheme

from passerby.dialects.camlytics.auth import LARGEST_NONCE
from passerby.dialects.camlytics.codes import Code
from passerby.dialects.camlytics.requests import LARGEST, METHODS
from passerby.dialects.openapi import Schema, documented

KEY = "camlyticsKey"
SIGNATURE = "camlyticsSignature"
SCHEMES = {
    KEY: SecurityScheme(
        type="apiKey",
        name="X-Key",
        security_scheme_in="header",
        description="A Camlytics credential's public key.",
    ),
    SIGNATURE: SecurityScheme(
        type="apiKey",
        name="X-Sign",
        security_scheme_in="header",
        description="HMAC-SHA512 of path and query as sent, under the secret of the key, in hexadecimal.",
    ),
}

_TEXT: Schema = {"type": "string"}
_INTEGER: Schema = {"type": "integer"}
_ID: Schema = {"type": "integer", "minimum": 0, "maximum": LARGEST}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 256}
_TIME: Schema = {"type": "string", "format": "date-time", "example": "2020-10-13T06:12:00.000+01:00"}

_PARAMETERS: dict[str, tuple[str, Schema]] = {
    "location_id": ("Only of this location.", _ID),
    "channel_id": ("Only of this channel.", _NAME),
    "trigger_id": ("Only of this trigger; of events and totals `-1` means those without one.", _NAME),
    "event_type": ("Only events of this type.", {**_NAME, "maxLength": 64}),
    "origin": ("Only events of this origin.", {**_NAME, "example": "Pedestrian"}),
    "since": ("Only at this time or later.", _TIME),
    "until": ("Only earlier than this time.", _TIME),
    "since_id": ("Only events with a greater id.", _ID),
    "limit": ("At most this many, the first in the order asked for. Without it: all.", {**_ID, "minimum": 1}),
    "order": ("Default ASC.", {"type": "string", "enum": ["ASC", "DESC"]}),
}
_OBJECTS: dict[str, dict[str, Schema]] = {
    "locations": {"name": _TEXT, "id": _INTEGER, "version": _TEXT, "timezone_offset": _TEXT, "hash": _TEXT},
    "channels": {"name": _TEXT, "paid": _INTEGER, "active": _INTEGER, "id": _TEXT, "location_id": _INTEGER},
    "triggers": {
        "name": _TEXT,
        "active": _INTEGER,
        "id": _TEXT,
        "type": {"enum": ["Line", "Zone"]},
        "channel_id": _TEXT,
        "location_id": _INTEGER,
    },
    "events": {
        "record_id": _INTEGER,
        "event_type": _TEXT,
        "snapshot_id": _INTEGER,
        "trigger_id": _TEXT,
        "origin": _TEXT,
        "suborigin": _TEXT,
        "age_range": _TEXT,
        "gender": _TEXT,
        "id": _INTEGER,
        "channel_id": _TEXT,
        "object_id": _INTEGER,
        "location_id": _INTEGER,
        "event_time": _TEXT,
    },
    "totals/triggers": {
        "trigger_name": _TEXT,
        "trigger_id": _TEXT,
        "count": _INTEGER,
        "channel_id": _TEXT,
        "location_id": _INTEGER,
    },
    "totals/types": {"count": _INTEGER, "type": _TEXT, "channel_id": _TEXT},
    "histograms": {
        "trigger_id": _TEXT,
        "id": _INTEGER,
        "channel_id": _TEXT,
        "counting_data": {"type": "array", "items": {"type": "number"}},
        "lifetime_data": {"type": "array", "items": _INTEGER},
        "location_id": _INTEGER,
        "histogram_time": _TEXT,
    },
}


def operation(method: str) -> type[Operation]:
    """The operation of a method."""
    statuses = sorted({code.status for code in Code} - {404})
    errors = {
        status: (" ".join(code.meaning for code in Code if code.status == status), _envelope({}, empty=True))
        for status in statuses
    }
    nonce = _parameter("nonce", "Greater than in every request of this key before.", {**_ID, "maximum": LARGEST_NONCE})
    return documented(
        None,
        {200: ("What was asked for.", _envelope(_OBJECTS[method])), **errors},
        secured=True,
        parameters=[{**nonce, "required": True}, *(_parameter(name, *_PARAMETERS[name]) for name in METHODS[method])],
        schemes=(KEY, SIGNATURE),
    )


def _parameter(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _envelope(fields: dict[str, Schema], *, empty: bool = False) -> Schema:
    item = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    result: Schema = {"type": "array", "maxItems": 0} if empty else {"type": "array", "items": item}
    return {
        "type": "object",
        "properties": {"msg": _TEXT, "result": result, "code": _INTEGER},
        "required": ["msg", "result", "code"],
        "additionalProperties": False,
    }
