"""Making and ending the producers of a collector: idempotent, acks=all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.kafka.retire import retire

if TYPE_CHECKING:
    from stream.runtime.settings_collector import CollectorSettings


class ProducerMaker:
    """Makes producers for one broker address."""

    def __init__(self, kafka: str, limits: CollectorSettings) -> None:
        self._kafka = kafka
        self._limits = limits

    async def started(self) -> Any:
        """A new producer, connected, with a producer id of its own. Raises ``Unavailable`` if no broker answers in time."""
        limits = self._limits
        producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka,
            client_id="ebbtide-collector",
            acks="all",
            enable_idempotence=True,
            max_batch_size=limits.produce_batch_bytes,
            request_timeout_ms=int(limits.produce_request_seconds * 1000),
        )
        try:
            await asyncio.wait_for(producer.start(), limits.produce_request_seconds)
        except (KafkaError, TimeoutError) as error:
            await retire(producer, 0.1)
            raise Unavailable(f"no broker at {self._kafka} takes events: {error!r}") from error
        except BaseException:
            await retire(producer, 0.1)
            raise
        return producer
