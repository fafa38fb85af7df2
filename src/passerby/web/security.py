"""What a browser is told about pages, and what the cookies of this server look like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Literal
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.types import Message, Send

from passerby.errors import ForbiddenError

Connection = ASGIConnection[Any, Any, Any, Any]
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # Not no-referrer: forms would then be sent with `Origin: null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_RAW = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_NONCE_BYTES = 12


def is_page(path: str) -> bool:
    """Whether a path is the dashboard's."""
    return path in {"/", "/app"} or path.startswith("/app/")


def protected(send: Send) -> Callable[[Message], Awaitable[None]]:
    """`send`, which adds the headers that every answer of the dashboard has, errors included."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(each for each in _RAW if each[0] not in given)]
        await send(message)

    return sending


# -- cookies


def is_secure(connection: Connection) -> bool:
    """Whether the browser speaks TLS, to this server or to a proxy before it."""
    return str(connection.scope["scheme"]) == "https"


def cookie_name(name: str, connection: Connection, *, path: str = "/") -> str:
    """The name of a cookie here: over TLS its prefix keeps others on the same domain from setting it."""
    if not is_secure(connection):
        return f"passerby_{name}"
    return f"__Host-passerby_{name}" if path == "/" else f"__Secure-passerby_{name}"


def cookie(  # noqa: PLR0913  # what cookies differ in, by name
    connection: Connection,
    name: str,
    value: str,
    *,
    path: str = "/",
    max_age_s: int | None = None,
    same_site: Literal["lax", "strict"] = "lax",
) -> Cookie:
    """A cookie that no script reads and no other site's form brings along."""
    return Cookie(
        key=cookie_name(name, connection, path=path),
        value=value,
        path=path,
        max_age=max_age_s,
        httponly=True,
        secure=is_secure(connection),
        samesite=same_site,
    )


def cookie_value(connection: Connection, name: str, *, path: str = "/") -> str | None:
    """What the browser sent of a cookie made by `cookie`."""
    return connection.cookies.get(cookie_name(name, connection, path=path))


def cookie_values(connection: Connection, name: str, most: int = 10) -> list[str]:
    """What the browser sent of cookies that were made with a name that begins so, and for one page each."""
    beginning = cookie_name(name, connection, path="page")
    return [value for key, value in connection.cookies.items() if key.startswith(f"{beginning}_")][:most]


# -- forms


def form_token(secret: bytes, binding: str) -> str:
    """What a form of this browser has to bring along; another text each time, so that compression tells nothing."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + _mac(secret, binding, nonce)).decode()


def is_form_token(secret: bytes, binding: str, token: str) -> bool:
    """Whether `form_token` made it for this browser."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
    except (ValueError, UnicodeEncodeError):
        return False
    return hmac.compare_digest(raw[_NONCE_BYTES:], _mac(secret, binding, raw[:_NONCE_BYTES]))


def _mac(secret: bytes, binding: str, nonce: bytes) -> bytes:
    return hmac.digest(secret, b"form " + binding.encode() + b" " + nonce, hashlib.sha256)


def refuse_other_origins(connection: Connection) -> None:
    """Raise ForbiddenError when a page of another address sent this request, as far as the browser says."""
    fetched = connection.headers.get("sec-fetch-site")
    if fetched is not None and fetched != "same-origin":
        raise ForbiddenError("the request came from a page of another address")
    origin = connection.headers.get("origin")
    if origin is None:
        return
    host = connection.headers.get("host", "")
    if urlsplit(origin).netloc.lower() != host.lower():
        raise ForbiddenError(
            f"the request came from {origin[:100]}, and this server was called {host[:100]}: where a proxy stands "
            "before it, the proxy has to pass the header Host on"
        )
