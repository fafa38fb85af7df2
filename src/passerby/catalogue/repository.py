"""The catalogue, kept in a database and handed out as snapshots."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import sqlalchemy
from sqlalchemy import Connection, Engine

from passerby.catalogue import changes, keys, last_ids, outlets, protecting, rows, schema, shape
from passerby.catalogue.changes import Change, Difference
from passerby.catalogue.database import catalogue_path, open_database, reading, writing
from passerby.catalogue.editing import Draft, Edit
from passerby.catalogue.keyring import HeldKey, KeyRing, Verifier
from passerby.catalogue.model import Catalogue, Content, Credential, DialectName, Feed, Scope
from passerby.catalogue.protecting import FIELDS, SealedKeys
from passerby.catalogue.rows import FIRST_REGISTERED_ID, Key, Row, Rows
from passerby.catalogue.shape import Notes
from passerby.catalogue.wanted import Wanted, is_sensor_key_name, wanted_rows
from passerby.catalogue.yaml_text import from_yaml
from passerby.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PasserbyError,
    Problem,
)
from passerby.settings import from_environment

# How old a snapshot may be before someone who asks looks whether another process changed the catalogue.
POLL_S = 0.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new credential and its secret, which nobody can ask for again."""

    credential: Credential
    secret: str = field(repr=False)

    def document(self) -> dict[str, object]:
        """The credential under the names that its dialect and the catalogue file use."""
        name_field, secret_field = FIELDS[self.credential.dialect]
        return {
            "id": self.credential.id,
            "dialect": self.credential.dialect,
            name_field: self.credential.name,
            secret_field: self.secret,
        }


@dataclass(frozen=True, slots=True)
class _State:
    """A snapshot with the keys that belong to it."""

    catalogue: Catalogue
    ring: KeyRing
    device_keys: SealedKeys
    webhook_secrets: Mapping[int, str | None] = field(repr=False)
    feeds: Mapping[str, Feed]  # by the SHA-256 of the id that a feed is published under


def read_catalogue_file(source: Path | str | BinaryIO) -> dict[str, object]:
    """The value of a catalogue file, not yet checked; InvalidInputError with the line when it is not YAML."""
    if isinstance(source, (str, Path)):
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise InvalidInputError(f"cannot read {source}: {error.strerror}") from error
    else:
        data = source.read()
    value = from_yaml(data)
    if not isinstance(value, dict):
        raise InvalidInputError("expected a mapping with the key account")
    return value


class Repository:
    """Keeps the catalogue. Safe to use from several threads, and beside other processes on the same data.

    `location` is a data directory or the database file in it; `server.key` lies beside the database.
    """

    def __init__(self, location: Path | str, *, environment: Mapping[str, str] | None = None) -> None:
        path = catalogue_path(location)
        self._environment = os.environ if environment is None else environment
        self._global_settings = from_environment(self._environment)
        self._server_key = keys.ServerKey(path.with_name(keys.KEY_FILE_NAME))
        self._verifier = Verifier(self._server_key)
        self._engine = open_database(path)
        self._polling = threading.Lock()
        self._installing = threading.Lock()
        self._next_poll = time.monotonic() + POLL_S
        self._state = self._load()

    def close(self) -> None:
        """Lets go of the database; snapshots that were handed out stay good."""
        with self._polling:  # until a reload that is under way is done
            self._next_poll = math.inf
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """The database, for what lies beside the catalogue in it (export jobs); not for the catalogue's own tables."""
        return self._engine

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- snapshots --

    def current(self) -> Catalogue:
        """The newest snapshot: what this process wrote at once, what others wrote within `POLL_S`."""
        return self._fresh().catalogue

    def _fresh(self) -> _State:
        if time.monotonic() >= self._next_poll and self._polling.acquire(blocking=False):
            self._poll()
        return self._state

    def _poll(self) -> None:
        """Looks at the version; when it grew, a thread reads everything while the old snapshot goes on serving."""
        self._next_poll = time.monotonic() + POLL_S
        changed = False
        try:
            with reading(self._engine) as connection:
                changed = _version(connection) > self._state.catalogue.version
        except PasserbyError as error:  # what is known still holds: ingest goes on
            _log.warning("the catalogue could not be read, trying again: %s", error)
        finally:
            if not changed:
                self._polling.release()
        if changed:
            threading.Thread(target=self._reload, name="catalogue-reload", daemon=True).start()

    def _reload(self) -> None:
        """Ends the poll that found a change."""
        try:
            self._install(self._load())
        except PasserbyError as error:
            _log.warning("the changed catalogue could not be read, trying again: %s", error)
        finally:
            self._polling.release()

    def _load(self) -> _State:
        with reading(self._engine) as connection:
            return self._state_of(_all_rows(connection), _version(connection))

    def _state_of(self, all_rows: Rows, version: int) -> _State:
        catalogue = rows.snapshot(all_rows, version, self._global_settings)
        held = all_rows["credentials"].values()
        ring = KeyRing(HeldKey(catalogue.credentials[row["id"]], row["held"], row["producers"]) for row in held)
        feed_ids = {key: outlets.feed_id(self._server_key, key, row) for key, row in all_rows["feeds"].items()}
        return _State(
            catalogue,
            ring,
            SealedKeys.of(held),
            {key: row["held"] for (key,), row in all_rows["webhooks"].items()},  # type: ignore[misc]  # keyed by id
            {keys.digest(feed_id): catalogue.feeds[key] for key, feed_id in feed_ids.items()},  # type: ignore[index]
        )

    def _install(self, state: _State) -> None:
        """Hands out `state` from now on, unless a newer one came first."""
        with self._installing:
            if state.catalogue.version > self._state.catalogue.version:
                self._state = state

    # -- the catalogue file --

    def apply(self, document: Mapping[str, object], *, prune: bool = False) -> list[Change]:
        """Makes the account's catalogue equal to `document`; what it does not name goes only with `prune`.

        Raises InvalidInputError with every problem found, and then changes nothing.
        """
        notes = Notes()
        wanted = self._read(document, notes)
        with writing(self._engine) as connection:
            held = _all_rows(connection)
            difference = changes.prepare(wanted, held, prune=prune, notes=notes)
            listed = self._write(connection, held, wanted, difference, notes)
        return self._told(listed)

    def edit(self, make: Callable[[Draft], Edit]) -> list[Change]:
        """Change single things by the rules of the file; `make` gets the catalogue while nobody else can write to it.

        Raises what `make` raises, and InvalidInputError; then nothing is changed.
        """
        notes = Notes()
        with writing(self._engine) as connection:
            held = _all_rows(connection)
            catalogue = rows.snapshot(held, _version(connection), self._global_settings)
            edit = make(Draft(catalogue, last_ids.known(connection)))
            wanted = self._read(edit.document, notes)
            wanted.whole = False
            difference = changes.prepare(wanted, held, prune=False, notes=notes, removed=edit.removed)
            listed = self._write(connection, held, wanted, difference, notes)
        return self._told(listed)

    def _told(self, listed: list[Change]) -> list[Change]:
        if listed:
            self._install(self._load())
        return listed

    def _read(self, document: Mapping[str, object], notes: Notes) -> Wanted:
        if file := shape.read(document, notes):
            return wanted_rows(file, self._environment, notes)
        raise InvalidInputError(notes.problems)

    def _write(
        self, connection: Connection, held: Rows, wanted: Wanted, difference: Difference, notes: Notes
    ) -> list[Change]:
        protecting.protect(self._server_key, wanted, held, difference, notes)
        outlets.seal(self._server_key, wanted, held, difference, notes)
        if notes.problems:
            raise InvalidInputError(notes.problems)
        listed = changes.listed(difference, held)
        if listed:
            last_ids.remember(connection, difference.removed)
            changes.write(connection, difference, time.time_ns() // 1_000_000)
            _bump(connection)
        return listed

    # -- credentials --

    def create_credential(  # noqa: PLR0913  # the fields of a credential, all by name
        self,
        dialect: DialectName,
        *,
        account_id: int | None = None,
        brands: Collection[int] = (),
        sites: Collection[int] = (),
        scopes: Sequence[Scope] = (),
        name: str | None = None,
    ) -> Issued:
        """A new credential with a random secret; `account_id` may be left out when there is one account.

        Without `scopes` a native key may send and read; the other dialects only read.
        """
        with writing(self._engine) as connection:
            held = {name: _rows_of(connection, name) for name in ("accounts", "brands", "sites", "credentials")}
            account_id = _account(held, account_id)
            secret = keys.new_secret(dialect)
            row: Row = {
                "account_id": account_id,
                "dialect": dialect,
                "name": name or keys.key_name(secret),
                "scopes": sorted(set(scopes)) or (["ingest", "read"] if dialect == "native" else ["read"]),
                "brand_ids": sorted(set(brands)) or None,
                "site_ids": sorted(set(sites)) or None,
                "sensor_id": None,
                "producers": None,
                "sealed": None,
            }
            _check_new(row, held)
            row["held"] = keys.protect(self._server_key, dialect, row["name"], secret)
            table = schema.credentials
            row["id"] = connection.execute(sqlalchemy.insert(table).values(row).returning(table.c.id)).scalar_one()
            _bump(connection)
        self._install(self._load())
        return Issued(rows.credential(row), secret)

    def revoke(self, credential_id: int) -> Credential:
        """Ends a credential: at once in this process, within `POLL_S` in others. Returns what it was."""
        with writing(self._engine) as connection:
            table = schema.credentials
            found = connection.execute(sqlalchemy.select(table).where(table.c.id == credential_id)).mappings().first()
            if found is None:
                raise NotFoundError(f"there is no credential {credential_id}")
            connection.execute(sqlalchemy.delete(table).where(table.c.id == credential_id))
            _bump(connection)
        self._install(self._load())
        return rows.credential(dict(found))

    def verify(self, dialect: DialectName, secret: str, name: str | None = None) -> Credential | None:
        """The credential that `secret` (and for some dialects `name`) belongs to, or None.

        Takes microseconds, except for analytiks: some 20 ms when a client's secret is first seen, so call it
        outside the event loop there.
        """
        return self._verifier.verify(self._fresh().ring, dialect, secret, name)

    def signing_secret(self, name: str) -> tuple[Credential, str] | None:
        """The camlytics credential of a public key with the secret that its requests are signed with."""
        return self._verifier.signing_secret(self._fresh().ring, name)

    def producer_secrets(self, credential: Credential, producer: str) -> dict[str, str]:
        """What a native key holds for a producer that pushes with it, by name; empty when nothing."""
        return self._verifier.producer_secrets(self._fresh().ring, credential.name, producer)

    def device_keys(self, sensor_ids: Collection[int]) -> dict[int, str]:
        """The key of each sensor, by id: for the owner of the devices. A sensor that has none to show gets one.

        What is shown sends observations of the sensor: it is the key of the catalogue file, or where that is held as a
        digest only, or there is none, another one. It lasts until the credential is revoked. One that was encrypted
        with another `server.key` is missing.
        """
        if self._fresh().device_keys.missing(sensor_ids):
            with writing(self._engine) as connection:
                held = rows.snapshot(_all_rows(connection), 0, self._global_settings)
                if protecting.make_device_keys(connection, self._server_key, held, sensor_ids):
                    _bump(connection)
            self._install(self._load())
        return self._state.device_keys.opened(self._server_key, sensor_ids)

    def use_nonce(self, key: str, nonce: int) -> bool:
        """Whether `nonce` is greater than every one before of a public key; if so it is used up, durably.

        Of several requests with one nonce, in any threads or processes, one gets True.
        """
        table = schema.nonces
        with writing(self._engine) as connection:
            last = connection.execute(sqlalchemy.select(table.c.nonce).where(table.c.key == key)).scalar()
            if last is not None and last >= nonce:
                return False
            if last is None:
                connection.execute(sqlalchemy.insert(table).values(key=key, nonce=nonce))
            else:
                connection.execute(sqlalchemy.update(table).where(table.c.key == key).values(nonce=nonce))
        return True

    def server_secret(self, purpose: str) -> bytes:
        """32 secret bytes for one purpose, the same as long as `server.key` is."""
        return self._server_key.derive(purpose)

    # -- webhooks and feeds --

    def webhook_secret(self, webhook_id: int) -> str | None:
        """What a webhook's messages are signed with, None when they are not; CorruptDataError without its key."""
        held = self._fresh().webhook_secrets.get(webhook_id)
        return None if held is None else self._server_key.unseal("webhook", str(webhook_id), held)

    def feed(self, feed_id: str) -> Feed | None:
        """The feed published under an id. Looking up by SHA-256 tells nothing about near misses."""
        return self._fresh().feeds.get(keys.digest(feed_id))

    def feed_ids(self, account_id: int) -> dict[str, str]:
        """The id of every feed of an account, by name: for its owner."""
        with reading(self._engine) as connection:
            held = _rows_of(connection, "feeds")
        return {
            str(key[1]): outlets.feed_id(self._server_key, key, row)
            for key, row in held.items()
            if key[0] == account_id
        }

    def remove_feed(self, account_id: int, name: str) -> None:
        """End a feed: at once in this process, within `POLL_S` in others."""
        table = schema.feeds
        with writing(self._engine) as connection:
            same = sqlalchemy.and_(table.c.account_id == account_id, table.c.name == name)
            if not connection.execute(sqlalchemy.delete(table).where(same)).rowcount:
                raise NotFoundError(f"there is no feed {name}")
            _bump(connection)
        self._install(self._load())

    # -- contents --

    def register_content(
        self,
        account_id: int,
        text: str,
        app_id: str | None = None,
        campaign_id: str | None = None,
        number: int | None = None,
    ) -> Content:
        """The account's content of that content_id, made known when it is new; durable once this returns.

        One that had registered itself before takes over what it lacks. What is told first stays, and what a file
        declares always does. A new one gets the id `number`, if given; raises ConflictError when it cannot.
        """
        known = self.current().content(account_id, text)
        if known is not None and not known.lacks(app_id, campaign_id):
            return known
        table = schema.contents
        with writing(self._engine) as connection:
            named = table.c.content_id == text
            if number is not None:
                named |= table.c.id == number
            same = sqlalchemy.and_(table.c.account_id == account_id, named)
            found = connection.execute(sqlalchemy.select(table).where(same)).mappings().first()
            if found is not None:
                content = rows.content(dict(found))
                if not content.lacks(app_id, campaign_id):
                    return content
                content = replace(
                    content,
                    app_id=app_id if content.app_id is None else content.app_id,
                    campaign_id=campaign_id if content.campaign_id is None else content.campaign_id,
                )
                told = {"app_id": content.app_id, "campaign_id": content.campaign_id}
                connection.execute(sqlalchemy.update(table).where(table.c.id == content.id).values(told))
            else:
                content = Content(
                    id=_next_content_id(connection) if number is None else _free_content_id(connection, number),
                    account_id=account_id,
                    content_id=text,
                    app_id=app_id,
                    campaign_id=campaign_id,
                    name=text,
                    duration_ms=None,
                    registered=True,
                )
                connection.execute(sqlalchemy.insert(table), asdict(content))
            version = _bump(connection)
        self._install_content(content, version)
        return content

    def _install_content(self, content: Content, version: int) -> None:
        """Adds one content to the snapshot; reads everything again only when others changed things meanwhile."""
        state = self._state
        if state.catalogue.version != version - 1:
            self._install(self._load())
            return
        self._install(replace(state, catalogue=state.catalogue.with_content(content, version)))


def _all_rows(connection: Connection) -> Rows:
    return {table: _rows_of(connection, table) for table in rows.TABLES}


def _rows_of(connection: Connection, name: str) -> dict[Key, Row]:
    table = schema.metadata.tables[name]
    key = ("dialect", "name") if name == "credentials" else tuple(table.primary_key.columns.keys())
    names = table.columns.keys()
    found = (dict(zip(names, row, strict=True)) for row in connection.execute(sqlalchemy.select(table)).all())
    return {tuple(row[column] for column in key): row for row in found}


def _version(connection: Connection) -> int:
    return int(connection.execute(sqlalchemy.select(schema.state.c.version)).scalar_one())


def _bump(connection: Connection) -> int:
    connection.execute(sqlalchemy.update(schema.state).values(version=schema.state.c.version + 1))
    return _version(connection)


def _account(held: Rows, account_id: int | None) -> int:
    """The account asked for, or the only one."""
    known = sorted(int(key[0]) for key in held["accounts"])
    if account_id is None and len(known) == 1:
        return known[0]
    if account_id is None:
        raise InvalidInputError(
            f"name one of the accounts {', '.join(map(str, known))}" if known else "apply a catalogue file first",
            "account",
        )
    if account_id not in known:
        raise NotFoundError(f"there is no account {account_id}")
    return account_id


def _check_new(row: Row, held: Rows) -> None:
    """That a new credential is of its own name and narrowed to what its account has."""
    if row["dialect"] == "native" and is_sensor_key_name(row["name"]):
        raise InvalidInputError("reserved for the sensor's own key; choose another name", "name")
    if (row["dialect"], row["name"]) in held["credentials"]:
        raise ConflictError(f"there is a {row['dialect']} credential {row['name']} already")
    problems = [
        Problem("brand", f"the account has no brand {number}")
        for number in row["brand_ids"] or ()
        if held["brands"].get((number,), {}).get("account_id") != row["account_id"]
    ]
    for number in row["site_ids"] or ():
        site = held["sites"].get((number,), {})
        if held["brands"].get((site.get("brand_id", 0),), {}).get("account_id") != row["account_id"]:
            problems.append(Problem("site", f"the account has no site {number}"))
    if problems:
        raise InvalidInputError(problems)


def _free_content_id(connection: Connection, number: int) -> int:
    if not 0 <= number < FIRST_REGISTERED_ID:
        raise ConflictError(f"unknown content, and an id chosen for one is at most {FIRST_REGISTERED_ID - 1:,}")
    ids = schema.contents.c.id
    if connection.execute(sqlalchemy.select(ids).where(ids == number)).first() is not None:
        raise ConflictError(f"the id {number} is taken; declare the content in the catalogue file under another one")
    return number


def _next_content_id(connection: Connection) -> int:
    ids = schema.contents.c.id
    highest = connection.execute(sqlalchemy.select(sqlalchemy.func.max(ids)).where(ids >= FIRST_REGISTERED_ID))
    return max(int(highest.scalar() or 0), FIRST_REGISTERED_ID - 1) + 1
