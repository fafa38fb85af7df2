"""Pieces of long answers: in order, small ones together, and given up at once when the reader goes away."""

import asyncio

import pytest

from passerby.api.streaming import streamed, streamed_in_place


class Source:
    """Pieces, and what became of them."""

    def __init__(self, *pieces):
        self._pieces = iter(pieces)
        self.given = 0
        self.closed = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __iter__(self):
        return self

    def __next__(self):
        piece = next(self._pieces)
        if isinstance(piece, Exception):
            raise piece
        self.given += 1
        return piece

    def close(self):
        self._loop.call_soon_threadsafe(self.closed.set)


async def read(source, send=streamed):
    answer = await send(source, "text/plain", {})
    return [piece async for piece in answer.iterator]


@pytest.mark.parametrize("pieces", [[], [b""], [b"a"], [b"a", b"", b"b"], [b"%d" % n for n in range(500)]])
@pytest.mark.parametrize("send", [streamed, streamed_in_place])
def test_every_piece_is_sent_once_and_in_order(pieces, send):
    async def run():
        source = Source(*pieces)
        assert await read(source, send) == [piece for piece in pieces if piece]
        await source.closed.wait()

    asyncio.run(run())


def test_no_more_is_made_ahead_than_is_sent_together():
    async def run():
        source = Source(*[bytes(1 << 19)] * 9)
        answer = await streamed(source, "text/plain", {})
        assert source.given == 1
        pieces = aiter(answer.iterator)
        await anext(pieces)
        await anext(pieces)
        assert source.given <= 3
        await pieces.aclose()  # the reader goes away
        await source.closed.wait()
        assert source.given <= 3

    asyncio.run(run())


def test_in_place_nothing_is_made_ahead_and_others_have_their_turn_after_each_piece():
    async def run():
        source = Source(*[b"a"] * 9)
        answer = await streamed_in_place(source, "text/plain", {})
        assert source.given == 1
        pieces = aiter(answer.iterator)
        turns = []
        for number in range(3):
            asyncio.get_running_loop().call_soon(turns.append, number)
            await anext(pieces)
        assert turns == [0, 1, 2]
        assert source.given == 3
        await pieces.aclose()  # the reader goes away
        await source.closed.wait()
        assert source.given == 3

    asyncio.run(run())


def test_what_fails_at_once_is_an_error_and_not_an_answer():
    async def run():
        with pytest.raises(RuntimeError, match="nothing"):
            await streamed(Source(RuntimeError("nothing")), "text/plain", {})

    asyncio.run(run())


def test_what_fails_later_breaks_the_answer_off():
    async def run():
        with pytest.raises(RuntimeError, match="half"):
            await read(Source(b"a", RuntimeError("half")))

    asyncio.run(run())
