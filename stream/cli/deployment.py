"""A deployment as commands look at it: its store, its definitions, its lanes, its log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from schemas.definitions.model import Bundle
from schemas.errors import Misconfigured, Unavailable
from stream.explain.people import PeopleReader
from stream.kafka.bundles import BundleLog
from stream.kafka.past_log import KafkaPastLog
from stream.kafka.start import start_client
from stream.runtime.settings import Settings
from stream.store.port import LaneHeader
from stream.store.redis import RedisStateStore


@dataclass(frozen=True, slots=True)
class Deployment:
    """What commands read. ``bundles`` has been read to its end; ``past`` connects when it is asked."""

    settings: Settings
    store: RedisStateStore
    bundles: BundleLog
    people: PeopleReader
    past: KafkaPastLog

    @property
    def newest(self) -> Bundle:
        """The newest definitions on the topic; version 0 before the first."""
        return self.bundles.newest

    async def headers(self) -> dict[int, LaneHeader | None]:
        """Each partition's header."""
        partitions = range(self.settings.partitions)
        return dict(zip(partitions, await asyncio.gather(*map(self.people.header, partitions)), strict=True))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Deployment]:
    """Connect to broker and store. Raises Unavailable, and Misconfigured if the topics are not there."""
    async with AsyncExitStack() as stack:
        store = RedisStateStore(settings.redis)
        stack.callback(store.close)
        await asyncio.gather(store.ping(), topics_exist(settings))
        bundles = BundleLog(settings.kafka, settings.topics)
        stack.push_async_callback(bundles.stop)
        await bundles.start()
        past = KafkaPastLog(settings.kafka, settings.topics.events)
        stack.push_async_callback(past.stop)
        yield Deployment(settings, store, bundles, PeopleReader(store, bundles, settings.partitions, settings.identity_key), past)


async def topics_exist(settings: Settings) -> None:
    """Raises Misconfigured if they do not, Unavailable if no broker answers."""
    async with administrator(settings) as admin:
        missing = {topic.name for topic in settings.topics.catalogue()} - set(await admin.list_topics())
    if missing:
        raise Misconfigured(f"the broker at {settings.kafka} has no topic {', '.join(sorted(missing))}; run `ebbtide topics`")


@asynccontextmanager
async def administrator(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client. Raises Unavailable."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        await start_client(admin)
        yield admin
    except KafkaError as error:
        raise Unavailable(f"no Kafka answers at {settings.kafka}: {error}") from None
    finally:
        await admin.close()


@dataclass(frozen=True, slots=True)
class LogEnds:
    """Where the log of a topic begins and ends, by partition."""

    starts: dict[int, int]
    ends: dict[int, int]

    @property
    def records(self) -> int:
        """Records in the topic now."""
        return sum(self.ends.values()) - sum(self.starts.values())


async def log_ends(settings: Settings, topic: str, partitions: int) -> LogEnds:
    """Ask the broker. Raises Unavailable."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False, isolation_level="read_committed")
    places = [TopicPartition(topic, partition) for partition in range(partitions)]
    try:
        await start_client(consumer)
        consumer.assign(places)
        starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    except KafkaError as error:
        raise Unavailable(f"{topic} at {settings.kafka} does not tell its offsets: {error}") from None
    finally:
        await consumer.stop()
    return LogEnds({place.partition: starts[place] for place in places}, {place.partition: ends[place] for place in places})


@dataclass(frozen=True, slots=True)
class Member:
    """A worker as the broker knows it: its client id and the partitions it was given."""

    name: str
    partitions: tuple[int, ...]


async def worker_members(settings: Settings) -> list[Member]:
    """The workers that the broker holds for running. Raises Unavailable."""
    async with administrator(settings) as admin:
        try:
            responses = await admin.describe_consumer_groups([f"{settings.prefix}worker"])
        except GroupCoordinatorNotAvailableError:  # a broker that never had a group
            return []
    return [_member(member, settings.topics.events) for response in responses for group in response.groups for member in group[5]]


def _member(described: Any, topic: str) -> Member:
    _, client_id, _, _, assignment = described
    given = ConsumerProtocolMemberAssignment.decode(assignment).assignment if assignment else ()
    return Member(str(client_id), tuple(sorted(partition for name, partitions in given if name == topic for partition in partitions)))
