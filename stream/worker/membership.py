"""A worker's place in the consumer group, whoever runs the client: owning partitions, losing them, saying how far it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import Fenced
from stream.kafka.topic_id import topic_id
from stream.worker.lane import LaneParts, Rewound
from stream.worker.opening import LogState
from stream.worker.worker import Worker

_HINT_WAIT_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Membership:
    """The lanes of the partitions that the group gave to ``consumer``, and what ended one of them.

    ``sought`` hears of partitions whose position in the log has just been set; what was read of them before is stale.
    """

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, parts: LaneParts, sought: Callable[[Collection[int]], None]) -> None:
        self.consumer = consumer
        self.topic = topic
        self.worker = Worker(parts, self._read_log, self._lane_lost)
        self.stopping = asyncio.Event()
        self.failure: BaseException | None = None
        self._sought = sought
        self._drain_seconds = parts.settings.drain_seconds
        self._repairs: set[asyncio.Task[None]] = set()

    @property
    def ends(self) -> dict[int, int]:
        """Partition → the end of the log as last heard from the broker."""
        return {partition: self.consumer.highwater(self._place(partition)) or 0 for partition in self.worker.cursors}

    def fail(self, error: BaseException) -> None:
        """End the process with this error, unless there was one before."""
        self.failure = self.failure or error
        self.stopping.set()

    async def own(self, partitions: Iterable[int]) -> None:
        """Become the owner of partitions and read them from the store's cursors. Never raises: what goes wrong is a failure."""
        try:
            cursors = await self.worker.open(partitions)
            for partition, cursor in cursors.items():
                self.consumer.seek(self._place(partition), cursor)
            self._sought(cursors)
            self.worker.start(cursors)
        except Exception as error:  # noqa: BLE001 - a client would log it and go on without a cursor
            self.fail(error)

    async def release(self, partitions: Iterable[int] | None = None) -> None:
        """Finish what is under way and let partitions go, all of them if none are named.

        A lane that is being opened again comes first: it would become the owner after the next one has, and never be fed.
        """
        if self._repairs:
            _, late = await asyncio.wait(self._repairs, timeout=self._drain_seconds)
            for repair in late:
                repair.cancel()
        await self.worker.close(partitions)

    async def hint(self) -> None:
        """Tell the group where the cursors are, for tools that show lag; nothing here relies on it, so it may fail."""
        offsets = {self._place(partition): cursor for partition, cursor in self.worker.cursors.items()}
        if offsets:
            try:
                async with asyncio.timeout(_HINT_WAIT_SECONDS):
                    await self.consumer.commit(offsets)
            except (KafkaError, TimeoutError) as error:
                _log.info("the group did not take the offsets: %r", error)

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(self.topic, partition)

    async def _read_log(self, partition: int) -> LogState:
        place = self._place(partition)
        starts = await self.consumer.beginning_offsets([place])
        ends = await self.consumer.end_offsets([place])
        identity = await topic_id(self.consumer._client, self.topic)  # noqa: SLF001 - the only way to a topic's id
        partitions = self.consumer.partitions_for_topic(self.topic) or set()
        return LogState(identity, len(partitions), starts[place], ends[place])

    def _lane_lost(self, partition: int, error: Exception) -> None:
        if isinstance(error, Rewound):
            repair = asyncio.create_task(self.own([partition]), name=f"reopen-{partition}")
            self._repairs.add(repair)
            repair.add_done_callback(self._repairs.discard)
        elif not isinstance(error, Fenced):
            self.fail(error)
