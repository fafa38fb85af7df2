"""The rules of the metrics of screens, streets and contents as plain loops: slow, and written to be read.

Nothing here shares a line with `passerby.metrics`; times are UTC milliseconds, numbers exact fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.metrics.network import Fact
from tests.metrics.twin import Span, duration, ratio

STEP = 30_000


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
        "mean_dwell": ratio(sum(duration(fact) for fact in watchers), len(watchers)),
        "mean_attention": ratio(sum(fact.get("attention_ms") for fact in watchers), len(watchers)),
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


FACTORS = {
    "car": Fraction(16, 10),
    "van": Fraction(35, 10),
    "bus": Fraction(95, 10),
    "truck": Fraction(12, 10),
    "bike": Fraction(11, 10),
    "unknown": Fraction(1),
}


def cells(facts: Iterable[Fact], bucket: Span) -> dict[tuple[str, str], dict[str, Fraction]]:
    """The metrics of a screen for each (gender, age group) that was seen."""
    kinds: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        if fact.kind == "view" and fact.start in bucket:
            kind = (fact.get("gender") or "unknown", fact.get("age_group") or "unknown")
            kinds.setdefault(kind, []).append(fact)
    return {kind: screen(own, bucket) for kind, own in kinds.items()}


def street(facts: Iterable[Fact], bucket: Span, factors: dict[str, Fraction]) -> dict[str, Fraction]:
    """The metrics of a street; `facts` are those of one site's sensors."""
    passed = [fact for fact in facts if fact.kind == "passage" and fact.start in bucket]
    people = [fact for fact in passed if fact.get("class") == "person"]
    vehicles = [fact for fact in passed if fact.get("class") != "person"]
    return {
        "footfall_count": Fraction(len(people)),
        "footfall_presence": Fraction(sum(duration(fact) for fact in people)),
        "vehicle_count": Fraction(len(vehicles)),
        "vehicle_presence": Fraction(sum(duration(fact) for fact in vehicles)),
        "vehicle_impressions": sum((factors[fact.get("class")] for fact in vehicles), Fraction(0)),
        **{f"vehicle_{name}": Fraction(sum(fact.get("class") == name for fact in vehicles)) for name in FACTORS},
    }


def im(row: dict[str, Fraction]) -> tuple[Fraction, Fraction]:
    """(of pedestrians, of vehicles): presence as a part of an hour, vehicles times the people in one."""
    hour = 36_000 * 100  # 36000 tenths of a second, in ms
    each = ratio(row["vehicle_impressions"], row["vehicle_count"])
    return Fraction(row["footfall_presence"]) / hour, each * row["vehicle_presence"] / hour


def im_row(
    facts: Sequence[Fact], bucket: Span, whole: Span, site: tuple[str, str, str, dict[str, Fraction]], now: int
) -> tuple[dict[str, Fraction], bool]:
    """(the row of one sensor and hour, whether it is that of one week before).

    `bucket` is the hour cut to what is asked for, `whole` is not cut; `site` is (zone, opens, closes, factors); the
    calendar is in the zone of the site.
    """
    zone, opens, closes, factors = site
    row = street(facts, bucket, factors)
    observed = observed_s(observed_steps(facts, zone), bucket)
    elapsed = Fraction(min(bucket.end, now) - bucket.start, 1000)
    information = ZoneInfo(zone)
    # A bucket that begins where clocks moved by half an hour is labelled by its full hour.
    wall = datetime.fromtimestamp(whole.start / 1000, UTC).astimezone(information).replace(minute=0)
    minute = wall.hour * 60 + wall.minute
    open_at, close_at = (int(text[:2]) * 60 + int(text[3:]) for text in (opens, closes))
    if open_at < close_at:
        daytime = open_at <= minute and minute + 60 <= close_at
    else:
        daytime = open_at <= minute <= 23 * 60 or minute + 60 <= close_at
    if sum(im(row)) > 0 or not daytime or elapsed <= 0 or 2 * observed >= elapsed:
        return row, False
    before = same_hour(wall - timedelta(days=7), information)
    if before is None:
        return row, False
    older = street(facts, before, factors)
    seen = observed_s(observed_steps(facts, zone), before)
    if not (seen or older["footfall_count"] or older["vehicle_count"]):
        return row, False
    return older, True


def same_hour(wall: datetime, information: ZoneInfo) -> Span | None:
    """The hour on the wall that begins at `wall`, the first of two; None when there is none."""
    start = wall.replace(tzinfo=information, fold=0).astimezone(UTC)
    if start.astimezone(information).replace(tzinfo=None) != wall.replace(tzinfo=None):
        return None
    instant, end = start, start
    # Minute by minute as long as the wall shows the same hour and its clock is not moved.
    while end.astimezone(information).replace(tzinfo=None) - wall.replace(tzinfo=None) == end - instant:
        if end - instant == timedelta(hours=1):
            break
        end += timedelta(minutes=1)
    return Span(round(instant.timestamp() * 1000), round(end.timestamp() * 1000))


def looked(fact: Fact, start: int, length: int) -> int:
    """How many ms of [start, start + length) of a view its person looked, counted one by one."""
    spent, found = 0, 0
    for look in fact.get("attention") or ():
        if look["looking"]:
            found += len(range(max(spent, start), min(spent + look["ms"], start + length)))
        spent += look["ms"]
    return found


def met(fact: Fact, content: int) -> tuple[int, int] | None:
    """(dwell, attention) of a watcher and a content; None when it was not shown."""
    own = [shown for shown in fact.get("contents") or () if shown["content_id"] == content]
    if not own or fact.get("attention_ms") == 0:
        return None
    told = [
        looked(fact, shown["start_ms"], shown["duration_ms"])
        if shown["attention_ms"] is None
        else shown["attention_ms"]
        for shown in own
    ]
    return sum(shown["duration_ms"] for shown in own), sum(told)


def content(facts: Sequence[Fact], who: Sequence[Fact], bucket: Span, number: int) -> dict[str, Fraction]:
    """The metrics of a content on one screen; `who` are those of its facts whose role counts."""
    plays = [f for f in facts if f.kind == "play" and f.start in bucket and f.get("content_id") == number]
    views = [fact for fact in who if fact.kind == "view" and fact.start in bucket]
    found = [pair for fact in views if (pair := met(fact, number))]
    of_screen = screen(who, bucket)
    return {
        "play_count": Fraction(len(plays)),
        "content_duration": Fraction(sum(duration(fact) for fact in plays)),
        "watchers": Fraction(len(found)),
        "watchers_2sec": Fraction(sum(attention > 2000 for _, attention in found)),
        "dwell": Fraction(sum(dwell for dwell, _ in found)),
        "attention": Fraction(sum(attention for _, attention in found)),
        "impressions": ratio(len(found) * of_screen["ots"], of_screen["watchers"]),
    }


def content_kinds(who: Sequence[Fact], bucket: Span, number: int) -> dict[tuple[str, str], int]:
    """Watchers of a content by (gender, age group)."""
    found: dict[tuple[str, str], int] = {}
    for fact in who:
        if fact.kind == "view" and fact.start in bucket and met(fact, number):
            kind = (fact.get("gender") or "unknown", fact.get("age_group") or "unknown")
            found[kind] = found.get(kind, 0) + 1
    return found
