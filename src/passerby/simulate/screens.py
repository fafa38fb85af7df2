"""A screen that plays contents in turn and measures who is in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from passerby.observations import AgeGroup, ContentView, Emotion, Gender, Glasses, Look, Mood, Play, View
from passerby.simulate.day import MINUTE_MS, Bundle, Day, Report, at
from passerby.simulate.dice import Dice, Weighted
from passerby.simulate.network import CONTENTS, PLAY_MS, SensorPlan
from passerby.simulate.profiles import SHOP_HOURS, VIEW_MS, within

_MOODS = ("very_happy", "happy", "neutral", "unhappy", "very_unhappy")
_EMOTIONS: tuple[Literal["happy", "neutral", "surprised"], ...] = ("happy", "neutral", "surprised")


@lru_cache(maxsize=256)
def _minutes(first_minute: int, last_minute: int) -> Weighted:
    return within(SHOP_HOURS, first_minute, last_minute)[0]


def plays(of: Day) -> Iterator[Bundle]:
    """Proof of play: one content after the other while the site is open."""
    screen = of.site.sensor("screen")
    if screen is None:
        return
    for start in range(of.open_ms, of.close_ms - PLAY_MS + 1, PLAY_MS):
        play = Play(sensor=screen.id, content=_playing(of, start), start=at(start), duration_ms=PLAY_MS)
        yield [Report(start, start + PLAY_MS, play)]


def _playing(of: Day, instant_ms: int) -> int:
    return CONTENTS[(instant_ms - of.open_ms) // PLAY_MS % len(CONTENTS)][0]


def views(of: Day) -> Iterator[Bundle]:
    """People in front of the screen; nearly half of them do not look at it."""
    screen = of.site.sensor("screen")
    if screen is None:
        return
    dice = of.dice("views")
    first, last = of.open_minutes
    minutes = _minutes(first, last)
    for _ in range(dice.around(of.site.visitors_a_day * of.busy * 1.3, 0.2)):
        start = of.open_ms + (minutes.draw(dice) - first) * MINUTE_MS + dice.integer(0, MINUTE_MS - 1)
        length = min(dice.quantile(VIEW_MS), of.close_ms - PLAY_MS - start)
        if length > 0:
            yield [Report(start, start + length, _view(of, screen, dice, (start, length)))]


def _view(of: Day, screen: SensorPlan, dice: Dice, span: tuple[int, int]) -> View:
    start, length = span
    looks: list[Look] = [] if dice.chance(0.45) else _looks(dice, length)
    attention = sum(look.ms for look in looks if look.looking)
    gender: Gender = dice.pick(("male", "female", "male", "female", "male", "female", "unknown"))
    age = dice.integer(6, 85)
    timed = dice.chance(0.5)  # half of the views say when the person looked, half only for how long
    return View(
        sensor=screen.id,
        start=at(start),
        duration_ms=length,
        attention_ms=None if timed else attention,
        attention=looks if timed else None,
        gender=gender,
        age_group=_age_group(age) if gender != "unknown" else "unknown",
        age=age if gender != "unknown" else None,
        glasses=_glasses(dice) if attention else None,
        mustache=gender == "male" and dice.chance(0.1) if attention else None,
        beard=gender == "male" and dice.chance(0.2) if attention else None,
        mood=_mood(dice, attention) if attention else None,
        emotions=[Emotion(dice.pick(_EMOTIONS), attention)] if attention and timed else None,
        contents=list(_shown(of, start, length, looks if timed else None)),
        session=start // 1000,
    )


def _looks(dice: Dice, length: int) -> list[Look]:
    """Looking at the screen and away from it, in turn, as long as the view lasts."""
    looks: list[Look] = []
    left, looking = length, dice.chance(0.4)
    while left > 0 and len(looks) < 12:
        piece = min(left, dice.integer(300, 6_000))
        looks.append(Look(looking, piece))
        left, looking = left - piece, not looking
    return looks


def _shown(of: Day, start: int, length: int, looks: list[Look] | None) -> Iterator[ContentView]:
    """The contents played during the view; the attention to each where the looks tell it."""
    instant = start
    while instant < start + length:
        over = min(of.open_ms + ((instant - of.open_ms) // PLAY_MS + 1) * PLAY_MS, start + length)
        attention = None if looks is None else _overlap(looks, instant - start, over - start)
        yield ContentView(
            content=_playing(of, instant), start_ms=instant - start, duration_ms=over - instant, attention_ms=attention
        )
        instant = over


def _overlap(looks: list[Look], begin: int, end: int) -> int:
    total, position = 0, 0
    for look in looks:
        if look.looking:
            total += max(0, min(end, position + look.ms) - max(begin, position))
        position += look.ms
    return total


def _age_group(age: int) -> AgeGroup:
    if age < 16:
        return "child"
    if age < 35:
        return "young"
    return "adult" if age < 65 else "senior"


def _glasses(dice: Dice) -> Glasses:
    return dice.pick(("none", "none", "none", "glasses", "glasses", "sunglasses"))


def _mood(dice: Dice, attention: int) -> Mood:
    """The attention, split between two moods that lie side by side."""
    first = dice.integer(0, 3)
    part = int(attention * dice.random())
    return Mood(**{_MOODS[first]: part, _MOODS[first + 1]: attention - part})
