"""Writing to Kafka: whole batches, one acknowledgement a batch, idempotent and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.kafka.port import Message
from stream.kafka.retire import retire
from stream.kafka.start import start_client

_BATCH_BYTES = 900_000
_REQUEST_BYTES = 4_000_000
_REQUEST_TIMEOUT_MS = 10_000
_ACKNOWLEDGED_SECONDS = 20.0
_RETIRE_SECONDS = 1.0
_STOP_SECONDS = 10.0


class KafkaPublisher:
    """One idempotent producer, ``acks=all``.

    aiokafka never gives a sequence number back: after a batch that the broker refused, every later one of that partition
    would be out of order for ever. So a failure retires the producer, and the next publish begins with a new one. So does a batch
    of which nothing is heard for twice as long as a request may take: aiokafka has been seen to forget one, and would wait for ever.
    """

    def __init__(self, bootstrap: str, client_id: str = "ebbtide") -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._producer: Any = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises Unavailable."""
        await self._started()

    async def stop(self) -> None:
        """Flush and disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await retire(producer, _STOP_SECONDS)

    async def publish(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
        """See Publisher."""
        producer = await self._started()
        try:
            await self._publish(producer, topic, partition, list(messages))
        except (KafkaError, TimeoutError) as error:
            await self._retire(producer)
            raise Unavailable(f"{topic}-{partition} was not written: {error or 'no answer'}") from None

    async def _retire(self, producer: AIOKafkaProducer) -> None:
        if self._producer is not producer:
            return
        self._producer = None
        await retire(producer, _RETIRE_SECONDS)

    async def _publish(self, producer: AIOKafkaProducer, topic: str, partition: int, messages: list[Message]) -> None:
        at = 0
        while at < len(messages):
            batch = producer.create_batch()
            while at < len(messages):
                message = messages[at]
                added = batch.append(timestamp=None, key=message.key, value=message.value, headers=list(message.headers))
                if added is None:
                    break
                at += 1
            async with asyncio.timeout(_ACKNOWLEDGED_SECONDS):
                acknowledged = await producer.send_batch(batch, topic, partition=partition)
                await acknowledged

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer: AIOKafkaProducer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    client_id=self._client_id,
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=_BATCH_BYTES,
                    max_request_size=_REQUEST_BYTES,
                    request_timeout_ms=_REQUEST_TIMEOUT_MS,
                )
                try:
                    await start_client(producer)
                except asyncio.CancelledError:
                    await retire(producer, _RETIRE_SECONDS)
                    raise
                except KafkaError as error:
                    await retire(producer, _RETIRE_SECONDS)
                    raise Unavailable(f"no Kafka answers at {self._bootstrap}: {error}") from None
                self._producer = producer
            return self._producer
