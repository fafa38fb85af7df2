"""Who somebody is and may be: the values, and the rules that hold for them."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from passerby.catalogue.model import Catalogue, Credential, Scope
from passerby.errors import InvalidInputError, Problem

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
_SCOPES: Mapping[Role, frozenset[Scope]] = {
    "viewer": frozenset({"read"}),
    "editor": frozenset({"read", "ingest"}),
    "admin": frozenset({"read", "ingest", "admin"}),
}
SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 256
_LONGEST_NAME = 100
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. `brand_ids`/`site_ids` None: not narrowed. Never holds a password.

    `invited` is true until a password has been set. Times are UTC milliseconds.
    """

    id: int
    account_id: int
    email: str
    name: str
    role: Role
    brand_ids: frozenset[int] | None
    site_ids: frozenset[int] | None
    active: bool
    invited: bool
    created_ms: int
    signed_in_ms: int | None

    @property
    def credential(self) -> Credential:
        """What this person may see and do, as the rest of the program asks it: by a credential.

        Its id is negative: no credential of a program has such a one.
        """
        return Credential(
            -self.id, self.account_id, "native", self.email, _SCOPES[self.role], self.brand_ids, self.site_ids
        )


def person(row: Mapping[str, Any]) -> Person:
    """A row of the table as a person."""
    return Person(
        row["id"],
        row["account_id"],
        row["email"],
        row["name"],
        row["role"],
        None if row["brand_ids"] is None else frozenset(row["brand_ids"]),
        None if row["site_ids"] is None else frozenset(row["site_ids"]),
        row["active"],
        row["held"] is None,
        row["created_ms"],
        row["signed_in_ms"],
    )


def now_ms() -> int:
    """Now, as UTC milliseconds."""
    return time.time_ns() // 1_000_000


def normal_email(email: str) -> str:
    """An address as it is kept and compared."""
    return email.strip().lower().encode(errors="replace").decode()  # a lone surrogate is nobody's


def problems_of_person(name: str, email: str) -> list[Problem]:
    """What is wrong with a name and an address, if anything."""
    problems = []
    if not name.strip():
        problems.append(Problem("name", "say how the person is called"))
    elif len(name) > _LONGEST_NAME or _CONTROL.search(name):
        problems.append(Problem("name", f"expected at most {_LONGEST_NAME} characters of one line"))
    if not _EMAIL.fullmatch(normal_email(email)):
        problems.append(Problem("email", "expected an e-mail address, such as ana@example.com"))
    return problems


def problems_of_limits(
    catalogue: Catalogue, account_id: int, role: Role, brands: Collection[int], sites: Collection[int]
) -> list[Problem]:
    """What is wrong with a role and limits, if anything."""
    problems = []
    if role == "admin" and (brands or sites):
        problems.append(Problem("role", "an admin sees the whole account: choose editor, or no brands and sites"))
    strange = [
        f"brand {each}"
        for each in sorted(brands)
        if each not in catalogue.brands or catalogue.brands[each].account_id != account_id
    ]
    strange += [
        f"site {each}"
        for each in sorted(sites)
        if each not in catalogue.sites or catalogue.account_id_of_site(catalogue.sites[each]) != account_id
    ]
    outside = [
        each
        for each in sorted(sites)
        if brands and each in catalogue.sites and catalogue.sites[each].brand_id not in set(brands)
    ]
    if outside:
        problems.append(Problem("sites", f"site {outside[0]} is of none of the brands chosen"))
    if strange:
        problems.append(Problem("sites", f"account {account_id} has no {', no '.join(strange)}"))
    return problems


def check_password(password: str, *known: str) -> None:
    """Raise InvalidInputError for a password that is too easily tried; `known` is what others know of the person."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInputError(f"at least {SHORTEST_PASSWORD} characters; a few words make a good one", "password")
    if len(password) > _LONGEST_PASSWORD:
        raise InvalidInputError(f"at most {_LONGEST_PASSWORD} characters", "password")
    plain = password.lower()
    parts = {part for text in known for part in (text.lower(), *text.lower().split("@")) if len(part) >= 4}
    if len(set(plain)) < 5 or any(plain.strip("0123456789!.") == part for part in parts):
        raise InvalidInputError("too easy to guess: choose one that is not your name or a repetition", "password")
    if plain.strip("0123456789!. ") in _FIRST_TRIED:
        raise InvalidInputError("among the first that everybody tries: choose another", "password")


# Their beginnings; what is added at the end to reach a length adds nothing.
_FIRST_TRIED = frozenset(
    {"", "password", "passwort", "motdepasse", "qwertyuiop", "qwertzuiop", "qwerty", "letmein", "welcome", "passerby"}
    | {"administrator", "iloveyou", "changeme", "abcdefghij", "football", "baseball", "sunshine", "princess"}
)
