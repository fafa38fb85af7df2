"""Charts in words: what a screen reader says in place of a picture, and how times and numbers are called in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

Value = str | float | int | None


def trend_words(  # noqa: PLR0913, PLR0917  # what the picture is made of
    title: str,
    unit: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    bucket: str,
    whole: Sequence[bool],
) -> str:
    """What a screen reader says in place of the picture; most and least of what is complete, where anything is."""
    parts = [f"{title}."]
    for name, values in series.items():
        found = [each for each in zip(values, labels, whole, strict=True) if each[0] is not None]
        complete = [(value, label) for value, label, is_whole in found if value is not None and is_whole]
        known = complete or [(value, label) for value, label, _ in found if value is not None]
        if not known:
            parts.append(f"{name}: not observed.")
            continue
        most, least = max(known), min(known)
        parts.append(
            f"{name}: most {short(most[0])} {unit} at {when(most[1], bucket)}, "
            f"least {short(least[0])} at {when(least[1], bucket)}."
        )
        if len(found) < len(values):
            parts.append(f"{len(values) - len(found)} of {len(values)} without observation.")
    return " ".join(parts)


def bars_words(title: str, unit: str, rows: Sequence[tuple[Value, ...]]) -> str:
    """As `trend_words`, of values by category."""
    shown = "; ".join(f"{row[0]} {', '.join(short(value) for value in row[1:])}" for row in rows[:12])
    return f"{title}, {unit}: {shown}." if shown else f"{title}. No data."


def short(value: Value) -> str:
    """A number with as many digits as matter."""
    if value is None:
        return "not observed"
    return value if isinstance(value, str) else f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def when(label: str, bucket: str) -> str:
    """A bucket by its floor."""
    at = datetime.fromisoformat(label)
    if bucket in {"1M", "1y"}:
        return f"{at:%b %Y}" if bucket == "1M" else f"{at:%Y}"
    day = f"{at:%a} {at.day} {at:%b %Y}"
    return f"week of {day}" if bucket == "1w" else day if bucket == "1d" else f"{day}, {at:%H:%M}"
