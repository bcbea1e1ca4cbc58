"""Reading a partition of a topic from its beginning, without a group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.port import Record
from stream.kafka.start import start_client

_POLL_MS = 500
_BATCH_RECORDS = 5_000


@dataclass(frozen=True, slots=True)
class Extent:
    """The offsets that a partition holds: ``start`` inclusive, ``end`` exclusive."""

    start: int
    end: int


class LogReader:
    """Reads partitions one after the other. All methods raise Unavailable when the broker does not answer."""

    def __init__(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._consumer = consumer
        self._admin = admin

    async def partitions(self, topic: str) -> list[int]:
        """The topic's partitions. Raises Misconfigured if there is no such topic."""
        (described,) = await self._admin.describe_topics([topic])
        found = sorted(each["partition"] for each in described["partitions"])
        if not found:
            raise Misconfigured(f"there is no topic {topic}; run `ebbtide topics`")
        return found

    async def extent(self, topic: str, partition: int) -> Extent:
        """What the partition holds now."""
        place = TopicPartition(topic, partition)
        starts, ends = await self._consumer.beginning_offsets([place]), await self._consumer.end_offsets([place])
        return Extent(starts[place], ends[place])

    async def read(self, topic: str, partition: int, since: int, until: int) -> AsyncIterator[Sequence[Record]]:
        """Batches of the records at the offsets from ``since`` (inclusive) to ``until`` (exclusive)."""
        place = TopicPartition(topic, partition)
        self._consumer.assign([place])
        self._consumer.seek(place, since)
        while await self._consumer.position(place) < until:
            fetched = await self._consumer.getmany(place, timeout_ms=_POLL_MS, max_records=_BATCH_RECORDS)
            records = fetched.get(place, ())
            if records and records[-1].offset >= until:
                records = [record for record in records if record.offset < until]
            if records:
                yield records


@asynccontextmanager
async def log_reader(bootstrap: str) -> AsyncIterator[LogReader]:
    """A reader while the block runs. Raises Unavailable."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id="ebbtide-replay",
        enable_auto_commit=False,
        isolation_level="read_committed",
        # A fetch that waits at the end of one partition holds up every other question on the same connection.
        fetch_max_wait_ms=10,
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await asyncio.gather(start_client(consumer), start_client(admin))
        yield LogReader(consumer, admin)
    except KafkaError as error:
        raise Unavailable(f"the log cannot be read from {bootstrap}: {error}") from None
    finally:
        await consumer.stop()
        await admin.close()
