"""One webhook being delivered: message after message, each until it has arrived."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from passerby.catalogue.model import Webhook
from passerby.errors import PasserbyError
from passerby.webhooks import schedule, signing
from passerby.webhooks.ledger import Attempt, Ledger, Replay, State, SupersededError
from passerby.webhooks.messages import Message
from passerby.webhooks.posting import Outcome, Post

# Events of one message: a receiver that takes 50 ms for each still answers in time.
MOST_EVENTS = 200
# Rows without anything to tell that are passed over before it is written down: what a restart may look at again.
_UNSAVED_ROWS = 100_000
# How long to leave the catalogue database alone when it cannot be written.
_TROUBLE_S = 5.0
_REPLAY_HEADER = "passerby-replay"
_log = structlog.get_logger("passerby.webhooks")


class Clock(Protocol):
    """Time as an endpoint knows it; tests move it by hand."""

    def now_ms(self) -> int:
        """UTC milliseconds."""
        ...

    async def pause(self, seconds: float | None, wake: asyncio.Event) -> None:
        """Wait so long, or until `wake` is set; None: until it is set. Clears it."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """See `Clock`."""
        return time.time_ns() // 1_000_000

    async def pause(self, seconds: float | None, wake: asyncio.Event) -> None:
        """See `Clock`."""
        try:
            async with asyncio.timeout(seconds):
                await wake.wait()
        except TimeoutError:
            return
        wake.clear()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all endpoints share. `secret` and `allow_private` ask the catalogue of this moment."""

    ledger: Ledger
    post: Post
    secret: Callable[[int], str | None]
    allow_private: Callable[[Webhook], bool]
    noted: Callable[[Outcome], None] = lambda _: None
    clock: Clock = field(default_factory=SystemClock)
    chance: Callable[[], float] = random.random


class Source(Protocol):
    """Where an endpoint's messages come from. Called in a thread: it may read from disk."""

    def next(self, state: State, most: int) -> tuple[Message, Replay | None] | float | None:
        """The next message, and the replay that it is part of; or after how many seconds to ask again.

        None: when something has changed.
        """
        ...

    def delivered(self, state: State, message: Message, replay: Replay | None) -> None:
        """A message has arrived: move on."""
        ...


class Endpoint:
    """Delivers one webhook's messages in order. `wake` says that there may be something new."""

    def __init__(self, webhook: Webhook, state: State, source: Source, around: Surroundings) -> None:
        self.webhook = webhook
        self.state = state
        self.wake = asyncio.Event()
        self.stopping = False
        self._source = source
        self._around = around
        self._most = MOST_EVENTS
        self._saved = state.cursor
        self._log = _log.bind(webhook=webhook.id)

    async def run(self) -> None:
        """Deliver until the webhook is disabled, superseded, or `stopping` is set."""
        while self.state.disabled_ms is None and not self.stopping:
            try:
                rest = await self._step()
            except SupersededError:
                return
            except PasserbyError as error:
                self._log.error("a webhook waits", error=error.message, retry_in_s=_TROUBLE_S)
                rest = _TROUBLE_S
            if rest != 0:
                await self._around.clock.pause(rest, self.wake)

    async def _step(self) -> float | None:
        """One attempt at most; how long to wait before the next step."""
        due = self.state.next_attempt_ms
        now = self._around.clock.now_ms()
        if due is not None and now < due:
            return (due - now) / 1000
        found = await asyncio.to_thread(self._next)
        if not isinstance(found, tuple):
            return found
        message, replay = found
        outcome, attempt = await self._attempt(message, replay)
        await asyncio.to_thread(self._settle, message, replay, outcome, attempt)
        return 0

    def _next(self) -> tuple[Message, Replay | None] | float | None:
        """The next message, its boundaries on disk: after a crash it is sent again as it was."""
        found = self._source.next(self.state, self._most)
        if isinstance(found, tuple):
            message, replay = found
            position = replay or self.state
            if position.pending != message.until:
                position.pending = message.until
                self._save(replay=replay)
        elif self.state.cursor >= self._saved + _UNSAVED_ROWS:
            self._save()
        return found

    def _save(self, attempts: Sequence[Attempt] = (), replay: Replay | None = None) -> None:
        self._around.ledger.save(self.state, attempts, replay)
        self._saved = self.state.cursor

    async def _attempt(self, message: Message, replay: Replay | None) -> tuple[Outcome, Attempt]:
        around, webhook = self._around, self.webhook
        began = around.clock.now_ms()
        headers = signing.headers(message.id, began // 1000, message.body, around.secret(webhook.id))
        if replay is not None:
            headers.append((_REPLAY_HEADER, str(replay.id)))
        outcome = await around.post(webhook.url, headers, message.body, allow_private=around.allow_private(webhook))
        around.noted(outcome)
        took = around.clock.now_ms() - began
        return outcome, Attempt(
            webhook.id,
            began,
            message.id,
            message.events,
            replay.id if replay else None,
            outcome.delivered,
            outcome.status,
            outcome.text,
            took,
        )

    def _settle(self, message: Message, replay: Replay | None, outcome: Outcome, attempt: Attempt) -> None:
        """Note what came of an attempt, in memory and on disk."""
        now = self._around.clock.now_ms()
        if outcome.delivered:
            if self.state.failures:
                self._log.info("a webhook's receiver takes messages again", after_failures=self.state.failures)
            self.state.failures = 0
            self.state.failing_since_ms = self.state.next_attempt_ms = None
            self._most = min(self._most * 2, MOST_EVENTS)
            self._source.delivered(self.state, message, replay)
        else:
            self._failed(message, replay, outcome, attempt.at_ms, now)
        self._save([attempt], replay)

    def _failed(self, message: Message, replay: Replay | None, outcome: Outcome, at_ms: int, now: int) -> None:
        state = self.state
        state.failures += 1
        if state.failing_since_ms is None:
            state.failing_since_ms = at_ms
        if outcome.smaller and message.events > 1:
            # A receiver that cannot take so much at once gets half of it; it may have taken in a part already.
            self._most = max(1, message.events // 2)
            (replay or state).pending = None
        if outcome.gone:
            self._disable(now, "the receiver answered 410 Gone")
        elif now - state.failing_since_ms >= schedule.GIVE_UP_MS:
            self._disable(now, f"no message arrived for five days; the last attempt: {outcome.text}")
        else:
            delay = schedule.delay_s(state.failures, self._around.chance)
            state.next_attempt_ms = now + round(delay * 1000)
            self._log.warning("a webhook failed", reason=outcome.text, failures=state.failures, retry_in_s=delay)

    def _disable(self, now: int, why: str) -> None:
        self.state.disabled_ms, self.state.disabled_why = now, why
        self.state.next_attempt_ms = None
        self._log.error("a webhook is disabled; what it misses is kept, `passerby webhook resume` sends it", reason=why)
