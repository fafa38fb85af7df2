"""What feeds say, kept until it may have changed: programs poll them every few seconds."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from passerby.catalogue.model import Catalogue, Feed
from passerby.catalogue.rules import LIVE_METRICS
from passerby.feeds.reports import Report
from passerby.feeds.shapes import as_csv, as_json

# A report is computed at most so often, however much is coming in.
KEEP_MS = 5_000
# And again after so long even when nothing came in: days and buckets begin.
# The numbers of the moment are at hand, but not for each of a thousand polls a second.
KEEP_LIVE_MS = 1_000
_MINUTE_MS = 60_000
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """A report as bytes, and what tells it from another."""

    body: bytes
    etag: str


@dataclass(slots=True)
class _Kept:
    """What a feed said: when (UTC ms), on which catalogue, and what the store held then."""

    at_ms: int
    version: int
    loaded: int
    pages: dict[str, Page]

    def holds(self, feed: Feed, now_ms: int, version: int, loaded: int) -> bool:
        if self.version != version:
            return False
        if feed.metric in LIVE_METRICS:  # people correct them, and time changes them
            return 0 <= now_ms - self.at_ms < KEEP_LIVE_MS
        if 0 <= now_ms - self.at_ms < KEEP_MS:
            return True
        return self.loaded == loaded and now_ms // _MINUTE_MS == self.at_ms // _MINUTE_MS


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Board:
    """The pages of all feeds. For one event loop.

    Args:
        catalogue: the snapshot of this moment.
        loaded: the last row that queries see.
        compute: what a feed says, in a thread.
        now_ms: for tests.
    """

    catalogue: Callable[[], Catalogue]
    loaded: Callable[[], int]
    compute: Callable[[Feed, int], Report]
    now_ms: Callable[[], int] = _now_ms
    _kept: OrderedDict[Feed, _Kept] = field(default_factory=OrderedDict)
    _computing: dict[Feed, asyncio.Task[_Kept]] = field(default_factory=dict)

    async def page(self, feed: Feed, form: str) -> Page:
        """What a feed says, as `json` or `csv`. Many who ask at once share one computation."""
        kept = self._kept.get(feed)
        if kept is None or not kept.holds(feed, self.now_ms(), self.catalogue().version, self.loaded()):
            task = self._computing.get(feed)
            if task is None:
                task = self._computing[feed] = asyncio.create_task(self._renew(feed))
                task.add_done_callback(lambda _: self._computing.pop(feed, None))
            kept = await asyncio.shield(task)
        return kept.pages[form]

    async def _renew(self, feed: Feed) -> _Kept:
        # Noted before: what is loaded meanwhile makes the result old, not new.
        now, version, loaded = self.now_ms(), self.catalogue().version, self.loaded()
        found = await asyncio.to_thread(self.compute, feed, now)
        pages = {"json": _page(as_json(feed, found)), "csv": _page(as_csv(feed, found))}
        kept = self._kept[feed] = _Kept(now, version, loaded, pages)
        self._kept.move_to_end(feed)
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)
        return kept


def _page(body: bytes) -> Page:
    return Page(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
