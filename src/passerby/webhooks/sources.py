"""Where a webhook's messages come from: what happens, what a person wants to have again, how a place is just now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from passerby.catalogue.model import Catalogue, Webhook
from passerby.webhooks.endpoint import Clock
from passerby.webhooks.ledger import Ledger, Replay, State
from passerby.webhooks.messages import Events, Message, Range


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
