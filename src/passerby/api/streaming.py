"""Long answers: made in a thread, sent piece by piece, given up when the reader goes away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping

from litestar.response import Stream


async def streamed(pieces: Iterator[bytes], media_type: str, headers: Mapping[str, str]) -> Stream:
    """An answer of `pieces`. The first is made before this returns, so that what fails at once is still an error."""
    work = _Work(pieces)
    first = await asyncio.to_thread(work.next)
    return Stream(_rest(first, work), media_type=media_type, headers=dict(headers))


async def _rest(first: bytes | None, work: _Work) -> AsyncIterator[bytes]:
    piece = first
    try:
        while piece is not None:
            if piece:
                yield piece
            piece = await asyncio.to_thread(work.next)
    finally:
        # Not awaited: the reader may have gone in the middle of a piece, which has to be finished first.
        asyncio.get_running_loop().run_in_executor(None, work.close)


class _Work:
    """An iterator that several threads use, one at a time."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._lock = threading.Lock()

    def next(self) -> bytes | None:
        with self._lock:
            return next(self._pieces, None)

    def close(self) -> None:
        with self._lock:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
