"""A batch of which nothing is heard: the publisher gives it up, and whoever published it can publish it again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.errors import Unavailable
from stream.kafka import publisher as publisher_module
from stream.kafka.admin import ensure_topics
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.settings import from_mapping
from stream.stack import Stack


class Forgetful:
    """A producer that takes batches, and never tells of them."""

    def __init__(self) -> None:
        self.stopped = False

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(900_000, 0)

    async def send_batch(self, *_: Any, **__: Any) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    async def stop(self) -> None:
        self.stopped = True


async def test_a_batch_that_is_forgotten_is_given_up_and_the_next_goes_by_a_new_producer(
    stack: Stack, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = from_mapping({"EBBTIDE_KAFKA": stack.kafka, "EBBTIDE_PREFIX": prefix}).topics
    await ensure_topics(stack.kafka, topics)
    monkeypatch.setattr(publisher_module, "_ACKNOWLEDGED_SECONDS", 0.05)
    publisher, forgetful = KafkaPublisher(stack.kafka), Forgetful()
    publisher._producer = forgetful
    async with asyncio.timeout(30):
        with pytest.raises(Unavailable):
            await publisher.publish(topics.events, 0, [Message(b"k", b"v")])
    assert forgetful.stopped

    monkeypatch.setattr(publisher_module, "_ACKNOWLEDGED_SECONDS", 20.0)
    try:
        await publisher.publish(topics.events, 0, [Message(b"k", b"v")])
    finally:
        await publisher.stop()
