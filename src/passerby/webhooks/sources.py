"""Where a webhook's messages come from: what happens, what a person wants to have again, how a place is just now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import orjson

from passerby.catalogue.model import Catalogue, Webhook
from passerby.dialects.camlytics.events import webhook_time
from passerby.live import SiteNow, ZoneNow
from passerby.webhooks.endpoint import Clock
from passerby.webhooks.ledger import Ledger, Replay, State
from passerby.webhooks.messages import Events, Message, Range, message_id


class EventSource:
    """Events of one webhook: those that arrive, and in turns with them those that are replayed.

    Args:
        webhook: whose.
        events: makes the messages.
        catalogue: the snapshot of this moment.
        loaded: the last row that queries see.
        ledger: where the end of a replay is noted.
        clock: for the same.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # all of them needed, made in one place
        self,
        webhook: Webhook,
        events: Events,
        catalogue: Callable[[], Catalogue],
        loaded: Callable[[], int],
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._webhook = webhook
        self._events = events
        self._catalogue = catalogue
        self._loaded = loaded
        self._ledger = ledger
        self._clock = clock
        self._replays: list[Replay] = []
        self._known: set[int] = set()
        self._replay_next = True

    def replay(self, replays: Sequence[Replay]) -> bool:
        """Take up replays that are not known yet; whether there were any."""
        new = [replay for replay in replays if replay.id not in self._known]
        self._known.update(replay.id for replay in new)
        for replay in new:  # what arrives from now on is told anyway
            replay.until = min(replay.until, self._loaded())
        self._replays += new
        return bool(new)

    def next(self, state: State, most: int) -> tuple[Message, Replay | None] | float | None:
        """See `endpoint.Source`."""
        for from_replay in self._turns(state):
            if from_replay:
                if (found := self._replayed(most)) is not None:
                    self._replay_next = False
                    return found
            elif (message := self._live(state, most)) is not None:
                self._replay_next = True
                return message, None
        return None

    def _turns(self, state: State) -> tuple[bool, bool]:
        """Whether to look at replays first: what is under way goes on, else they take turns."""
        if state.pending is not None:
            return (False, True)
        under_way = bool(self._replays) and self._replays[0].pending is not None
        return (True, False) if under_way or self._replay_next else (False, True)

    def _live(self, state: State, most: int) -> Message | None:
        return self._events.message(self._catalogue(), self._webhook, state, Range(self._loaded()), most)

    def _replayed(self, most: int) -> tuple[Message, Replay] | None:
        while self._replays:
            replay = self._replays[0]
            range_ = Range(replay.until, replay.start_ms, replay.end_ms, replay.id)
            message = self._events.message(self._catalogue(), self._webhook, replay, range_, most)
            if message is not None:
                return message, replay
            self._ledger.finish(replay, self._clock.now_ms())
            self._replays.pop(0)
        return None

    def delivered(self, state: State, message: Message, replay: Replay | None) -> None:
        """See `endpoint.Source`."""
        position = state if replay is None else replay
        position.cursor, position.pending = message.until, None
        if replay is not None:
            replay.sent += message.events


class SitesNow(Protocol):
    """The live numbers; `live.Live.sites`."""

    def __call__(self, wanted: Iterable[int]) -> tuple[int, Mapping[int, SiteNow]]:
        """(now in UTC ms, the sites wanted as they are now)."""
        ...


class StateSource:
    """The occupancy or queue of a place: sent when it is another than was sent last, at most every `every_s`.

    What changes while a receiver is away is not kept: once it is back it is told how things are then.
    """

    def __init__(self, webhook: Webhook, sites: SitesNow, catalogue: Callable[[], Catalogue], clock: Clock) -> None:
        self._webhook = webhook
        self._sites = sites
        self._catalogue = catalogue
        self._clock = clock
        self._sent_ms: int | None = None
        self._offered = b""

    def next(self, state: State, most: int) -> tuple[Message, Replay | None] | float | None:  # noqa: ARG002  # as all
        """See `endpoint.Source`."""
        found = self._now()
        if found is None or found[1] == state.last_body:
            return None
        now = self._clock.now_ms()
        if self._sent_ms is not None and (rest := self._sent_ms + self._webhook.every_s * 1000 - now) > 0:
            return rest / 1000
        document, self._offered = found
        body = orjson.dumps([document])
        return Message(message_id(self._webhook.id, None, now, body), body, 1, state.cursor), None

    def delivered(self, state: State, message: Message, replay: Replay | None) -> None:  # noqa: ARG002  # as all
        """See `endpoint.Source`."""
        state.pending, state.last_body = None, self._offered
        self._sent_ms = self._clock.now_ms()

    def _now(self) -> tuple[dict[str, object], bytes] | None:
        """(what to send, what a change is a change of); None while the place has no such number."""
        catalogue, target = self._catalogue(), self._webhook.target
        site = catalogue.site_of_target(target)
        if site is None:
            return None
        now_ms, sites = self._sites([site.id])
        here: SiteNow | ZoneNow | None = sites.get(site.id)
        channel = trigger = None
        if target.level == "zone" and isinstance(here, SiteNow):
            here = next((zone for zone in here.zones if zone.key == target.key), None)
            channel = catalogue.sensors[here.key[0]].uid if here else None
            trigger = here.uid if here else None
        if here is None or (self._webhook.what == "queue" and here.queue is None):
            return None
        place = {"location_id": site.id, "channel_id": channel, "trigger_id": trigger}
        numbers, changed = _numbers(self._webhook.what, here, now_ms)
        document = {"type": self._webhook.what, **place, **numbers, "event_time": webhook_time(now_ms)}
        return document, repr(changed).encode()


def _numbers(what: str, here: SiteNow | ZoneNow, now_ms: int) -> tuple[dict[str, object], object]:
    """(the numbers that are sent, what a change is a change of: a wait grows by itself)."""
    if what == "occupancy" or here.queue is None:
        return {"occupancy": _plain(here.occupancy)}, here.occupancy
    wait_ms = here.queue.mean_wait_ms(now_ms)
    wait_s = None if wait_ms is None else round(wait_ms / 1000, 1)
    return {"queue": _plain(here.queue.count), "mean_wait_s": wait_s}, (here.queue.count, here.queue.since_ms)


def _plain(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value
