"""Which addresses may be called: a port for the guard, asked after the one look-up of a name, before the connection."""

from __future__ import annotations

from ipaddress import ip_address
from socket import AF_UNSPEC, AddressFamily
from typing import TYPE_CHECKING, Protocol

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from collections.abc import Sequence


class AddressGuard(Protocol):
    """Decides about the addresses that a host's name stands for."""

    def refusal(self, host: str, addresses: Sequence[str]) -> str | None:
        """Why none of them may be called; None: all may. ``addresses`` are IP addresses in text."""
        ...


class AllowAll:
    """Refuses nothing."""

    def refusal(self, host: str, addresses: Sequence[str]) -> str | None:  # noqa: ARG002 - the port's names
        """Always None."""
        return None


class RefusedAddressError(Exception):
    """The guard refused; the text says why."""


class GuardedResolver(AbstractResolver):
    """Looks a name up once and hands the checked addresses to the connection, so that no second look-up can differ."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._inner = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC) -> list[ResolveResult]:
        """The addresses of a name; raises RefusedAddressError."""
        found = await self._inner.resolve(host, port, family)
        check(self._guard, host, [each["host"] for each in found])
        return found

    async def close(self) -> None:
        """Nothing is held."""
        await self._inner.close()


def check(guard: AddressGuard, host: str, addresses: Sequence[str]) -> None:
    """Raise RefusedAddressError unless the guard lets the addresses pass."""
    why = guard.refusal(host, addresses)
    if why is not None:
        raise RefusedAddressError(why)


def check_literal(guard: AddressGuard, host: str) -> None:
    """The same for a host that is an address already: no resolver is asked about those."""
    try:
        address = ip_address(host)
    except ValueError:
        return
    check(guard, host, [str(address)])
