"""Webhooks and feeds, as a person makes and ends them in a form: by the rules of the catalogue file."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping

from passerby.catalogue.editing import Draft, Edit, Editable
from passerby.catalogue.model import Catalogue
from passerby.catalogue.rows import Key
from passerby.errors import ConflictError, InvalidInputError, NotFoundError, Problem


def add_webhook(repository: Editable, account_id: int, fields: Mapping[str, object], *, signed: bool) -> str | None:
    """Add a webhook; what its messages are signed with, which nobody can ask for again, or None.

    `fields` as the catalogue file names them. Raises InvalidInputError naming the field.
    """
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}" if signed else None
    _add(repository, account_id, "webhooks", {**fields, "secret": secret})
    return secret


def remove_webhook(repository: Editable, account_id: int, webhook_id: int) -> None:
    """End a webhook; what was sent of it is forgotten."""
    _remove(repository, account_id, "webhooks", (webhook_id,))


def add_feed(repository: Editable, account_id: int, fields: Mapping[str, object]) -> None:
    """Add a report feed with an address of its own. Raises InvalidInputError naming the field, ConflictError."""

    def check(catalogue: Catalogue) -> None:
        if (account_id, fields.get("name")) in catalogue.feeds:
            raise InvalidInputError("there is a feed of that name already", "name")

    _add(repository, account_id, "feeds", fields, check)


def _add(
    repository: Editable,
    account_id: int,
    kind: str,
    fields: Mapping[str, object],
    check: Callable[[Catalogue], None] | None = None,
) -> None:
    def make(draft: Draft) -> Edit:
        if check is not None:
            check(draft.catalogue)
        return Edit({**_owner(draft.catalogue, account_id), kind: [fields]})

    path = f"{kind}[0]"
    try:
        changed = repository.edit(make)
    except InvalidInputError as error:
        problems = [Problem(one.path.removeprefix(path).removeprefix("."), one.message) for one in error.problems]
        raise InvalidInputError(problems) from None
    if not changed:
        raise ConflictError("there is the very same one already")


def _remove(repository: Editable, account_id: int, kind: str, key: Key) -> None:
    def make(draft: Draft) -> Edit:
        found = draft.catalogue.webhooks.get(int(key[0]))
        if found is None or found.account_id != account_id:
            raise NotFoundError("there is no such webhook")
        return Edit(_owner(draft.catalogue, account_id), frozenset({(kind, key)}))

    repository.edit(make)


def _owner(catalogue: Catalogue, account_id: int) -> dict[str, object]:
    account = catalogue.accounts[account_id]
    return {"account": {"id": account.id, "name": account.name}, "settings": dict(account.settings)}
