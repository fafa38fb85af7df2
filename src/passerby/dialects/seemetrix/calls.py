"""What a method gets to see of a request, and how a method is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from litestar.openapi.spec import Operation

from passerby.catalogue.model import Catalogue, Credential, Sensor
from passerby.dialects.seemetrix import auth
from passerby.dialects.seemetrix.requests import Query, Span, Week, span, whole_number
from passerby.errors import ForbiddenError, NotFoundError
from passerby.services import Services

Document = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request whose key was right; it sees one state of the catalogue from beginning to end.

    `path` has the parts of the path that are parameters, as text; a user among them is the key's own.
    """

    services: Services
    catalogue: Catalogue
    credential: Credential
    path: Mapping[str, str]
    query: Query
    now: datetime

    @property
    def user_id(self) -> int:
        """The user whose key this is."""
        return self.credential.account_id

    @cached_property
    def devices(self) -> list[Sensor]:
        """The devices that the key sees, by id."""
        return auth.devices(self.catalogue, self.credential)

    def device(self, text: str) -> Sensor:
        """A device that the key sees, by the text of its id; raises ForbiddenError."""
        found = whole_number(text)
        if found is None:
            raise ForbiddenError("device: expected the id of a device, a whole number")
        return auth.device(self.catalogue, self.credential, found)

    def span(self, week: Week = "rolling") -> Span:
        """The range asked for; raises InvalidInputError."""
        return span(self.query, self.now, week)


@dataclass(frozen=True)
class Method:
    """A method of the API. `answer` runs in a thread; what it yields is streamed as it is made.

    `path` is below the prefix, with `{user:str}` and `{device:str}` checked before `answer` is called, and without the
    final slash, which programs must send unless it is `bare`: then they may leave it out.
    """

    path: str
    summary: str
    answer: Callable[[Call], Document | Iterator[bytes]]
    operation: type[Operation]
    bare: bool = False


def open_call(services: Services, credential: Credential, path: Mapping[str, str], query: Query, now: datetime) -> Call:
    """The call of a credential; raises NotFoundError for a path whose ids are none, ForbiddenError for foreign ones."""
    catalogue = services.catalogue.current()
    for name in ("user", "device"):
        number = whole_number(path[name]) if name in path else 0
        if number is None:
            raise NotFoundError(f"there is no {name} {path[name][:32]!r}: expected a whole number")
        if name == "user" and name in path:
            auth.check_user(credential, number)
        elif name in path:
            auth.device(catalogue, credential, number)
    return Call(services, catalogue, credential, path, query, now)
