"""The metrics of the street against the twin, and the figures that the vendor's document prints."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics import media, network, twin_media
from tests.metrics.media import ENTRY_POINTS_OF
from tests.metrics.network import DAY, HOUR, Fact
from tests.metrics.test_audience import KEYS, agrees, places_of, sensors_of
from tests.metrics.test_compute import as_dict, bucket_of
from tests.metrics.twin import Span
from tests.support.examples import about

from passerby.calendar import calendar
from passerby.metrics import street
from passerby.metrics.compute import compute
from passerby.metrics.media import STREETS
from passerby.metrics.places import Place

NAMES = [metric.name for metric in STREETS if not metric.hourly]
IM = list(street.IM_ROW)
# Sites 1 and 2: their own factors, and opening hours (None: always open).
FACTORS = [{}, {"car": 1.72, "unknown": 0.5}]
# Clocks change in the first hours of a day, so most hours that are looked at are these.
HOURS = st.sampled_from([None, ("00:30", "05:30"), ("02:00", "04:00"), ("22:00", "02:30"), ("00:00", "24:00")])


def catalogue_of(zones, hours=(None, None), factors=FACTORS):
    made = network.catalogue(zones, [{}, {}])
    sites = {
        number: replace(site, vehicle_factors=factors[number - 1], opening_hours=hours[number - 1])
        for number, site in made.sites.items()
    }
    return replace(made, sites=sites)


def factors_of(sensor):
    own = FACTORS[sensor == 4]
    return twin_media.FACTORS | {name: Fraction(str(value)) for name, value in own.items()}


def counting(place):
    """The sensors that count for a place: its entry points, or the sensor that is asked for."""
    return sensors_of(place, ENTRY_POINTS_OF)


def expected(case):
    found = {}
    for index, place in enumerate(places_of(case)):
        frame = case.calendars[place.calendar]
        for number in range(len(frame)):
            values = dict.fromkeys(NAMES, Fraction(0))
            for sensor in counting(place):
                own = [fact for fact in case.facts if fact.sensor == sensor]
                part = twin_media.street(own, bucket_of(frame, number), factors_of(sensor))
                values = {name: values[name] + part.get(name, 0) for name in NAMES}
            values["impressions_per_vehicle"] = twin_media.ratio(values["vehicle_impressions"], values["vehicle_count"])
            found |= {(index, NAMES.index(name), number): value for name, value in values.items() if value}
    return found


@settings(max_examples=about(40), deadline=None)
@given(media.cases(media.passage))
def test_streets_agree_with_the_twin(holder, case):
    asked = (holder.filled(case.facts), catalogue_of(case.zones), NAMES, places_of(case), case.calendars)
    agrees(as_dict(compute(*asked, role=case.role)), expected(case) if case.role != "courier" else {})


@st.composite
def weeks(draw):
    """(facts, zone, hours, calendar, now): a sensor's last two weeks, dark for some hours or days of them."""
    zone = draw(st.sampled_from(media.ZONES))
    anchor = draw(st.sampled_from(network.anchors(zone)))
    hour = st.integers(-4, 8).map(lambda number: anchor + number * HOUR)
    # Most hours have somebody a week before and nobody now, and are observed for more or less than half.
    past = st.builds(lambda begin, ms: begin - 7 * DAY + ms, hour, st.sampled_from([0, 1, HOUR // 2, HOUR - 1]))
    facts = draw(st.lists(past.flatmap(media.passage), min_size=2, max_size=14))
    facts += draw(st.lists(hour.flatmap(media.passage), max_size=3))
    lengths = st.sampled_from([media.STEP, 1_500_000, HOUR // 2, HOUR])
    weeks_ago = st.sampled_from([0, 0, 0, 7 * DAY])

    def uptime(begin, back, ms, sensor):
        begin = (begin - back) // media.STEP * media.STEP
        return Fact("uptime", sensor, begin, (("ended_ms", begin + ms),))

    facts += draw(st.lists(st.builds(uptime, hour, weeks_ago, lengths, st.integers(1, 4)), min_size=1, max_size=10))
    start = anchor - draw(st.integers(0, 4)) * HOUR + draw(st.sampled_from([0, 0, 1_234_000]))
    end = start + draw(st.integers(4, 12)) * HOUR
    frame = calendar("1h", zone, start, end, clip=draw(st.booleans()))
    now = draw(st.sampled_from([anchor + 30 * DAY, anchor + 2 * HOUR + 600_000]))
    return facts, zone, (draw(HOURS), draw(HOURS)), frame, now


@settings(max_examples=about(60), deadline=None)
@given(weeks())
def test_impression_multipliers_agree_with_the_twin(holder, case):
    facts, zone, hours, frame, now = case
    places = [Place(level, key) for level, key in KEYS]
    catalogue = catalogue_of([zone, zone], hours)
    found = as_dict(compute(holder.filled(facts), catalogue, IM, places, [frame], now_ms=now))
    wanted = {}
    for number in range(len(frame)):
        whole = Span(int(frame.starts[number]), int(frame.ends[number]))
        rows = {}
        for sensor in range(1, 5):
            own = [fact for fact in facts if fact.sensor == sensor]
            opens, closes = hours[sensor == 4] or ("06:00", "24:00")
            site = (zone, opens, closes, factors_of(sensor))
            rows[sensor] = twin_media.im_row(own, bucket_of(frame, number), whole, site, now)
        for index, place in enumerate(places):
            parts = [rows[sensor][0] for sensor in counting(place)]
            row = {name: sum(part[name] for part in parts) for name in parts[0]}
            footfall, vehicle = twin_media.im(row)
            values = {
                "im": footfall + vehicle,
                "im_footfall": footfall,
                "im_vehicle": vehicle,
                "im_impressions_per_vehicle": twin_media.ratio(row["vehicle_impressions"], row["vehicle_count"]),
                "im_backup": sum(rows[sensor][1] for sensor in counting(place)),
                **{part: row[part.removeprefix("im_")] for part in IM if part.removeprefix("im_") in row},
            }
            wanted |= {(index, IM.index(name), number): value for name, value in values.items() if value}
    agrees(found, wanted)


START = 1_517_191_200_000  # 2018-01-29T02:00:00Z


def passages(start, *kinds):
    """Passages of (class, how many, ms each)."""
    values = [(kind, length) for kind, count, length in kinds for _ in range(count)]
    return [
        Fact("passage", 1, start + number, (("ended_ms", start + number + length), ("class", kind)))
        for number, (kind, length) in enumerate(values)
    ]


def rounded(found, names, place=0):
    return [[round(found.get((place, index, hour), 0), 2) for index in range(len(names))] for hour in range(3)]


def test_the_vehicles_that_the_document_prints(holder):
    """Aggregated vehicles of location 4636: 1.72 of one, nothing, 6.04 of three."""
    factors = [{"truck": 1.72, "van": 2.16}, {}]
    facts = [
        *passages(START, ("truck", 1, 1200)),
        *passages(START + 2 * HOUR, ("truck", 1, 2700), ("van", 2, 2800)),
    ]
    names = ["vehicle_count", "vehicle_presence", "vehicle_impressions", "impressions_per_vehicle"]
    frames = [calendar("1h", "UTC", START, START + 3 * HOUR)]
    catalogue = catalogue_of(["UTC", "UTC"], factors=factors)
    found = as_dict(compute(holder.filled(facts), catalogue, names, [Place("sensor", 1)], frames))
    assert rounded(found, names) == [[1, 1200, 1.72, 1.72], [0, 0, 0, 0], [3, 8300, 6.04, 2.01]]


def test_the_impression_multipliers_that_the_document_prints(holder):
    """The rows of location 60628, 21:00 and 22:00; the second is that of the week before, as its backup says."""
    factors = [{"car": 1.85, "van": 1.94}, {}]
    hour = START + 19 * HOUR
    facts = [
        *passages(hour, ("person", 75, 31_000), ("person", 1, 23_200), ("car", 26, 10_000), ("car", 1, 9_600)),
        *passages(hour + HOUR - 7 * DAY, ("person", 48, 13_800), ("person", 1, 3_800)),
        *passages(hour + HOUR - 7 * DAY + 100, ("van", 35, 11_000), ("van", 1, 13_900)),
        # Somebody looked on both days, not in the second hour.
        Fact("uptime", 1, hour, (("ended_ms", hour + HOUR),)),
        Fact("uptime", 1, hour + HOUR - 7 * DAY, (("ended_ms", hour + 2 * HOUR - 7 * DAY),)),
    ]
    frames = [calendar("1h", "UTC", hour, hour + 3 * HOUR)]
    catalogue = catalogue_of(["UTC", "UTC"], factors=factors)
    found = as_dict(compute(holder.filled(facts), catalogue, IM, [Place("sensor", 1)], frames))
    table = [dict(zip(IM, row, strict=True)) for row in rounded(found, IM)]
    assert [[row[name] for name in ("im", "im_footfall", "im_vehicle")] for row in table] == [
        [0.79, 0.65, 0.14],
        [0.40, 0.19, 0.21],
        [0, 0, 0],
    ]
    assert [row["im_backup"] for row in table] == [0, 1, 0]
    shown = ("vehicle_count", "vehicle_impressions", "vehicle_presence", "footfall_count", "footfall_presence")
    assert [[round(row[f"im_{name}"]) for name in shown] for row in table[:2]] == [
        [27, 50, 269_600, 76, 2_348_200],
        [36, 70, 398_900, 49, 666_200],
    ]


def test_multipliers_of_many_sensors_a_few_at_a_time(holder, monkeypatch):
    facts = passages(START, ("car", 3, 1000), ("person", 2, 500))
    facts += [replace(fact, sensor=4) for fact in passages(START - 7 * DAY, ("bus", 2, 1000))]
    frames = [calendar("1h", "UTC", START, START + 5 * HOUR)]
    places = [Place(level, key) for level, key in KEYS]
    asked = (holder.filled(facts), catalogue_of(["UTC", "UTC"], ((None), ("00:00", "24:00"))), IM, places, frames)
    whole = as_dict(compute(*asked))
    assert whole[2, IM.index("im_backup"), 0] == 1
    monkeypatch.setattr(street, "_CELLS", 1)
    assert as_dict(compute(*asked)) == whole


def test_other_buckets_than_hours_have_no_multiplier(holder):
    frames = [calendar("1d", "UTC", START, START + HOUR)]
    with pytest.raises(ValueError, match="that of an hour"):
        compute(holder.filled([]), catalogue_of(["UTC", "UTC"]), ["im"], [Place("site", 1)], frames)
