"""The numbers of what was removed: facts go on naming them, so nothing new may get one and inherit its history."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy
from sqlalchemy import Connection

from passerby.catalogue import schema
from passerby.catalogue.rows import FIRST_REGISTERED_ID, Rows

Kind = tuple[str, int]
"""A table and 0, or `drawings` and the sensor whose lines and zones share their numbers."""


def known(connection: Connection) -> dict[Kind, int]:
    """The highest number that anything removed had, by kind."""
    found = connection.execute(sqlalchemy.select(schema.last_ids)).all()
    return {(what, owner): last for what, owner, last in found}


def remember(connection: Connection, removed: Rows) -> None:
    """Note the numbers of rows that go."""
    before = known(connection)
    highest: dict[Kind, int] = {}
    for kind, number in _numbers(removed):
        highest[kind] = max(number, highest.get(kind, 0))
    table = schema.last_ids
    for (what, owner), number in highest.items():
        if number > before.get((what, owner), 0):
            same = sqlalchemy.and_(table.c.what == what, table.c.owner == owner)
            connection.execute(sqlalchemy.delete(table).where(same))
            connection.execute(sqlalchemy.insert(table).values(what=what, owner=owner, last=number))


def _numbers(removed: Rows) -> Iterator[tuple[Kind, int]]:
    for table in ("brands", "sites", "sensors", "contents"):
        for (number,) in removed[table]:
            if table != "contents" or int(number) < FIRST_REGISTERED_ID:
                yield (table, 0), int(number)
    for table in ("lines", "zones"):
        for sensor_id, number in removed[table]:
            yield ("drawings", int(sensor_id)), int(number)
