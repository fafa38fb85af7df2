"""Numbers, what they are compared with and their medians, against plain Python that walks through local days."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics import network
from tests.metrics.network import Fact, Holder
from tests.support.examples import about

from passerby.web.figures.asking import Source
from passerby.web.figures.overview import overview
from passerby.web.figures.period import Choice

# One has a change of clocks in the weeks before, another one that is half an hour, the third none.
ZONES = ("America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
SENSOR_OF = {1: 1, 2: 4}
NOW = datetime(2026, 11, 14, 17, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def holder(tmp_path_factory):
    made = Holder(tmp_path_factory.mktemp("store"))
    yield made
    made.store.close()


def instant(day, minutes, zone):
    """The instant that is so many minutes of real time into a local day."""
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return begin + timedelta(minutes=minutes)


@st.composite
def networks(draw):
    """(zones of the two sites, {site: {days back: minutes of visits and of passages, or None: nobody looked}})."""
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=2, max_size=2))
    minutes = st.lists(st.integers(0, 23 * 60 + 29), max_size=4, unique=True)
    day = st.none() | st.tuples(minutes, minutes)
    backs = st.sampled_from([0, 7, 14, 21, 28])
    return zones, {site: draw(st.dictionaries(backs, day, min_size=3, max_size=5)) for site in (1, 2)}


def facts_of(zones, days):
    made = []
    for site, of_days in days.items():
        zone = zones[site - 1]
        today = NOW.astimezone(ZoneInfo(zone)).date()
        for back, found in of_days.items():
            if found is None:
                continue
            day = today - timedelta(days=back)
            begin, end = (instant(each, 0, zone) for each in (day, day + timedelta(days=1)))
            made.append(Fact("uptime", SENSOR_OF[site], ms(begin), (("ended_ms", ms(end)),)))
            for minute in found[0]:
                at = ms(instant(day, minute, zone))
                made.append(Fact("visit", SENSOR_OF[site], at, (("ended_ms", at + 60_000 + minute),)))
            for minute in found[1]:
                at = ms(instant(day, minute, zone))
                made.append(Fact("passage", SENSOR_OF[site], at, (("ended_ms", at + 5_000), ("class", "person"))))
    return made


def ms(at):
    return round(at.timestamp() * 1000)


class Twin:
    """Sums of one site on one day until the present time of day; None where nobody looked."""

    def __init__(self, zones, days):
        self.zones, self.days = zones, days

    def sums(self, site, back):
        found = self.days[site].get(back)
        if found is None:
            return None
        zone = ZoneInfo(self.zones[site - 1])
        now = NOW.astimezone(zone)
        day = now.date() - timedelta(days=back)
        end = datetime(day.year, day.month, day.day, now.hour, now.minute, tzinfo=zone).astimezone(UTC)
        visits, passages = ([minute for minute in minutes if instant(day, minute, zone.key) < end] for minutes in found)
        return {"visits": len(visits), "walk_bys": len(passages), "dwell": sum(60_000 + each for each in visits)}

    def value(self, name, sites, back):
        known = [sums for site in sites if (sums := self.sums(site, back)) is not None]
        if name == "turn_in_rate":
            known = [sums for sums in known if sums["walk_bys"]]
            visits, passed = (sum(sums[each] for sums in known) for each in ("visits", "walk_bys"))
            return 100 * visits / (visits + passed) if passed else None
        if name == "mean_dwell_time":
            visits = sum(sums["visits"] for sums in known)
            return sum(sums["dwell"] for sums in known) / visits if visits else None
        return sum(sums[name] for sums in known) if known else None

    def median(self, name, sites):
        found = [value for back in (7, 14, 21, 28) if (value := self.value(name, sites, back)) is not None]
        return statistics.median(found) if found else None, len(found)


@settings(max_examples=about(10), deadline=None)
@given(networks())
def test_today_beside_last_week_and_the_median_of_four(holder, case):
    zones, days = case
    catalogue = network.catalogue(zones, [{}, {}])
    store = holder.filled(facts_of(zones, days))
    figures = overview(Source(store, catalogue, ms(NOW)), list(catalogue.sites.values()), Choice())
    twin = Twin(zones, days)
    for numbers, sites in ((figures.numbers, (1, 2)), *((row.numbers, (row.site.id,)) for row in figures.rows)):
        for name, number in numbers.items():
            last, median = number.compared
            assert number.value == pytest.approx(twin.value(name, sites, 0)), name
            assert last.value == pytest.approx(twin.value(name, sites, 7)), name
            assert (median.value, median.times) == (
                pytest.approx(twin.median(name, sites)[0]),
                twin.median(name, sites)[1],
            )
            if number.value is None or not last.value:
                assert last.change is None or number.metric.unit == "percent"
            elif number.metric.unit == "percent":
                assert last.change == pytest.approx(number.value - last.value)
            else:
                assert last.change == pytest.approx(100 * (number.value - last.value) / last.value)


@settings(max_examples=about(5), deadline=None)
@given(networks())
def test_the_series_has_gaps_where_nobody_looked_and_adds_up(holder, case):
    zones, days = case
    catalogue = network.catalogue(zones, [{}, {}])
    store = holder.filled(facts_of(zones, days))
    source = Source(store, catalogue, ms(NOW))
    for site in (1, 2):
        figures = overview(source, [catalogue.sites[site]], Choice())
        values = [value for value in figures.trend.values if value is not None]
        assert sum(values) == (figures.numbers["visits"].value or 0)
        # A day is observed whole or not at all.
        assert len(values) in {0, len(figures.trend.values)}
        assert (not values) == (days[site].get(0) is None)
        assert figures.rows[0].observed == (1 if values else 0)


def two_sites(holder, zones, days):
    catalogue = network.catalogue(zones, [{}, {}])
    return Source(holder.filled(facts_of(zones, days)), catalogue, ms(NOW)), list(catalogue.sites.values())


def test_today_is_each_sites_own_whatever_its_date(holder):
    """At this time it is Sunday 06:20 in Auckland, Saturday 12:20 in New York."""
    days = {1: {0: ([10, 370], [])}, 2: {0: ([20, 380, 615], [])}}
    source, sites = two_sites(holder, ("Pacific/Auckland", "America/New_York"), days)
    for order, date in ((sites, "2026-11-15"), (sites[::-1], "2026-11-14")):
        trend = overview(source, order, Choice()).trend
        assert trend.labels == [f"{date}T{hour:02d}:00:00" for hour in range(13)]
        assert [hour for hour, whole in enumerate(trend.whole) if whole] == [0, 1, 2, 3, 4, 5]
        assert {hour: value for hour, value in enumerate(trend.values) if value} == {0: 2, 6: 2, 10: 1}


def test_days_that_are_not_over_everywhere_are_in_part(holder):
    days = {site: {back: ([10], []) for back in range(10)} for site in (1, 2)}
    source, sites = two_sites(holder, ("Pacific/Auckland", "America/New_York"), days)
    trend = overview(source, sites, Choice(period="7d")).trend
    assert [label[:10] for label, whole in zip(trend.labels, trend.whole, strict=True) if not whole] == [
        "2026-11-08",  # Auckland's seven days begin one later
        "2026-11-14",
        "2026-11-15",
    ]
    assert trend.values == [1, 2, 2, 2, 2, 2, 2, 1]
    assert overview(source, sites[:1], Choice(period="yesterday")).trend.whole == [True] * 24


def test_a_site_that_nobody_observed_keeps_no_hour_in_part(holder):
    source, sites = two_sites(holder, ("Pacific/Auckland", "America/New_York"), {1: {}, 2: {0: ([20], [])}})
    assert overview(source, sites, Choice()).trend.whole == [True] * 12 + [False]


def test_what_it_is_compared_with_has_gaps_too(holder):
    days = {1: {0: ([60], []), 1: ([60], []), 7: ([60], [])}, 2: {}}
    source, sites = two_sites(holder, ("UTC", "UTC"), days)
    trend = overview(source, sites[:1], Choice(period="7d", compare="week")).trend
    assert (trend.values[-2:], trend.before) == ([1, 1], [None, None, None, None, None, None, 1])


@pytest.mark.parametrize(("hours", "times"), [(2, 1), (14, 2)])
def test_a_median_leaves_out_a_time_of_which_little_was_observed(holder, hours, times):
    """A network's first day, begun late, is no usual one."""
    facts = facts_of(("UTC", "UTC"), {1: {0: ([60, 700], []), 7: ([90, 800], [])}, 2: {}})
    end = NOW - timedelta(days=14)
    begin = end - timedelta(hours=hours)
    facts += [
        Fact("uptime", SENSOR_OF[1], ms(begin), (("ended_ms", ms(end)),)),
        Fact("visit", SENSOR_OF[1], ms(end) - 600_000, (("ended_ms", ms(end) - 500_000),)),
    ]
    catalogue = network.catalogue(["UTC", "UTC"], [{}, {}])
    figures = overview(Source(holder.filled(facts), catalogue, ms(NOW)), [catalogue.sites[1]], Choice())
    for numbers in (figures.numbers, figures.rows[0].numbers):
        median = numbers["visits"].compared[1]
        assert (median.times, median.value) == (times, {1: 2, 2: 1.5}[times])


def test_a_median_says_how_much_of_its_times_was_observed(holder):
    days = {site: {back: ([60], []) for back in (0, 7, 14, 21, 28)} for site in (1, 2)}
    days[1][14] = None
    facts = facts_of(("UTC", "UTC"), days)
    morning, noon = (ms(instant((NOW - timedelta(days=14)).date(), minutes, "UTC")) for minutes in (0, 13 * 60))
    facts.append(Fact("uptime", SENSOR_OF[1], morning, (("ended_ms", noon),)))
    catalogue = network.catalogue(["UTC", "UTC"], [{}, {}])
    source, sites = Source(holder.filled(facts), catalogue, ms(NOW)), list(catalogue.sites.values())
    figures = overview(source, sites, Choice())
    part = 13 / (17 + 1 / 3)
    assert [row.numbers["visits"].last.observed for row in figures.rows] == [1, 1]
    assert [row.numbers["visits"].compared[1].observed for row in figures.rows] == [pytest.approx((3 + part) / 4), 1]
    assert figures.numbers["visits"].compared[1].observed == pytest.approx((7 + part) / 8)
    # Of longer times it is not looked up, and the page says so.
    assert overview(source, sites, Choice(period="7d")).numbers["visits"].compared[1].observed is None


def test_of_a_brand_without_sites_nothing_is_known(holder):
    catalogue = network.catalogue(["UTC", "UTC"], [{}, {}])
    figures = overview(Source(holder.filled([]), catalogue, ms(NOW)), [], Choice())
    assert [number.value for number in figures.numbers.values()] == [None] * 4
    assert (figures.rows, figures.best, figures.observed, figures.occupancy) == ((), [], None, None)


def test_nobody_came_is_zero_and_nobody_looked_is_unknown(holder):
    catalogue = network.catalogue(["UTC", "UTC"], [{}, {}])
    store = holder.filled(facts_of(["UTC", "UTC"], {1: {0: ([], [])}, 2: {}}))
    looked, dark = overview(Source(store, catalogue, ms(NOW)), list(catalogue.sites.values()), Choice()).rows
    assert (looked.numbers["visits"].value, looked.observed) == (0, 1)
    assert (dark.numbers["visits"].value, dark.observed) == (None, 0)
    assert looked.numbers["turn_in_rate"].value is None
