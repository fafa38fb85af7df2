"""The rules of the metrics as plain loops over observations and instants: slow, and written to be read.

Nothing here shares a line with `passerby.metrics`; times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.metrics.network import Fact


@dataclass(frozen=True)
class Rules:
    """The settings of one site."""

    zone: str = "UTC"
    bounce_ms: int = 5000
    group_gap_ms: int = 3000
    group_name_ms: int = 0
    reset: str = "04:00"


@dataclass(frozen=True)
class Span:
    """[start, end) in which facts count."""

    start: int
    end: int

    def __contains__(self, instant: int) -> bool:
        return self.start <= instant < self.end


def counts(fact: Fact, role: str | None) -> bool:
    """Whether a fact counts for the role asked for."""
    if role == "any":
        return True
    if role is None:
        return fact.get("role") != "staff"
    return fact.get("role") == role


def duration(fact: Fact) -> int | None:
    ended = fact.get("ended_ms")
    return None if ended is None else ended - fact.start


def is_bounce(fact: Fact, rules: Rules) -> bool:
    length = duration(fact)
    return length is not None and length < rules.bounce_ms


def is_entrance(fact: Fact) -> bool:
    """Line 1 of each sensor is an entrance; only persons count there."""
    return fact.get("line_id") == 1 and fact.get("class") == "person"


def came_in(facts: Iterable[Fact]) -> Iterable[tuple[Fact, Fraction]]:
    """Everybody who came in over a door and whom no visit reports."""
    for fact in facts:
        if (
            fact.kind == "crossing"
            and is_entrance(fact)
            and fact.get("direction") == "in"
            and not fact.get("also_visit")
        ):
            yield fact, Fraction(1)
        if fact.kind == "count" and is_entrance(fact):
            yield fact, Fraction(fact.get("count_in"))


def ratio(numerator: Fraction | int, denominator: Fraction | int) -> Fraction:
    return Fraction(numerator) / denominator if denominator else Fraction(0)


def with_ratios(values: dict[str, Fraction]) -> dict[str, Fraction]:
    """The sums and peaks of a place, and what is made of sums."""
    entered, stayed = values["visits"], values["timed_visits"]
    return {
        **values,
        "turn_in_rate": ratio(100 * entered, entered + values["walk_bys"]),
        "mean_dwell_time": ratio(values["dwell_time"], stayed),
    }


def people(facts: Sequence[Fact], rules: Rules, bucket: Span, now: int) -> dict[str, Fraction]:
    """Every sum and peak of a unit (a site's counting sensors, or one sensor) in one bucket, cut to the asked range.

    `facts` are those of its sensors whose role counts, over all time.
    """
    visits = [fact for fact in facts if fact.kind == "visit"]
    inside = [fact for fact in visits if fact.start in bucket]
    bounces = [fact for fact in inside if is_bounce(fact, rules)]
    entered = sum((number for fact, number in came_in(facts) if fact.start in bucket), Fraction(0))
    stays = [duration(fact) for fact in inside if not is_bounce(fact, rules)]
    passed = [f for f in facts if f.kind == "passage" and f.get("class") == "person" and f.start in bucket]
    return {
        "all_visits": len(inside) + entered,
        "bounces": Fraction(len(bounces)),
        "visits": len(inside) + entered - len(bounces),
        "dwell_time": Fraction(sum(stay for stay in stays if stay is not None)),
        "timed_visits": Fraction(sum(1 for stay in stays if stay is not None)),
        "group_visits": Fraction(sum(start in bucket for start in group_starts(facts, rules))),
        "peak_occupancy": max(
            peak(visits_present, lasting(visits), bucket, now, rules),
            peak(doors_inside, doors(facts), bucket, now, rules),
            peak(levels_now, [f for f in facts if f.kind == "level" and f.get("zone_id") is None], bucket, now, rules),
        ),
        "walk_bys": Fraction(len(passed)),
    }


def group_starts(facts: Sequence[Fact], rules: Rules) -> list[int]:
    """When the first member of each group came."""
    members = [fact for fact in facts if fact.kind == "visit" and not is_bounce(fact, rules)]
    named: dict[tuple[int, str], list[int]] = {}
    alone = [fact.start for fact, _ in came_in(facts) if fact.kind == "crossing"]
    for fact in members:
        name = fact.get("visit_group")
        if name is None:
            alone.append(fact.start)
        else:
            named.setdefault((fact.sensor, name), []).append(fact.start)
    starts = after_pauses(alone, rules.group_gap_ms)
    for members in named.values():
        starts += after_pauses(members, rules.group_name_ms) if rules.group_name_ms else [min(members)]
    return starts


def after_pauses(starts: Iterable[int], longest: int) -> list[int]:
    """Those before which nobody came for longer than `longest` ms."""
    found = []
    previous = None
    for start in sorted(starts):
        if previous is None or start - previous > longest:
            found.append(start)
        previous = start
    return found


def doors(facts: Sequence[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.kind in {"crossing", "count"} and is_entrance(fact)]


def peak(present, facts: Sequence[Fact], bucket: Span, now: int, rules: Rules) -> Fraction:
    """The highest `present` of the bucket: at its start, unless that is in the future, and whenever it changes."""
    instants = {fact.start for fact in facts} | {fact.get("ended_ms") for fact in facts if fact.kind != "count"}
    instants = {instant for instant in instants if instant is not None and instant in bucket}
    if bucket.start <= now:
        instants.add(bucket.start)
    return max((present(facts, instant, rules) for instant in instants), default=Fraction(0))


def lasting(facts: Sequence[Fact]) -> list[Fact]:
    """Those that were present at any instant."""
    return [fact for fact in facts if duration(fact)]


def visits_present(facts: Sequence[Fact], instant: int, _rules: Rules) -> Fraction:
    return Fraction(sum(fact.start <= instant < fact.get("ended_ms") for fact in facts))


def last_reset(instant: int, rules: Rules) -> int:
    """The latest instant at or before `instant` at which the local clock passed the reset time."""
    zone = ZoneInfo(rules.zone)
    day = datetime.fromtimestamp(instant / 1000, UTC).astimezone(zone).date()
    hour, minute = (int(part) for part in rules.reset.split(":"))
    found = []
    for back in range(-2, 4):
        date = day - timedelta(days=back)
        wall = datetime(date.year, date.month, date.day, hour, minute, tzinfo=zone)
        found.append(round(wall.timestamp() * 1000))
    return max(reset for reset in found if reset <= instant)


def doors_inside(facts: Sequence[Fact], instant: int, rules: Rules) -> Fraction:
    """S - min(0, lowest S so far), with S = in - out since the reset, changes of one instant netted."""
    since = [fact for fact in facts if last_reset(instant, rules) <= fact.start <= instant]
    balance = lowest = Fraction(0)
    for moment in sorted({fact.start for fact in since}):
        for fact in since:
            if fact.start != moment:
                continue
            if fact.kind == "count":
                balance += Fraction(fact.get("count_in")) - Fraction(fact.get("count_out"))
            else:
                balance += 1 if fact.get("direction") == "in" else -1
        lowest = min(lowest, balance)
    return balance - lowest


def levels_now(facts: Sequence[Fact], instant: int, rules: Rules) -> Fraction:
    """Each sensor's last value since the reset, added; of several at one instant the largest."""
    since = [fact for fact in facts if last_reset(instant, rules) <= fact.start <= instant]
    total = Fraction(0)
    for sensor in {fact.sensor for fact in since}:
        own = [fact for fact in since if fact.sensor == sensor]
        last = max(fact.start for fact in own)
        total += max(Fraction(fact.get("value")) for fact in own if fact.start == last)
    return total


def zone_metrics(facts: Sequence[Fact], min_dwell_ms: int, bucket: Span, now: int) -> dict[str, Fraction]:
    """Every metric of one zone in one bucket; `facts` are that zone's whose role counts."""
    stays = [fact for fact in facts if fact.get("ended_ms") - fact.start >= min_dwell_ms]
    inside = [fact for fact in stays if fact.start in bucket]
    return {
        "zone_visits": Fraction(len(inside)),
        "zone_dwell_time": Fraction(sum(fact.get("ended_ms") - fact.start for fact in inside)),
        "zone_mean_dwell_time": ratio(sum(fact.get("ended_ms") - fact.start for fact in inside), len(inside)),
        "zone_peak_visits": peak(visits_present, lasting(stays), bucket, now, Rules()),
    }


def line_metrics(facts: Sequence[Fact], bucket: Span) -> dict[str, Fraction]:
    """Every metric of one line in one bucket; `facts` are that line's whose role counts."""
    totals = {"line_in": Fraction(0), "line_out": Fraction(0)}
    for fact in facts:
        if fact.start not in bucket:
            continue
        if fact.kind == "count":
            totals["line_in"] += Fraction(fact.get("count_in"))
            totals["line_out"] += Fraction(fact.get("count_out"))
        else:
            totals[f"line_{fact.get('direction')}"] += 1
    return totals
