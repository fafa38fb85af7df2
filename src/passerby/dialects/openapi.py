"""OpenAPI for routes that read and write their JSON themselves.

The dialects decode bodies by hand, because each has its own error shape, and write finished bytes. So Litestar cannot
see their types; these operations say them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def documented(  # noqa: PLR0913  # the parts of an operation, all but two by name
    body: Schema | None,
    responses: Mapping[int, tuple[str, Schema]],
    *,
    secured: bool,
    media_type: str = "application/json",
    parameters: Sequence[Schema] = (),
    schemes: Sequence[str] = ("bearer",),
) -> type[Operation]:
    """An operation class that documents a JSON body (None: there is none) and JSON answers by status.

    `responses` are (description, schema); `schemes` are needed together where it is `secured`.
    """
    security: list[Schema] = [{scheme: [] for scheme in schemes}] if secured else []

    @dataclass
    class Documented(Operation):
        def to_schema(self) -> Schema:
            schema = super().to_schema()
            if body is not None:
                schema["requestBody"] = {"required": True, "content": {media_type: {"schema": body}}}
            if parameters:
                schema["parameters"] = [*parameters]
            schema["responses"] = {
                str(status): {"description": description, "content": {media_type: {"schema": answer}}}
                for status, (description, answer) in responses.items()
            }
            schema["security"] = security
            return schema

    return Documented


def documented_get(
    parameters: Mapping[str, tuple[str, bool, Schema]],
    responses: Mapping[int, tuple[str, Schema]],
    security: str,
    media_type: str = "application/json",
) -> type[Operation]:
    """An operation class that documents query parameters by name, (description, required, schema), and JSON answers."""

    @dataclass
    class Documented(Operation):
        def to_schema(self) -> Schema:
            schema = super().to_schema()
            schema["parameters"] = [*(each for each in schema.get("parameters", []) if each["in"] == "path")] + [
                {"name": name, "in": "query", "description": description, "required": required, "schema": form}
                for name, (description, required, form) in parameters.items()
            ]
            schema["responses"] = {
                str(status): {"description": description, "content": {media_type: {"schema": answer}}}
                for status, (description, answer) in responses.items()
            }
            schema["security"] = [{security: []}]
            return schema

    return Documented
