"""The Faust app around ``LogTransport``: one agent on one topic, and nothing that Faust would do besides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from faust import App, Schema
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from faust.types import TP

from stream.worker.faust_transport import Log, LogTransport

_FETCHES_WAITING_MAX = 4

OnPartitions = Callable[[list[int]], Awaitable[None]]


class NoTables(TableManager):
    """Faust's own sleeps a second at the start and runs a recovery after each rebalance, tables or not."""

    async def on_start(self) -> None:
        """Say that all tables are known."""
        self._tables_finalized.set()
        self._tables_registered.set()

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Nothing to flush."""

    async def on_rebalance(self, *_args: Any) -> None:
        """Nothing to recover."""

    async def wait_until_recovery_completed(self) -> bool:
        """At once; False: the app goes on."""
        return False


class _OnlyReading(BootStrategy):
    """No producer, no web server, no leader election, no replies."""

    enable_web = False
    enable_kafka_producer = False

    def kafka_consumer(self) -> list[Any]:
        """The consumer alone."""
        return [self.app.consumer]


class WholeFetch(Schema[Any, Any]):
    """The event's value is the message's, as it is: no codec is ever looked up, so none can be asked for by a record."""

    def compile(self, app: Any, **_kwargs: Any) -> Callable[..., Awaitable[Any]]:
        """See Schema."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001 - Faust passes it
            return app.create_event(None, message.value, None, message)

        return decode


class LogApp(App):
    """A Faust app on the running loop, with one agent on one topic."""

    BootStrategy = _OnlyReading

    def __init__(self, group: str, log: Log, *, commit_seconds: float, session_seconds: float) -> None:
        super().__init__(
            group,
            loop=asyncio.get_running_loop(),
            autodiscover=False,
            broker_commit_interval=commit_seconds,
            broker_session_timeout=session_seconds,
            stream_buffer_maxsize=_FETCHES_WAITING_MAX,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
            TableManager=NoTables,
        )
        self.transport = LogTransport(log, self)

    async def on_first_start(self) -> None:
        """Faust would make a folder for tables in the working directory."""

    def read(self, topic: str, feed: Callable[[Any], Awaitable[None]]) -> None:
        """Let ``feed`` be the agent: it gets the stream of fetches, and must never raise."""
        whole = self.topic(topic, schema=WholeFetch(), acks=False)
        self.agent(whole, name="events", concurrency=1)(feed)

    def rebalance(self, taken: OnPartitions, given: OnPartitions) -> None:
        """Hear of partitions that the group takes, before it goes on, and of those that it gives, before the flow goes on."""

        async def on_revoked(_app: Any, places: Collection[TP] = (), **_signal: Any) -> None:
            await taken([place.partition for place in places])

        async def on_assigned(_app: Any, places: Collection[TP] = (), **_signal: Any) -> None:
            await given([place.partition for place in places])

        app: Any = self
        app.on_partitions_revoked.connect(on_revoked)
        app.on_partitions_assigned.connect(on_assigned)
