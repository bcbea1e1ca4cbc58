"""What the tests of the runners share: topics with definitions applied, events, workers, and what the store and the log hold."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from redis import Redis

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.internal import DEFINITIONS_HEADERS, definitions_value
from schemas.routing import partition_of
from stream.kafka.admin import ensure_topics
from stream.kafka.bundles import BundleLog, write_bundle
from stream.kafka.past_log import KafkaPastLog
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.catalogue import process, worker
from stream.runtime.clock import SystemClock
from stream.runtime.metrics import Metrics
from stream.runtime.settings import Settings
from stream.store.layout import PartitionKeys
from stream.store.port import LaneHeader, unpack_header
from stream.store.redis import RedisStateStore
from stream.worker.lane import LaneParts
from stream.worker.main import choose_runner
from stream.worker.measures import LaneMeasures
from stream.worker.runner import Runner

PARTITIONS = 4
PATIENCE_SECONDS = 60.0
FAST: dict[str, Any] = {"metrics_port": 0, "session_timeout_ms": 1500, "heartbeat_ms": 300, "drain_seconds": 10, "batch_records_max": 100}
DEFINITIONS = """
tags:
  - id: regular
    rules:
      - {id: seen, event: seen}
segments:
  - id: regulars
    when: {event: seen, within: 30d, count: {gte: 2}}
  - id: online
    when: {event: opened, within: 2s, count: {gte: 1}}
"""


@dataclass(slots=True)
class Running:
    """One worker: its runner, and the task that it runs in."""

    runner: Runner
    task: asyncio.Task[None]

    async def stop(self) -> None:
        """Ask it to drain, and wait until it has."""
        self.runner.stop()
        await self.task

    async def cancel(self) -> None:
        """End it as it is."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    @property
    def partitions(self) -> set[int]:
        """The partitions that it owns."""
        return set(self.runner.worker.cursors)


@dataclass(slots=True)
class Deployment:
    """One deployment under a prefix of its own; ``runner`` is ``faust`` or ``aiokafka``."""

    kafka: str
    redis: Redis
    redis_url: str
    prefix: str
    runner: str
    publisher: KafkaPublisher
    published: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    _number: int = 0

    def settings(self, **changes: Any) -> Settings:
        """Settings of a worker."""
        group = {**FAST, "runner": self.runner, **changes}
        return Settings.model_validate(
            {"kafka": self.kafka, "redis": self.redis_url, "prefix": self.prefix, "partitions": PARTITIONS, "worker": group}
        )

    async def publish(self, count: int, *, people: int = 40, event: str = "seen") -> None:
        """Write events, spread evenly over people and so over partitions."""
        batches: dict[int, list[Message]] = defaultdict(list)
        for number in range(self._number, self._number + count):
            user = f"u{number % people}"
            key = f"user:{user}"
            text = {"id": f"m{number}", "type": "track", "event": event, "userId": user}
            batches[partition_of(key, PARTITIONS)].append(Message(key.encode(), json.dumps(text).encode()))
        self._number += count
        for partition, batch in batches.items():
            self.published[partition] += len(batch)
            await self.publisher.publish(self.settings().topics.events, partition, batch)

    @asynccontextmanager
    async def worker(self, *, read_from: str | None = None, **changes: Any) -> AsyncIterator[Running]:
        """A worker within this process; at the end it is told to stop, if it still runs. ``read_from``: another broker's address."""
        settings = self.settings(**changes)
        async with AsyncExitStack() as stack:
            publisher = KafkaPublisher(settings.kafka)
            stack.push_async_callback(publisher.stop)
            store = RedisStateStore(settings.redis)
            stack.callback(store.close)
            bundles = BundleLog(settings.kafka, settings.topics)
            stack.push_async_callback(bundles.stop)
            past = KafkaPastLog(settings.kafka, settings.topics.events)
            stack.push_async_callback(past.stop)
            await asyncio.gather(publisher.start(), bundles.start())
            measures = LaneMeasures(Metrics(process.CATALOGUE, worker.CATALOGUE))
            parts = LaneParts(store, publisher, bundles, SystemClock(), measures, settings.topics, settings.worker, past)
            reading = settings.model_copy(update={"kafka": read_from or settings.kafka})
            runner = choose_runner(settings)(reading, parts)
            running = Running(runner, asyncio.create_task(runner.run()))
            try:
                yield running
            finally:
                runner.stop()
                await asyncio.gather(running.task, return_exceptions=True)

    def header(self, partition: int) -> LaneHeader:
        """What the store holds of a partition; a first header if it holds nothing."""
        packed = self.redis.get(PartitionKeys(partition).header)
        return unpack_header(packed) if isinstance(packed, bytes) else LaneHeader()

    @property
    def applied(self) -> dict[int, int]:
        """Partition → events that its state has taken in."""
        return {partition: count for partition in range(PARTITIONS) if (count := self.header(partition).applied)}

    async def all_applied(self) -> None:
        """Wait until every published event is in the state. Afterwards, none may be in it twice."""
        await eventually(lambda: all(self.applied.get(partition, 0) >= count for partition, count in self.published.items()))

    def applied_once(self) -> bool:
        """Whether each event that was published counts once, and none was even met a second time."""
        return self.applied == dict(self.published) and not any(self.header(partition).duplicates for partition in range(PARTITIONS))

    async def transitions(self) -> list[dict[str, Any]]:
        """All that is on the transitions topic, partition by partition in order."""
        topic = self.settings().topics.transitions
        values = await read_all(self.kafka, [TopicPartition(topic, partition) for partition in range(PARTITIONS)])
        return [json.loads(value) for value in values]

    async def rewind_group(self) -> None:
        """Let the group's committed offsets be 0, as soon as its last member's session is over."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, group_id=f"{self.prefix}worker", enable_auto_commit=False)
        places = [TopicPartition(self.settings().topics.events, partition) for partition in range(PARTITIONS)]
        await consumer.start()
        try:
            consumer.assign(places)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    try:
                        await consumer.commit(dict.fromkeys(places, 0))
                    except KafkaError:
                        await asyncio.sleep(0.2)
                    else:
                        return
        finally:
            await consumer.stop()

    async def committed(self) -> dict[int, int]:
        """Partition → the offset that the group has committed."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(f"{self.prefix}worker")
        finally:
            await admin.close()
        return {place.partition: found.offset for place, found in offsets.items()}

    async def topics(self) -> set[str]:
        """The topics under the prefix."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:
            return {name for name in await admin.list_topics() if name.startswith(self.prefix)}
        finally:
            await admin.close()

    def copy_store(self) -> dict[bytes, bytes]:
        """Every key with its value, as Redis dumps them."""
        keys: Iterable[bytes] = self.redis.scan_iter("*")
        with self.redis.pipeline(transaction=True) as pipeline:
            names = list(keys)
            for name in names:
                pipeline.dump(name)
            return dict(zip(names, pipeline.execute(), strict=True))

    def restore_store(self, copy: dict[bytes, bytes]) -> None:
        """Put the store back to a copy, at one moment."""
        with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.flushdb()
            for name, value in copy.items():
                pipeline.restore(name, 0, value)
            pipeline.execute()


@asynccontextmanager
async def deployment_of(kafka: str, redis_url: str, prefix: str, runner: str) -> AsyncIterator[Deployment]:
    """A deployment with topics and with ``DEFINITIONS`` applied to every partition."""
    publisher = KafkaPublisher(kafka)
    with Redis.from_url(redis_url) as redis:
        made = Deployment(kafka, redis, redis_url, prefix, runner, publisher)
        topics = made.settings().topics
        await ensure_topics(kafka, topics)
        bundle = next_bundle(Bundle(), parse_files({"shop.yaml": DEFINITIONS}))
        await write_bundle(publisher, topics, bundle)
        activate = Message(None, definitions_value(bundle.version, "activate"), DEFINITIONS_HEADERS)
        for partition in range(PARTITIONS):
            await publisher.publish(topics.events, partition, [activate])
        try:
            yield made
        finally:
            await publisher.stop()


async def read_all(kafka: str, places: list[TopicPartition]) -> list[bytes]:
    """The values of every record up to the present end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        values: dict[TopicPartition, list[bytes]] = defaultdict(list)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while any([await consumer.position(place) < ends[place] for place in places]):
                for place, records in (await consumer.getmany(timeout_ms=200)).items():
                    values[place] += [record.value for record in records]
        return [value for place in places for value in values[place]]
    finally:
        await consumer.stop()


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for is in another program
            await asyncio.sleep(0.02)
