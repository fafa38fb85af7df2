"""Asking this server's own routes on behalf of somebody who has signed in, with no secret on the way.

The dashboard shows what each vendor's API answers to a person's own data. Secrets are not kept, so it cannot send one;
it calls the app inside the process, where the dialect's question "who asks?" is answered beforehand. Nothing that comes
over the network can set that answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

from litestar.types import ASGIApp, HTTPScope

from passerby.catalogue.model import Credential

_ACTING: ContextVar[Credential | None] = ContextVar("passerby_acting", default=None)


def acting() -> Credential | None:
    """For whom this request is made inside the process; None for every request from outside."""
    return _ACTING.get()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answered. `cut`: the body went on, only its beginning was kept."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: bool


async def ask(  # noqa: PLR0913  # the parts of a request, by name
    app: ASGIApp,
    credential: Credential,
    *,
    method: str,
    path: str,
    query: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    most_bytes: int = 65_536,
    state: Mapping[str, object] | None = None,
) -> Answer:
    """One request to `app` as if `credential` had made it; the answer is read up to `most_bytes`.

    `state` is what the request finds as its own, as behind a server's `App`.
    """
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (*headers, ("host", "localhost"))],
        "client": None,
        "server": ("localhost", 80),
        "extensions": {},
        "state": dict(state or {}),
    }
    got = _Got(most_bytes, body)

    async def run() -> None:
        # In a task of its own: the variable is set in its context only, so it cannot outlive the request.
        _ACTING.set(credential)
        await app(cast("HTTPScope", scope), got.receive, got.send)

    task = asyncio.create_task(run())
    enough = asyncio.create_task(got.enough.wait())
    try:
        await asyncio.wait({task, enough}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        enough.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    return got.answer()


class _Got:
    """The other end of the call."""

    def __init__(self, most_bytes: int, body: bytes) -> None:
        self.enough = asyncio.Event()
        self._over = asyncio.Event()
        self._most = most_bytes
        self._asked: bytes | None = body
        self._status = 500
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()

    async def receive(self) -> Any:  # noqa: ANN401  # an ASGI message
        if self._asked is not None:
            body, self._asked = self._asked, None
            return {"type": "http.request", "body": body, "more_body": False}
        # As servers do: once the answer is complete, the client is gone. Streams end only then.
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:  # noqa: ANN401  # an ASGI message
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
            )
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if len(self._body) > self._most:
                self.enough.set()
            if self.enough.is_set() or not message.get("more_body", False):
                self._over.set()

    def answer(self) -> Answer:
        return Answer(self._status, self._headers, bytes(self._body[: self._most]), len(self._body) > self._most)
