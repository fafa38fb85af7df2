"""The people of this server, and the links by which they set a password."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine

from passerby.catalogue import keys, schema
from passerby.catalogue.database import reading, writing
from passerby.errors import ConflictError, InvalidInputError, NotFoundError
from passerby.people.person import (
    Person,
    Role,
    check_password,
    normal_email,
    now_ms,
    person,
    problems_of_person,
)

LINK_DAYS = 3
_DAY_MS = 86_400_000
_people, _links, _sessions = schema.people, schema.password_links, schema.person_sessions


class People:
    """Everybody who may sign in. Safe to use from several threads and beside other processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def any(self) -> bool:
        """Whether there is anybody."""
        with reading(self._engine) as connection:
            return _any(connection)

    def of_account(self, account_id: int | None = None) -> list[Person]:
        """Those of an account, or all, by name."""
        query = sqlalchemy.select(_people).order_by(_people.c.name, _people.c.id)
        if account_id is not None:
            query = query.where(_people.c.account_id == account_id)
        with reading(self._engine) as connection:
            return [person(dict(row)) for row in connection.execute(query).mappings()]

    def named(self, email: str) -> Person:
        """The person with that address; NotFoundError when there is none."""
        with reading(self._engine) as connection:
            row = _found(connection, _people.c.email == normal_email(email))
        if row is None:
            raise NotFoundError(f"there is nobody with the address {normal_email(email)}")
        return person(row)

    def get(self, person_id: int, account_id: int) -> Person:
        """The person of an account with that id; NotFoundError when there is none."""
        with reading(self._engine) as connection:
            return person(_of(connection, person_id, account_id))

    def create(  # noqa: PLR0913  # the fields of a person, all by name
        self,
        *,
        account_id: int,
        name: str,
        email: str,
        role: Role,
        brands: Collection[int] = (),
        sites: Collection[int] = (),
    ) -> Person:
        """Somebody new, without a password yet. Limits must have been checked (`problems_of_limits`)."""
        with writing(self._engine) as connection:
            return _create(connection, account_id, name, email, role, brands, sites)

    def change(  # noqa: PLR0913  # as create
        self,
        person_id: int,
        account_id: int,
        *,
        name: str,
        role: Role,
        brands: Collection[int],
        sites: Collection[int],
    ) -> Person:
        """Another name, role or limits; they hold from the person's next request on."""
        with writing(self._engine) as connection:
            held = _of(connection, person_id, account_id)
            if problems := problems_of_person(name, held["email"]):
                raise InvalidInputError(problems)
            if role != "admin":
                _keep_an_admin(connection, held)
            values = {
                "name": name.strip(),
                "role": role,
                "brand_ids": sorted(set(brands)) or None,
                "site_ids": sorted(set(sites)) or None,
            }
            connection.execute(sqlalchemy.update(_people).where(_people.c.id == person_id).values(values))
            return person({**held, **values})

    def disable(self, person_id: int, account_id: int) -> Person:
        """Let somebody no longer in: sessions, links that set a password and share links stop working at once."""
        with writing(self._engine) as connection:
            held = _of(connection, person_id, account_id)
            _keep_an_admin(connection, held)
            connection.execute(sqlalchemy.update(_people).where(_people.c.id == person_id).values(active=False))
            for table in (_links, _sessions):
                connection.execute(sqlalchemy.delete(table).where(table.c.person_id == person_id))
            return person({**held, "active": False})

    def enable(self, person_id: int, account_id: int) -> Person:
        """Let somebody in again, with the password of before."""
        with writing(self._engine) as connection:
            held = _of(connection, person_id, account_id)
            connection.execute(sqlalchemy.update(_people).where(_people.c.id == person_id).values(active=True))
            return person({**held, "active": True})

    def remove(self, person_id: int, account_id: int) -> Person:
        """Forget somebody: sessions and share links go with them. Records of what they did keep their address."""
        with writing(self._engine) as connection:
            held = _of(connection, person_id, account_id)
            _keep_an_admin(connection, held)
            connection.execute(sqlalchemy.delete(_people).where(_people.c.id == person_id))
            return person(held)

    # -- links that set a password

    def password_link(self, person_id: int, account_id: int) -> str:
        """The token of a new link for somebody; earlier ones no longer work. The password of before still does."""
        with writing(self._engine) as connection:
            if not _of(connection, person_id, account_id)["active"]:
                raise ConflictError("this person is disabled: enable them first")
            return _new_link(connection, person_id)

    def first_link(self) -> str | None:
        """The token of a new link by which the first person makes themselves; None when there is somebody."""
        with writing(self._engine) as connection:
            return None if _any(connection) else _new_link(connection, None)

    def invited_by(self, token: str) -> Person | None:
        """Whose password a link sets; None: it makes the first person.

        Raises NotFoundError when it has been used, is too old, or never was.
        """
        with reading(self._engine) as connection:
            return _invited(connection, token)

    def set_password(self, token: str, password: str) -> Person:
        """Use a link. The person is signed out everywhere."""
        whose = self.invited_by(token)
        if whose is None:
            raise NotFoundError(_NO_LINK)
        check_password(password, whose.name, whose.email)
        held = keys.password_held(password)  # outside the transaction: it takes a while
        with writing(self._engine) as connection:
            invited = _invited(connection, token)
            if invited is None or invited.id != whose.id:
                raise NotFoundError(_NO_LINK)
            _hold(connection, whose.id, held)
        return whose

    def make_first(self, token: str, *, account_id: int, name: str, email: str, password: str) -> Person:
        """Use the link of the first start: an admin of `account_id`. Raises NotFoundError when it was used."""
        if self.invited_by(token) is not None:
            raise NotFoundError(_NO_LINK)
        check_password(password, name, email)
        held = keys.password_held(password)
        with writing(self._engine) as connection:
            if _invited(connection, token) is not None:
                raise NotFoundError(_NO_LINK)
            made = _create(connection, account_id, name, email, "admin", (), ())
            _hold(connection, made.id, held)
            connection.execute(sqlalchemy.delete(_links).where(_links.c.person_id.is_(None)))
        return made

    def set_held(self, person_id: int, held: str) -> None:
        """Keep another password, given as `keys.password_held` makes it, and sign the person out everywhere."""
        with writing(self._engine) as connection:
            _hold(connection, person_id, held)


_NO_LINK = "this link has been used, is too old, or never was: ask for a new one"


def _any(connection: Connection) -> bool:
    return connection.execute(sqlalchemy.select(_people.c.id).limit(1)).first() is not None


def _found(connection: Connection, where: sqlalchemy.ColumnElement[bool]) -> Mapping[str, Any] | None:
    row = connection.execute(sqlalchemy.select(_people).where(where)).mappings().first()
    return None if row is None else dict(row)


def _of(connection: Connection, person_id: int, account_id: int) -> Mapping[str, Any]:
    row = _found(connection, sqlalchemy.and_(_people.c.id == person_id, _people.c.account_id == account_id))
    if row is None:
        raise NotFoundError(f"there is no person {person_id}")
    return row


def _create(  # noqa: PLR0913, PLR0917  # the fields of a person
    connection: Connection,
    account_id: int,
    name: str,
    email: str,
    role: Role,
    brands: Collection[int],
    sites: Collection[int],
) -> Person:
    if problems := problems_of_person(name, email):
        raise InvalidInputError(problems)
    row = {
        "account_id": account_id,
        "email": normal_email(email),
        "name": name.strip(),
        "role": role,
        "brand_ids": sorted(set(brands)) or None,
        "site_ids": sorted(set(sites)) or None,
        "held": None,
        "active": True,
        "created_ms": now_ms(),
        "signed_in_ms": None,
    }
    if _found(connection, _people.c.email == row["email"]) is not None:
        # An address signs in to one account, so it may be taken by another one's person; it says no more than that.
        raise InvalidInputError("this address is taken: choose another", "email")
    number = connection.execute(sqlalchemy.insert(_people).values(row).returning(_people.c.id)).scalar_one()
    return person({**row, "id": number})


def _keep_an_admin(connection: Connection, held: Mapping[str, Any]) -> None:
    """Raise ConflictError when nobody would be left who may manage people."""
    query = sqlalchemy.select(_people.c.id).where(
        _people.c.account_id == held["account_id"],
        _people.c.role == "admin",
        _people.c.active,
        _people.c.id != held["id"],
    )
    if held["role"] == "admin" and held["active"] and connection.execute(query.limit(1)).first() is None:
        raise ConflictError("this is the last admin: make somebody else admin first")


def _new_link(connection: Connection, person_id: int | None) -> str:
    token = secrets.token_urlsafe(32)
    same = _links.c.person_id.is_(None) if person_id is None else _links.c.person_id == person_id
    connection.execute(sqlalchemy.delete(_links).where(same | (_links.c.expires_ms <= now_ms())))
    connection.execute(
        sqlalchemy.insert(_links).values(
            digest=keys.digest(token), person_id=person_id, expires_ms=now_ms() + LINK_DAYS * _DAY_MS
        )
    )
    return token


def _invited(connection: Connection, token: str) -> Person | None:
    query = sqlalchemy.select(_links).where(_links.c.digest == keys.digest(token), _links.c.expires_ms > now_ms())
    link = connection.execute(query).mappings().first()
    if link is None:
        raise NotFoundError(_NO_LINK)
    if link["person_id"] is None:
        if _any(connection):
            raise NotFoundError(_NO_LINK)
        return None
    row = _found(connection, _people.c.id == link["person_id"])
    if row is None or not row["active"]:
        raise NotFoundError(_NO_LINK)
    return person(row)


def _hold(connection: Connection, person_id: int, held: str) -> None:
    connection.execute(sqlalchemy.update(_people).where(_people.c.id == person_id).values(held=held))
    for table in (_links, _sessions):
        connection.execute(sqlalchemy.delete(table).where(table.c.person_id == person_id))
