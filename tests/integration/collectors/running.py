"""A collector in this process against a real broker, and a look at what it wrote."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from collectors.server.main import Addresses, run_collector
from schemas.definitions.bundle import bundle_to_json
from schemas.definitions.model import Bundle, Source
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.catalogue import process
from stream.runtime.metrics import Metric, Metrics
from stream.runtime.settings import Settings, from_mapping

KEY = "key-of-the-shop"
BASIC = {"Authorization": "Basic " + b64encode(f"{KEY}:".encode()).decode()}


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


SHOP = Source("shop-web", "web", (digest(KEY),), ("https://shop.example",))
SERVER = Source("server", "server", (digest("key-of-the-server"),), ())


@dataclass
class Running:
    """A collector that takes requests."""

    settings: Settings
    addresses: Addresses
    metrics: Metrics

    @property
    def url(self) -> str:
        return self.addresses.url

    def count(self, metric: Metric, **labels: str) -> int:
        return int(self.metrics.value(metric, **labels))

    def rejected(self, reason: str) -> int:
        return self.count(catalogue.REJECTED, reason=reason)

    async def records(self) -> list[ConsumerRecord]:
        """All events that are on the topic now, partition by partition."""
        return await read_topic(self.settings.kafka, self.settings.topics.events, self.settings.partitions)

    async def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(record.value) for record in await self.records()]

    async def dead_letters(self) -> list[ConsumerRecord]:
        return await read_topic(self.settings.kafka, self.settings.topics.dead_letters, 1)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.addresses.host, self.addresses.port)

    async def raw(self, data: bytes, seconds: float = 20) -> bytes:
        """Send bytes on a new connection and return all that comes until the other side closes."""
        reader, writer = await self.connect()
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), seconds)
        finally:
            writer.close()


async def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds; ``holds`` may be a coroutine function."""
    async with asyncio.timeout(seconds):
        while not (await found if isawaitable(found := holds()) else found):  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.05)


def headers_of(record: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


async def read_topic(kafka: str, topic: str, partitions: int) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, isolation_level="read_committed")
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        records: list[ConsumerRecord] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for found in (await consumer.getmany(timeout_ms=200)).values():
                records.extend(found)
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()


async def create_topics(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        topics = [NewTopic(topic.name, topic.partitions, 1, topic_configs=topic.settings) for topic in settings.topics.catalogue()]
        await admin.create_topics(topics)
        for _ in range(100):
            if {topic.name for topic in topics} <= set(await admin.list_topics()):
                break
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def apply_sources(settings: Settings, *sources: Source, version: int = 1) -> None:
    await write(settings, settings.topics.definitions, bundle_to_json(Bundle(version=version, sources=sources)))


async def write(settings: Settings, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


def settings_for(kafka: str, prefix: str, collector: Mapping[str, object]) -> Settings:
    data = tempfile.mkdtemp(prefix="ebbtide-")
    env = {"EBBTIDE_KAFKA": kafka, "EBBTIDE_PREFIX": prefix, "EBBTIDE_PARTITIONS": "4", "EBBTIDE_DATA": data}
    ports = {"port": 0, "metrics_port": 0}
    return from_mapping(env | {f"EBBTIDE_COLLECTOR_{name.upper()}": str(value) for name, value in {**ports, **collector}.items()})


@asynccontextmanager
async def serving(settings: Settings, secrets: Mapping[str, str] | None = None) -> AsyncIterator[Running]:
    """A collector on topics that exist."""
    metrics = Metrics(catalogue.CATALOGUE, process.CATALOGUE)
    stop = asyncio.Event()
    ready: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_collector(settings, ready=ready.set_result, stop=stop, metrics=metrics, secrets=secrets))
    waited: set[asyncio.Future[Any]] = {task, ready}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield Running(settings, ready.result(), metrics)
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


@asynccontextmanager
async def collector_on(
    kafka: str, prefix: str, *sources: Source, secrets: Mapping[str, str] | None = None, **collector: object
) -> AsyncIterator[Running]:
    """A collector on new topics, with sources (the shop's unless given), their secrets, and settings of its own."""
    settings = settings_for(kafka, prefix, collector)
    try:
        await create_topics(settings)
        await apply_sources(settings, *(sources or (SHOP, SERVER)))
        async with serving(settings, secrets) as running:
            yield running
    finally:
        shutil.rmtree(settings.data)
