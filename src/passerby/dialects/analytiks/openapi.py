"""What the OpenAPI document says about the routes of this dialect."""

from __future__ import annotations

from litestar.openapi.spec import Operation

from passerby.dialects.analytiks.auth import TokenBody
from passerby.dialects.analytiks.pages import Field, Page
from passerby.dialects.analytiks.requests import BatchBody, BrandBody, ZonedBatchBody, ZonedBrandBody
from passerby.dialects.openapi import Schema, documented, schema_of


def _object(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _nullable(kind: str) -> Schema:
    return {"type": [kind, "null"]}


_OAUTH_ERROR = _object(["error", "error_description"], error={"type": "string"}, error_description={"type": "string"})
_REFUSED: Schema = {"type": "array", "items": {"type": ["integer", "string"]}}
_ERROR = _object(
    ["error", "message", "field"],
    error={"type": "string"},
    message={"type": "string"},
    field=_nullable("string"),
    locations=_REFUSED,
)
_ERRORS = {
    400: ("The request is not valid; `field` names where.", _ERROR),
    413: ("The body is larger than 1 MB.", _ERROR),
    415: ("The body is not said to be JSON.", _ERROR),
    503: ("Not possible at the moment; see Retry-After.", _ERROR),
}

TOKEN = documented(
    schema_of(TokenBody),
    {
        200: (
            "A token for `Authorization: Bearer`.",
            _object(
                ["access_token", "expires_in", "token_type"],
                access_token={"type": "string"},
                expires_in={"type": "integer"},
                token_type={"const": "Bearer"},
            ),
        ),
        400: ("The request is not valid.", _OAUTH_ERROR),
        401: ("Wrong client id or secret.", _OAUTH_ERROR),
        413: ("The body is larger than 1 MB.", _ERROR),
        415: ("The body is not said to be JSON.", _OAUTH_ERROR),
        429: ("Too many wrong secrets from this address; see Retry-After.", _OAUTH_ERROR),
    },
    secured=False,
)


def export(page: Page, version: int) -> type[Operation]:
    """The operation of one version of a page."""
    documents: Schema = {"type": "array", "items": _location(page, complete=version == 4)}
    batch, brand = (ZonedBatchBody, ZonedBrandBody) if page.by_zone else (BatchBody, BrandBody)
    failures = _object([], description={"type": "string"}, locations=_REFUSED)
    partial = _object(["successes", "failures"], successes=documents, failures=failures)
    body, done, refused = {
        1: (batch, documents, _ERROR),
        2: (batch, partial, {"anyOf": [_ERROR, partial]}),
        3: (brand, _object(["cursor", "data"], cursor=_nullable("string"), data=documents), _ERROR),
        4: (batch, documents, _ERROR),
    }[version]
    responses = {
        200: ("The metrics of each location, in the order asked for.", done),
        401: ("No valid token, or locations that may not be queried.", refused),
        **_ERRORS,
    }
    return documented(schema_of(body), responses, secured=True)


def _maps(fields: tuple[Field, ...], minimum: int = 1) -> dict[str, Schema]:
    whole: Schema = {"type": "object", "additionalProperties": {"type": "integer", "minimum": minimum}}
    return {field.name: whole for field in fields}


def _location(page: Page, *, complete: bool) -> Schema:
    more: dict[str, Schema] = {}
    if page.zone_fields:
        zone = _object(["id"], id={"type": "string"}, **_maps(page.zone_fields))
        more["pointOfInterest"] = {"type": "array", "items": zone}
    return _object(
        ["locationId", *(field.name for field in page.site_fields if complete)],
        locationId={"type": "integer"},
        referenceNumber={"type": "string"},
        **_maps(page.site_fields, 0 if complete else 1),
        **more,
    )
