"""A field of the schema whose description is the docstring of its resolver."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField


def resolved(resolver: Callable[..., Any]) -> StrawberryField:
    """Make a method a field; strawberry itself ignores docstrings."""
    field: StrawberryField = strawberry.field(resolver, description=inspect.getdoc(resolver))
    return field
