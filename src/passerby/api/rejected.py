"""`GET /v1/rejected`: the rows that were refused, kept aside so that nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from passerby.api.filters import named_sensor, period
from passerby.api.native import native_router
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


@get("/", summary="Rows that were refused", sync_to_thread=True)
def rejected(  # noqa: PLR0913, PLR0917  # one parameter a query parameter, as Litestar wants
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    start: Annotated[datetime | None, QueryParameter(description="Received at or after this time.")] = None,
    end: Annotated[datetime | None, QueryParameter(description="Received before this time.")] = None,
    sensor: Annotated[str | None, QueryParameter(description="Of this sensor: its id or uid, as it was sent.")] = None,
    after: Annotated[int, QueryParameter(description="The `next` of the page before.", ge=0, le=2**62)] = 0,
    limit: Annotated[int, QueryParameter(description="Rows of a page.", ge=1, le=_AT_ONCE)] = 100,
) -> RejectedRows:
    """What was refused, as it was sent; a WiFi device's address is never among it. Kept for `rejected_days`.

    A row of a sensor that does not exist is shown to keys that are not narrowed to some sites or brands.
    """
    view = RejectedView(services.catalogue.current(), credential, sensor)
    first, last = period(start, end)
    found: list[RejectedRow] = []
    for kept in _walk(services.journal, credential.account_id, after):
        row = msgspec.json.decode(kept.rejected.row)
        if first <= kept.received_ms < last and view.shows(row):
            if len(found) == limit:
                return RejectedRows(found, found[-1].id)
            found.append(_shown(kept, row))
    return RejectedRows(found, None)


def _walk(journal: Journal, account_id: int, after: int) -> Iterator[KeptAside]:
    while page := journal.rejected(account_id, after=after, limit=_AT_ONCE):
        yield from page
        after = page[-1].id


def _shown(kept: KeptAside, row: object) -> RejectedRow:
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


router = native_router("/v1/rejected", [rejected], tags=["Observations"])
