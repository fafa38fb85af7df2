"""Places that webhooks and feeds are about: as a file names them, as a column keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from passerby.catalogue.model import Target
from passerby.errors import Problem

Level = Literal["brand", "site", "sensor", "zone", "line"]
LEVELS: tuple[Level, ...] = ("brand", "site", "sensor", "zone", "line")
Named = tuple[Level, int | str]


def written(target: Target) -> str:
    """As a column keeps it: `site 1`, `zone 3024/11`."""
    key = target.key if isinstance(target.key, tuple) else (target.key,)
    return f"{target.level} {'/'.join(map(str, key))}"


def read_target(text: str) -> Target:
    """What `written` wrote."""
    level, _, key = text.partition(" ")
    numbers = tuple(map(int, key.split("/")))
    return Target(cast("Level", level), numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1]))


def named(entry: object, levels: tuple[Level, ...], path: str) -> Named | Problem:
    """The one place that a file's entry names, or what is wrong with that."""
    given: list[Named] = [(level, getattr(entry, level)) for level in levels if getattr(entry, level, None) is not None]
    if len(given) == 1:
        return given[0]
    return Problem(path, f"expected exactly one of {', '.join(levels)}")


def resolved(place: Named, rows: Mapping[str, Mapping[tuple[Any, ...], Mapping[str, Any]]]) -> Target | None:
    """The place among these rows of the catalogue, None when there is none of that name."""
    level, reference = place
    if level in ("brand", "site"):
        return Target(level, int(reference)) if (reference,) in rows[f"{level}s"] else None
    if level == "sensor":
        key = next(iter(_by_reference(rows["sensors"], reference)), None)
        return None if key is None else Target("sensor", key[0])
    found = next(iter(_by_reference(rows[f"{level}s"], reference)), None)
    return None if found is None else Target(level, (found[0], found[1]))


def _by_reference(rows: Mapping[tuple[Any, ...], Mapping[str, Any]], reference: int | str) -> Iterator[tuple[Any, ...]]:
    """Keys of rows with that uid, then with that id (of lines and zones: `sensor/id`)."""
    yield from (key for key, row in rows.items() if row["uid"] == reference)
    yield from (key for key in rows if "/".join(map(str, key)) == str(reference))
