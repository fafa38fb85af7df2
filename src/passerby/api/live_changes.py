"""A stream of live numbers: how it is, then every change, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import msgspec

from passerby.api.live_document import Places, document
from passerby.catalogue.model import Credential
from passerby.live import Change, SiteNow
from passerby.services import Services

HEARTBEAT_S = 15.0
EVENT_STREAM = "text/event-stream"
# Proxies must neither keep an event back nor hand an old one out.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Changes:
    """One stream. Of each site only the newest state waits: a slow reader misses steps in between, never the last.

    `allowed` is asked before each event: whether whoever listens still may.
    """

    def __init__(
        self,
        services: Services,
        credential: Credential,
        places: Places,
        allowed: Callable[[], Awaitable[bool]],
    ) -> None:
        self._services = services
        self._credential = credential
        self._places = places
        self._allowed = allowed
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._waiting: dict[int, SiteNow] = {}
        self._told: dict[int, object] = {}
        self._at_ms = 0
        self._over = False
        self._number = 0
        self._wanted = frozenset(places.site_ids)
        self._unsubscribe = services.live.subscribe(self._changed, self._end)

    async def open(self) -> bytes:
        """The first event. Changes since are waiting already."""
        try:
            at_ms, sites = await asyncio.to_thread(self._services.live.sites, self._places.site_ids)
            self._news(sites)
            return self._event("state", at_ms, list(sites.values()))
        except BaseException:
            self._unsubscribe()
            raise

    async def events(self, first: bytes) -> AsyncIterator[bytes]:
        """The first event, then the others as they come, with a comment when there was nothing for a while."""
        try:
            yield first
            while not self._over:
                try:
                    await asyncio.wait_for(self._woken.wait(), HEARTBEAT_S)
                except TimeoutError:
                    if not await self._allowed():
                        return
                    yield b": nothing new\n\n"
                    continue
                self._woken.clear()
                waiting, self._waiting = self._waiting, {}
                if not await self._allowed():
                    return
                if changed := self._news(waiting):
                    yield self._event("change", self._at_ms, changed)
        finally:
            self._unsubscribe()

    def _news(self, sites: Mapping[int, SiteNow]) -> list[SiteNow]:
        """Those whose numbers are others than this stream told last, which they are from now on.

        A change that was found while the first event was made is in that event already.
        """
        changed = [sites[number] for number in sorted(sites) if self._told.get(number) != sites[number].numbers()]
        self._told.update((site.site_id, site.numbers()) for site in changed)
        return changed

    def _event(self, name: str, at_ms: int, sites: Sequence[SiteNow]) -> bytes:
        catalogue = self._services.catalogue.current()
        found = document(self._services, catalogue, self._credential, self._places, at_ms, sites)
        self._number += 1
        data = msgspec.json.encode(found)
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self._number, name.encode(), data)

    # -- in other threads

    def _changed(self, change: Change) -> None:
        wanted = [site for site in change.sites if site.site_id in self._wanted]
        if wanted:
            self._loop.call_soon_threadsafe(self._take, change.at_ms, wanted)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    # -- in the loop

    def _take(self, at_ms: int, sites: Sequence[SiteNow]) -> None:
        self._at_ms = at_ms
        self._waiting.update({site.site_id: site for site in sites})
        self._woken.set()

    def _stop(self) -> None:
        self._over = True
        self._woken.set()
