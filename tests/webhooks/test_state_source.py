"""Occupancy and queue, when they change and at most every so often."""

import json
import time

import pytest
from tests.support.networks import network
from tests.support.receivers import receiving

from passerby.catalogue.model import Target, Webhook
from passerby.catalogue.repository import Repository
from passerby.live import QueueNow, SiteNow, ZoneNow
from passerby.webhooks.ledger import State
from passerby.webhooks.sources import StateSource

NOW = 1_772_445_607_250  # 2026-03-02T10:00:07.25Z


class World:
    """Live numbers and a clock, set by a test."""

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.now = NOW
        self.occupancy, self.queue, self.waiting = 3, QueueNow(2, NOW - 61_240), 2

    def now_ms(self):
        return self.now

    def sites(self, wanted):
        assert list(wanted) == [1]
        zone = ZoneNow(1, (3024, 11), "zone-door-1", self.waiting, self.queue, None)
        return self.now, {1: SiteNow(1, self.occupancy, self.queue, None, (zone,), ())}

    def source(self, what, target):
        webhook = Webhook(7, 632, "https://example.com/", what, target, 5.0, signed=False)
        return StateSource(webhook, self.sites, lambda: self.catalogue, self)


@pytest.fixture
def world(tmp_path):
    with Repository(tmp_path) as repository:
        repository.apply(network())
        yield World(repository.current())


SITE, ZONE = Target("site", 1), Target("zone", (3024, 11))
OF_SITE = {"location_id": 1, "channel_id": None, "trigger_id": None}
OF_ZONE = {"location_id": 1, "channel_id": "door-1", "trigger_id": "zone-door-1"}
TIME = {"event_time": "2026-03-02 10:00:07.250"}


@pytest.mark.parametrize(
    ("what", "target", "expected"),
    [
        ("occupancy", SITE, {"type": "occupancy", **OF_SITE, "occupancy": 3, **TIME}),
        ("occupancy", ZONE, {"type": "occupancy", **OF_ZONE, "occupancy": 2, **TIME}),
        ("queue", SITE, {"type": "queue", **OF_SITE, "queue": 2, "mean_wait_s": 61.2, **TIME}),
        ("queue", ZONE, {"type": "queue", **OF_ZONE, "queue": 2, "mean_wait_s": 61.2, **TIME}),
    ],
)
def test_what_is_sent(world, what, target, expected):
    message, replay = world.source(what, target).next(State(7, 0, ""), 200)
    assert json.loads(message.body) == [expected]
    assert (message.events, replay) == (1, None)


def test_a_wait_that_is_not_known_is_null(world):
    world.queue = QueueNow(2, None)
    message, _ = world.source("queue", SITE).next(State(7, 0, ""), 200)
    assert json.loads(message.body)[0]["mean_wait_s"] is None


def test_a_place_without_a_queue_has_nothing_to_tell(world):
    world.queue = None
    assert world.source("queue", SITE).next(State(7, 0, ""), 200) is None


def test_only_changes_are_sent_and_at_most_every_so_often(world):
    source, state = world.source("occupancy", SITE), State(7, 0, "")
    message, _ = source.next(state, 200)
    source.delivered(state, message, None)
    assert source.next(state, 200) is None
    world.occupancy = 4
    world.now += 2_000
    assert source.next(state, 200) == 3.0
    world.occupancy = 5
    world.now += 3_000
    message, _ = source.next(state, 200)
    assert json.loads(message.body)[0]["occupancy"] == 5
    source.delivered(state, message, None)
    world.now += 60_000
    assert source.next(state, 200) is None


def test_a_wait_that_only_grows_is_no_change(world):
    source, state = world.source("queue", ZONE), State(7, 0, "")
    message, _ = source.next(state, 200)
    source.delivered(state, message, None)
    world.now += 60_000
    assert source.next(state, 200) is None
    world.queue = QueueNow(2, NOW)
    assert source.next(state, 200) is not None


def test_a_receiver_that_comes_back_is_told_how_things_are_then(world):
    source, state = world.source("occupancy", SITE), State(7, 0, "")
    source.next(state, 200)
    world.occupancy = 9
    message, _ = source.next(state, 200)
    assert json.loads(message.body)[0]["occupancy"] == 9


def test_people_who_come_in_are_told_of(services, client):
    with receiving() as receiver:
        hook = {"url": receiver.url, "site": 1, "what": "occupancy", "every_s": 1}
        services.catalogue.apply(network() | {"settings": {"allow_private_webhooks": True}, "webhooks": [hook]})
        services.webhooks.start()
        receiver.wait(lambda r: r.events)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        row = {"kind": "level", "sensor": 3024, "at": now, "value": 4}
        client.post("/v1/observations?wait=visible", json=[row])
        receiver.wait(lambda r: r.events[-1]["occupancy"] == 4)
    assert receiver.events[0] | {"event_time": ""} == {"type": "occupancy", **OF_SITE, "occupancy": 0, "event_time": ""}
