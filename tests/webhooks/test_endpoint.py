"""An hour of simulated time with receivers that are down, slow, wrong or rude: every event in order, few repeats."""

import asyncio
import json
from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.catalogues import contract_document
from tests.support.examples import about

from passerby.catalogue.model import Target, Webhook
from passerby.catalogue.repository import Repository
from passerby.webhooks import schedule
from passerby.webhooks.endpoint import MOST_EVENTS, Endpoint, Surroundings
from passerby.webhooks.ledger import Ledger, State
from passerby.webhooks.messages import Message, message_id
from passerby.webhooks.posting import TIMED_OUT, TIMEOUT_S, Outcome

HOUR_MS = 3_600_000
START_MS = 1_772_445_600_000
WEBHOOK = Webhook(1, 632, "https://example.com/hook", "events", Target("site", 1), 5.0, signed=True)


class OverError(Exception):
    """The simulated time is over."""


class Clock:
    """Time that only pauses and receivers move."""

    def __init__(self, end_ms):
        self.now = START_MS
        self.end = START_MS + end_ms

    def now_ms(self):
        return self.now

    def pass_s(self, seconds):
        self.now += round(seconds * 1000)
        if self.now >= self.end:
            raise OverError

    async def pause(self, seconds, wake):
        self.pass_s(1.0 if seconds is None else seconds)


class Numbers:
    """A source: the number n happens at the n-th instant of `happens_ms`; rows are counted from 1."""

    def __init__(self, clock, happens_ms):
        self.clock = clock
        self.happens = happens_ms

    def next(self, state, most):
        arrived = sum(at <= self.clock.now for at in self.happens)
        until = state.pending or min(arrived, state.cursor + most)
        if until <= state.cursor:
            return None
        body = json.dumps(list(range(state.cursor + 1, until + 1))).encode()
        return Message(message_id(1, None, state.cursor, body), body, until - state.cursor, until), None

    def delivered(self, state, message, replay):
        state.cursor, state.pending = message.until, None


class Memory:
    """A ledger that keeps what it is given."""

    def __init__(self):
        self.attempts = []
        self.saved = []

    def save(self, state, attempts=(), replay=None):
        self.attempts += attempts
        self.saved.append((state.cursor, state.pending))


class Receiver:
    """Answers as `behave(seconds since the start)` says, and remembers what it took in before it answered."""

    def __init__(self, clock, behave):
        self.clock = clock
        self.behave = behave
        self.taken = []
        self.acknowledged = []

    async def post(self, url, headers, body, *, allow_private):
        named = dict(headers)
        assert url == WEBHOOK.url
        assert named["webhook-timestamp"] == str(self.clock.now // 1000)
        assert named["webhook-signature"].startswith("v1,")
        outcome, took_s, takes_in = self.behave((self.clock.now - START_MS) / 1000)
        self.clock.pass_s(took_s)
        if takes_in:
            self.taken.append((named["webhook-id"], json.loads(body)))
        if outcome.delivered:
            self.acknowledged += json.loads(body)
        return outcome


# What a receiver may do: (outcome, how long it takes, whether it took the events in all the same).
FINE = (Outcome.answered(204), 0.02, True)
DOWN = (Outcome(False, "no connection: refused"), 0.001, False)
SLOW = (TIMED_OUT, TIMEOUT_S, True)
BROKEN = (Outcome.answered(500), 0.01, True)
MOVED = (Outcome.answered(301), 0.01, False)
RESETS = (Outcome(False, "no connection: reset"), 0.05, True)
GONE = (Outcome.answered(410), 0.01, False)


def run(behave, happens_s, end_ms=HOUR_MS + 600_000, seed=1):
    clock = Clock(end_ms)
    receiver, ledger = Receiver(clock, behave), Memory()
    source = Numbers(clock, [START_MS + round(at * 1000) for at in happens_s])
    secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    around = Surroundings(
        ledger, receiver.post, lambda _: secret, lambda _: False, clock=clock, chance=Random(seed).random
    )
    state = State(1, 0, "")

    async def deliver():
        endpoint = Endpoint(WEBHOOK, state, source, around)
        try:
            await endpoint.run()
        except OverError:
            return

    asyncio.run(deliver())
    return state, receiver, ledger, clock


@pytest.mark.parametrize("trouble", [DOWN, SLOW, BROKEN, MOVED, RESETS], ids=["down", "slow", "500", "301", "resets"])
def test_an_hour_of_trouble_costs_nothing_but_the_documented_repeats(trouble):
    """From the first minute on for an hour; an event every seven seconds meanwhile."""
    happens = [index * 7 for index in range(500)]
    state, receiver, ledger, _ = run(lambda at: trouble if 60 <= at < 3600 else FINE, happens)
    assert receiver.acknowledged == list(range(1, 501))
    assert (state.cursor, state.failures, state.disabled_ms) == (500, 0, None)
    failed = [attempt for attempt in ledger.attempts if not attempt.delivered]
    # 1 s, 5 s, 30 s, 2 min, then every 4.5 to 5.5 minutes: 5 and then 10 to 13 attempts in 59 minutes.
    assert 15 <= len(failed) <= 18
    gaps = [(after.at_ms - before.at_ms - before.took_ms) / 1000 for before, after in pairwise(failed)]
    assert gaps[:4] == [1, 5, 30, 120]
    assert all(270 <= gap <= 330 for gap in gaps[4:])
    # An event comes again only in the message that failed, once for each failure.
    seen = Counter(number for _, numbers in receiver.taken for number in numbers)
    assert max(seen.values()) <= len(failed) + 1
    assert sum(count > 1 for count in seen.values()) <= max(attempt.events for attempt in failed)


def test_a_repeated_message_has_its_identity_and_its_boundaries():
    _, receiver, ledger, _ = run(lambda at: BROKEN if at < 40 else FINE, [0, 0.5, 3, 4, 60])
    by_id = {}
    for message, numbers in receiver.taken:
        assert by_id.setdefault(message, numbers) == numbers
    assert receiver.acknowledged == [1, 2, 3, 4, 5]
    assert len(by_id) < len(receiver.taken)
    assert len({attempt.message for attempt in ledger.attempts}) == len(by_id)


def test_the_boundaries_are_written_down_before_a_message_is_sent():
    _, _, ledger, _ = run(lambda _: FINE, [0, 10])
    assert ledger.saved == [(0, 1), (1, None), (1, 2), (2, None)]


def test_a_receiver_that_cannot_take_so_much_at_once_gets_less():
    """It needs a second for each event, so 200 at a time would never arrive."""
    clock_s = []

    def behave(at):
        clock_s.append(at)
        return FINE

    happens = [0] * 1000
    clock = Clock(3 * HOUR_MS)
    ledger = Memory()
    taken = []

    async def post(url, headers, body, *, allow_private):
        numbers = json.loads(body)
        clock.pass_s(min(len(numbers), TIMEOUT_S))
        if len(numbers) >= TIMEOUT_S:
            return TIMED_OUT
        taken.extend(numbers)
        return Outcome.answered(200)

    around = Surroundings(ledger, post, lambda _: None, lambda _: False, clock=clock, chance=lambda: 0.5)
    state = State(1, 0, "")

    async def deliver():
        try:
            await Endpoint(WEBHOOK, state, Numbers(clock, [START_MS + at for at in happens]), around).run()
        except OverError:
            return

    asyncio.run(deliver())
    assert taken == list(range(1, 1001))
    assert ledger.attempts[0].events == MOST_EVENTS


def test_gone_disables_at_once():
    state, receiver, ledger, _ = run(lambda _: GONE, [0, 1, 2])
    assert len(ledger.attempts) == 1
    assert (state.disabled_why, state.cursor) == ("the receiver answered 410 Gone", 0)
    assert receiver.acknowledged == []


def test_five_days_without_success_disable():
    state, _, ledger, clock = run(lambda _: BROKEN, [0], end_ms=6 * 24 * HOUR_MS)
    assert state.disabled_ms == clock.now
    assert schedule.GIVE_UP_MS <= state.disabled_ms - START_MS <= schedule.GIVE_UP_MS + 330_000
    assert state.disabled_why == "no message arrived for five days; the last attempt: answered 500"
    assert 5 * 288 * 0.9 <= len(ledger.attempts) <= 5 * 288 * 1.12
    assert state.cursor == 0


@settings(max_examples=about(16))
@given(
    st.lists(st.sampled_from([FINE, DOWN, SLOW, BROKEN, MOVED, RESETS]), min_size=1, max_size=40),
    st.lists(st.floats(0, 3000), max_size=60).map(sorted),
    st.integers(0, 1000),
)
def test_whatever_a_receiver_does_everything_arrives_in_order_once_it_is_fine(moods, happens, seed):
    """Its mood changes every minute."""
    state, receiver, ledger, _ = run(
        lambda at: moods[int(at // 60)] if at // 60 < len(moods) else FINE, happens, 2 * HOUR_MS, seed
    )
    assert receiver.acknowledged == list(range(1, len(happens) + 1))
    assert state.cursor == len(happens)
    failed = sum(not attempt.delivered for attempt in ledger.attempts)
    delivered = sum(attempt.delivered for attempt in ledger.attempts)
    assert len(ledger.attempts) == failed + delivered
    assert len(receiver.taken) <= failed + delivered


def test_what_a_killed_process_had_under_way_is_sent_again_as_it_was(tmp_path):
    """The ledger on disk, met by the next process."""
    with Repository(tmp_path) as repository:
        repository.apply(contract_document())
        (webhook,) = (one for one in repository.current().webhooks.values() if one.what == "events")
        ledger = Ledger(repository.engine)
        state = ledger.open([webhook], 40)[webhook.id]
        state.cursor, state.pending = 41, 47
        ledger.save(state)
    with Repository(tmp_path) as repository:
        again = Ledger(repository.engine).open([webhook], 50)[webhook.id]
        assert (again.cursor, again.pending) == (41, 47)
        # A journal that ends before it is that of an older backup: what comes next is new.
        older = Ledger(repository.engine).open([webhook], 30)[webhook.id]
        assert (older.cursor, older.pending) == (30, None)
