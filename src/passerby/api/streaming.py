"""Long answers: made in a thread, sent piece by piece, given up when the reader goes away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import chain, islice

from litestar.response import Stream

# A trip to a thread and back costs time: small pieces share one, unless they are slow to come.
_AT_ONCE_BYTES = 1 << 20
_AT_ONCE_S = 0.02


async def streamed(pieces: Iterator[bytes], media_type: str, headers: Mapping[str, str]) -> Stream:
    """An answer of `pieces`. The first is made before this returns, so that what fails at once is still an error."""
    work = _Work(pieces)
    first = await asyncio.to_thread(work.first)
    return Stream(_rest(first, work), media_type=media_type, headers=dict(headers))


async def streamed_in_place(pieces: Iterator[bytes], media_type: str, headers: Mapping[str, str]) -> Stream:
    """As `streamed`, of pieces that are made in well under a millisecond each, as those of a cached file are.

    They are made where they are sent from, so that they are still in the core's cache: by way of a thread the answer
    took nearly twice as long. Other requests have their turn after each piece.
    """
    work = _Work(pieces)
    first = await asyncio.to_thread(work.first)
    return Stream(_in_place(first, pieces, work), media_type=media_type, headers=dict(headers))


async def _in_place(first: list[bytes], pieces: Iterator[bytes], work: _Work) -> AsyncIterator[bytes]:
    try:
        for piece in filter(None, chain(first, pieces)):
            yield piece
            await asyncio.sleep(0)
    finally:
        work.close()


async def _rest(first: list[bytes], work: _Work) -> AsyncIterator[bytes]:
    pieces = first
    try:
        while pieces:
            for piece in pieces:
                if piece:
                    yield piece
            pieces = await asyncio.to_thread(work.some)
    finally:
        # Not awaited: the reader may have gone in the middle of a piece, which has to be finished first.
        asyncio.get_running_loop().run_in_executor(None, work.close)


class _Work:
    """An iterator that several threads use, one at a time."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._lock = threading.Lock()

    def first(self) -> list[bytes]:
        """The first piece; nothing when there is none."""
        with self._lock:
            return list(islice(self._pieces, 1))

    def some(self) -> list[bytes]:
        """The next pieces, as many as make a trip to a thread worth it; nothing at the end."""
        found: list[bytes] = []
        size, until = 0, time.monotonic() + _AT_ONCE_S
        with self._lock:
            for piece in self._pieces:
                found.append(piece)
                size += len(piece)
                if size >= _AT_ONCE_BYTES or time.monotonic() >= until:
                    break
        return found

    def close(self) -> None:
        with self._lock:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
