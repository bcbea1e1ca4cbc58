"""One connection to Redis for the hot path: hiredis over an asyncio protocol.

redis-py's own client costs nine microseconds of Python a person more on this path. All commands of one turn of the event
loop go out in one write, so the lanes share system calls without knowing of each other. An answer is never given up
alone: when one is overdue the whole connection is dropped, because an abandoned answer would be read as the next one's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, cast

import hiredis

from schemas.errors import Misconfigured, Unavailable
from stream.store.address import RedisAddress, parse_address

_LOST: Final = "the connection to Redis was lost"


class RedisLink(asyncio.Protocol):
    """A connected link. ``call`` may be used by any number of tasks; answers come in order."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._reader = hiredis.Reader()
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._out: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._overdue: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""
        return self._transport is not None

    def call(self, *arguments: bytes | str | int) -> asyncio.Future[Any]:
        """Send one command; the future gives its answer, or raises Unavailable, or Redis' own error."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None:
            future.set_exception(Unavailable(_LOST))
            return future
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out += command_parts(arguments)
        self._waiting.append((future, self._loop.time() + self._timeout_seconds))
        if self._overdue is None:
            self._overdue = self._loop.call_later(self._timeout_seconds, self._check_overdue)
        return future

    def close(self) -> None:
        """Drop the connection; what waits for an answer hears Unavailable."""
        if self._transport is not None:
            self._transport.abort()
        self.connection_lost(None)

    def _flush(self) -> None:
        if self._transport is not None and self._out:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _check_overdue(self) -> None:
        self._overdue = None
        if not self._waiting:
            return
        deadline = self._waiting[0][1]
        if deadline <= self._loop.time():
            self.close()
        else:
            self._overdue = self._loop.call_at(deadline, self._check_overdue)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        # No isinstance: uvloop's transports are none by class.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=64 << 20)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        reader = self._reader
        try:
            reader.feed(data)
            answer = reader.gets()
            while answer is not False:
                future, _ = self._waiting.popleft()
                if not future.done():
                    if isinstance(answer, hiredis.ReplyError):
                        future.set_exception(answer)
                    else:
                        future.set_result(answer)
                answer = reader.gets()
        except (hiredis.ProtocolError, IndexError):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport = None
        self._out.clear()
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(Unavailable(_LOST if exc is None else f"{_LOST}: {exc}"))


def command_parts(arguments: Sequence[bytes | str | int]) -> list[bytes]:
    """A command as it goes over the wire, in parts to be joined: hiredis' own packing grows its buffer again and again, which costs
    five times as much for the thousands of arguments of a commit.
    """
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        packed = argument if type(argument) is bytes else str(argument).encode()
        parts += (b"$%d\r\n" % len(packed), packed, b"\r\n")
    return parts


async def connect(url: str, timeout_seconds: float) -> RedisLink:
    """Open a link to the Redis that a ``redis://``, ``rediss://`` or ``unix://`` URL names, signed in and on its database.

    Raises:
        Unavailable: nothing answers there in time.
        Misconfigured: it answers, and refuses the URL's user, password or database.
    """
    address = parse_address(url)
    loop = asyncio.get_running_loop()

    def made() -> RedisLink:
        return RedisLink(timeout_seconds)

    try:
        async with asyncio.timeout(timeout_seconds):
            if address.path is not None:
                _, link = await loop.create_unix_connection(made, address.path)
            else:
                _, link = await loop.create_connection(made, address.host, address.port, ssl=address.tls or None)
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"no Redis answers at {address}: {error}") from None
    try:
        await _sign_in(link, address)
    except hiredis.ReplyError as error:
        link.close()
        if str(error).startswith(("LOADING", "MASTERDOWN")):
            raise Unavailable(f"Redis is not ready: {error}") from None
        raise Misconfigured(f"Redis refuses {address}: {error}") from None
    return link


async def _sign_in(link: RedisLink, address: RedisAddress) -> None:
    if address.password:
        await link.call("AUTH", address.username or "default", address.password)
    if address.database:
        await link.call("SELECT", address.database)
    await link.call("PING")
