"""Views broken down, as plain loops over one view after another; nothing here shares a line with `passerby.metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from tests.metrics.network import Fact
from tests.metrics.twin import duration

KINDS = {"gender": ("unknown", "male", "female"), "age_group": ("unknown", "child", "young", "adult", "senior")}
NAMES = ("unknown", "angry", "happy", "neutral", "surprised")


def times(fact: Fact) -> dict[str, int]:
    """How long each emotion was seen in a view; the emotions that were not are left out."""
    length = duration(fact)
    if fact.get("emotions"):
        stretches = [(each["emotion"], each["ms"]) for each in fact.get("emotions")]
    else:
        mood = fact.get("mood") or {}
        weights = [
            ("angry", mood.get("unhappy", 0) + mood.get("very_unhappy", 0)),
            ("happy", mood.get("happy", 0) + mood.get("very_happy", 0)),
            ("neutral", mood.get("neutral", 0)),
        ]
        total, passed, edge, stretches = sum(weight for _, weight in weights), 0, 0, []
        for name, weight in weights:
            passed += weight
            until = int(Fraction(length * passed, total)) if total else 0
            stretches.append((name, until - edge))
            edge = until
    found, at = dict.fromkeys(NAMES, 0), 0
    for name, ms in stretches:
        found[name] += max(0, min(at + ms, length) - min(at, length))
        at += ms
    found["unknown"] += max(0, length - at)
    return {name: ms for name, ms in found.items() if ms}


def emotion(fact: Fact) -> str:
    """The one that a view counts for."""
    seen = {name: ms for name, ms in times(fact).items() if name != "unknown"}
    return min((name for name in seen if seen[name] == max(seen.values())), default="unknown")


def groups(
    facts: Iterable[Fact],
    by: Sequence[str],
    slot_of: Callable[[int], int],
    contents: Sequence[int] | None = None,
    lengths: tuple[int, int] = (1, 1),
) -> dict[tuple[int, ...], list[int]]:
    """{key: [ots, watchers, ots_dwell, dwell]} of the facts, which are those that count; slots by a view's start."""
    found: dict[tuple[int, ...], list[int]] = {}
    for fact in facts:
        if fact.kind != "view":
            continue
        shown = sorted({each["content_id"] for each in fact.get("contents") or ()})
        choices: dict[str, Sequence[Any]] = {
            "sensor": [fact.sensor],
            "slot": [slot_of(fact.start)],
            "gender": [KINDS["gender"].index(fact.get("gender") or "unknown")],
            "age_group": [KINDS["age_group"].index(fact.get("age_group") or "unknown")],
            "length": [min(duration(fact) // lengths[0], lengths[1] - 1)],
            "content": [each for each in shown if contents is None or each in contents],
            "emotion": NAMES if "emotion" in by else [None],
        }
        for chosen in product(*(choices[key] for key in (*(key for key in by if key != "emotion"), "emotion"))):
            name = chosen[-1]
            ms = duration(fact) if name is None else times(fact).get(name, 0)
            one = int(name is None or name == emotion(fact))
            if not (ms or one):
                continue
            values = dict(zip([key for key in by if key != "emotion"], chosen[:-1], strict=True))
            if name is not None:
                values["emotion"] = NAMES.index(name)
            watched = fact.get("attention_ms") > 0
            sums = found.setdefault(tuple(values[key] for key in by), [0, 0, 0, 0])
            for index, value in enumerate((one, one * watched, ms, ms * watched)):
                sums[index] += value
    return found
