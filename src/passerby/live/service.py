"""The live numbers of a running server: follows what is loaded, lets time pass, and tells who subscribed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from passerby.catalogue.model import Catalogue, Credential
from passerby.catalogue.repository import Repository
from passerby.errors import NotFoundError, UnavailableError
from passerby.live.corrections import Correction, Corrections
from passerby.live.layout import Layout
from passerby.live.reading import Position, Waiting, read_stored, take_load
from passerby.live.state import SiteNow, State
from passerby.loader import Loader
from passerby.store.contract import Store

# How often it is looked whether the catalogue changed; also the longest that a wrong clock can delay anything.
_LOOK_S = 1.0
# When nobody subscribed and nobody asked for so long, rows are not taken in as they come: each costs as much as
# accepting it did. Whoever asks next waits until they are.
_IDLE_S = 60.0
_RETRY_S = 1.0
# More rows than these waiting: reading what matters from the store is quicker, and bounded.
_WAITING_ROWS = 200_000
_ANSWER_S = 10.0
_log = structlog.get_logger("passerby.live")


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """The sites whose occupancy or queue changed at `at_ms` (UTC), as they are now with all their zones."""

    at_ms: int
    sites: tuple[SiteNow, ...]


class Live:
    """Occupancy and queues now. Safe to ask from several threads.

    Rows count once the store has taken them, so each counts once and a restart makes the same numbers. When
    anything goes wrong, the numbers are made anew from the store.

    Args:
        loader, store, catalogue, corrections: where the numbers come from.
        clock: UTC milliseconds.
    """

    def __init__(
        self,
        loader: Loader,
        store: Store,
        catalogue: Repository,
        corrections: Corrections,
        clock: Callable[[], int] = _utc_ms,
    ) -> None:
        self.corrections = corrections
        self._loader = loader
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = Waiting(_WAITING_ROWS)
        self._snapshot: Catalogue | None = None
        self._state: State | None = None
        self._position = Position(0, 0)
        self._unpublished: set[int] = set()
        self._published: dict[int, SiteNow] = {}
        self._subscribers: list[_Subscriber] = []
        self._told_first = False
        self._hung_up = False
        self._stopping = False
        self._asked_at = -_IDLE_S
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow. The first numbers are there soon; who asks before waits for them."""
        with self._lock:
            if self._thread is not None:
                return
            self._loader.subscribe(self._waiting.add)
            self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping = True
        self._waiting.nudge()
        if self._thread is not None:
            self._thread.join()

    # -- asking

    def sites(self, wanted: Iterable[int] | None = None) -> tuple[int, Mapping[int, SiteNow]]:
        """(now in UTC ms, the sites wanted as they are now); all of them when none are named.

        What was loaded before the call is counted. Raises UnavailableError when the numbers cannot be made.
        """
        with self._current() as state:
            numbers = list(state.site_ids) if wanted is None else [each for each in wanted if each in state.site_ids]
            return state.now, {number: state.site(number) for number in numbers}

    def correct(self, site_id: int, occupancy: int, reason: str, credential: Credential) -> Correction:
        """Someone who may says how many are in a site now; on disk once this returns.

        Raises NotFoundError for a site that does not exist.
        """
        with self._current() as state:
            if site_id not in state.site_ids:
                raise NotFoundError(f"there is no site {site_id}")
            before = state.site(site_id).occupancy
            who = credential.name
            made = self.corrections.add(Correction(site_id, state.now, who, before, occupancy, reason))
            state.correct(site_id, made.at_ms, made.after)
            self._unpublished |= state.advance(state.now)
        _log.info("occupancy corrected", site=site_id, who=who, before=before, after=occupancy, reason=reason)
        return made

    def subscribe(
        self, callback: Callable[[Change], None], ended: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        """Call `callback` with every change, in order; returns what ends that.

        To know where one stands, ask `sites` afterwards: whatever is not as it was answered then is told. It is
        called in whichever thread finds the change, must be quick, and must not ask `Live`. `ended` is called when
        the server begins to stop.
        """
        subscriber = _Subscriber(callback, ended)
        with self._lock:
            self._subscribers = [*self._subscribers, subscriber]
            over = self._hung_up
        self._waiting.nudge()
        if over:
            subscriber.hang_up()

        def end() -> None:
            with self._lock:
                self._subscribers = [each for each in self._subscribers if each is not subscriber]

        return end

    def hang_up(self) -> None:
        """The server begins to stop: tell everyone who subscribed."""
        with self._lock:
            self._hung_up = True
            subscribers = self._subscribers
        for each in subscribers:
            each.hang_up()

    # -- following

    @contextmanager
    def _current(self) -> Iterator[State]:
        """The state at this moment, with everything that is loaded, for the caller alone."""
        self.start()
        self._asked_at = time.monotonic()
        if not self._lock.acquire(timeout=_ANSWER_S):
            raise UnavailableError("the live numbers are being made; try again soon")
        try:
            state = self._follow()
            self._publish(state)
            yield state
            self._publish(state)
        finally:
            self._lock.release()

    def _follow(self) -> State:
        """Take in what was loaded, what the catalogue says, and the time; the lock must be held."""
        catalogue = self._catalogue.current()
        if self._state is None or self._waiting.overflown or not self._same_layout(catalogue):
            self._state = self._made(catalogue)
        state = self._state
        try:
            self._unpublished |= state.advance(self._clock())
            for load in self._waiting.take():
                self._position = take_load(self._store, state, load, self._position)
            self._unpublished |= state.advance(self._clock())
        except Exception:
            self._state = None  # half of a load may be in it
            raise
        return state

    def _same_layout(self, catalogue: Catalogue) -> bool:
        if catalogue is self._snapshot:
            return True
        assert self._state is not None  # noqa: S101 - asked only then
        self._snapshot = catalogue
        return Layout.of(catalogue) == self._state.layout

    def _made(self, catalogue: Catalogue) -> State:
        """A state from the store. Loads that come meanwhile wait, and those that it holds are known by their rows."""
        began = time.monotonic()
        self._waiting.start_over()
        position = Position.of(self._store)
        state = State(Layout.of(catalogue), self._clock())
        for correction in self.corrections.since(state.since()):
            state.correct(correction.site_id, correction.at_ms, correction.after)
        read_stored(self._store, state, 0, position.seq)
        self._snapshot, self._position = catalogue, position
        self._unpublished |= set(state.site_ids)
        _log.debug("live numbers made from the store", sites=len(list(state.site_ids)), s=time.monotonic() - began)
        return state

    def _idle(self) -> bool:
        """Whether the numbers are there and nobody looks at them."""
        looked = self._subscribers or time.monotonic() - self._asked_at < _IDLE_S
        return self._state is not None and not looked

    def _run(self) -> None:
        while not self._stopping:
            if self._idle():
                self._waiting.wait(_LOOK_S)
                continue
            try:
                with self._lock:
                    state = self._follow()
                    self._publish(state)
                    wait_s = self._until_next(state)
            except Exception as error:  # noqa: BLE001 - whatever it is, the numbers are made anew
                _log.error("the live numbers are made anew", error=str(error))
                wait_s = _RETRY_S
            self._waiting.wait(wait_s)

    def _until_next(self, state: State) -> float:
        following = state.next_change()
        left = _LOOK_S if following is None else (following - self._clock()) / 1000
        return min(max(left, 0.001), _LOOK_S)

    def _publish(self, state: State) -> None:
        """Tell what is other than what was told last; the lock must be held, so that changes are told in order.

        The first numbers after a start are news to nobody.
        """
        changed, self._unpublished = self._unpublished, set()
        found = []
        for number in sorted(changed.intersection(state.site_ids)):
            site = state.site(number)
            known = self._published.get(number)
            if known is None or known.numbers() != site.numbers():
                found.append(site)
            self._published[number] = site
        if found and self._told_first:
            change = Change(state.now, tuple(found))
            for each in self._subscribers:
                each.tell(change)
        self._told_first = True


@dataclass(frozen=True, slots=True, eq=False)
class _Subscriber:
    callback: Callable[[Change], None]
    ended: Callable[[], None] | None

    def tell(self, change: Change) -> None:
        try:
            self.callback(change)
        except Exception as error:  # noqa: BLE001 - one subscriber's trouble is not the others'
            _log.error("a subscriber of the live numbers failed", error=str(error))

    def hang_up(self) -> None:
        if self.ended is not None:
            self.ended()
