"""Connections only to addresses that are public, however their names are made to resolve.

A name is resolved once, every address it has is checked, and the connection goes to a checked address, not to the
name: a name that resolves differently the next moment (DNS rebinding) gains nothing. TLS still asks for the
certificate of the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpcore

from passerby.webhooks.addresses import is_public

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# Threads of their own: a name server that does not answer must not take those that read and write what is delivered.
_NAMES = ThreadPoolExecutor(16, thread_name_prefix="webhook-names")


class RefusedAddressError(OSError):
    """The receiver's address is not a public one."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, in the order that the system prefers."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_NAMES, ask)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore: to checked addresses only, unless `allow_private`."""

    def __init__(
        self, *, allow_private: bool, resolve: Resolve = resolve, backend: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._backend = backend or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers. Raises RefusedAddressError."""
        addresses = await self._checked(host, port)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = [address.partition("%")[0] for address in await self._resolve(host, port)]
        except OSError as error:
            raise httpcore.ConnectError(f"the host's name has no address: {error}") from error
        if not self._allow_private and not all(is_public(ipaddress.ip_address(address)) for address in addresses):
            raise RefusedAddressError("the address is not public; allow_private_webhooks would allow it")
        return addresses
