"""The metrics of screens against the twin, and the figures that the vendor's document prints."""

from __future__ import annotations

import random
from dataclasses import fields

import pytest
from hypothesis import given, settings
from tests.metrics import media, network, twin, twin_media
from tests.metrics.media import ENTRY_POINTS_OF, SENSORS_OF
from tests.metrics.network import DAY, HOUR, Fact
from tests.metrics.test_compute import as_dict, bucket_of
from tests.support.examples import about

from passerby.calendar import calendar
from passerby.metrics import audience
from passerby.metrics.compute import compute
from passerby.metrics.places import Place

NAMES = [
    *("ots", "watchers", "conversion_ratio", "ots_dwell", "dwell", "attention"),
    *("mean_dwell", "mean_attention", "duration"),
]
KEYS = [("brand", 1), ("site", 1), ("site", 2), *(("sensor", sensor) for sensor in (1, 2, 3, 4))]
COLUMNS = [field.name for field in fields(audience.Cells)]
SETTINGS = settings(max_examples=about(24), deadline=None)


def places_of(case):
    return [Place(level, key, index) for index in range(len(case.calendars)) for level, key in KEYS]


def sensors_of(place, of_site=SENSORS_OF):
    if place.level == "sensor":
        return (place.key,)
    return of_site[place.key] if place.level == "site" else (*of_site[1], *of_site[2])


def expected(case, names=NAMES):
    """{(place, metric, bucket): value} by the twin, zeros left out."""
    steps = {
        sensor: twin_media.observed_steps([f for f in case.facts if f.sensor == sensor], case.zones[sensor == 4])
        for sensor in range(1, 5)
    }
    found = {}
    for index, place in enumerate(places_of(case)):
        frame = case.calendars[place.calendar]
        own = [f for f in case.facts if f.sensor in sensors_of(place) and twin.counts(f, case.role)]
        for number in range(len(frame)):
            bucket = bucket_of(frame, number)
            values = twin_media.screen(own, bucket)
            values["duration"] = sum(twin_media.observed_s(steps[sensor], bucket) for sensor in sensors_of(place))
            for name in names:
                if values[name]:
                    found[index, names.index(name), number] = values[name]
    return found


def agrees(found, wanted):
    assert set(found) == set(wanted)
    for key, value in wanted.items():
        assert found[key] == pytest.approx(float(value), rel=1e-12, abs=1e-6), key


@SETTINGS
@given(media.cases(media.view))
def test_screens_agree_with_the_twin(holder, case):
    store = holder.filled(case.facts)
    catalogue = network.catalogue(case.zones, [{}, {}])
    agrees(as_dict(compute(store, catalogue, NAMES, places_of(case), case.calendars, role=case.role)), expected(case))


KINDS = [*audience.WATCHERS_OF_GENDER, *audience.WATCHERS_OF_AGE]


@SETTINGS
@given(media.cases(media.view))
def test_kinds_of_viewers_agree_with_the_twin(holder, case):
    places = places_of(case)
    cells, kinds = {}, {}
    for index, place in enumerate(places):
        own = [f for f in case.facts if f.sensor in sensors_of(place) and twin.counts(f, case.role)]
        for number in range(len(case.calendars[place.calendar])):
            by_kind = twin_media.cells(own, bucket_of(case.calendars[place.calendar], number))
            for (gender, age), values in by_kind.items():
                cells[index, number, gender, age] = [int(values[name]) for name in audience.SUMS]
                for name in (
                    "watchers_unknown_gender" if gender == "unknown" else f"watchers_{gender}",
                    "watchers_unknown_age" if age == "unknown" else f"watchers_{age}",
                ):
                    key = (index, KINDS.index(name), number)
                    kinds[key] = kinds.get(key, 0) + values["watchers"]
    store = holder.filled(case.facts)
    asked = (store, network.catalogue(case.zones, [{}, {}]))
    for most in (1, 2_000_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(audience, "_CELLS", most)
            found = [*audience.demographics(*asked, places, case.calendars, role=case.role)]
        rows = [row for each in found for row in zip(*(getattr(each, name) for name in COLUMNS), strict=True)]
        assert rows == sorted(rows)
        assert {
            (place, bucket, audience.GENDERS[gender], audience.AGE_GROUPS[age]): values
            for place, bucket, gender, age, *values in rows
        } == cells
    agrees(
        as_dict(compute(*asked, KINDS, places, case.calendars, role=case.role)),
        {key: value for key, value in kinds.items() if value},
    )


@settings(max_examples=about(15), deadline=None)
@given(media.cases(media.view, sizes=["1h", "1d"]))
def test_late_and_repeated_deliveries_change_nothing(holder, case):
    catalogue = network.catalogue(case.zones, [{}, {}])
    asked = (catalogue, NAMES, places_of(case), case.calendars)
    answers = [as_dict(compute(holder.filled(case.facts, how), *asked)) for how in (None, random.Random(1))]
    assert answers[0] == answers[1]


def view(sensor, start, attention_ms, length_ms=3000):
    values = {"ended_ms": start + length_ms, "attention_ms": attention_ms, "role": None}
    return Fact("view", sensor, start, tuple(values.items()))


def test_the_percentages_that_the_document_prints(holder):
    """Aggregated viewers of location 4636: 1 of 9, none of 0, 3 of 11."""
    start = 1_517_191_200_000  # 2018-01-29T02:00:00Z
    facts = [
        view(1, start + hour * HOUR + number, 300 if number < watchers else 0)
        for hour, (ots, watchers) in enumerate([(9, 1), (0, 0), (11, 3)])
        for number in range(ots)
    ]
    calendars = [calendar("1h", "UTC", start, start + 3 * HOUR), calendar("1d", "UTC", start, start + 3 * HOUR)]
    catalogue = network.catalogue(["UTC", "UTC"], [{}, {}])
    places = [Place("sensor", 1), Place("site", 1, 1)]
    found = as_dict(compute(holder.filled(facts), catalogue, ["conversion_ratio"], places, calendars))
    # Of several hours it is computed from the parts, 4 of 20; a mean of the percentages would be 12.8.
    assert found == {(0, 0, 0): 11.11111111111111, (0, 0, 2): 27.272727272727273, (1, 0, 0): 20.0}


def test_a_place_may_stand_in_several_calendars_and_an_empty_brand_is_nothing(holder):
    start = 20 * DAY
    catalogue = network.catalogue(["UTC", "UTC"], [{}, {}])
    places = [Place("brand", 1, 0, ()), Place("brand", 1, 0, (2,)), Place("site", 1)]
    frames = [calendar("1h", "UTC", start, start + HOUR)]
    store = holder.filled([view(3, start, 0), view(4, start, 1)])
    # Sensor 3 is no entry point of site 1, and a screen all the same.
    assert ENTRY_POINTS_OF[1] != SENSORS_OF[1]
    assert as_dict(compute(store, catalogue, ["ots", "watchers"], places, frames)) == {
        (1, 0, 0): 1,
        (1, 1, 0): 1,
        (2, 0, 0): 1,
    }
