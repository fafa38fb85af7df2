"""Signing in and staying signed in."""

from __future__ import annotations

import ipaddress
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy
from sqlalchemy import Engine

from passerby.catalogue import keys, schema
from passerby.catalogue.database import reading, writing
from passerby.dialects.throttle import FailureLimit
from passerby.errors import InvalidInputError, UnavailableError
from passerby.people.directory import People
from passerby.people.person import Person, check_password, normal_email, now_ms, person

_DAY_MS = 86_400_000
IDLE_DAYS = 7
LONGEST_DAYS = 30
_NOTE_MS = 60_000  # how often a session in use is written down
WINDOW_S = 900
TRIES = 10
_LONGEST_WAIT_S = 5.0
_TRIES_OF_ADDRESS = 50
_TRIES_OF_PERSON = 100
_people, _sessions = schema.people, schema.person_sessions


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session in use: whose it is, and the digest of its token."""

    person: Person
    digest: str


class Attempts:
    """How often somebody may try a wrong password: from one address for one person, from one address for anybody.

    And from anywhere for one person: so many that a stranger needs many addresses to keep somebody from signing in,
    and so few that nobody finds a password by trying from many.
    """

    def __init__(self) -> None:
        self._of_both = FailureLimit(TRIES, WINDOW_S)
        self._of_address = FailureLimit(_TRIES_OF_ADDRESS, WINDOW_S)
        self._of_person = FailureLimit(_TRIES_OF_PERSON, WINDOW_S)

    def wait_s(self, email: str, address: str) -> int:
        """Whole seconds until this address may try again for this person; 0 = now."""
        who, where = keys.digest(normal_email(email)), _network(address)
        return max(self._of_both.wait_s((who, where)), self._of_address.wait_s(where), self._of_person.wait_s(who))

    def failed(self, email: str, address: str) -> None:
        """Note a wrong password, or a right one for nobody."""
        who, where = keys.digest(normal_email(email)), _network(address)
        self._of_both.failed((who, where))
        self._of_address.failed(where)
        self._of_person.failed(who)


def _network(address: str) -> str:
    """Who an address belongs to: of IPv6 the /64 that one customer has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)


class Sessions:
    """Who is signed in. Of a token only its SHA-256 is kept."""

    def __init__(self, engine: Engine, people: People) -> None:
        self._engine = engine
        self._directory = people
        self.attempts = Attempts()
        # Hashing takes 19 MiB and a core: more than two at once would slow everything else down.
        self._hashing = threading.BoundedSemaphore(2)

    @cached_property
    def _nobody(self) -> str:
        return keys.password_of_nobody()

    def check(self, email: str, password: str) -> Person | None:
        """The person with this address and password, None otherwise; it takes equally long. Some 20 ms of a core."""
        query = sqlalchemy.select(_people).where(_people.c.email == normal_email(email), _people.c.active)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        held = row["held"] if row is not None else None
        with self._turn():
            right = keys.password_matches(password, held or self._nobody)
        return person(dict(row)) if row is not None and held is not None and right else None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._hashing.acquire(timeout=_LONGEST_WAIT_S):
            raise UnavailableError("too many people sign in at this moment: try again soon", 10)
        try:
            yield
        finally:
            self._hashing.release()

    def begin(self, person_id: int) -> str:
        """The token of a new session. Sessions that are over are forgotten on the way."""
        token, now = secrets.token_urlsafe(32), now_ms()
        with writing(self._engine) as connection:
            connection.execute(sqlalchemy.delete(_sessions).where(sqlalchemy.not_(_open(now))))
            row = {"digest": keys.digest(token), "person_id": person_id, "created_ms": now, "seen_ms": now}
            connection.execute(sqlalchemy.insert(_sessions).values(row))
            connection.execute(sqlalchemy.update(_people).where(_people.c.id == person_id).values(signed_in_ms=now))
        return token

    def find(self, token: str) -> SignedIn | None:
        """Who is signed in with this token; None when nobody is (any more)."""
        digest, now = keys.digest(token), now_ms()
        query = (
            sqlalchemy.select(_people, _sessions.c.seen_ms)
            .join(_sessions, _sessions.c.person_id == _people.c.id)
            .where(_sessions.c.digest == digest, _open(now), _people.c.active)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if now - row["seen_ms"] >= _NOTE_MS:
            with writing(self._engine) as connection:
                connection.execute(sqlalchemy.update(_sessions).where(_sessions.c.digest == digest).values(seen_ms=now))
        return SignedIn(person(dict(row)), digest)

    def end(self, token: str) -> None:
        """Sign out."""
        with writing(self._engine) as connection:
            connection.execute(sqlalchemy.delete(_sessions).where(_sessions.c.digest == keys.digest(token)))

    def end_all(self, person_id: int) -> None:
        """Sign out everywhere."""
        with writing(self._engine) as connection:
            connection.execute(sqlalchemy.delete(_sessions).where(_sessions.c.person_id == person_id))

    def change_password(self, who: Person, old: str, new: str) -> str:
        """Another password, in place of the right old one: signed out everywhere, and the token of a new session."""
        check_password(new, who.name, who.email)
        if self.check(who.email, old) is None:
            raise InvalidInputError("this is not your password", "old")
        with self._turn():
            held = keys.password_held(new)
        self._directory.set_held(who.id, held)
        return self.begin(who.id)


def _open(now: int) -> sqlalchemy.ColumnElement[bool]:
    return sqlalchemy.and_(
        _sessions.c.seen_ms > now - IDLE_DAYS * _DAY_MS, _sessions.c.created_ms > now - LONGEST_DAYS * _DAY_MS
    )
