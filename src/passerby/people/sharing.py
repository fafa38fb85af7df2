"""Share links: one page for whoever has the link, until it expires or is revoked.

A link shows what its maker may see at the moment it is looked at, and of that only what it was made for: a person who
is narrowed or disabled later takes their links with them.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import Engine

from passerby.catalogue import keys, schema
from passerby.catalogue.database import reading, writing
from passerby.catalogue.model import Credential
from passerby.errors import NotFoundError
from passerby.people.person import Person, now_ms, person

_NOTE_MS = 60_000
_links, _people = schema.share_links, schema.people
_OF_LINK = ("id", "title", "page", "created_ms", "expires_ms", "revoked_ms", "seen_ms")


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A link that somebody made. `maker` is that person as they are now. Never holds its token."""

    id: int
    title: str
    page: str
    brand_ids: frozenset[int] | None
    site_ids: frozenset[int] | None
    created_ms: int
    expires_ms: int
    revoked_ms: int | None
    seen_ms: int | None
    maker: Person

    @property
    def path(self) -> str:
        """The one page that it opens, without its query."""
        return self.page.partition("?")[0]

    @property
    def credential(self) -> Credential:
        """What may be seen by it now: what its maker may see, narrowed to what it is about; never more than reading."""
        maker = self.maker.credential
        return Credential(
            maker.id,
            maker.account_id,
            "native",
            f"link {self.id} of {maker.name}",
            frozenset({"read"}),
            _both(maker.brand_ids, self.brand_ids),
            _both(maker.site_ids, self.site_ids),
        )

    def state(self) -> str:
        """As people read it: works, expired, revoked, or stopped because its maker may not sign in."""
        if self.revoked_ms is not None:
            return "revoked"
        if self.expires_ms <= now_ms():
            return "expired"
        return "works" if self.maker.active else "stopped"


def _both(one: frozenset[int] | None, other: frozenset[int] | None) -> frozenset[int] | None:
    if one is None:
        return other
    return one if other is None else one & other


class ShareLinks:
    """The links of this server. Of a token only its SHA-256 is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(  # noqa: PLR0913  # the fields of a link, all by name
        self,
        *,
        person_id: int,
        title: str,
        page: str,
        brands: Collection[int],
        sites: Collection[int],
        days: int,
    ) -> tuple[int, str]:
        """(id, token) of a new link to `page` (path and query), narrowed to brands and sites where given."""
        token, now = secrets.token_urlsafe(32), now_ms()
        row = {
            "digest": keys.digest(token),
            "person_id": person_id,
            "title": title,
            "page": page,
            "brand_ids": sorted(set(brands)) or None,
            "site_ids": sorted(set(sites)) or None,
            "created_ms": now,
            "expires_ms": now + days * 86_400_000,
            "revoked_ms": None,
            "seen_ms": None,
        }
        with writing(self._engine) as connection:
            number = connection.execute(sqlalchemy.insert(_links).values(row).returning(_links.c.id)).scalar_one()
        return number, token

    def find(self, token: str) -> ShareLink | None:
        """The link with this token, None unless it works at this moment."""
        digest, now = keys.digest(token), now_ms()
        with reading(self._engine) as connection:
            row = connection.execute(_joined().where(_links.c.digest == digest)).mappings().first()
        link = None if row is None else _link(dict(row))
        if link is None or link.state() != "works":
            return None
        if link.seen_ms is None or now - link.seen_ms >= _NOTE_MS:
            with writing(self._engine) as connection:
                connection.execute(sqlalchemy.update(_links).where(_links.c.id == link.id).values(seen_ms=now))
        return link

    def of_account(self, account_id: int, person_id: int | None = None) -> list[ShareLink]:
        """The links of an account's people, or of one of them, newest first."""
        query = _joined().where(_people.c.account_id == account_id).order_by(_links.c.id.desc())
        if person_id is not None:
            query = query.where(_people.c.id == person_id)
        with reading(self._engine) as connection:
            return [_link(dict(row)) for row in connection.execute(query).mappings()]

    def revoke(self, link_id: int, account_id: int, person_id: int | None = None) -> ShareLink:
        """End a link at once; with `person_id` only one of that person. Raises NotFoundError."""
        found = next((one for one in self.of_account(account_id, person_id) if one.id == link_id), None)
        if found is None:
            raise NotFoundError(f"there is no share link {link_id}")
        with writing(self._engine) as connection:
            connection.execute(
                sqlalchemy.update(_links)
                .where(_links.c.id == link_id, _links.c.revoked_ms.is_(None))
                .values(revoked_ms=now_ms())
            )
        return found


def _joined() -> sqlalchemy.Select[Any]:
    columns = [column.label(f"link_{column.name}") for column in _links.c]
    return sqlalchemy.select(_people, *columns).join(_links, _links.c.person_id == _people.c.id)


def _link(row: Mapping[str, Any]) -> ShareLink:
    limits = [None if row[name] is None else frozenset(row[name]) for name in ("link_brand_ids", "link_site_ids")]
    values = {name: row[f"link_{name}"] for name in _OF_LINK}
    return ShareLink(**values, brand_ids=limits[0], site_ids=limits[1], maker=person(row))
