"""The tree of the unified statistics as plain loops over views, written to be read.

Nothing here shares a line with `passerby.dialects` or `passerby.metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.metrics import twin_breakdown
from tests.metrics.network import Fact
from tests.metrics.twin import duration

AGES = {"adult": "adult", "kid": "child", "old": "senior", "undefined": "unknown", "young": "young"}
GENDERS = {"female": "female", "male": "male", "undefined": "unknown"}
EMOTIONS = {"angry": "angry", "happy": "happy", "neutral": "neutral", "surprise": "surprised", "undefined": "unknown"}
TYPES = {"devices": "device", "movies": "movie", "dates": "date", "ages": "age", "genders": "gender"}
FORMS = {
    "YYYY-MM-DD HH": "%Y-%m-%d %H",
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYY-MM": "%Y-%m",
    "YYYY": "%Y",
    "MM": "%m",
    "DD": "0%u",
    "HH": "%H",
}


@dataclass(frozen=True)
class Share:
    """A view as it counts in a node: whether it is one of its views, and for how many ms."""

    fact: Fact
    one: bool
    ms: int

    @property
    def watched(self) -> bool:
        return self.fact.get("attention_ms") > 0


def tree(facts: list[Fact], levels: list[str], form: str, minutes: int) -> dict[str, Any]:
    """The root, its nodes in lists; `facts` are the views asked for, `minutes` how far clocks are ahead of UTC."""
    shares = [Share(fact, True, duration(fact)) for fact in facts]
    return node("root", "root", shares, levels, (form, minutes), ots=True)


def node(name: str, kind: str, shares: list[Share], levels: list[str], clock: Any, *, ots: bool) -> dict[str, Any]:
    watched = [share for share in shares if share.watched]
    found: dict[str, Any] = {"n": name, "o": [], "t": kind}
    found |= {"v": sum(share.one for share in watched), "vd": sum(share.ms for share in watched)}
    if ots:
        found |= {"ots": sum(share.one for share in shares), "otsd": sum(share.ms for share in shares)}
    if not levels or not found["v"]:
        return found
    resource, *rest = levels
    for_all = ots and resource in {"devices", "movies", "dates"}
    for member in members(resource, shares, clock):
        below = [share for each in shares if (share := of(each, resource, member, clock))]
        child = node(member, "emotion" if resource == "emotions" else TYPES[resource], below, rest, clock, ots=for_all)
        if resource in {"ages", "genders", "emotions"} or child["v"] or child["vd"] or child.get("ots"):
            found["o"].append(child)
    return found


def members(resource: str, shares: list[Share], clock: Any) -> list[str]:
    if resource == "devices":
        return [str(sensor) for sensor in sorted({share.fact.sensor for share in shares})]
    if resource == "movies":
        return [str(content) for content in sorted({content for share in shares for content in shown(share.fact)})]
    if resource == "dates":
        return sorted({date(share.fact, clock) for share in shares})
    return sorted({"ages": AGES, "genders": GENDERS, "emotions": EMOTIONS}[resource])


def of(share: Share, resource: str, member: str, clock: Any) -> Share | None:
    """The part of a share that belongs to a member."""
    fact = share.fact
    if resource == "emotions":
        own = EMOTIONS[member]
        return Share(fact, share.one and twin_breakdown.emotion(fact) == own, twin_breakdown.times(fact).get(own, 0))
    belongs = {
        "devices": lambda: str(fact.sensor) == member,
        "movies": lambda: int(member) in shown(fact),
        "dates": lambda: date(fact, clock) == member,
        "ages": lambda: (fact.get("age_group") or "unknown") == AGES[member],
        "genders": lambda: (fact.get("gender") or "unknown") == GENDERS[member],
    }[resource]()
    return share if belongs else None


def shown(fact: Fact) -> set[int]:
    return {each["content_id"] for each in fact.get("contents") or ()}


def date(fact: Fact, clock: Any) -> str:
    form, minutes = clock
    return (datetime.fromtimestamp(fact.start / 1000, UTC) + timedelta(minutes=minutes)).strftime(FORMS[form])
