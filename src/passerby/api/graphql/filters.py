"""Hasura's `where`, as far as programs written for Analytiks use it: `_eq`, `_in` and `_and`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import strawberry
from graphql import GraphQLError
from strawberry import UNSET
from strawberry.types.unset import UnsetType


class Condition(NamedTuple):
    """A field that must have one of some values."""

    field: str
    allowed: frozenset[int | str]

    def holds(self, thing: object) -> bool:
        """Whether an object with such a field meets it."""
        return getattr(thing, self.field) in self.allowed


@strawberry.input(name="Int_comparison_exp", description="Conditions on a number; all given ones must hold.")
class IntComparison:
    """Conditions on a number."""

    eq: int | None = strawberry.field(name="_eq", default=UNSET)
    in_: list[int] | None = strawberry.field(name="_in", default=UNSET)


@strawberry.input(name="String_comparison_exp", description="Conditions on a text; all given ones must hold.")
class TextComparison:
    """Conditions on a text."""

    eq: str | None = strawberry.field(name="_eq", default=UNSET)
    in_: list[str] | None = strawberry.field(name="_in", default=UNSET)


@strawberry.input(name="Location_bool_exp", description="Conditions on a location; all given ones must hold.")
class LocationWhere:
    """Conditions on a location."""

    FIELDS: ClassVar = ("id", "name", "reference_id", "brand_id")
    and_: list[LocationWhere] | None = strawberry.field(name="_and", default=UNSET)
    id: IntComparison | None = UNSET
    name: TextComparison | None = UNSET
    reference_id: TextComparison | None = UNSET
    brand_id: IntComparison | None = UNSET


@strawberry.input(name="Brand_bool_exp", description="Conditions on a brand; all given ones must hold.")
class BrandWhere:
    """Conditions on a brand."""

    FIELDS: ClassVar = ("id", "name")
    and_: list[BrandWhere] | None = strawberry.field(name="_and", default=UNSET)
    id: IntComparison | None = UNSET
    name: TextComparison | None = UNSET


def conditions(where: LocationWhere | BrandWhere | None) -> list[Condition]:
    """What a `where` comes down to: each field with the values that it may have; all must hold."""
    if where is None:
        return []
    found = [
        Condition(name, allowed)
        for name in where.FIELDS
        if (comparison := _given(getattr(where, name), name)) is not None
        for allowed in _allowed(comparison)
    ]
    for inner in _given(where.and_, "_and") or ():
        found += conditions(inner)
    return found


def _allowed(comparison: IntComparison | TextComparison) -> Iterator[frozenset[int | str]]:
    if (value := _given(comparison.eq, "_eq")) is not None:
        yield frozenset([value])
    if (values := _given(comparison.in_, "_in")) is not None:
        yield frozenset(values)


def _given(value: Any, name: str) -> Any:  # noqa: ANN401 - any of the fields above
    """What was given, None when nothing was. An explicit null is refused: it would silently select everything."""
    if value is None:
        raise GraphQLError(f"where: {name} must not be null")
    return None if isinstance(value, UnsetType) else value
