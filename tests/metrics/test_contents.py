"""The metrics of contents against the twin, and the proof of play that the vendor's document prints."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from tests.metrics import media, network, twin, twin_media
from tests.metrics.network import HOUR, Fact
from tests.metrics.test_audience import agrees, places_of, sensors_of
from tests.metrics.test_compute import as_dict, bucket_of
from tests.support.examples import about

from passerby.calendar import calendar
from passerby.metrics import contents
from passerby.metrics.audience import AGE_GROUPS, GENDERS
from passerby.metrics.compute import compute
from passerby.metrics.places import Place

NAMES = [*contents._SUMS, "impressions_per_play"]
SHOWN = (101, 102, 103)
SETTINGS = settings(max_examples=about(8), deadline=None)
CASES = media.cases(media.shown_view, media.shown_view, media.play, sizes=["30m", "1h", "1d", "7d", "1M"])


def of_screens(case):
    """{(calendar, sensor, bucket, content): (values, watchers by kind)} by the twin."""
    found = {}
    for sensor in range(1, 5):
        own = [fact for fact in case.facts if fact.sensor == sensor]
        who = [fact for fact in own if twin.counts(fact, case.role)]
        for index, frame in enumerate(case.calendars):
            for number in range(len(frame)):
                bucket = bucket_of(frame, number)
                for content in SHOWN:
                    kinds = twin_media.content_kinds(who, bucket, content)
                    found[index, sensor, number, content] = (twin_media.content(own, who, bucket, content), kinds)
    return found


def expected(screens, sensors, calendar_number, number, content):
    """(values, watchers by kind) of a content on several screens in one bucket."""
    values, kinds = dict.fromkeys(NAMES, Fraction(0)), {}
    for sensor in sensors:
        part, own = screens[calendar_number, sensor, number, content]
        values = {name: values[name] + part.get(name, 0) for name in NAMES}
        for kind, count in own.items():
            kinds[kind] = kinds.get(kind, 0) + count
    values["impressions_per_play"] = twin_media.ratio(values["impressions"], values["play_count"])
    return values, kinds


@SETTINGS
@given(CASES)
def test_a_content_at_a_place_agrees_with_the_twin(holder, case):
    places = [
        Place("content", content, index, **where)
        for index in range(len(case.calendars))
        for content in SHOWN[:2]
        for where in ({"sites": (1, 2)}, {"sites": (1,)}, {"sensors": (3,)}, {"sensors": (4,)})
    ]
    wanted, screens = {}, of_screens(case)
    for index, place in enumerate(places):
        frame = case.calendars[place.calendar]
        sensors = place.sensors or [sensor for site in place.sites for sensor in media.SENSORS_OF[site]]
        for number in range(len(frame)):
            values, _ = expected(screens, sensors, place.calendar, number, place.key)
            wanted |= {(index, NAMES.index(name), number): value for name, value in values.items() if value}
    catalogue = network.catalogue(case.zones, [{}, {}])
    asked = (holder.filled(case.facts), catalogue, NAMES, places, case.calendars)
    agrees(as_dict(compute(*asked, role=case.role)), wanted)


@SETTINGS
@given(CASES)
def test_all_contents_of_places_agree_with_the_twin(holder, case):
    places = places_of(case)
    wanted, kinds_of, plays, screens = {}, {}, {}, of_screens(case)
    for index, place in enumerate(places):
        frame = case.calendars[place.calendar]
        for number in range(len(frame)):
            for content in SHOWN:
                values, kinds = expected(screens, sensors_of(place), place.calendar, number, content)
                if values["play_count"] or values["watchers"]:
                    wanted[index, number, content] = [values[name] for name in contents._SUMS]
                    kinds_of[index, number, content] = kinds
                for name in contents.PLAYS:
                    key = (index, contents.PLAYS.index(name), number)
                    plays[key] = plays.get(key, 0) + values[name]
    asked = (holder.filled(case.facts), network.catalogue(case.zones, [{}, {}]))
    for only, rows_at_once, by_kind in ((None, 1, True), (None, 10**6, False), ([102, 999], 10**6, True)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(contents, "_ROWS", rows_at_once)
            patch.setattr(contents, "_SENSOR_DAYS", rows_at_once)
            found = [
                *contents.by_content(*asked, places, case.calendars, contents=only, role=case.role, by_kind=by_kind)
            ]
        keys = [key for each in found for key in zip(each.place, each.bucket, each.content, strict=True)]
        assert keys == sorted(key for key in wanted if only is None or key[2] in only)
        sums = np.concatenate(
            [np.zeros((0, 7)), *(np.stack([getattr(e, n) for n in contents._SUMS], 1) for e in found)]
        )
        for key, row in zip(keys, sums.tolist(), strict=True):
            assert row == pytest.approx([float(value) for value in wanted[key]], rel=1e-12), key
        shown = [row for each in found for row in each.kinds.tolist()]
        for key, row in zip(keys, shown, strict=True):
            told = {(GENDERS[i // 5], AGE_GROUPS[i % 5]): count for i, count in enumerate(row) if count}
            assert told == (kinds_of[key] if by_kind else {})
    names = [*contents.PLAYS]
    agrees(
        as_dict(compute(*asked, names, places, case.calendars)), {key: value for key, value in plays.items() if value}
    )


START = 1_517_191_200_000  # 2018-01-29T02:00:00Z


def hour_of(start, *figures, shown=101):
    """An hour of a screen: watchers of the content (some of them for long), others, ots, plays for so many seconds."""
    watchers, long, others, ots, plays, seconds = figures
    facts = []
    for number in range(ots):
        looked = 2500 if number < long else 500
        attention = looked if number < watchers + others else 0
        entry = {"content_id": shown, "start_ms": 0, "duration_ms": 3000, "attention_ms": looked, "mood": None}
        values = {
            "ended_ms": start + number + 4000,
            "attention_ms": attention,
            "contents": [entry] if number < watchers else None,
            "role": None,
        }
        facts.append(Fact("view", 1, start + number, tuple(values.items())))
    for number in range(plays):
        at = start + number * 10_000
        facts.append(Fact("play", 1, at, (("ended_ms", at + seconds * 1000 // plays), ("content_id", shown))))
    return facts


@pytest.mark.parametrize(
    ("hours", "printed"),
    [
        # watchers, > 2 s, other watchers, ots, plays, seconds played of proof_of_play_by_location and _by_site
        (
            [(8, 6, 0, 32, 12, 60), (64, 20, 0, 96, 22, 110), (4, 1, 4, 16, 33, 165)],
            [(32, 2.67), (96, 4.36), (8, 0.24)],
        ),
        (
            [(7, 5, 0, 31, 10, 50), (14, 14, 7, 42, 22, 110), (42, 12, 0, 87, 4, 20)],
            [(31, 3.10), (28, 1.27), (87, 21.75)],
        ),
    ],
)
def test_the_proofs_of_play_that_the_document_prints(holder, hours, printed):
    facts = []
    for hour, figures in enumerate(hours):
        facts += hour_of(START + hour * HOUR, *figures)
    frames = [calendar("1h", "UTC", START, START + 3 * HOUR)]
    places = [Place("content", 101, sensors=(1,)), Place("content", 101, sites=(1,))]
    catalogue = network.catalogue(["UTC", "UTC"], [{}, {}])
    found = as_dict(compute(holder.filled(facts), catalogue, NAMES, places, frames))
    for place in range(2):
        rows = [{name: found.get((place, i, hour), 0) for i, name in enumerate(NAMES)} for hour in range(3)]
        assert [(round(row["impressions"]), round(row["impressions_per_play"], 2)) for row in rows] == printed
        assert [(row["watchers"], row["watchers_2sec"]) for row in rows] == [hour[:2] for hour in hours]
        assert [(row["play_count"], row["content_duration"] / 1000) for row in rows] == [hour[4:] for hour in hours]


def test_the_impressions_of_a_site_are_the_sum_of_its_screens(holder):
    """1 of 2 watchers with 5 opportunities, 1 of 3 with 7: 2.5 + 2.333..., not 2 of 5 with 12, 4.8."""
    facts = [
        *hour_of(START, 1, 0, 1, 5, 1, 1),
        *(Fact(f.kind, 2, f.start, f.values) for f in hour_of(START + 60_000, 1, 0, 2, 7, 1, 1)),
    ]
    frames = [calendar("1d", "UTC", START, START + HOUR)]
    catalogue = network.catalogue(["UTC", "UTC"], [{}, {}])
    places = [Place("content", 101, sites=(1,))]
    found = as_dict(compute(holder.filled(facts), catalogue, ["impressions"], places, frames))
    assert found == {(0, 0, 0): pytest.approx(29 / 6, abs=1e-6)}
