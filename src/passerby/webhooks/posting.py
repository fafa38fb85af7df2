"""One attempt at delivering a message, and what came of it."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Protocol

import httpcore

from passerby import __version__
from passerby.webhooks.guard import GuardedBackend, RefusedAddressError, Resolve, resolve

TIMEOUT_S = 10.0
# Of an answer nothing but its status matters; more than this of its body is not even read.
_READ_BYTES = 65_536
_KEEP_ALIVE_S = 30.0
_FIXED = [("content-type", "application/json"), ("user-agent", f"Passerby/{__version__}")]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: `text` for people. `smaller`: fewer events at a time may help. `gone`: never again."""

    delivered: bool
    text: str
    status: int | None = None
    smaller: bool = False
    gone: bool = False

    @classmethod
    def answered(cls, status: int) -> Outcome:
        """The receiver answered: 2xx is success, everything else is not, a redirect neither."""
        if 200 <= status < 300:
            return cls(True, "delivered", status)
        if 300 <= status < 400:
            return cls(False, "redirected; redirects are not followed", status)
        return cls(False, f"answered {status}", status, smaller=status == 413, gone=status == 410)


TIMED_OUT = Outcome(False, "no answer in time", smaller=True)


class Post(Protocol):
    """Something that makes an attempt; `Poster.post`, or a receiver in a test."""

    async def __call__(self, url: str, headers: list[tuple[str, str]], body: bytes, *, allow_private: bool) -> Outcome:
        """Post `body` to `url`."""
        ...


class Poster:
    """Posts over HTTP and HTTPS. For one event loop. Neither proxies nor cookies nor redirects.

    Args:
        timeout_s: from the name's resolution to the end of the answer.
        tls: what certificates are trusted; by default those of the system and of certifi.
        resolve: finds the addresses of a host; for tests.
    """

    def __init__(
        self, timeout_s: float = TIMEOUT_S, *, tls: ssl.SSLContext | None = None, resolve: Resolve = resolve
    ) -> None:
        self._timeout_s = timeout_s
        # A connection that was allowed once must not be used when it no longer is: two pools.
        self._pools = {
            allowed: httpcore.AsyncConnectionPool(
                ssl_context=tls,
                network_backend=GuardedBackend(allow_private=allowed, resolve=resolve),
                keepalive_expiry=_KEEP_ALIVE_S,
                max_connections=None,
                max_keepalive_connections=100,
            )
            for allowed in (False, True)
        }

    async def post(self, url: str, headers: list[tuple[str, str]], body: bytes, *, allow_private: bool) -> Outcome:
        """Post a body once; never raises for what the network or the receiver does."""
        encoded = [(name.encode(), value.encode()) for name, value in (*_FIXED, *headers)]
        encoded.append((b"content-length", b"%d" % len(body)))
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._pools[allow_private].stream("POST", url, headers=[*_host(url), *encoded], content=body) as answer,
            ):
                await _discard(answer)
                return Outcome.answered(answer.status)
        except (TimeoutError, httpcore.TimeoutException):
            return TIMED_OUT
        except RefusedAddressError as error:
            return Outcome(False, str(error))
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            return Outcome(False, f"no connection: {_reason(error)}")

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()


def _host(url: str) -> list[tuple[bytes, bytes]]:
    parsed = httpcore.URL(url)
    usual = {b"http": 80, b"https": 443}.get(parsed.scheme)
    host = b"[%b]" % parsed.host if b":" in parsed.host else parsed.host
    return [(b"host", host if parsed.port in (None, usual) else b"%b:%d" % (host, parsed.port))]


async def _discard(answer: httpcore.Response) -> None:
    """Read the body, so that the connection can be used again; give up on one that is long."""
    size = 0
    async for part in answer.aiter_stream():
        size += len(part)
        if size > _READ_BYTES:
            return


def _reason(error: BaseException) -> str:
    """What went wrong, without the address: it may hold a token."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error) or type(error).__name__)[:200]
