"""Delivering every webhook of the catalogue, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog

from passerby.catalogue.model import Webhook
from passerby.catalogue.repository import Repository
from passerby.journal import Journal
from passerby.live import Change, Live
from passerby.loader import Loader
from passerby.store.contract import Store
from passerby.webhooks.endpoint import Clock, Endpoint, Surroundings, SystemClock
from passerby.webhooks.ledger import Ledger, State
from passerby.webhooks.messages import Events
from passerby.webhooks.posting import Outcome, Poster
from passerby.webhooks.sources import EventSource, StateSource

# How soon what was loaded, and what a person changed, is noticed.
_LOOK_S = 0.05
_RECONCILE_S = 0.5
# What messages under way are given when the server ends; they come again after the next start.
_GRACE_S = 2.0
_log = structlog.get_logger("passerby.webhooks")


@dataclass(frozen=True, slots=True)
class _Running:
    """A webhook that is delivered. Its task has ended when it is disabled."""

    webhook: Webhook
    endpoint: Endpoint
    source: EventSource | StateSource
    task: asyncio.Task[None]


@dataclass
class Deliveries:
    """The thread. `start` it once the store is open; `stop` it before the store is closed.

    Args:
        repository, journal, store, loader, live: of the running server.
        noted: told of the outcome of every attempt.
        clock: for tests.
        poster: makes what posts; for tests.
    """

    repository: Repository
    journal: Journal
    store: Store
    loader: Loader
    live: Live
    noted: Callable[[Outcome], None] = lambda _: None
    clock: Clock = field(default_factory=SystemClock)
    poster: Callable[[], Poster] = Poster

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.repository.engine)
        self._events = Events(self.store, self.journal)
        self._running: dict[int, _Running] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._states: dict[int, State] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to deliver. A webhook that is new is told of every row that is accepted from here on."""
        self._open(self.repository.current().webhooks.values())
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="webhooks", daemon=True)
        self._thread.start()

    def added(self) -> None:
        """Have webhooks that were just added told of every row from here on, not only once the thread takes them up."""
        known = self.ledger.states()
        new = [webhook for webhook in self.repository.current().webhooks.values() if webhook.id not in known]
        if new:
            self.ledger.open(new, self.journal.last_seq)

    def stop(self) -> None:
        """End; messages under way have a moment to arrive. What is left is delivered after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _open(self, webhooks: Iterable[Webhook]) -> None:
        # The journal's last row, not the store's: what is not loaded yet was accepted before the webhook was there.
        self._states |= self.ledger.open(webhooks, self.journal.last_seq)

    # -- the thread

    async def _main(self) -> None:
        poster = self.poster()
        around = Surroundings(
            self.ledger, poster.post, self.repository.webhook_secret, self._allow_private, self.noted, clock=self.clock
        )
        loop = asyncio.get_running_loop()

        def changed(_: Change) -> None:
            loop.call_soon_threadsafe(self._wake, StateSource)

        try:
            await self._watch(around, changed)
        finally:
            self._listen(None)
            await self._end(list(self._running.values()), _GRACE_S)
            await poster.close()

    def _listen(self, changed: Callable[[Change], None] | None) -> None:
        """Follow the live numbers with `changed` while a webhook tells of them; None: no longer."""
        wanted = changed is not None and any(isinstance(one.source, StateSource) for one in self._running.values())
        if changed is not None and wanted and self._unsubscribe is None:
            self._unsubscribe = self.live.subscribe(changed)
            self._wake(StateSource)
        elif not wanted and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    async def _watch(self, around: Surroundings, changed: Callable[[Change], None]) -> None:
        loop = asyncio.get_running_loop()
        seen, due = -1, 0.0
        while not self._stopping.is_set():
            if loop.time() >= due:
                due = loop.time() + _RECONCILE_S
                try:
                    await self._reconcile(around)
                    self._listen(changed)
                except Exception as error:  # noqa: BLE001  # whatever it is, webhooks go on being delivered
                    _log.error("webhooks cannot be looked up; it is tried again", error=str(error))
            if self.loader.loaded_seq != seen:
                seen = self.loader.loaded_seq
                self._wake(EventSource)
            await asyncio.sleep(_LOOK_S)

    async def _reconcile(self, around: Surroundings) -> None:
        """Deliver what the catalogue says now, and what people asked for since."""
        webhooks = self.repository.current().webhooks
        if not webhooks and not self._running:
            return
        revisions = await asyncio.to_thread(self.ledger.revisions)
        outdated = [
            running
            for number, running in self._running.items()
            if webhooks.get(number) != running.webhook
            or revisions.get(number) != running.endpoint.state.revision
            or (running.task.done() and running.endpoint.state.disabled_ms is None)
        ]
        await self._end(outdated, 0)
        for running in outdated:
            del self._running[running.webhook.id]
        new = [webhook for number, webhook in webhooks.items() if number not in self._running]
        if new:
            await asyncio.to_thread(self._open, new)
        for webhook in new:
            self._running[webhook.id] = self._begin(webhook, around)
        replays = await asyncio.to_thread(self.ledger.unfinished)
        for number, running in self._running.items():
            if isinstance(running.source, EventSource) and running.source.replay(replays.get(number, ())):
                running.endpoint.wake.set()

    def _wake(self, kind: type[EventSource | StateSource]) -> None:
        """There may be something new from sources of a kind."""
        for running in self._running.values():
            if isinstance(running.source, kind):
                running.endpoint.wake.set()

    def _begin(self, webhook: Webhook, around: Surroundings) -> _Running:
        source: EventSource | StateSource
        current = self.repository.current
        if webhook.what == "events":
            loaded = lambda: self.loader.loaded_seq  # noqa: E731  # a name for a property of another object
            source = EventSource(webhook, self._events, current, loaded, self.ledger, self.clock)
        else:
            source = StateSource(webhook, self.live.sites, current, self.clock)
        endpoint = Endpoint(webhook, self._states.pop(webhook.id), source, around)
        return _Running(webhook, endpoint, source, asyncio.create_task(endpoint.run(), name=f"webhook {webhook.id}"))

    async def _end(self, running: list[_Running], grace_s: float) -> None:
        for one in running:
            one.endpoint.stopping = True
            one.endpoint.wake.set()
        tasks = [one.task for one in running]
        if tasks and grace_s:
            await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                try:
                    await task
                except Exception:  # noqa: BLE001  # whatever it is, the webhook is begun again
                    _log.exception("delivering a webhook failed", task=task.get_name())

    # -- what endpoints ask

    def _allow_private(self, webhook: Webhook) -> bool:
        return self.repository.current().settings_of_account(webhook.account_id).flag("allow_private_webhooks")
