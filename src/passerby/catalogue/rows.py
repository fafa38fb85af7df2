"""The catalogue as rows, and the snapshot that rows make.

`Rows` holds every row of every table under its key: ids as the table's primary key has them, and (dialect, name)
for credentials, whose numbers the database gives out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from passerby.catalogue.model import (
    Account,
    Brand,
    Catalogue,
    Content,
    Credential,
    Feed,
    Line,
    Sensor,
    Site,
    Tag,
    Webhook,
    Zone,
)
from passerby.catalogue.targets import read_target
from passerby.settings import Value

Row = dict[str, Any]
Key = tuple[int | str, ...]
Rows = dict[str, dict[Key, Row]]

# Contents that name themselves get ids from here on, away from those that people choose.
FIRST_REGISTERED_ID = 1_000_000_000

# From owner to owned: rows are added in this order and removed in the opposite one.
TABLES = (
    "accounts",
    "brands",
    "tags",
    "sites",
    "sensors",
    "lines",
    "zones",
    "contents",
    "credentials",
    "webhooks",
    "feeds",
)


def no_rows() -> Rows:
    """Every table, empty."""
    return {table: {} for table in TABLES}


def snapshot(rows: Rows, version: int, global_settings: Mapping[str, Value]) -> Catalogue:
    """The snapshot that these rows are; everything in it is ordered by id."""
    children = _children(rows)
    return Catalogue(
        version=version,
        accounts={row["id"]: Account(row["id"], row["name"], row["settings"]) for row in _ordered(rows, "accounts")},
        brands={row["id"]: _brand(row, children) for row in _ordered(rows, "brands")},
        sites={row["id"]: _site(row, children) for row in _ordered(rows, "sites")},
        sensors={row["id"]: _sensor(row, children) for row in _ordered(rows, "sensors")},
        contents={row["id"]: content(row) for row in _ordered(rows, "contents")},
        credentials={
            row["id"]: credential(row) for row in sorted(rows["credentials"].values(), key=lambda row: int(row["id"]))
        },
        webhooks={row["id"]: _webhook(row) for row in _ordered(rows, "webhooks")},
        feeds={key: _feed(row) for key, row in sorted(rows["feeds"].items())},  # type: ignore[misc]  # (account, name)
        global_settings=global_settings,
    )


_Children = dict[tuple[str, int], list[Row]]


def _children(rows: Rows) -> _Children:
    """Rows under their owner: ("sites", brand id), ("lines", sensor id) ..."""
    owners = {"tags": "brand_id", "sites": "brand_id", "sensors": "site_id", "lines": "sensor_id", "zones": "sensor_id"}
    children: _Children = defaultdict(list)
    for table, owner in owners.items():
        for row in _ordered(rows, table):
            children[table, row[owner]].append(row)
    return children


def _ordered(rows: Rows, table: str) -> list[Row]:
    return [row for _, row in sorted(rows[table].items())]


def _brand(row: Row, children: _Children) -> Brand:
    tags = tuple(Tag(tag["id"], row["id"], tag["label"], tag["of"]) for tag in children["tags", row["id"]])
    site_ids = tuple(site["id"] for site in children["sites", row["id"]])
    return Brand(row["id"], row["account_id"], row["name"], tags, site_ids)


def _site(row: Row, children: _Children) -> Site:
    return Site(
        id=row["id"],
        brand_id=row["brand_id"],
        name=row["name"],
        reference=row["reference"],
        timezone=row["timezone"],
        opening_hours=(row["opens"], row["closes"]) if row["opens"] else None,
        settings=row["settings"],
        tags=tuple(row["tags"]),
        vehicle_factors=row["vehicle_factors"],
        sensor_ids=tuple(sensor["id"] for sensor in children["sensors", row["id"]]),
    )


def _sensor(row: Row, children: _Children) -> Sensor:
    return Sensor(
        id=row["id"],
        uid=row["uid"],
        site_id=row["site_id"],
        name=row["name"],
        entry_point=row["entry_point"],
        active=row["active"],
        expert=row["expert"],
        tags=tuple(row["tags"]),
        lines={line["id"]: _line(line) for line in children["lines", row["id"]]},
        zones={zone["id"]: _zone(zone) for zone in children["zones", row["id"]]},
        created_ms=row["created_ms"],
        modified_ms=row["modified_ms"],
    )


def _line(row: Row) -> Line:
    return Line(**(row | {"points": tuple((x, y) for x, y in row["points"])}))


def _zone(row: Row) -> Zone:
    return Zone(**(row | {"polygon": tuple((x, y) for x, y in row["polygon"])}))


def content(row: Row) -> Content:
    """One content."""
    return Content(**row)


def _webhook(row: Row) -> Webhook:
    values = {name: row[name] for name in ("id", "account_id", "url", "what", "every_s")}
    return Webhook(**values, target=read_target(row["place"]), signed=row["held"] is not None)


def _feed(row: Row) -> Feed:
    values = {name: value for name, value in row.items() if name not in {"place", "held"}}
    return Feed(**values, target=read_target(row["place"]))


def credential(row: Row) -> Credential:
    """One credential, without what is held of its secret."""
    return Credential(
        id=row["id"],
        account_id=row["account_id"],
        dialect=row["dialect"],
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        brand_ids=None if row["brand_ids"] is None else frozenset(row["brand_ids"]),
        site_ids=None if row["site_ids"] is None else frozenset(row["site_ids"]),
        sensor_id=row["sensor_id"],
    )
