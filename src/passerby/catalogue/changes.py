"""Compares what a file asks for with what the database holds, and writes the difference."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy
from sqlalchemy import Connection, Table

from passerby.catalogue.model import Target
from passerby.catalogue.rows import TABLES, Key, Row, Rows, no_rows
from passerby.catalogue.schema import metadata
from passerby.catalogue.shape import Notes
from passerby.catalogue.targets import resolved, written
from passerby.catalogue.wanted import Wanted, device_key_name, sensor_key_name
from passerby.errors import Problem

_NOUNS = {
    "accounts": "account",
    "brands": "brand",
    "tags": "tag",
    "sites": "site",
    "sensors": "sensor",
    "lines": "line",
    "zones": "zone",
    "contents": "content",
    "credentials": "credential",
    "webhooks": "webhook",
    "feeds": "feed",
}
# Too long to print twice in a list of changes, or not for everyone's eyes.
_UNSHOWN = frozenset({"points", "polygon", "url"})
# Columns that no two rows may share, whose values rows may nevertheless exchange in one apply.
_UNIQUE_TEXTS = {"sensors": ("uid",), "lines": ("uid",), "zones": ("uid",), "contents": ("content_id",)}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an apply did. `path` names it (`site 1`, `line 3024/1`), `what` says more."""

    action: Literal["added", "changed", "removed"]
    path: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.path}{': ' if self.what else ''}{self.what}"


@dataclass
class Difference:
    """Rows to add, columns to change and rows to remove, by table and key."""

    added: Rows = field(default_factory=no_rows)
    changed: Rows = field(default_factory=no_rows)
    removed: Rows = field(default_factory=no_rows)


def prepare(
    wanted: Wanted, held: Rows, *, prune: bool, notes: Notes, removed: Collection[tuple[str, Key]] = ()
) -> Difference:
    """What to write to get from `held` (all accounts) to `wanted`; credentials still lack what is held of them.

    `removed` are rows to take away besides. `notes` gets every contradiction with what is held and between the rows
    themselves.
    """
    if wanted.account_id:
        notes.problems.extend(_foreign(wanted, held))
    _give_uids(wanted, held)
    gone = _removed(wanted, held, prune=prune)
    for table, key in removed:
        gone[table][key] = held[table][key]
    after = {
        table: {key: row for key, row in held[table].items() if key not in gone[table]} | wanted.rows[table]
        for table in TABLES
    }
    notes.problems.extend(_place(after, wanted, notes))
    notes.problems.extend(_shared(after, wanted))
    if not notes.lost:
        notes.problems.extend(_dangling(after, wanted))
    difference = Difference(removed=gone)
    for table in TABLES:
        for key, row in wanted.rows[table].items():
            before = held[table].get(key)
            if before is None:
                difference.added[table][key] = row
            elif columns := {name: value for name, value in row.items() if before[name] != value}:
                difference.changed[table][key] = columns
    return difference


def listed(difference: Difference, held: Rows) -> list[Change]:
    """The difference for a person: owners before what they own."""
    changes: list[Change] = []
    for table in TABLES:
        for key, row in difference.added[table].items():
            changes.append(Change("added", label(table, key), str(row.get("name") or row.get("label") or "")))
        for key, columns in difference.changed[table].items():
            told = {name: value for name, value in columns.items() if name != "sealed" or "held" not in columns}
            what = ", ".join(_described(name, held[table][key][name], value) for name, value in told.items())
            changes.append(Change("changed", label(table, key), what))
        changes += [Change("removed", label(table, key)) for key in sorted(difference.removed[table])]
    return changes


def write(connection: Connection, difference: Difference, now_ms: int) -> None:
    """Writes the difference: removals first and additions last, so that texts that must be unique can move.

    A sensor notes when it was made, and when it or what is drawn for it was changed.
    """
    for name in reversed(TABLES):
        table = metadata.tables[name]
        for key in difference.removed[name]:
            connection.execute(sqlalchemy.delete(table).where(_is(table, name, key)))
    for name in TABLES:
        _make_way(connection, name, difference.changed[name])
    for name in TABLES:
        table = metadata.tables[name]
        for key, columns in difference.changed[name].items():
            connection.execute(sqlalchemy.update(table).where(_is(table, name, key)).values(columns))
        if added := list(difference.added[name].values()):
            extra: Row = {"registered": False} if name == "contents" else {}
            if name == "sensors":
                extra = {"created_ms": now_ms, "modified_ms": now_ms}
            connection.execute(sqlalchemy.insert(table), [row | extra for row in added])
    if touched := _touched(difference):
        sensors = metadata.tables["sensors"]
        connection.execute(sqlalchemy.update(sensors).where(sensors.c.id.in_(touched)).values(modified_ms=now_ms))


def _touched(difference: Difference) -> list[int]:
    """The sensors that change, or whose lines or zones do."""
    found = {key[0] for key in difference.changed["sensors"]}
    for rows in (difference.added, difference.changed, difference.removed):
        found |= {key[0] for table in ("lines", "zones") for key in rows[table]}
    return sorted(int(number) for number in found)


def label(table: str, key: Key) -> str:
    """How a row is named to people."""
    if table == "tags":
        return f"tag {key[1]} of brand {key[0]}"
    if table == "feeds":
        return f"feed {key[1]}"
    separator = " " if table == "credentials" else "/"
    return f"{_NOUNS[table]} {separator.join(map(str, key))}"


def _described(name: str, before: object, after: object) -> str:
    if name == "held":
        return "another secret"
    if name == "sealed":
        return "its key can be shown from now on"
    if name == "producers":
        return "producers " + (", ".join(sorted(after)) if isinstance(after, dict) else "none")
    return name if name in _UNSHOWN else f"{name} {_shown(before)} -> {_shown(after)}"


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)


def _is(table: Table, name: str, key: Key) -> sqlalchemy.ColumnElement[bool]:
    columns = ("dialect", "name") if name == "credentials" else tuple(table.primary_key.columns.keys())
    return sqlalchemy.and_(*(table.c[column] == value for column, value in zip(columns, key, strict=True)))


def _make_way(connection: Connection, name: str, changed: dict[Key, Row]) -> None:
    """Frees unique texts that are about to change, so that two rows can exchange theirs."""
    table = metadata.tables[name]
    for column in _UNIQUE_TEXTS.get(name, ()):
        for key in (key for key, columns in changed.items() if column in columns):
            statement = sqlalchemy.update(table).where(_is(table, name, key))
            connection.execute(statement.values({column: f"moving {uuid.uuid4()}"}))


def _give_uids(wanted: Wanted, held: Rows) -> None:
    """A uid that the file leaves out is the one held, or a new one, made once."""
    for table in ("sensors", "lines", "zones"):
        for key, row in wanted.rows[table].items():
            if row["uid"] is None:
                row["uid"] = held[table][key]["uid"] if key in held[table] else str(uuid.uuid4())


def _removed(wanted: Wanted, held: Rows, *, prune: bool) -> Rows:
    """What goes: keys that the file takes away, and with `prune` all that the file does not name.

    Contents that observations made known stay: facts name them, and would make them known again under new ids.
    """
    removed = no_rows()
    keys = held["credentials"]
    for sensor_id in wanted.keyless:
        key: Key = ("native", sensor_key_name(sensor_id))
        if key in keys:
            removed["credentials"][key] = keys[key]
    if not prune:
        return removed
    owners = _owners(held)
    kept = {("native", sensor_key_name(sensor_id)) for sensor_id in wanted.silent}
    kept |= {("native", device_key_name(int(sensor_id))) for (sensor_id,) in wanted.rows["sensors"]}
    for table in TABLES:
        for key, row in held[table].items():
            mine = owners[table, key] == wanted.account_id
            if mine and key not in wanted.rows[table] and key not in kept and not row.get("registered"):
                removed[table][key] = row
    return removed


def _owners(rows: Rows) -> dict[tuple[str, Key], int]:
    """The account of every row."""
    above = {
        "brands": ("accounts", "account_id"),
        "tags": ("brands", "brand_id"),
        "sites": ("brands", "brand_id"),
        "sensors": ("sites", "site_id"),
        "lines": ("sensors", "sensor_id"),
        "zones": ("sensors", "sensor_id"),
        "contents": ("accounts", "account_id"),
        "credentials": ("accounts", "account_id"),
        "webhooks": ("accounts", "account_id"),
        "feeds": ("accounts", "account_id"),
    }
    owners = {("accounts", key): int(key[0]) for key in rows["accounts"]}
    for table, (owner, column) in above.items():
        owners.update({(table, key): owners[owner, (row[column],)] for key, row in rows[table].items()})
    return owners


def _foreign(wanted: Wanted, held: Rows) -> Iterator[Problem]:
    """Rows of the file that another account has already."""
    owners = _owners(held)
    for table, key in wanted.paths:
        owner = owners.get((table, key))
        if owner is not None and owner != wanted.account_id:
            yield Problem(wanted.paths[table, key], f"{label(table, key)} belongs to account {owner}")


def _place(after: Rows, wanted: Wanted, notes: Notes) -> Iterator[Problem]:
    """Gives webhooks and feeds the places that they name, which must be the account's."""
    owners = _owners_of_wanted(after, wanted)
    for (table, key), place in wanted.places.items():
        row = wanted.rows[table].get(key)
        if row is None:
            continue  # given twice, which was reported
        target = resolved(place, after)
        owner = None if target is None else owners.get(_owner_key(after, target))
        if target is not None and owner == wanted.account_id:
            row["place"] = written(target)
        else:
            row["place"] = ""
            if wanted.account_id and not notes.lost:
                yield Problem(f"{wanted.paths[table, key]}.{place[0]}", f"the account has no {place[0]} {place[1]}")


def _owner_key(after: Rows, target: Target) -> tuple[str, Key]:
    """The brand or site that a place belongs to."""
    if target.level in ("brand", "site"):
        return f"{target.level}s", (target.key,)  # type: ignore[return-value]  # an id there
    sensor_id = target.key[0] if isinstance(target.key, tuple) else target.key
    return "sites", (after["sensors"][sensor_id,]["site_id"],)


def _shared(after: Rows, wanted: Wanted) -> Iterator[Problem]:
    """Values that only one row may have and several would."""
    holders: dict[tuple[Any, ...], list[tuple[str, Key]]] = defaultdict(list)
    for table in TABLES:
        for key, row in after[table].items():
            for value in _unique_values(table, row):
                holders[value].append((table, key))
    for value, rows in holders.items():
        if len(rows) < 2:
            continue
        # Kept rows first, then those of the file in its order: the last ones are told about the first.
        first, *others = sorted(rows, key=lambda row: row in wanted.paths)
        for other in others:
            if other in wanted.paths:
                yield Problem(f"{wanted.paths[other]}.{value[0]}", f"{value[-1]} is {_taken_by(first, wanted)}")


def _taken_by(row: tuple[str, Key], wanted: Wanted) -> str:
    """Who has a value already. Whoever edits single things may not know of everything that there is."""
    if row in wanted.paths:
        return f"also that of {wanted.paths[row]}"
    if not wanted.whole:
        return "taken already"
    return f"also that of {label(*row)}, which is held and which this file does not name"


def _unique_values(table: str, row: Row) -> Iterator[tuple[Any, ...]]:
    """(field, ..., value): what no other row may have."""
    if table in ("sensors", "lines", "zones") and row["uid"] is not None:
        yield "uid", row["uid"]
    if table in ("lines", "zones"):
        yield "id", row["sensor_id"], row["id"]
    if table == "sites" and row["reference"] is not None:
        yield "reference", row["brand_id"], row["reference"]
    if table == "contents" and row["content_id"] is not None:
        yield "content_id", row["account_id"], row["content_id"]


def _dangling(after: Rows, wanted: Wanted) -> Iterator[Problem]:
    """Tags that name nothing or something of the wrong kind, and limits to what is another account's.

    A credential may be limited to brands and sites that do not exist yet: its customer's programs hold it before
    every site has moved over, and until then it sees nothing there.
    """
    owners = _owners_of_wanted(after, wanted)
    for key, site in after["sites"].items():
        yield from _bad_tags(after, wanted, ("sites", key), site, site["brand_id"])
    for key, sensor in after["sensors"].items():
        site = after["sites"].get((sensor["site_id"],), {})
        yield from _bad_tags(after, wanted, ("sensors", key), sensor, site.get("brand_id"))
    for key, credential in wanted.rows["credentials"].items():
        for field_name, table in (("brand_ids", "brands"), ("site_ids", "sites")):
            for number in credential[field_name] or ():
                if owners.get((table, (number,)), wanted.account_id) != wanted.account_id:
                    yield Problem(
                        f"{wanted.paths['credentials', key]}.{table}", f"the account has no {_NOUNS[table]} {number}"
                    )


def _owners_of_wanted(after: Rows, wanted: Wanted) -> dict[tuple[str, Key], int]:
    """The account of brands and sites; a site whose brand could not be read is the file's own."""
    owners = {("brands", key): row["account_id"] for key, row in after["brands"].items()}
    for key, row in after["sites"].items():
        owners["sites", key] = owners.get(("brands", (row["brand_id"],)), wanted.account_id)
    return owners


def _bad_tags(after: Rows, wanted: Wanted, place: tuple[str, Key], row: Row, brand_id: int | None) -> Iterator[Problem]:
    table, key = place
    path = wanted.paths.get(place, label(table, key))
    for tag_id in row["tags"]:
        tag = after["tags"].get((brand_id or 0, tag_id))
        if tag is None:
            yield Problem(f"{path}.tags", f"tag {tag_id} is not declared in brand {brand_id}")
        elif tag["of"] is not None and tag["of"] != table:
            yield Problem(f"{path}.tags", f"tag {tag_id} is declared for {tag['of']}, not for {table}")
