"""The rules of the metrics of screens, streets and contents as plain loops: slow, and written to be read.

Nothing here shares a line with `passerby.metrics`; times are UTC milliseconds, numbers exact fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.metrics.network import Fact
from tests.metrics.twin import Span, duration

STEP = 30_000


def ratio(numerator: Fraction | int, denominator: Fraction | int) -> Fraction:
    return Fraction(numerator) / denominator if denominator else Fraction(0)


def screen(facts: Iterable[Fact], bucket: Span) -> dict[str, Fraction]:
    """The metrics of a screen, or of several together, that views make; `facts` are those whose role counts."""
    seen = [fact for fact in facts if fact.kind == "view" and fact.start in bucket]
    watchers = [fact for fact in seen if fact.get("attention_ms") > 0]
    return {
        "ots": Fraction(len(seen)),
        "watchers": Fraction(len(watchers)),
        "conversion_ratio": ratio(100 * len(watchers), len(seen)),
        "ots_dwell": Fraction(sum(duration(fact) for fact in seen)),
        "dwell": Fraction(sum(duration(fact) for fact in watchers)),
        "attention": Fraction(sum(fact.get("attention_ms") for fact in watchers)),
    }


def days_of(facts: Sequence[Fact], zone: str) -> list[Span]:
    """Every local day from before the first fact to after the last; in none of the tests' zones is midnight odd."""
    information = ZoneInfo(zone)
    instants = [fact.start for fact in facts] + [fact.get("ended_ms") or fact.start for fact in facts]
    first = datetime.fromtimestamp(min(instants, default=0) / 1000, UTC).astimezone(information).date()
    last = datetime.fromtimestamp(max(instants, default=0) / 1000, UTC).astimezone(information).date()
    found, day = [], first - timedelta(days=1)
    while day <= last:
        edges = [day, day + timedelta(days=1)]
        start, end = (
            round(datetime(edge.year, edge.month, edge.day, tzinfo=information).timestamp() * 1000) for edge in edges
        )
        found.append(Span(start, end))
        day += timedelta(days=1)
    return found


def observed_steps(facts: Sequence[Fact], zone: str) -> set[int]:
    """The steps of 30 s in which a sensor observed; `facts` are all of its own, over all time."""
    uptimes = [(fact.start, fact.get("ended_ms")) for fact in facts if fact.kind == "uptime"]
    steps = {step for start, end in uptimes for step in range(start, end, STEP)}
    for day in days_of(facts, zone):
        if any(start < day.end and (end > day.start or start == end >= day.start) for start, end in uptimes):
            continue
        for fact in facts:
            if fact.kind != "uptime":
                slot = fact.start // 300_000 * 300_000
                steps.update(range(max(slot, day.start), min(slot + 300_000, day.end), STEP))
    return steps


def observed_s(steps: set[int], bucket: Span) -> Fraction:
    """How much of a bucket the steps cover, in seconds."""
    return sum(
        (Fraction(max(0, min(step + STEP, bucket.end) - max(step, bucket.start)), 1000) for step in steps), Fraction(0)
    )
