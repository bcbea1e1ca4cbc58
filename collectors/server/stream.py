"""An answer without an end, as whoever writes it sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from collectors.http import Listener


class Stream:
    """An ``Outlet`` on one connection, which tells it when the other side reads again and when it has gone."""

    __slots__ = ("_listener", "_transport", "is_blocked")

    def __init__(self, transport: asyncio.Transport, listener: Listener) -> None:
        self._transport = transport
        self._listener = listener
        self.is_blocked = False

    def write(self, data: bytes) -> None:
        """See ``Outlet``."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def resume(self) -> None:
        """The other side reads again."""
        self.is_blocked = False
        self._listener.resumed()

    def end(self) -> None:
        """The connection is gone."""
        self._listener.ended()
