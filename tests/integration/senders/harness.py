"""What the tests of the sender share: topics, publishing, a running sender, what arrived."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.definitions.model import Sender
from schemas.routing import partition_of
from schemas.topics import Topics
from schemas.transition import Transition
from stream.runtime.settings import Settings
from stream.senders.directory import SenderDirectory, StaticSenderDirectory
from stream.senders.main import run_sender
from stream.senders.receiver import Received

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SECRETS = {"SHOP_SECRET": SECRET, "CRM_SECRET": "whsec_" + base64.b64encode(bytes(range(7, 39))).decode()}
PARTITIONS = 4
FAST: dict[str, Any] = {
    "metrics_port": 0,
    "session_timeout_ms": 6000,
    "retry_first_seconds": 0.05,
    "retry_factor": 2,
    "retry_longest_seconds": 0.5,
    "retry_horizon_seconds": 300,
    "probe_longest_seconds": 0.2,
    "drain_seconds": 10,
    "attempt_seconds": 5,
    "connect_seconds": 2,
}


def settings_for(kafka: str, prefix: str, **changes: Any) -> Settings:
    """Settings with a short schedule."""
    return Settings.model_validate({"kafka": kafka, "prefix": prefix, "partitions": PARTITIONS, "sender": {**FAST, **changes}})


def sender_to(url: str, **changes: Any) -> Sender:
    """A sender named ``shop`` unless told otherwise."""
    return Sender(**{"id": "shop", "url": url, "secret_env": "SHOP_SECRET", **changes})


def transitions(people: int, each: int, first: int = 0) -> list[Transition]:
    """``each`` transitions of each of so many people, in the order in which they happened."""
    return [
        Transition(f"user:u{person}", f"u{person}", None, "hot", 1, number + 1, 1_764_000_000_000 + number, "event", 1)
        for number in range(first, first + each)
        for person in range(people)
    ]


@dataclass
class Broker:
    """The topics of one test."""

    kafka: str
    topics: Topics
    producer: AIOKafkaProducer

    async def publish(self, given: Iterable[Transition]) -> None:
        """Write transitions, confirmed."""
        pending = [await self.put(each.to_json(), each.person.encode()) for each in given]
        await asyncio.gather(*pending)

    async def put(self, value: bytes, key: bytes = b"user:u0") -> asyncio.Future[Any]:
        """Write any record; the future ends when it is confirmed."""
        future: asyncio.Future[Any] = await self.producer.send(
            self.topics.transitions, value, key=key, partition=partition_of(key.decode(), PARTITIONS)
        )
        return future

    async def dead_letters(self, number: int) -> list[ConsumerRecord]:
        """The dead letters, once there are so many."""
        partition = TopicPartition(self.topics.dead_letters, 0)
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, auto_offset_reset="earliest")
        await consumer.start()
        found: list[ConsumerRecord] = []
        try:
            consumer.assign([partition])
            async with asyncio.timeout(30):
                while len(found) < number:
                    found += (await consumer.getmany(timeout_ms=200)).get(partition, [])
        finally:
            await consumer.stop()
        return found

    async def unfinished(self, sender_id: str) -> int:
        """Records that a sender has not committed."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka)
        await consumer.start()
        try:
            partitions = [TopicPartition(self.topics.transitions, number) for number in range(PARTITIONS)]
            ends = await consumer.end_offsets(partitions)
            known = await admin.list_consumer_group_offsets(f"{self.topics.prefix}sender.{sender_id}", partitions=partitions)
            return sum(ends[each] - max(0, known[each].offset) for each in partitions)
        finally:
            await consumer.stop()
            await admin.close()


@asynccontextmanager
async def broker_of(kafka: str, prefix: str) -> AsyncIterator[Broker]:
    """Creates the topics."""
    topics = Topics(prefix, PARTITIONS)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(each.name, each.partitions, 1, topic_configs=each.settings) for each in topics.catalogue()])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True, linger_ms=2)
    await producer.start()
    try:
        yield Broker(kafka, topics, producer)
    finally:
        await producer.stop()


@dataclass
class Arrived:
    """What a receiver took, in the order in which it came."""

    ids: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    sequences: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __call__(self, received: Received) -> None:
        data = received.transition["data"]
        if received.id not in self.bodies:
            self.sequences[data["person"]].append(data["sequence"])
        self.ids.append(received.id)
        assert self.bodies.setdefault(received.id, received.body) == received.body

    def in_order(self) -> bool:
        """Whether each person's transitions came first in order, without a gap."""
        return all(seen == list(range(seen[0], seen[0] + len(seen))) for seen in self.sequences.values())


@dataclass
class Running:
    """A sender that runs in this process."""

    port: int
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page of its operators' port."""
        return await asyncio.to_thread(_get, f"http://127.0.0.1:{self.port}{path}")

    async def failing(self) -> dict[str, str]:
        """What /readyz complains about."""
        _, text = await self.get("/readyz")
        failing: dict[str, str] = json.loads(text)["failing"]
        return failing

    async def metric(self, name: str) -> float:
        """The value of one series, as ``name{label="value"}``."""
        _, text = await self.get("/metrics")
        return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name + " "))


def _get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


@asynccontextmanager
async def running(settings: Settings, senders: Sequence[Sender] | SenderDirectory | None) -> AsyncIterator[Running]:
    """A sender process's whole inside, drained at the end."""
    directory = StaticSenderDirectory(senders) if isinstance(senders, Sequence) else senders
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_sender(settings, secrets=SECRETS, ready=port.set_result, stop=stop, directory=directory))
    try:
        await asyncio.wait([task, port], timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield Running(port.result(), stop, task)
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 40)


async def eventually(what: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until it is so; fail after the deadline."""
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - what is waited for knows no events
            await asyncio.sleep(0.02)


async def eventually_equal(ask: Callable[[], Awaitable[object]], wanted: object, seconds: float = 40) -> None:
    """Wait until the answer is the one wanted; fail after the deadline."""
    async with asyncio.timeout(seconds):
        while await ask() != wanted:  # noqa: ASYNC110 - same
            await asyncio.sleep(0.05)
