"""Which senders there are: a port, a fixed one, and one that follows the definitions topic."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.definitions.bundle import bundle_from_json
from schemas.errors import EbbtideError
from schemas.topics import TYPES_KEY
from stream.kafka.retire import STOP_SECONDS, stop_consumer
from stream.kafka.start import start_client

if TYPE_CHECKING:
    from schemas.definitions.model import Sender
    from schemas.definitions.quality_model import Decoy

_log = logging.getLogger(__name__)
_READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DefinedSender:
    """A sender, since when (milliseconds since 1970) an unbroken row of definitions has held its id, and the decoys there are."""

    sender: Sender
    since_ms: int
    decoys: tuple[Decoy, ...] = ()


Directory = Mapping[str, DefinedSender]


class SenderDirectory(Protocol):
    """Tells the senders there are, by id: first those of now, then all of them again after each change."""

    def changes(self) -> AsyncGenerator[Directory, None]:
        """An endless generator; raises Unavailable or a Kafka error."""
        ...


class StaticSenderDirectory:
    """Always the same senders."""

    def __init__(self, senders: Iterable[Sender], since_ms: int = 0, decoys: tuple[Decoy, ...] = ()) -> None:
        self._directory = {sender.id: DefinedSender(sender, since_ms, decoys) for sender in senders}

    async def changes(self) -> AsyncGenerator[Directory, None]:
        """Once."""
        yield self._directory
        await asyncio.Event().wait()


class KafkaSenderDirectory:
    """Follows the newest bundle of the definitions topic, which is read from its beginning to know each sender's age."""

    def __init__(self, kafka: str, topic: str) -> None:
        self._kafka = kafka
        self._partition = TopicPartition(topic, 0)

    async def changes(self) -> AsyncGenerator[Directory, None]:
        """The newest as soon as the topic has been read to its end, then each newer one."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._kafka, enable_auto_commit=False, isolation_level="read_committed")
        try:
            await start_client(consumer)
            async with aclosing(self._follow(consumer)) as directories:
                async for directory in directories:
                    yield directory
        finally:
            await stop_consumer(consumer, STOP_SECONDS)

    async def _follow(self, consumer: AIOKafkaConsumer) -> AsyncGenerator[Directory, None]:
        consumer.assign([self._partition])
        await consumer.seek_to_beginning(self._partition)
        end = (await consumer.end_offsets([self._partition]))[self._partition]
        history = History()
        async with asyncio.timeout(_READ_SECONDS):
            while await consumer.position(self._partition) < end:
                for record in _bundles(await consumer.getmany(timeout_ms=500)):
                    history.add(record.value or b"", record.timestamp)
        yield history.directory
        while True:
            before = history.directory
            for record in _bundles(await consumer.getmany(timeout_ms=1000)):
                history.add(record.value or b"", record.timestamp)
            if history.directory != before:
                yield history.directory


def _bundles(fetched: dict[Any, list[Any]]) -> list[Any]:
    """The records that hold sets of definitions: others say which types properties had first."""
    return [record for records in fetched.values() for record in records if not (record.key or b"").startswith(TYPES_KEY)]


class History:
    """The senders of the newest bundle read so far, each with the time since which no bundle has left it out."""

    def __init__(self) -> None:
        self._version = -1
        self.directory: Directory = {}

    def add(self, value: bytes, timestamp_ms: int) -> None:
        """One record of the definitions topic; one that cannot be read, or is not newer, changes nothing."""
        try:
            bundle = bundle_from_json(value)
        except (EbbtideError, ValueError, LookupError, TypeError) as error:
            _log.error("a record of the definitions topic cannot be read: %s", type(error).__name__)
            return
        if bundle.version <= self._version:
            return
        self._version = bundle.version
        self.directory = {
            sender.id: DefinedSender(
                sender, self.directory[sender.id].since_ms if sender.id in self.directory else timestamp_ms, bundle.quality.decoys
            )
            for sender in bundle.senders
        }
