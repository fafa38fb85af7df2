"""What people said about how many are there: durable, in the catalogue database, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import Engine

from passerby.catalogue.database import reading, writing
from passerby.catalogue.schema import live_corrections as table


@dataclass(frozen=True, slots=True)
class Correction:
    """Someone set the number of a site: when (UTC ms), who (the name of a key), from what to what, and why."""

    site_id: int
    at_ms: int
    who: str
    before: float
    after: int
    reason: str
    id: int = 0


class Corrections:
    """The corrections of all sites."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, correction: Correction) -> Correction:
        """Keep a correction; it is on disk once this returns. Its id grows with time."""
        values = {
            "site_id": correction.site_id,
            "at_ms": correction.at_ms,
            "who": correction.who,
            "number_before": correction.before,
            "number_after": correction.after,
            "reason": correction.reason,
        }
        with writing(self._engine) as connection:
            (number,) = connection.execute(sqlalchemy.insert(table).values(values).returning(table.c.id)).one()
        return _correction({**values, "id": number})

    def since(self, at_ms: int) -> list[Correction]:
        """Those of all sites from `at_ms` on, oldest first."""
        return self._found(sqlalchemy.select(table).where(table.c.at_ms >= at_ms).order_by(table.c.id))

    def of_site(self, site_id: int, *, before: int | None = None, limit: int = 100) -> list[Correction]:
        """Those of a site, newest first; `before`: only those with a smaller id."""
        query = sqlalchemy.select(table).where(table.c.site_id == site_id).order_by(table.c.id.desc()).limit(limit)
        return self._found(query if before is None else query.where(table.c.id < before))

    def _found(self, query: sqlalchemy.Select[tuple[object, ...]]) -> list[Correction]:
        with reading(self._engine) as connection:
            return [_correction(dict(row)) for row in connection.execute(query).mappings()]


def _correction(row: Mapping[str, object]) -> Correction:
    return Correction(
        int(str(row["site_id"])),
        int(str(row["at_ms"])),
        str(row["who"]),
        float(str(row["number_before"])),
        int(str(row["number_after"])),
        str(row["reason"]),
        int(str(row["id"])),
    )
