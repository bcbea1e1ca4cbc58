"""Addresses that no longer lead to one household."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final

_KEPT_BITS: Final = {4: (0xFFFFFF00, 4), 6: (((1 << 48) - 1) << 80, 16)}


def truncated(text: str) -> str:
    """An IPv4 address without its last 8 bits, an IPv6 address with its first 48; nothing is left of what is no address."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    mask, size = _KEPT_BITS[address.version]
    return str(ip_address((int(address) & mask).to_bytes(size, "big")))
