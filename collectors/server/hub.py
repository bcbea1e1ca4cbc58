"""What all connections of one collector share: limits, the handler, the date, deadlines, and the way down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from collectors.server.connection import Connection, Phase
from schemas.errors import Misconfigured
from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from collectors.http import Request
    from schemas.rejection import Reason
    from stream.runtime.metrics import Metrics
    from stream.runtime.settings_collector import CollectorSettings

_SWEEP_SECONDS: Final = 0.25
_BACKLOG: Final = 2048


class Hub:
    """Listens, hands whole requests to ``handle``, and ends connections that keep nobody's deadline.

    Deadlines are judged by one sweep over all connections four times a second: a timer per request costs more than the request's parsing.
    """

    def __init__(self, limits: CollectorSettings, metrics: Metrics, handle: Callable[[Request], None]) -> None:
        self.limits = limits
        self.handle = handle
        self.buffered_bytes = 0
        self.draining = False
        self.date_line = b""
        self.retry_after = ((b"retry-after", b"%d" % limits.retry_after_seconds),)
        self.now: Callable[[], float] = time.monotonic
        self._connections: set[Connection] = set()
        self._gauge = metrics.gauge(catalogue.CONNECTIONS)
        self._metrics = metrics
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (the one found if 0 was asked). Raises ``Misconfigured`` if the address cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=_BACKLOG)
        except OSError as error:
            raise Misconfigured(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self._tell_time()
        self._sweeper = asyncio.create_task(self._sweep(), name="collector-deadlines")
        return int(self._server.sockets[0].getsockname()[1])

    async def drain(self, seconds: float) -> int:
        """Stop listening, let requests under way end, and return how many connections had to be cut after ``seconds``."""
        self.draining = True
        if self._server is not None:
            self._server.close()
        until = self.now() + seconds
        while self._connections and self.now() < until:
            for connection in list(self._connections):
                connection.drain()
            await asyncio.sleep(0.02)
        cut = len(self._connections)
        for connection in list(self._connections):
            connection.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait({self._sweeper})
        await asyncio.sleep(0)
        return cut

    def admit(self, connection: Connection) -> bool:
        """Take a connection in; false if there are too many."""
        self._connections.add(connection)
        self._gauge.set(len(self._connections))
        return len(self._connections) <= self.limits.max_connections

    def forget(self, connection: Connection) -> None:
        """A connection has ended."""
        self._connections.discard(connection)
        self._gauge.set(len(self._connections))

    def count_refusal(self, reason: Reason) -> None:
        """Count what never became a request."""
        self._metrics.counter(catalogue.REJECTED, reason=reason.code).inc()
        outcome = f"{reason.status // 100}xx"
        self._metrics.counter(catalogue.REQUESTS, route="unknown", outcome=outcome).inc()

    def _tell_time(self) -> None:
        self.date_line = b"date: " + formatdate(usegmt=True).encode() + b"\r\n"

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self._tell_time()
            now = self.now()
            for connection in list(self._connections):
                connection.expire(now)


__all__ = ["Hub", "Phase"]
