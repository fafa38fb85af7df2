"""Loads the past of a made-up network into an opened data directory, through the journal like everything else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from passerby.catalogue.model import Credential
from passerby.errors import PasserbyError
from passerby.ingest.decoded import Decoded
from passerby.ingest.intake import resolve
from passerby.journal import Submission
from passerby.observations import Reported
from passerby.services import Services
from passerby.simulate.delivery import Delivery

_BATCH_ROWS = 10_000
# Batches on their way from the journal to the store: enough to keep both busy, few enough to hold in memory.
_AHEAD = 3


@dataclass(frozen=True, slots=True)
class History:
    """What was loaded, and what comes after it."""

    rows: int
    duplicates: int
    later: Iterator[Delivery]


def load(
    services: Services,
    credential: Credential,
    source: Iterator[Delivery],
    until_ms: int,
    progress: Callable[[int], bool],
) -> History:
    """Load the deliveries of `source` that arrive before `until_ms`; on return queries see them.

    Args:
        services: Where to; its catalogue holds the network.
        credential: Whose observations they are.
        source: By time of arrival.
        until_ms: UTC milliseconds.
        progress: Called with the time of arrival of each batch's last row; false stops the loading.

    Raises:
        PasserbyError: The catalogue does not fit the network.
    """
    under_way: deque[tuple[int, int]] = deque()
    rows = accepted = 0
    following: Delivery | None = None
    going = True
    while going:
        batch: list[Delivery] = []
        for following in source:
            if following.arrives_ms >= until_ms:
                break
            batch.append(following)
            if len(batch) == _BATCH_ROWS:
                break
        going = len(batch) == _BATCH_ROWS
        if batch:
            taken = _append(services, credential, batch)
            under_way.append(taken)
            rows += taken[1]
            going &= progress(batch[-1].arrives_ms)
        while len(under_way) > (_AHEAD if going else 0):
            accepted += services.loader.wait_visible(under_way.popleft()[0]).result()
    rest = source if following is None or following.arrives_ms < until_ms else chain([following], source)
    return History(accepted, rows - accepted, rest)


def _append(services: Services, credential: Credential, batch: list[Delivery]) -> tuple[int, int]:
    """(journal entry, rows) of a batch."""
    observations: list[Reported] = [delivery.observation for delivery in batch]
    resolved = resolve(
        Decoded(observations, range(len(observations))),
        services.resolver(credential),
        partial(services.register_content, credential),
    )
    # A WiFi device's key of long ago may be gone, and with it what was seen then; all else must fit.
    problems = [refused for refused in resolved.refused if not refused.error.startswith("start")]
    if problems:
        raise PasserbyError(f"the catalogue does not fit the simulated network: {problems[0].error}")
    receipt = services.journal.append(Submission(resolved.rows, source="simulate")).result()
    return receipt.entry, resolved.row_count
