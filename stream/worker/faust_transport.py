"""Faust at arm's length: a transport driver that hands over whole fetches. It and ``faust_app`` alone know Faust's insides.

Faust's own driver runs the client in a second thread and turns each record into a message, an event and four task
switches. This one reads on the app's loop and makes **one event of each fetch**: the agent gets ``Fetch``, the records of
all partitions as the client returned them. Partitions, offsets and their order are the caller's (``Log``); Faust keeps no
tables, writes nothing and opens no port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError
from faust.transport.base import Transport
from faust.transport.consumer import Consumer, ensure_TPset
from faust.types import TP, ConsumerMessage

from stream.kafka.port import Record
from stream.kafka.retire import STOP_SECONDS, stop_consumer
from stream.kafka.start import start_client

_POLL_MS = 200


@dataclass(frozen=True, slots=True)
class Fetch:
    """What one fetch returned. ``number`` rises from 1 and tells fetches before a seek from those after it."""

    number: int
    records: Mapping[int, Sequence[Record]]


@dataclass(slots=True)
class Log:
    """What the driver is lent: the client, not yet started, and what the worker wants to decide itself.

    ``room`` waits until more may be read. ``hint`` tells the group how far the worker is. A fetch with fewer than
    ``batch_records`` records is followed by a rest of ``pace_seconds``. ``fetches`` is the number of the last fetch.
    """

    consumer: AIOKafkaConsumer
    room: Callable[[], Awaitable[None]]
    hint: Callable[[], Awaitable[None]]
    records_max: int
    batch_records: int
    pace_seconds: float
    fetches: int = 0


class LogConsumer(Consumer):
    """Faust's consumer, on the app's own loop."""

    def __init__(self, transport: LogTransport, *args: Any, **kwargs: Any) -> None:
        self._source: Log = transport.log
        self._generation = 0
        super().__init__(transport, *args, **kwargs)

    async def on_start(self) -> None:
        """Connect."""
        await start_client(self._source.consumer)

    async def on_stop(self) -> None:
        """Disconnect. A static member does not leave the group: who comes back in time finds its partitions waiting."""
        await stop_consumer(self._source.consumer, STOP_SECONDS)

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Join the group."""
        self._source.consumer.subscribe(list(topics), listener=_Listener(self))

    async def group_takes(self, partitions: set[TP]) -> None:
        """The group takes partitions: Faust stops its flow, then tells the app's ``on_partitions_revoked``."""
        self.app.on_rebalance_start()
        await self.on_partitions_revoked(partitions)

    async def group_gives(self, partitions: set[TP]) -> None:
        """The group gives partitions: Faust tells the app's ``on_partitions_assigned``; then the flow goes on.

        The number of the generation need only change: an event with another one than the app's is skipped silently.
        Letting the flow go on is what Faust's recovery of tables would do last.
        """
        app: Any = self.app
        self._generation += 1
        app.consumer_generation_id = self._generation
        await self.on_partitions_assigned(partitions, self._generation)
        if not app.should_stop:
            app.flow_control.resume()
            self.resume_flow()
            await app._fetcher.maybe_start()  # noqa: SLF001 - Faust has no public name for it
            app.on_rebalance_end()

    async def _drain_messages(self, fetcher: Any) -> None:
        """Read on, one event a fetch, until the fetcher is told to stop."""
        source = self._source
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.wait(self.can_resume_flow.wait())
                continue
            await source.room()
            try:
                fetched = await source.consumer.getmany(timeout_ms=_POLL_MS, max_records=source.records_max)
            except NoOffsetForPartitionError:
                continue  # assigned, and the seek to the store's cursor is still to come
            if fetched:
                await self.callback(self._one_event(fetched))
            if source.pace_seconds and sum(map(len, fetched.values())) < source.batch_records:
                await asyncio.sleep(source.pace_seconds)

    def _one_event(self, fetched: Mapping[TopicPartition, Sequence[Record]]) -> Any:
        self._source.fetches += 1
        place, records = next(iter(fetched.items()))
        fetch: Any = Fetch(self._source.fetches, {place.partition: records for place, records in fetched.items()})
        return ConsumerMessage(
            place.topic,
            place.partition,
            records[0].offset,
            records[0].timestamp / 1000,
            1,
            None,
            None,
            fetch,
            None,
            tp=TP(place.topic, place.partition),
            generation_id=self.app.consumer_generation_id,
        )

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002
        """Called by Faust every ``broker_commit_interval``: the worker says how far it is, not Faust's acknowledgements."""
        await self._source.hint()
        return True

    async def perform_seek(self) -> None:
        """Nothing: the worker seeks to the store's cursors when it becomes the owner."""

    def assignment(self) -> set[TP]:
        """The partitions that the group gave."""
        places: set[TP] = ensure_TPset(self._source.consumer.assignment())
        return places

    def highwater(self, tp: TP) -> int:
        """The end of a partition as last heard, 0 if not yet."""
        return self._source.consumer.highwater(TopicPartition(tp.topic, tp.partition)) or 0

    def close(self) -> None:
        """Nothing: ``on_stop`` closes."""

    def verify_recovery_event_path(self, now: float, tp: TP) -> None:
        """Nothing: there are no tables to recover."""

    def _never(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise NotImplementedError("the worker seeks, reads and commits by itself")

    # Faust's consumers must have these; none is called without tables, a web server or Faust's own acknowledgements.
    create_topic = position = seek_wait = earliest_offsets = highwaters = topic_partitions = key_partition = _never
    _commit = _seek = seek_to_committed = _new_topicpartition = _getmany = _to_message = _never


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    def __init__(self, consumer: LogConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._consumer.group_takes(ensure_TPset(revoked))

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._consumer.group_gives(ensure_TPset(assigned))


class LogTransport(Transport):
    """The driver: reads, and has nothing to write with."""

    Consumer = LogConsumer
    driver_version = "ebbtide"

    def __init__(self, log: Log, app: Any) -> None:
        self.log = log
        super().__init__(app.conf.broker_consumer, app)
