"""What is held of the secrets that a catalogue file gives its credentials.

The keys of sensors are held twice: as a digest, which is what requests are checked with, and sealed, because the
Seemetrix dialect shows them to the owner of the devices.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy
from sqlalchemy import Connection

from passerby.catalogue import changes, keys, producers, schema
from passerby.catalogue.changes import Difference
from passerby.catalogue.keys import ServerKey
from passerby.catalogue.model import Catalogue, DialectName
from passerby.catalogue.rows import Row, Rows
from passerby.catalogue.shape import Notes
from passerby.catalogue.wanted import Wanted, device_key_name, sensor_key_name
from passerby.errors import CorruptDataError, Problem

_log = logging.getLogger(__name__)

FIELDS: Mapping[DialectName, tuple[str, str]] = {
    "native": ("name", "key"),
    "analytiks": ("client_id", "client_secret"),
    "camlytics": ("key", "secret"),
    "quividi": ("username", "token"),
    "seemetrix": ("name", "user_key"),
}
"""The names that the catalogue file has for the two halves of a credential."""


def protect(server_key: ServerKey, wanted: Wanted, held: Rows, difference: Difference, notes: Notes) -> None:
    """Gives each credential of the difference what is to be held of its secret and for its producers."""
    _protect_secrets(server_key, wanted, held, difference, notes)
    _protect_producers(server_key, wanted, held, difference, notes)


def _protect_secrets(server_key: ServerKey, wanted: Wanted, held: Rows, difference: Difference, notes: Notes) -> None:
    taken = {
        (row["dialect"], row["held"]): key
        for key, row in held["credentials"].items()
        if key not in difference.removed["credentials"]
    }
    for key, secret in wanted.secrets.items():
        before = held["credentials"].get(key)
        row = wanted.rows["credentials"][key]
        dialect, name = row["dialect"], str(key[1])
        path = wanted.paths["credentials", key]
        if before is None:
            difference.added["credentials"][key].setdefault("sealed", None)
        if secret is None:
            if before is None and not notes.lost:
                notes.problems.append(Problem(path, f"no {FIELDS[dialect][1]}, and none is held for {name}"))
            continue
        if notes.problems:
            continue
        target = difference.added if before is None else difference.changed
        if before is None or not _is_secret(server_key, before, secret):
            protected = keys.protect(server_key, dialect, name, secret)
            other = taken.setdefault((dialect, protected), key)
            if other != key and dialect in ("native", "seemetrix"):
                notes.problems.append(
                    Problem(path, f"its secret is also that of {changes.label('credentials', other)}")
                )
            target["credentials"].setdefault(key, {})["held"] = protected
        if row["sensor_id"] is not None and not _is_sealed(server_key, before, secret):
            target["credentials"].setdefault(key, {})["sealed"] = server_key.seal("native", name, secret)


def _protect_producers(server_key: ServerKey, wanted: Wanted, held: Rows, difference: Difference, notes: Notes) -> None:
    for key in wanted.rows["credentials"]:
        before = held["credentials"].get(key, {}).get("producers")
        path = wanted.paths["credentials", key]
        try:
            after = producers.sealed(server_key, str(key[1]), wanted.producers.get(key, {}), before) or None
        except LookupError as error:
            notes.problems.append(Problem(f"{path}.producers.{error}", "missing, and none is held"))
            continue
        if key in difference.added["credentials"]:
            difference.added["credentials"][key]["producers"] = after
        elif after != before:
            difference.changed["credentials"].setdefault(key, {})["producers"] = after


def _is_secret(server_key: ServerKey, row: Row, secret: str) -> bool:
    try:
        return keys.matches(server_key, row["dialect"], row["name"], secret, row["held"])
    except CorruptDataError:
        return False  # sealed with a lost key: giving the secret again is how it is mended


def _is_sealed(server_key: ServerKey, row: Row | None, secret: str) -> bool:
    if row is None or row["sealed"] is None:
        return False
    try:
        return secrets.compare_digest(
            server_key.unseal("native", row["name"], row["sealed"]).encode(), secret.encode(errors="surrogatepass")
        )
    except CorruptDataError:
        return False


# -- the keys of devices, to be shown


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """The keys of sensors, sealed: (name of the credential, sealed key) by sensor."""

    _held: Mapping[int, tuple[str, str]] = field(repr=False)

    @classmethod
    def of(cls, credentials: Iterable[Row]) -> SealedKeys:
        """Those of rows; of two keys of a sensor that of the catalogue file."""
        found: dict[int, tuple[str, str]] = {}
        for row in credentials:
            sensor_id, name = row["sensor_id"], row["name"]
            if sensor_id is None or row["sealed"] is None:
                continue
            if sensor_id not in found or name == sensor_key_name(sensor_id):
                found[sensor_id] = (name, row["sealed"])
        return cls(found)

    def missing(self, sensor_ids: Iterable[int]) -> list[int]:
        """Those of the sensors that have no key to show."""
        return [number for number in sensor_ids if number not in self._held]

    def opened(self, server_key: ServerKey, sensor_ids: Iterable[int]) -> dict[int, str]:
        """The keys of sensors that have one, but for those that another `server.key` sealed: of these the log tells.

        They go on working for who has them, so a list of devices is worth more without them than not at all.
        """
        opened: dict[int, str] = {}
        lost: list[CorruptDataError] = []
        for number in sensor_ids:
            if number not in self._held:
                continue
            name, sealed = self._held[number]
            try:
                opened[number] = server_key.unseal("native", name, sealed)
            except CorruptDataError as error:
                lost.append(error)
        if lost:
            _log.warning("%d keys of sensors cannot be shown: %s", len(lost), lost[0].message)
        return opened


def make_device_keys(
    connection: Connection, server_key: ServerKey, catalogue: Catalogue, sensor_ids: Collection[int]
) -> bool:
    """Give those of the sensors that have no key to show one; whether there were any. `catalogue` is of this moment."""
    table = schema.credentials
    rows = connection.execute(sqlalchemy.select(table).where(table.c.sensor_id.is_not(None))).mappings()
    missing = SealedKeys.of([dict(row) for row in rows]).missing(sensor_ids)
    added = [_device_key(server_key, catalogue, number) for number in missing if number in catalogue.sensors]
    if added:
        connection.execute(sqlalchemy.insert(table), added)
    return bool(added)


def _device_key(server_key: ServerKey, catalogue: Catalogue, sensor_id: int) -> Row:
    name, secret = device_key_name(sensor_id), secrets.token_hex(16)  # as the vendor's: 32 hexadecimal digits
    site = catalogue.site_of(catalogue.sensors[sensor_id])
    return {
        "account_id": catalogue.account_id_of_site(site),
        "dialect": "native",
        "name": name,
        "scopes": ["ingest"],
        "brand_ids": None,
        "site_ids": None,
        "sensor_id": sensor_id,
        "held": keys.protect(server_key, "native", name, secret),
        "sealed": server_key.seal("native", name, secret),
        "producers": None,
    }


__all__ = ["FIELDS", "SealedKeys", "make_device_keys", "protect"]
