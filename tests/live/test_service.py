"""The running live numbers: what is loaded, repeated, late; time, corrections, restarts, and who subscribed."""

from __future__ import annotations

import threading
from random import Random

import pytest
from tests.support.facts import row
from tests.support.networks import network

from passerby.calendar import DAY_MS
from passerby.errors import NotFoundError
from passerby.journal import Submission
from passerby.live import Corrections, Live, service
from passerby.services import open_services

# 2026-06-01T12:00:00Z: after every reset of the network's sites, and before the next.
NOON = 1_780_315_200_000
SENSOR, LINE, ZONE = 3024, 1, 11


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def live(services, clock):
    """Live numbers of `services` at a time that the test moves on."""
    made = Live(services.loader, services.store, services.catalogue, Corrections(services.catalogue.engine), clock)
    made.start()
    yield made
    made.stop()


def crossing(number, time, direction="in", **more):
    return row("crossing", number, sensor_id=SENSOR, line_id=LINE, started_ms=time, direction=direction, **more)


def visit(number, start, end, **more):
    return row("visit", number, sensor_id=SENSOR, started_ms=start, ended_ms=end, **more)


def zone_visit(number, start, end, **more):
    return row("zone_visit", number, sensor_id=SENSOR, zone_id=ZONE, started_ms=start, ended_ms=end, **more)


def joined(number, time, event_type="RegionJoin", object_id=7):
    more = {"event_type": event_type, "trigger_id": ZONE, "object_id": object_id}
    return row("event", number, sensor_id=SENSOR, started_ms=time, **more)


def send(services, **rows):
    """Rows by kind, as one request; returns once queries see them."""
    receipt = services.journal.append(Submission(rows)).result()
    services.loader.wait_visible(receipt.entry).result()


def occupancy(live, site=1):
    return live.sites()[1][site].occupancy


def test_rows_count_as_soon_as_queries_see_them_and_once(services, live):
    send(services, crossing=[crossing(1, NOON - 9), crossing(2, NOON - 8), crossing(3, NOON - 7, "out")])
    assert occupancy(live) == 1
    send(services, crossing=[crossing(2, NOON - 8), crossing(4, NOON - 6), crossing(4, NOON - 6)])
    assert occupancy(live) == 2, "one of three is new"
    assert occupancy(live, 2) == 0


def test_a_repeated_visit_with_another_length_changes_nothing(services, live):
    send(services, visit=[visit(1, NOON - 5000, NOON - 1000)])
    send(services, visit=[visit(1, NOON - 5000, NOON + 99_000)])
    assert occupancy(live) == 0


def test_time_goes_on_without_observations(services, live, clock):
    send(services, visit=[visit(1, NOON - 5, NOON + 1000), visit(2, NOON + 500, NOON + 1500)])
    seen = []
    for clock.now in (NOON, NOON + 500, NOON + 999, NOON + 1000, NOON + 1499, NOON + 1500):
        seen.append(occupancy(live))
    assert seen == [1, 2, 2, 1, 1, 0]


def test_a_restart_makes_the_same_numbers(services, live, clock):
    chance = Random(7)
    for _ in range(5):
        numbers = [chance.randrange(60) for _ in range(12)]
        send(
            services,
            crossing=[crossing(n, NOON - n * 600_000, "in" if n % 3 else "out") for n in numbers],
            visit=[visit(n, NOON - n * 600_000, NOON + (n - 30) * 60_000) for n in numbers],
            zone_visit=[zone_visit(n, NOON - n * 60_000, NOON + (n - 9) * 60_000) for n in numbers],
        )
    live.correct(1, 4, "counted", services.catalogue.current().credentials[1])
    clock.now += 60_000
    send(services, crossing=[crossing(90, clock.now), crossing(91, NOON - 60_000)])
    again = Live(services.loader, services.store, services.catalogue, live.corrections, clock)
    again.start()
    try:
        assert again.sites() == live.sites()
        assert live.sites()[1][1].last_ms == clock.now
    finally:
        again.stop()


def test_joins_count_after_a_restart_too_and_not_beside_their_stay(services, live, clock):
    def in_zone(one):
        return next(zone.occupancy for zone in one.sites()[1][1].zones if zone.key == (SENSOR, ZONE))

    def restarted():
        again = Live(services.loader, services.store, services.catalogue, live.corrections, clock)
        again.start()
        try:
            assert again.sites() == live.sites()
        finally:
            again.stop()

    assert in_zone(live) == 0
    send(services, event=[joined(1, NOON - 9000), joined(2, NOON - 8000, object_id=8), joined(3, NOON, "Tampering")])
    assert in_zone(live) == 2
    restarted()
    stay = zone_visit(1, NOON - 9000, NOON - 1000, object_id=7, also_events=True)
    send(services, event=[joined(4, NOON - 1000, "RegionLeave")], zone_visit=[stay])
    assert in_zone(live) == 1
    # Only the stay is known of this one: it is over, and the join that arrives afterwards has it already.
    send(services, zone_visit=[zone_visit(2, NOON - 7000, NOON - 2000, object_id=9, also_events=True)])
    restarted()
    send(services, event=[joined(5, NOON - 7000, object_id=9)])
    assert in_zone(live) == 1
    restarted()


def test_a_correction_holds_until_the_reset(services, live, clock):
    credential = services.catalogue.current().credentials[1]
    send(services, crossing=[crossing(1, NOON - 5), crossing(2, NOON - 4)])
    made = live.correct(1, 12, "counted by hand", credential)
    assert (made.before, made.after, made.who, made.at_ms) == (2, 12, credential.name, NOON)
    assert occupancy(live) == 12
    clock.now += 1000
    send(services, crossing=[crossing(3, NOON + 1, "out"), crossing(4, NOON - 3)])
    assert occupancy(live) == 11, "who came late from before was counted by hand"
    clock.now = NOON + DAY_MS
    assert occupancy(live) == 0
    assert live.corrections.of_site(1) == [made]


def test_a_site_that_does_not_exist_cannot_be_corrected(services, live):
    with pytest.raises(NotFoundError):
        live.correct(77, 1, "?", services.catalogue.current().credentials[1])


def test_subscribers_are_told_what_changed_and_only_that(services, live, clock):
    changes = []
    told = threading.Event()

    def note(change):
        changes.append(change)
        told.set()

    assert occupancy(live) == 0
    end = live.subscribe(note)
    send(services, crossing=[crossing(1, NOON - 5)])
    assert told.wait(10)
    assert [(site.site_id, site.occupancy) for site in changes[0].sites] == [(1, 1)]
    told.clear()
    send(services, crossing=[crossing(2, NOON - 4), crossing(3, NOON - 4, "out")], uptime=[row("uptime", 1)])
    send(services, visit=[visit(1, NOON - 5, NOON + 10), visit(2, NOON - 5, NOON + 20)])
    assert told.wait(10)
    assert [(site.site_id, site.occupancy) for site in changes[1].sites] == [(1, 2)]
    clock.now += 20
    assert occupancy(live) == 1, "an answer tells subscribers, too"
    assert [site.occupancy for change in changes for site in change.sites] == [1, 2, 1]
    end()
    clock.now += DAY_MS
    assert occupancy(live) == 0
    assert len(changes) == 3


def test_changes_of_time_are_told_by_the_clock_of_the_machine(services):
    """No clock of the test here: a stay that ends in a moment."""
    live = services.live
    live.start()
    left = threading.Event()
    here = threading.Event()

    def note(change):
        (here if change.sites[0].occupancy else left).set()

    assert live.sites()[1][1].occupancy == 0
    live.subscribe(note)
    now = live.sites()[0]
    send(services, visit=[visit(1, now - 5, now + 1500)])
    assert here.wait(10)
    assert left.wait(10)


def test_a_subscriber_that_fails_does_not_harm_the_others(services, live):
    told = threading.Event()

    def fail(_):
        raise RuntimeError("on purpose")

    assert occupancy(live) == 0
    live.subscribe(fail)
    live.subscribe(lambda _: told.set())
    send(services, crossing=[crossing(1, NOON - 5)])
    assert told.wait(10)


def test_a_changed_catalogue_changes_the_numbers_of_the_past_too(services, live):
    send(services, crossing=[crossing(1, NOON - 5)], zone_visit=[zone_visit(1, NOON - 6000, NOON + 9000)])
    assert live.sites()[1][1].queue is None
    document = network()
    sensor = document["brands"][0]["sites"][0]["sensors"][0]
    sensor["lines"][0]["entrance"] = False
    sensor["zones"][0]["queue"] = True
    services.catalogue.apply(document)
    site = live.sites()[1][1]
    assert (site.occupancy, site.queue.count, site.queue.mean_wait_ms(NOON)) == (0, 1, 6000)


def test_more_than_can_wait_is_read_from_the_store(services, live, monkeypatch):
    monkeypatch.setattr(live._waiting, "_limit_rows", 1)
    send(services, crossing=[crossing(1, NOON - 5), crossing(2, NOON - 4)])
    send(services, crossing=[crossing(3, NOON - 3)])
    assert occupancy(live) == 3


def test_while_nobody_looks_rows_wait_and_whoever_asks_has_them(services, clock, monkeypatch):
    monkeypatch.setattr(service, "_IDLE_S", 0.0)
    quiet = Live(services.loader, services.store, services.catalogue, Corrections(services.catalogue.engine), clock)
    try:
        assert occupancy(quiet) == 0
        send(services, crossing=[crossing(1, NOON - 1000)])
        assert len(quiet._waiting._loads) == 1
        assert occupancy(quiet) == 1
        told = threading.Event()
        quiet.subscribe(lambda _: told.set())  # from now on somebody looks
        send(services, crossing=[crossing(2, NOON - 500)])
        assert told.wait(20)
    finally:
        quiet.stop()


def test_what_a_store_refuses_does_not_count(services, live):
    bad = list(crossing(1, NOON - 5))
    bad[0] = "no number"
    services.journal.append(Submission({"crossing": [tuple(bad)]})).result()
    send(services, crossing=[crossing(2, NOON - 4)])
    assert occupancy(live) == 1
    assert services.journal.aside()


def test_a_whole_passerby_begins_again_with_the_same_numbers(tmp_path):
    """Also of stays that began days ago, and of what is long over."""

    def opened():
        services = open_services(tmp_path / "data")
        services.live.start()
        return services

    services = opened()
    services.catalogue.apply(network())
    now = services.live.sites()[0]
    send(
        services,
        visit=[visit(1, now - 5 * DAY_MS, now + DAY_MS), visit(2, now - 5 * DAY_MS, now - DAY_MS)],
        level=[row("level", 1, sensor_id=3027, started_ms=now, value=2.5)],
        crossing=[crossing(1, now - 9 * DAY_MS)],
    )
    before = services.live.sites()[1]
    assert (before[1].occupancy, before[3].occupancy) == (1, 2.5)
    services.close()
    services = opened()
    try:
        assert services.live.sites()[1] == before
    finally:
        services.close()
