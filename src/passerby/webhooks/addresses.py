"""Which addresses belong to the public internet."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What `ipaddress` calls global although no public service is there, or although an IPv4 address is hidden in it.
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "64:ff9b:1::/48",
            "192.0.0.0/24",
            "2002::/16",
            "2001::/32",
            "192.88.99.0/24",
            "fec0::/10",
            "3fff::/20",
            "5f00::/16",
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet.

    Not: private, loopback, link-local, shared (RFC 6598), multicast, reserved, for documentation, and IPv6 addresses
    that embed such an IPv4 address or tunnel to an unknown one.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
