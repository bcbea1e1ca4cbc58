"""One sender's own place in the transitions topic: a consumer group of its own, committed by watermark."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from stream.kafka.retire import STOP_SECONDS, stop_consumer
from stream.kafka.start import start_client
from stream.runtime.catalogue import sender as catalogue
from stream.senders.start import set_start
from stream.senders.transition import Record
from stream.senders.watermark import Watermark

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from stream.runtime.clock import Clock
    from stream.runtime.metrics import Metrics

_log = logging.getLogger(__name__)
_FETCH_WAIT_MS = 200
# The library lets no member back into the group that has not asked for records for so long; a full window asks for none.
_NEVER_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sender reads, and as whom. An empty ``instance`` makes a member without a lasting name.

    ``handover_ms``: how long the group waits for this member to end what is under way before its partitions go.
    """

    kafka: str
    topic: str
    group: str
    instance: str
    session_timeout_ms: int
    handover_ms: int
    since_ms: int


class Reader(ConsumerRebalanceListener):  # type: ignore[misc] # the library has no types
    """Reads records and commits what is finished. ``revoked`` is awaited before partitions go: it must end what is under way."""

    def __init__(
        self, place: Place, metrics: Metrics, clock: Clock, revoked: Callable[[], Awaitable[None]], cleared: Callable[[], None]
    ) -> None:
        self._place = place
        self._metrics = metrics
        self._clock = clock
        self._revoked = revoked
        self._cleared = cleared
        self._watermarks: dict[int, Watermark] = {}
        self._committed: dict[int, tuple[int, str]] = {}
        self.generation = 0
        self._taken_up = asyncio.Event()
        self._consumer: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self.dirty = asyncio.Event()

    async def start(self) -> None:
        """Join the group. Raises Unavailable or KafkaError."""
        place = self._place
        self._admin = AIOKafkaAdminClient(bootstrap_servers=place.kafka)
        await start_client(self._admin)
        await set_start(self._admin, place.kafka, place.group, place.topic, place.since_ms)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=place.kafka,
            group_id=place.group,
            group_instance_id=place.instance or None,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=place.session_timeout_ms,
            heartbeat_interval_ms=place.session_timeout_ms // 4,
            rebalance_timeout_ms=place.handover_ms,
            max_poll_interval_ms=_NEVER_MS,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
        )
        self._consumer.subscribe([place.topic], listener=self)
        await start_client(self._consumer)

    async def stop(self) -> None:
        """Leave; what is not committed will be read again."""
        if self._consumer is not None:
            await stop_consumer(self._consumer, STOP_SECONDS)
        if self._admin is not None:
            await self._admin.close()

    async def read(self, room: int, wait_ms: int) -> list[Record]:
        """At most ``room`` records; with no room, none, but the group sees that this member lives."""
        consumer = self._consumer
        assert consumer is not None, "start comes first"
        if room == 0:
            consumer.pause(*consumer.assignment())
        elif paused := consumer.paused():
            consumer.resume(*paused)
        try:
            batches = await consumer.getmany(timeout_ms=wait_ms if room else 0, max_records=room or None)
        except OffsetOutOfRangeError as error:
            await self._go_on_at_start(error)
            return []
        if not self._taken_up.is_set():
            # The library hands out records of a new assignment while its listener still runs. They must meet the
            # watermarks of that assignment; if it has gone again meanwhile, their next owner reads them.
            generation = self.generation
            await self._taken_up.wait()
            if generation != self.generation:
                return []
        return self._begun(raw for batch in batches.values() for raw in batch)

    def finish(self, record: Record) -> None:
        """The record needs nothing more. One of partitions that went is ignored."""
        watermark = self._watermarks.get(record.partition)
        if watermark is not None:
            watermark.finish(record.offset)
            self.dirty.set()

    async def commit(self) -> bool:
        """Commit what is finished. False: refused, and counted; what it covered may be sent again."""
        self.dirty.clear()
        offsets = {number: (mark.position, mark.metadata()) for number, mark in self._watermarks.items() if mark.position is not None}
        changed = {number: at for number, at in offsets.items() if self._committed.get(number) != at}
        if not changed or self._consumer is None:
            return True
        try:
            await self._consumer.commit({TopicPartition(self._place.topic, number): at for number, at in changed.items()})
            self._committed.update(changed)
        except KafkaError as error:
            self._metrics.counter(catalogue.COMMIT_FAILURES).inc()
            _log.warning("offsets of group %s were not committed: %s", self._place.group, type(error).__name__)
            self.dirty.set()
            return False
        return True

    def lag(self) -> int:
        """Records between the committed offsets and the end of the log, as far as the last fetches know."""
        if self._consumer is None:
            return 0
        lag = 0
        for number, mark in self._watermarks.items():
            end = self._consumer.highwater(TopicPartition(self._place.topic, number))
            if end is not None and mark.position is not None:
                lag += max(0, end - mark.position)
        return lag

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - a rebalance takes all of them
        """End what is under way, so that the next owner does not send a person's transitions beside this one."""
        self.generation += 1
        self._taken_up.clear()
        await self._revoked()
        await self.commit()
        self._forget()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Take up what an earlier owner left unfinished."""
        self._forget()
        try:
            await self._take_up(list(assigned))
        finally:
            self._taken_up.set()

    async def _take_up(self, partitions: list[TopicPartition]) -> None:
        if not partitions or self._admin is None:
            return
        try:
            found = await self._admin.list_consumer_group_offsets(self._place.group, partitions=partitions)
        except KafkaError as error:
            _log.warning("what was finished before is not known, some of it may be sent again: %s", type(error).__name__)
            found = {}
        for partition in partitions:
            at = found.get(partition)
            self._watermarks[partition.partition] = (
                Watermark(at.metadata or "", at.offset) if at is not None and at.offset >= 0 else Watermark()
            )

    def _forget(self) -> None:
        self._watermarks.clear()
        self._committed.clear()
        self._cleared()

    def _begun(self, raws: Iterable[ConsumerRecord]) -> list[Record]:
        now_ms = self._clock.now_ms()
        records = []
        for raw in raws:
            self._metrics.counter(catalogue.RECORDS).inc()
            if self._watermarks.setdefault(raw.partition, Watermark()).begin(raw.offset):
                records.append(Record(raw.partition, raw.offset, raw.key, raw.value or b"", raw.timestamp, now_ms, raw.topic))
            else:
                self._metrics.counter(catalogue.SKIPPED, why="finished_before").inc()
                self.dirty.set()
        return records

    async def _go_on_at_start(self, error: OffsetOutOfRangeError) -> None:
        # As a reset to the earliest would, but counted: these transitions were never delivered.
        assert self._consumer is not None
        for partition, offset in error.args[0].items():
            beginning = (await self._consumer.beginning_offsets([partition]))[partition]
            self._metrics.counter(catalogue.EXPIRED).inc(max(0, beginning - offset))
            _log.error(
                "partition %d lost offsets %d to %d to its retention before they were delivered", partition.partition, offset, beginning
            )
            self._consumer.seek(partition, beginning)
