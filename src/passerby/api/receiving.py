"""What every way in over HTTP does: hold back while the loader is behind, and answer once the journal has the rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from passerby.catalogue.model import Content, Credential
from passerby.errors import UnavailableError
from passerby.ingest.decoded import Decoded
from passerby.ingest.intake import Resolved, resolve
from passerby.ingest.resolve import ContentName
from passerby.journal import Receipt, Submission
from passerby.services import Services

T = TypeVar("T")

# Larger bodies are decoded in a thread, so that other requests go on meanwhile.
LARGE = 1 << 17
_LONGEST_HOLD_S = 2.0
_LOOK_AGAIN_S = 0.02


async def make_room(services: Services) -> None:
    """Wait while too many rows are waiting to be stored; UnavailableError when that does not end soon."""
    loader = services.loader
    deadline = time.monotonic() + _LONGEST_HOLD_S
    while services.sessions.must_hold():
        if time.monotonic() > deadline:
            raise UnavailableError("too many sightings are waiting; send this again", retry_after_s=1)
        await asyncio.sleep(_LOOK_AGAIN_S)
    if loader.must_hold():
        await loader.hold()
        if loader.must_hold():
            raise UnavailableError("too many rows are waiting to be stored; send this again", retry_after_s=1)


async def resolved(
    services: Services, credential: Credential, decode: Callable[[], Decoded], *, at_once: bool, new_ids: bool = False
) -> Resolved:
    """The rows of what `decode` gives; `at_once` in the event loop, as long as nothing there has to wait.

    `new_ids`: see `intake.resolve`.
    """
    found = await _resolved(services, credential, decode, at_once=at_once, new_ids=new_ids)
    if found.dropped:
        services.telemetry.dropped_rows.inc(found.dropped)
    return found


async def _resolved(
    services: Services, credential: Credential, decode: Callable[[], Decoded], *, at_once: bool, new_ids: bool
) -> Resolved:
    if at_once:
        try:
            return resolve(decode(), services.resolver(credential), _would_block, new_ids=new_ids)
        except _WouldBlockError:
            pass  # some contents must be registered first, which writes to the catalogue
    register = partial(services.register_content, credential)
    return await asyncio.to_thread(lambda: resolve(decode(), services.resolver(credential), register, new_ids=new_ids))


async def appended(services: Services, submission: Submission) -> Receipt:
    """The journal's receipt for a submission: from here on it survives a crash."""
    telemetry = services.telemetry
    with telemetry.commit.time():
        receipt = await outcome(services.journal.append(submission))
    if receipt.repeated is None:
        telemetry.accepted_rows.inc(submission.row_count)
        telemetry.rejected_rows.inc(len(submission.rejected))
    return receipt


async def outcome(future: Future[T]) -> T:
    """What a thread's future becomes. Shielded: who stops waiting must not cancel what the thread is about to set."""
    return await asyncio.shield(asyncio.wrap_future(future))


class _WouldBlockError(Exception):
    """What has to be done next may take long: not in the event loop."""


def _would_block(_: ContentName) -> Content:
    raise _WouldBlockError
