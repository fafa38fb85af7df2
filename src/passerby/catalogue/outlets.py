"""What is held of the secrets of webhooks and feeds: sealed, because they sign or are shown again."""

from __future__ import annotations

import logging
from typing import Literal

from msgspec import UNSET

from passerby.catalogue import keys
from passerby.catalogue.changes import Difference
from passerby.catalogue.keys import ServerKey
from passerby.catalogue.rows import Key, Row, Rows
from passerby.catalogue.shape import Notes
from passerby.catalogue.wanted import Wanted
from passerby.errors import CorruptDataError, Problem

_KINDS: dict[str, Literal["webhook", "feed"]] = {"webhooks": "webhook", "feeds": "feed"}
_log = logging.getLogger(__name__)


def seal(server_key: ServerKey, wanted: Wanted, held: Rows, difference: Difference, notes: Notes) -> None:
    """Gives each webhook and feed of the difference what is to be held of its secret."""
    for key, secret in wanted.webhook_secrets.items():
        if key in wanted.rows["webhooks"] and secret is not UNSET:
            _hold(server_key, "webhooks", key, secret, held, difference)
        elif key in difference.added["webhooks"]:
            difference.added["webhooks"][key]["held"] = None
    ids = {feed_id(server_key, key, row): key for key, row in held["feeds"].items()}
    for key, asked in wanted.feed_ids.items():
        if key not in wanted.rows["feeds"] or not wanted.account_id:
            continue
        chosen = asked or (None if key in held["feeds"] else keys.new_feed_id())
        if chosen is None:
            continue
        other = ids.setdefault(chosen, key)
        if other != key and other not in difference.removed["feeds"]:
            notes.problems.append(Problem(f"{wanted.paths['feeds', key]}.id", "another feed has this id"))
            continue
        _hold(server_key, "feeds", key, chosen, held, difference)


def feed_id(server_key: ServerKey, key: Key, row: Row) -> str:
    """The id under which a feed is published; a text that is none when it was sealed with a lost key."""
    return _unsealed(server_key, "feeds", key, row) or f"unreadable {key}"


def _hold(  # noqa: PLR0913, PLR0917  # one column of one row
    server_key: ServerKey, table: str, key: Key, secret: str | None, held: Rows, difference: Difference
) -> None:
    before = held[table].get(key)
    if before is not None and _unsealed(server_key, table, key, before) == secret:
        return
    target = difference.added if before is None else difference.changed
    sealed = None if secret is None else server_key.seal(_KINDS[table], _name(key), secret)
    target[table].setdefault(key, {})["held"] = sealed


def _unsealed(server_key: ServerKey, table: str, key: Key, row: Row) -> str | None:
    """The secret; a text that nobody has when it was sealed with a lost key, so that giving it again mends it."""
    try:
        return None if row["held"] is None else server_key.unseal(_KINDS[table], _name(key), row["held"])
    except CorruptDataError as error:
        _log.warning("%s", error)
        return ""


def _name(key: Key) -> str:
    return " ".join(map(str, key))
