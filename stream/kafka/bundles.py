"""The definitions topic: following it, and writing a new set to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas import rejection
from schemas.definitions.bundle import bundle_from_json, bundle_to_json
from schemas.definitions.model import Bundle
from schemas.errors import EbbtideError, Rejected, Unavailable
from schemas.topics import TYPES_KEY, Topics
from stream.kafka.port import Message, Publisher
from stream.kafka.retire import STOP_SECONDS, stop_consumer
from stream.kafka.start import start_client

_log = logging.getLogger(__name__)
_POLL_MS = 500
_WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 1.0


class BundleLog:
    """Every set of definitions there is, by version; follows the topic until stopped.

    ``on_bundle`` hears of each set, the old ones first; ``on_types`` of the records that say which types properties had first.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Topics,
        on_bundle: Callable[[Bundle], None] | None = None,
        on_types: Callable[[bytes, bytes], None] | None = None,
    ) -> None:
        self._bootstrap = bootstrap
        self._place = TopicPartition(topics.definitions, 0)
        self._on_bundle = on_bundle
        self._on_types = on_types
        self._bundles: dict[int, Bundle] = {0: Bundle()}
        self._offset = 0
        self._news = asyncio.Condition()
        self._caught_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def newest(self) -> Bundle:
        """The set with the greatest version; the empty one before the first."""
        return self._bundles[max(self._bundles)]

    async def start(self, wait_seconds: float = _WAIT_SECONDS) -> None:
        """Read the topic to its end, then follow it. Raises Unavailable if that takes too long; it is followed all the same."""
        self._task = asyncio.create_task(self._run(), name="bundle-log")
        try:
            async with asyncio.timeout(wait_seconds):
                await self._caught_up.wait()
        except TimeoutError:
            raise Unavailable(f"the topic {self._place.topic} at {self._bootstrap} could not be read") from None

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def bundle(self, version: int) -> Bundle:
        """See Bundles. What is not known yet may be on its way: the topic is read to where it ends now before saying no."""
        if version not in self._bundles:
            try:
                async with asyncio.timeout(_WAIT_SECONDS):
                    end = await self._end()
                    async with self._news:
                        await self._news.wait_for(lambda: version in self._bundles or self._offset >= end)
            except (TimeoutError, KafkaError) as error:
                raise Unavailable(f"the topic {self._place.topic} cannot be read now: {error}") from None
        found = self._bundles.get(version)
        if found is None:
            raise Rejected(rejection.UNREADABLE_INTERNAL, f"there is no version {version} of the definitions")
        return found

    async def _end(self) -> int:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
        try:
            await start_client(consumer)
            end: int = (await consumer.end_offsets([self._place]))[self._place]
            return end
        finally:
            await stop_consumer(consumer, STOP_SECONDS)

    async def _run(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False, isolation_level="read_committed")
            try:
                await start_client(consumer)
                consumer.assign([self._place])
                consumer.seek(self._place, self._offset)
                end = (await consumer.end_offsets([self._place]))[self._place]
                while True:
                    if self._offset >= end:
                        self._caught_up.set()
                    for record in (await consumer.getmany(self._place, timeout_ms=_POLL_MS)).get(self._place, ()):
                        self._take(record.key or b"", record.value or b"")
                    await self._moved(await consumer.position(self._place))
            except KafkaError as error:
                _log.warning("the definitions topic cannot be read now: %s", error)
                await asyncio.sleep(_PAUSE_SECONDS)
            finally:
                await stop_consumer(consumer, STOP_SECONDS)

    async def _moved(self, offset: int) -> None:
        async with self._news:
            self._offset = offset
            self._news.notify_all()

    def _take(self, key: bytes, value: bytes) -> None:
        if key.startswith(TYPES_KEY):
            if self._on_types is not None:
                self._on_types(key, value)
            return
        try:
            bundle = bundle_from_json(value)
        except EbbtideError as error:
            _log.error("a set of definitions that this version cannot read is ignored: %s", error)
            return
        self._bundles.setdefault(bundle.version, bundle)
        if self._on_bundle is not None:
            self._on_bundle(bundle)


async def write_bundle(publisher: Publisher, topics: Topics, bundle: Bundle) -> None:
    """Put a set of definitions on the topic."""
    await publisher.publish(topics.definitions, 0, [Message(f"bundle/{bundle.version}".encode(), bundle_to_json(bundle))])
