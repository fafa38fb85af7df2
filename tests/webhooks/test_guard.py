"""Only public addresses are connected to, and a name is resolved once."""

import asyncio
import ipaddress
import socket

import httpcore
import pytest

from passerby.webhooks.guard import GuardedBackend, RefusedAddressError, is_public

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.0.1",
    "10.1.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.0.0.8",
    "192.88.99.1",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "3fff::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:53aa::1",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::808:808",
    "5f00::1",
    "100::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


class Connected(httpcore.AsyncNetworkBackend):
    """Notes where it would have connected; those in `dead` do not answer."""

    def __init__(self, dead=()):
        self.tried = []
        self.dead = dead

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.tried.append((host, port))
        if host in self.dead:
            raise httpcore.ConnectError("dead")
        return httpcore.AsyncMockStream([])


def connect(answers, *, allow_private=False, dead=()):
    """What a connection to `example.com` tries when its name has these addresses, one list for each look-up."""
    remaining = list(answers)
    network = Connected(dead)

    async def resolve(host, port):
        found = remaining.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    guarded = GuardedBackend(allow_private=allow_private, resolve=resolve, backend=network)
    try:
        asyncio.run(guarded.connect_tcp("example.com", 443))
    except OSError as error:
        return network.tried, error
    except httpcore.ConnectError as error:
        return network.tried, error
    return network.tried, None


def test_the_checked_address_is_connected_to_not_the_name():
    """A second look-up, which could answer differently (DNS rebinding), never happens."""
    tried, error = connect([["8.8.8.8"], ["127.0.0.1"]])
    assert (tried, error) == ([("8.8.8.8", 443)], None)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], ["fe80::1%eth0"]])
def test_a_name_with_any_address_that_is_not_public_is_refused(addresses):
    tried, error = connect([addresses])
    assert tried == []
    assert isinstance(error, RefusedAddressError)


def test_unless_private_addresses_are_allowed():
    assert connect([["127.0.0.1"]], allow_private=True) == ([("127.0.0.1", 443)], None)


def test_the_next_address_is_tried_when_one_is_dead():
    tried, error = connect([["8.8.8.8", "8.8.4.4"]], dead=("8.8.8.8",))
    assert (tried, error) == ([("8.8.8.8", 443), ("8.8.4.4", 443)], None)


@pytest.mark.parametrize("answer", [[], socket.gaierror("unknown name")])
def test_a_name_without_address_is_a_failed_connection(answer):
    tried, error = connect([answer])
    assert tried == []
    assert isinstance(error, httpcore.ConnectError)
