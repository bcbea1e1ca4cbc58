"""Dead letters back to where they came from, each once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import Rejected, Unavailable
from schemas.event import read_event
from schemas.routing import partition_of
from stream.cli.tail import TopicRecord, Want, read_topic
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.kafka.start import start_client
from stream.runtime.settings import Settings

REPLAYED_HEADER: Final = "ebbtide-replayed-from"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Reinjected:
    """How many were written back, and how many of other stages than the lane's were left, by stage."""

    replayed: int
    other_stages: dict[str, int]


async def reinject(settings: Settings, reason: str, *, again: bool, dry_run: bool) -> Reinjected:
    """Write the lane's dead letters of a reason back. Raises Unavailable.

    Where it has got to is kept as the offset of a consumer group, after each batch: a replay that is killed writes at most the
    last batch twice, and events with an id count once all the same.
    """
    others: Counter[str] = Counter()
    batch: list[TopicRecord] = []
    replayed = 0
    publisher = KafkaPublisher(settings.kafka, "ebbtide-dead-letters")
    marks = _Marks(settings, reason)
    start = 0 if again else await marks.read()
    try:
        want = Want(settings.topics.dead_letters, (0,), None, lambda each: each.header("reason") == reason)
        async for record in read_topic(settings.kafka, want):
            if record.header("stage") != "lane":
                others[record.header("stage") or "unknown"] += 1
                continue
            if record.offset < start:
                continue
            replayed += 1
            batch.append(record)
            if len(batch) == _BATCH and not dry_run:
                await _write(settings, publisher, marks, batch)
        if batch and not dry_run:
            await _write(settings, publisher, marks, batch)
    finally:
        await publisher.stop()
    return Reinjected(replayed, dict(others))


async def _write(settings: Settings, publisher: KafkaPublisher, marks: _Marks, batch: list[TopicRecord]) -> None:
    by_partition: dict[int, list[Message]] = {}
    for record in batch:
        headers = ((REPLAYED_HEADER, b"%d" % record.offset),)
        by_partition.setdefault(_partition(settings, record), []).append(Message(record.key, record.value, headers))
    for partition, messages in by_partition.items():
        await publisher.publish(settings.topics.events, partition, messages)
    await marks.write(batch[-1].offset + 1)
    batch.clear()


def _partition(settings: Settings, record: TopicRecord) -> int:
    """Of the person it is about; of where it came from, if that cannot be read."""
    try:
        return partition_of(read_event(record.value).routing_id, settings.partitions)
    except Rejected:
        return int(record.header("source-partition") or 0) % settings.partitions


class _Marks:
    """The offset up to which a reason has been replayed."""

    def __init__(self, settings: Settings, reason: str) -> None:
        self._settings = settings
        self._group = f"{settings.prefix}dead-letters.{reason}"
        self._place = TopicPartition(settings.topics.dead_letters, 0)

    async def read(self) -> int:
        consumer = self._consumer()
        try:
            await start_client(consumer)
            consumer.assign([self._place])
            return await consumer.committed(self._place) or 0
        except KafkaError as error:
            raise Unavailable(f"{self._place.topic} does not tell what has been replayed: {error}") from None
        finally:
            await consumer.stop()

    async def write(self, offset: int) -> None:
        consumer = self._consumer()
        try:
            await start_client(consumer)
            consumer.assign([self._place])
            await consumer.commit({self._place: offset})
        except KafkaError as error:
            raise Unavailable(f"{self._place.topic} does not take what has been replayed: {error}") from None
        finally:
            await consumer.stop()

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka, group_id=self._group, enable_auto_commit=False, auto_offset_reset="none"
        )
