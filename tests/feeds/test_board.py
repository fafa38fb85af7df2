"""A report is computed when it may have changed, once for all who ask."""

import asyncio
import threading

import pytest

from passerby.catalogue.model import Catalogue, Feed, Target
from passerby.feeds.board import KEEP_MS, Board
from passerby.feeds.reports import Report

FEED = Feed(632, "Visitors", "number", "visits", Target("site", 1), "today", "1h", "hour", compare=False)
NOON = 1_775_044_800_000


class World:
    """What a board asks, set by a test. `computed` counts."""

    def __init__(self):
        self.now, self.loaded, self.version = NOON, 1, 1
        self.computed = 0
        self.board = Board(lambda: Catalogue(self.version), lambda: self.loaded, self.compute, lambda: self.now)

    def compute(self, feed, now_ms):
        self.computed += 1
        return Report(counter=self.computed)

    def ask(self, form="json", feed=FEED):
        return asyncio.run(self.board.page(feed, form)).body


@pytest.fixture
def world():
    return World()


def test_nothing_new_costs_nothing(world):
    first = world.ask()
    world.now += 3 * KEEP_MS
    assert world.ask() == first
    assert world.ask("csv")
    assert world.computed == 1


def test_new_rows_are_shown_after_a_moment(world):
    first = world.ask()
    world.loaded = 2
    world.now += KEEP_MS - 1
    assert world.ask() == first
    world.now += 1
    assert world.ask() != first
    assert world.computed == 2


def test_time_passes_without_rows_too(world):
    world.ask()
    world.now += 60_000
    world.ask()
    assert world.computed == 2


def test_a_clock_that_goes_back_is_no_reason_to_keep_forever(world):
    world.ask()
    world.now -= 3_600_000
    world.ask()
    assert world.computed == 2


def test_a_changed_catalogue_is_a_changed_report(world):
    world.ask()
    world.version = 2
    world.ask()
    assert world.computed == 2


def test_many_at_once_share_one_computation(world):
    begun, go = threading.Event(), threading.Event()

    def slow(feed, now_ms):
        begun.set()
        go.wait(10)
        return World.compute(world, feed, now_ms)

    world.board.compute = slow

    async def ask_at_once():
        asked = [asyncio.create_task(world.board.page(FEED, "json")) for _ in range(50)]
        await asyncio.to_thread(begun.wait, 10)
        asked.append(asyncio.create_task(world.board.page(FEED, "csv")))
        asked[0].cancel()  # someone who hangs up does not take it from the others
        go.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    first, *pages = asyncio.run(ask_at_once())
    assert isinstance(first, asyncio.CancelledError)
    assert len({page.body for page in pages[:-1]}) == 1
    assert world.computed == 1


def test_a_failure_is_not_remembered(world):
    def fail(feed, now_ms):
        raise OSError("disk")

    world.board.compute, right = fail, world.board.compute
    with pytest.raises(OSError, match="disk"):
        world.ask()
    world.board.compute = right
    assert world.ask()
