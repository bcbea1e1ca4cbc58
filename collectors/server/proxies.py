"""The client's address: the connection's own, or what a trusted proxy says it is."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collectors.http import Request

_REMEMBERED: Final = 16_384


class TrustedProxies:
    """Networks whose ``X-Forwarded-For`` is believed. From the right, the first address that is no proxy is the client."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = tuple(ip_network(network) for network in networks)
        self._is_proxy = lru_cache(maxsize=_REMEMBERED)(self._contains)

    def client_of(self, request: Request) -> str:
        """The client's address as text."""
        peer = request.peer
        if not self._networks or not self._is_proxy(peer):
            return peer
        for hop in reversed(request.headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
            address = hop.strip()
            is_proxy = self._is_proxy(address)
            if is_proxy is None:
                return peer
            if not is_proxy:
                return address
            peer = address
        return peer

    def _contains(self, text: str) -> bool | None:
        """Whether an address is a proxy's; None if the text is no address."""
        try:
            address = ip_address(text)
        except ValueError:
            return None
        return any(address in network for network in self._networks)
