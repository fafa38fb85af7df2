"""OpenAPI for routes that read and write their JSON themselves.

The dialects decode bodies by hand, because each has its own error shape, and write finished bytes. So Litestar cannot
see their types; these operations say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.openapi.spec import Operation

Schema = dict[str, Any]


def schema_of(form: type) -> Schema:
    """The JSON schema of a msgspec type, without references."""
    (schema,), components = msgspec.json.schema_components([form], ref_template="{name}")
    return {key: _inlined(value, components) for key, value in components[schema["$ref"]].items()}


def _inlined(schema: object, components: Mapping[str, Schema]) -> object:
    if isinstance(schema, list):
        return [_inlined(each, components) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(name := schema.get("$ref"), str):
        return _inlined(components[name], components)
    return {key: _inlined(value, components) for key, value in schema.items()}


def documented(
    body: Schema, responses: Mapping[int, tuple[str, Schema]], *, secured: bool, media_type: str = "application/json"
) -> type[Operation]:
    """An operation class that documents a JSON body and JSON answers by status: (description, schema)."""
    security: list[Schema] = [{"bearer": []}] if secured else []

    @dataclass
    class Documented(Operation):
        def to_schema(self) -> Schema:
            schema = super().to_schema()
            schema["requestBody"] = {"required": True, "content": {media_type: {"schema": body}}}
            schema["responses"] = {
                str(status): {"description": description, "content": {media_type: {"schema": answer}}}
                for status, (description, answer) in responses.items()
            }
            schema["security"] = security
            return schema

    return Documented
