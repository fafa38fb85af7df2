"""`/v1/rejected`: the rows that were refused, kept aside so that nothing is lost, and taking them again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from passerby.api.filters import named_sensor, period
from passerby.api.native import native_router
from passerby.api.replay import replay
from passerby.catalogue.model import Catalogue, Credential
from passerby.journal import Journal, KeptAside
from passerby.services import Services

_AT_ONCE = 1000


class RejectedRow(msgspec.Struct):
    """A row that was refused: when, by which way it came, its place in its body, why, and the row."""

    id: int
    received: datetime
    source: str
    index: int
    error: str
    row: Any


class RejectedRows(msgspec.Struct):
    """A page, oldest first. `next` is the `after` of the next page; null when this is the last."""

    rejected: list[RejectedRow]
    next: int | None


class RefusedAgain(msgspec.Struct):
    """A row that is still refused, by its id of the list, and why now."""

    id: int
    error: str


class ReplayedRows(msgspec.Struct):
    """What became of a page of rows: those that were accepted have left the list. `next` as of the list."""

    accepted: int
    rejected: list[RefusedAgain]
    next: int | None


_Start = Annotated[datetime | None, QueryParameter(description="Received at or after this time.")]
_End = Annotated[datetime | None, QueryParameter(description="Received before this time.")]
_OfSensor = Annotated[str | None, QueryParameter(description="Of this sensor: its id or uid, as it was sent.")]
_After = Annotated[int, QueryParameter(description="The `next` of the page before.", ge=0, le=2**62)]
_Limit = Annotated[int, QueryParameter(description="Rows of a page.", ge=1, le=_AT_ONCE)]


@get("/", summary="Rows that were refused", sync_to_thread=True)
def rejected(  # noqa: PLR0913, PLR0917  # one parameter a query parameter, as Litestar wants
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    start: _Start = None,
    end: _End = None,
    sensor: _OfSensor = None,
    after: _After = 0,
    limit: _Limit = 100,
) -> RejectedRows:
    """What was refused, as it was sent; a WiFi device's address is never among it. Kept for `rejected_days`.

    A row of a sensor that does not exist is shown to keys that are not narrowed to some sites or brands.
    """
    view = RejectedView(services.catalogue.current(), credential, sensor)
    found, more = _page(services.journal, view, period(start, end), after, limit)
    return RejectedRows([_shown(kept) for kept in found], found[-1].id if more else None)


@post("/replay", summary="Take refused rows again", opt={"scope": "ingest"}, status_code=200)
async def replay_rejected(  # noqa: PLR0913, PLR0917  # as above
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    start: _Start = None,
    end: _End = None,
    sensor: _OfSensor = None,
    after: _After = 0,
    limit: _Limit = _AT_ONCE,
) -> ReplayedRows:
    """Once what was wrong is mended: a page of the rows that `GET /v1/rejected` lists, each checked as when it came.

    Whatever is refused again stays in the list, with its reason of now. A row that was accepted in another way
    meanwhile counts once.
    """
    view = RejectedView(services.catalogue.current(), credential, sensor)
    found, more = await asyncio.to_thread(_page, services.journal, view, period(start, end), after, limit)
    told = await replay(services, credential, found)
    refused = [RefusedAgain(number, error) for number, error in sorted(told.refused.items())]
    return ReplayedRows(told.accepted, refused, found[-1].id if more else None)


def _page(
    journal: Journal, view: RejectedView, received: tuple[int, int], after: int, limit: int
) -> tuple[list[KeptAside], bool]:
    """Rows of an account that a view shows, oldest first, and whether there are more."""
    first, last = received
    found: list[KeptAside] = []
    for kept in _walk(journal, view.credential.account_id, after):
        if first <= kept.received_ms < last and view.shows(msgspec.json.decode(kept.rejected.row)):
            if len(found) == limit:
                return found, True
            found.append(kept)
    return found, False


def _walk(journal: Journal, account_id: int, after: int) -> Iterator[KeptAside]:
    while page := journal.rejected(account_id, after=after, limit=_AT_ONCE):
        yield from page
        after = page[-1].id


def _shown(kept: KeptAside) -> RejectedRow:
    row = msgspec.json.decode(kept.rejected.row)
    received = datetime.fromtimestamp(kept.received_ms / 1000, UTC)
    return RejectedRow(kept.id, received, kept.source, kept.rejected.index, kept.rejected.error, row)


@dataclass(frozen=True, slots=True)
class RejectedView:
    """Which rows a credential sees, and asked for."""

    catalogue: Catalogue
    credential: Credential
    asked: str | None = None

    def shows(self, row: object) -> bool:
        """Whether a row is of a sensor that the credential sees, or the credential sees the whole account."""
        named = row.get("sensor") if isinstance(row, dict) else None
        if self.asked is not None and str(named) != self.asked and not self._same(named, self.asked):
            return False
        sensor = self.catalogue.sensor(named) if isinstance(named, (int, str)) else None
        if sensor is not None and self.catalogue.may_see_sensor(self.credential, sensor):
            return True
        narrowed = (self.credential.brand_ids, self.credential.site_ids, self.credential.sensor_id)
        return narrowed == (None, None, None)

    def _same(self, named: object, asked: str) -> bool:
        """Whether one is the id and the other the uid of one sensor."""
        sensor = named_sensor(self.catalogue, str(named))
        return sensor is not None and sensor is named_sensor(self.catalogue, asked)


router = native_router("/v1/rejected", [rejected, replay_rejected], tags=["Observations"])
