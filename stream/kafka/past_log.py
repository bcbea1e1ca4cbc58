"""Reading the events topic again, beside those who follow it: a consumer of its own for each partition, in no group."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.kafka.port import Record
from stream.kafka.retire import STOP_SECONDS, stop_consumer
from stream.kafka.start import start_client

_WAIT_SECONDS = 10.0
_POLL_MS = 500


class KafkaPastLog:
    """Reads any partition from any offset on. What retention has taken away is passed over."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._consumers: dict[int, AIOKafkaConsumer] = {}

    async def stop(self) -> None:
        """Close all connections."""
        for consumer in self._consumers.values():
            await stop_consumer(consumer, STOP_SECONDS)
        self._consumers.clear()

    async def start(self, partition: int) -> int:
        """See PastLog."""
        place = TopicPartition(self._topic, partition)
        try:
            consumer = await self._consumer(partition)
            first: int = (await consumer.beginning_offsets([place]))[place]
        except KafkaError as error:
            raise self._unavailable(partition, error) from None
        return first

    async def read(self, partition: int, offset: int, most: int) -> Sequence[Record]:
        """See PastLog."""
        place = TopicPartition(self._topic, partition)
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                consumer = await self._consumer(partition)
                if await consumer.position(place) != offset:
                    consumer.seek(place, offset)
                while True:
                    fetched: Sequence[Record] = (await consumer.getmany(place, timeout_ms=_POLL_MS, max_records=most)).get(place, ())
                    if fetched or await consumer.position(place) >= (await consumer.end_offsets([place]))[place]:
                        return fetched
        except (KafkaError, TimeoutError) as error:
            raise self._unavailable(partition, error) from None

    async def _consumer(self, partition: int) -> AIOKafkaConsumer:
        consumer = self._consumers.get(partition)
        if consumer is None:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                max_partition_fetch_bytes=1 << 20,
            )
            try:
                await start_client(consumer)
            except KafkaError:
                await stop_consumer(consumer, STOP_SECONDS)
                raise
            consumer.assign([TopicPartition(self._topic, partition)])
            self._consumers[partition] = consumer
        return consumer

    def _unavailable(self, partition: int, error: BaseException) -> Unavailable:
        return Unavailable(f"partition {partition} of {self._topic} cannot be read again now: {error!r}")
