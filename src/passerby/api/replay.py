"""Rows that were kept aside, sent again once what was wrong is mended.

A person adds the line that was missing, or switches a sensor on, and replays what was refused meanwhile: each row
goes through the same decoding and checking as when it came, and leaves the list in the transaction that accepts it. A
row that was accepted in the meantime in another way is known by its identity and counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec

from passerby.api.push import appended_with_stays
from passerby.api.receiving import appended, make_room, outcome, resolved
from passerby.catalogue.model import Catalogue, Credential
from passerby.errors import InvalidInputError
from passerby.ingest.decoded import Decoded, Refused
from passerby.ingest.native import decode_json
from passerby.ingest.producers import PRODUCERS
from passerby.ingest.producers.base import Sender
from passerby.journal import KeptAside, Submission
from passerby.observations import KINDS
from passerby.services import Services

# Rows of one submission to the journal.
_AT_ONCE = 1000
NO_DEVICE = "the address of the device was not kept, so this row cannot be taken any more"
NOT_WHOLE = "this is not a row that can be read: it has to be sent again"


@dataclass(slots=True)
class Replayed:
    """What became of rows: how many were accepted, and of those that were refused again the reasons, by id."""

    accepted: int = 0
    refused: dict[int, str] = field(default_factory=dict)


def never(kept: KeptAside) -> str | None:
    """Why a row cannot be replayed whatever is mended; None when it may be."""
    row = _row(kept)
    if not isinstance(row, dict):
        return NOT_WHOLE
    kind = row.get("kind")
    if kind in KINDS:
        return NO_DEVICE if kind == "wifi_visit" else None
    producer = PRODUCERS.get(kept.source)
    if producer is not None:
        return None if producer.whole else NO_DEVICE
    return NO_DEVICE if "rssi" in row else NOT_WHOLE


async def replay(services: Services, credential: Credential, rows: Sequence[KeptAside]) -> Replayed:
    """Take rows again, as far as `credential` may send for their sensors."""
    told = Replayed()
    by_source: dict[str, list[KeptAside]] = {}
    for kept in rows:
        if never(kept) is None:
            by_source.setdefault(kept.source, []).append(kept)
        else:
            told.refused[kept.id] = kept.rejected.error
    for source, own in by_source.items():
        for first in range(0, len(own), _AT_ONCE):
            await _replay(services, credential, source, own[first : first + _AT_ONCE], told)
    return told


async def _replay(
    services: Services, credential: Credential, source: str, rows: Sequence[KeptAside], told: Replayed
) -> None:
    await make_room(services)
    catalogue = services.catalogue.current()
    found = await resolved(services, credential, partial(_decoded, catalogue, credential, rows), at_once=False)
    refused = {rows[one.index].id: one.error for one in found.refused}
    told.refused |= refused
    mended = [kept.id for kept in rows if kept.id not in refused]
    if refused:
        await outcome(services.journal.reword(refused))
    if not mended:
        return
    told.accepted += len(mended)
    submission = Submission(found.rows, source=source, mended=mended)
    producer = PRODUCERS.get(source)
    if producer is not None and producer.pairs and "event" in found.rows:
        await appended_with_stays(services, credential, submission)
    else:
        await appended(services, submission)


def _decoded(catalogue: Catalogue, credential: Credential, rows: Sequence[KeptAside]) -> Decoded:
    """All rows together; indexes count them from 0."""
    together = Decoded(indexes=[])
    for index, kept in enumerate(rows):
        try:
            one = _decoded_row(catalogue, credential, kept)
        except InvalidInputError as error:
            together.refused.append(Refused(index, error.message, kept.rejected.row.encode()))
            continue
        together.refused += [replace(refusal, index=index) for refusal in one.refused]
        for observation in one.observations:
            together.add(index, observation)
    return together


def _decoded_row(catalogue: Catalogue, credential: Credential, kept: KeptAside) -> Decoded:
    """As it came; a producer's record may have become an observation before it was refused."""
    body = kept.rejected.row.encode()
    row = _row(kept)
    producer = PRODUCERS.get(kept.source)
    if producer is None or (isinstance(row, dict) and row.get("kind") in KINDS):
        return decode_json(body)
    return producer.decode(body, Sender(catalogue, credential))


def _row(kept: KeptAside) -> object:
    try:
        return msgspec.json.decode(kept.rejected.row)
    except msgspec.DecodeError:
        return None
