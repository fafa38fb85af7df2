"""Makes pages of templates.

    return page(request, "site.html", title=site.name, site=site)

Every template sees `viewer` (None when nobody is signed in), `csrf()` for forms, `static(name)`, `flashes` (messages
left by the page before), `navigation`, `path`, `title` and `part` (see `page_in_parts`). Undefined names are errors,
values are escaped.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import jinja2
import msgspec
import structlog
from litestar import MediaType, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect, Stream
from markupsafe import Markup

from passerby import __version__
from passerby.api.problems import problem_of
from passerby.content_coding import coding
from passerby.people import Role
from passerby.services import services_of
from passerby.web import assets
from passerby.web.security import cookie, cookie_name, cookie_value
from passerby.web.viewer import BROWSER, Viewer, WebRequest, csrf, looking

Page = Response[bytes]
Tone = Literal["good", "warn", "bad"]
_FLASH = "flash"
# Nothing that anybody names a shop is equal to it.
_PART = f"<!-- {secrets.token_hex(16)} -->"
_log = structlog.get_logger("passerby.web")
_HOME = "/app/"


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """An entry of the navigation, for whoever has `role`. `group` is the heading that it stands under."""

    label: str
    path: str
    group: Literal["Numbers", "Network", "Connections", "Account"]
    icon: str
    role: Role = "viewer"


# Filled by `routes.py` from the page modules.
NAVIGATION: list[NavigationItem] = []


class _Flash(msgspec.Struct, array_like=True):
    text: str
    tone: Tone = "good"


def _instant(at_ms: int | None, otherwise: str = "never") -> str:
    """A time for people: UTC, to the minute. Use the macro `time` where the browser's own time is wanted."""
    return otherwise if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _iso(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _count(value: float | None, digits: int = 0) -> str:
    """A number for people, with thin spaces; a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")  # noqa: RUF001  # the sign for "none" in tables


environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.globals |= {"static": assets.address, "version": __version__}
environment.filters |= {"instant": _instant, "iso": _iso, "count": _count}


def page(
    request: WebRequest,
    template: str,
    *,
    title: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,  # noqa: ANN401  # what a template shows is its own affair
) -> Page:
    """A template as an answer, compressed as the browser likes it."""
    flashes = _flashes(request)
    body = environment.get_template(template).render(_context(request, title, flashes), **context).encode()
    answer = sent(request, body, MediaType.HTML, status=status, headers=headers)
    _set_cookies(request, answer, flashed=bool(flashes))
    return answer


def page_in_parts(
    request: WebRequest,
    template: str,
    *,
    title: str,
    status: int = 200,
    **context: Any,  # noqa: ANN401  # what a template shows is its own affair
) -> Stream:
    """As `page`, for one that takes a while: what stands before `{{ part }}` is sent before the rest is computed.

    The template asks for the rest with a function of its context. What goes wrong then is said at that place of the
    page, whose status is sent by then.
    """
    flashes = _flashes(request)
    pieces = environment.get_template(template).generate(_context(request, title, flashes), **context)
    used = coding(request.headers.get("accept-encoding", ""))
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding, Cookie"}
    if used != "identity":
        headers["Content-Encoding"] = used
    parts = assets.packed_parts(_parts(pieces, request.url.path), used)
    answer = Stream(parts, status_code=status, media_type=MediaType.HTML, headers=headers)
    _set_cookies(request, answer, flashed=bool(flashes))
    return answer


def _parts(pieces: Iterator[str], path: str) -> Iterator[bytes]:
    """What a template gives, cut where it says `{{ part }}`."""
    waiting: list[str] = []
    try:
        for piece in pieces:
            waiting.append(piece)
            if piece == _PART:
                yield "".join(waiting[:-1]).encode()
                waiting.clear()
    except Exception as error:  # noqa: BLE001  # the head of the page is sent: it is told there
        problem = problem_of(error)
        if problem.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a page could not be finished", path=path, error=repr(error))
        waiting.append(environment.get_template("broken.html").render(detail=problem.detail))
    yield "".join(waiting).encode()


def _context(request: WebRequest, title: str, flashes: Sequence[_Flash]) -> dict[str, Any]:
    viewer = looking(request)
    return {
        "title": title,
        "viewer": viewer,
        "csrf": lambda: csrf(request),
        "flashes": flashes,
        "navigation": _navigation(viewer),
        "path": _HOME if request.url.path == _HOME.rstrip("/") else request.url.path,
        "part": Markup(_PART),  # noqa: S704  # made here
    }


def _set_cookies(request: WebRequest, answer: Response[Any], *, flashed: bool) -> None:
    if flashed:
        answer.set_cookie(forget(request, _FLASH))
    made = request.scope["state"].get("passerby_browser")
    if made is not None:  # somebody new: forms that they get now are good for this browser only
        answer.set_cookie(cookie(request, BROWSER, made))


def sent(
    request: WebRequest,
    body: bytes,
    media_type: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Page:
    """Bytes as an answer that nobody keeps, compressed as the browser likes it."""
    used = coding(request.headers.get("accept-encoding", ""))
    found = assets.packed(body).get(used)
    more = {"Cache-Control": "no-store", "Vary": "Accept-Encoding, Cookie", **(headers or {})}
    if found is not None and used != "identity":
        more["Content-Encoding"] = used
    return Response(found or body, status_code=status, media_type=media_type, headers=more)


def redirect(request: WebRequest, path: str, flash: str | None = None, tone: Tone = "good") -> Redirect:
    """On to another page of the dashboard (303), which shows `flash`. Never put a secret into it."""
    answer = Redirect(path, status_code=303, headers={"Cache-Control": "no-store"})
    if flash is not None:
        answer.set_cookie(cookie(request, _FLASH, _sealed(request, [_Flash(flash, tone)]), max_age_s=60))
    return answer


def forget(request: WebRequest, name: str, *, path: str = "/") -> Cookie:
    """What takes a cookie made by `security.cookie` back."""
    return cookie(request, name, "", path=path, max_age_s=0)


def _navigation(viewer: Viewer | None) -> dict[str, list[NavigationItem]]:
    groups: dict[str, list[NavigationItem]] = {}
    if viewer is not None and viewer.person is not None:
        for item in NAVIGATION:
            if viewer.may(item.role):
                groups.setdefault(item.group, []).append(item)
    return groups


# -- messages for the next page: signed, so that nobody makes the dashboard say what they like


def _flashes(request: WebRequest) -> Sequence[_Flash]:
    text = cookie_value(request, _FLASH)
    if not text:
        return ()
    signature, _, packed = text.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(request, packed).encode()):
        return ()
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(packed), type=list[_Flash])
    except (ValueError, msgspec.DecodeError):
        return ()


def _sealed(request: WebRequest, flashes: Sequence[_Flash]) -> str:
    packed = base64.urlsafe_b64encode(msgspec.json.encode(flashes)).decode()
    return f"{_signature(request, packed)}.{packed}"


def _signature(request: WebRequest, packed: str) -> str:
    services = services_of(request)
    secret = services.catalogue.server_secret("dashboard messages")
    return hmac.digest(secret, packed.encode(), hashlib.sha256).hex()[:32]


__all__ = ["NAVIGATION", "NavigationItem", "Page", "cookie_name", "environment", "forget", "page", "redirect", "sent"]
