"""Forms with lists in them: fields named as problems name their places, such as `lines[0].points[1].x`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.?([a-z_]+)|\[(\d{1,6})\]")
_NUMBER = re.compile(r"[+-]?\d{1,18}([.]\d{1,12})?", re.ASCII)


def nested(values: Mapping[str, str], root: str) -> list[dict[str, Any]]:
    """The list that the fields `root[...]...` spell, by their numbers; gaps between the numbers do not matter."""
    tree: dict[Any, Any] = {}
    for name, value in values.items():
        steps = _steps(name)
        if steps and steps[0] == root and len(steps) > 2:
            place = tree
            for step in steps[1:-1]:
                place = place.setdefault(step, {})
                if not isinstance(place, dict):
                    break
            else:
                place[steps[-1]] = value
    return [each for each in _lists(tree) if isinstance(each, dict)]


def number(text: str) -> int | float | str:
    """The number that a text is, else the text: what was expected is for the rules to say."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def _steps(name: str) -> list[str | int] | None:
    at = 0
    steps: list[str | int] = []
    while at < len(name):
        found = _STEP.match(name, at)
        if found is None:
            return None
        steps.append(found[1] or int(found[2]))
        at = found.end()
    return steps


def _lists(tree: Mapping[Any, Any]) -> Any:  # noqa: ANN401  # lists and mappings of texts
    made = {key: _lists(value) if isinstance(value, dict) else value for key, value in tree.items()}
    if made and all(isinstance(key, int) for key in made):
        return [made[key] for key in sorted(made)]
    return made or []
