"""Hasura's `where`, as far as programs written for Analytiks use it: `_eq`, `_in` and `_and`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry import UNSET
from strawberry.types.unset import UnsetType


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

    and_: list[LocationWhere] | None = strawberry.field(name="_and", default=UNSET)
    id: IntComparison | None = UNSET
    name: TextComparison | None = UNSET
    reference_id: TextComparison | None = UNSET
    brand_id: IntComparison | None = UNSET

    def holds(self, values: Mapping[str, int | str | None]) -> bool:
        """Whether a location with these values is meant."""
        return _holds(self, ("id", "name", "reference_id", "brand_id"), values)


@strawberry.input(name="Brand_bool_exp", description="Conditions on a brand; all given ones must hold.")
class BrandWhere:
    """Conditions on a brand."""

    and_: list[BrandWhere] | None = strawberry.field(name="_and", default=UNSET)
    id: IntComparison | None = UNSET
    name: TextComparison | None = UNSET

    def holds(self, values: Mapping[str, int | str | None]) -> bool:
        """Whether a brand with these values is meant."""
        return _holds(self, ("id", "name"), values)


def _holds(where: LocationWhere | BrandWhere, names: Sequence[str], values: Mapping[str, int | str | None]) -> bool:
    for name in names:
        comparison: IntComparison | TextComparison | None = _given(getattr(where, name), name)
        if comparison is not None and not _compares(comparison, values[name]):
            return False
    inner: Sequence[LocationWhere | BrandWhere] | None = _given(where.and_, "_and")
    return inner is None or all(each.holds(values) for each in inner)


def _compares(comparison: IntComparison | TextComparison, value: int | str | None) -> bool:
    wanted: int | str | None = _given(comparison.eq, "_eq")
    among: Sequence[int | str] | None = _given(comparison.in_, "_in")
    return (wanted is None or value == wanted) and (among is None or value in among)


def _given(value: Any, name: str) -> Any:  # noqa: ANN401 - any of the fields above
    """What was given, None when nothing was. An explicit null is refused: it would silently select everything."""
    if value is None:
        raise GraphQLError(f"where: {name} must not be null")
    return None if isinstance(value, UnsetType) else value
