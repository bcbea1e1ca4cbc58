"""Dead letters: what could not be delivered, byte for byte, with its reason, confirmed by the broker."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from aiokafka.errors import KafkaError

from stream import VERSION

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

    from schemas.rejection import Reason
    from stream.senders.transition import Record

_LONGEST_DETAIL_BYTES = 512
_PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)


class DeadLetters(Protocol):
    """Where undeliverable transitions go."""

    async def put(self, record: Record, reason: Reason, *, sender: str, attempts: int, detail: str) -> None:
        """Return once the record is stored for good."""
        ...


def headers(record: Record, reason: Reason, *, sender: str, attempts: int, detail: str) -> list[tuple[str, bytes]]:
    """A dead letter's headers; numbers in decimal, ``received-at`` in milliseconds since 1970, ``detail`` at most 512 bytes."""
    texts = {
        "reason": reason.code,
        "stage": reason.stage,
        "version": VERSION,
        "source-topic": record.topic,
        "source-partition": str(record.partition),
        "source-offset": str(record.offset),
        "received-at": str(record.read_ms),
        "attempts": str(attempts),
        "detail": detail.encode()[:_LONGEST_DETAIL_BYTES].decode("utf-8", "ignore"),
        "sender": sender,
    }
    return [(name, text.encode()) for name, text in texts.items()]


class KafkaDeadLetters:
    """The ``dead-letters`` topic. A put goes on until the broker has confirmed it: nothing is dropped while the topic is away."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def put(self, record: Record, reason: Reason, *, sender: str, attempts: int, detail: str) -> None:
        """Return once all in-sync replicas have it."""
        written = headers(record, reason, sender=sender, attempts=attempts, detail=detail)
        while True:
            try:
                await self._producer.send_and_wait(self._topic, key=record.key, value=record.value, headers=written)
            except KafkaError as error:
                _log.warning("a dead letter was not confirmed and is written again: %s", type(error).__name__)
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
