"""Putting a list, and looking at those there are."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from schemas.errors import Misconfigured, Unavailable
from stream.cli.deployment import administrator, topics_exist
from stream.kafka.publisher import KafkaPublisher
from stream.lists.put import Put, Putting, Told
from stream.lists.redis import RedisListRegister
from stream.runtime.clock import SystemClock

if TYPE_CHECKING:
    from stream.lists.spool import Spool
    from stream.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class PutResult:
    """What a put came to: how many persons the list names, and how many records told the log so."""

    version: int
    persons: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as the register has it; ``unsure``: persons of whom a put may or may not have told the log."""

    id: str
    version: int
    persons: int
    unsure: int


async def put_list(settings: Settings, list_id: str, spool: Spool, progress: Callable[[Told], None]) -> PutResult:
    """Make the persons of the spool the list. Raises Unavailable, ListBusy, ListTaken, Misconfigured."""
    await topics_exist(settings)
    await _partitions_agree(settings)
    token = secrets.token_hex(16)
    async with register(settings) as held:
        version = await held.begin(list_id, token, SystemClock().now_ms())
        publisher = KafkaPublisher(settings.kafka, "ebbtide-list")
        try:
            await publisher.start()
            putting = Putting(held, publisher, settings.topics.events, settings.partitions, progress)
            told = await putting.run(Put(list_id, version, token), spool)
        finally:
            await publisher.stop()
            await held.end(list_id, token)
    return PutResult(version, told.persons, told.added, told.removed)


async def listed(settings: Settings) -> list[Listed]:
    """All lists, by id."""
    found: list[Listed] = []
    async with register(settings) as held:
        for list_id, version in (await held.lists()).items():
            buckets = [await held.bucket(list_id, number) for number in await held.numbers(list_id)]
            found.append(Listed(list_id, version, sum(len(each.sure) for each in buckets), sum(len(each.unsure) for each in buckets)))
    return found


@asynccontextmanager
async def register(settings: Settings) -> AsyncIterator[RedisListRegister]:
    """The register of the deployment. Raises Unavailable."""
    held = RedisListRegister(settings.redis)
    try:
        yield held
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise Unavailable(f"no Redis answers at {settings.redis.rpartition('@')[2]}: {error}") from None
    finally:
        await held.close()


async def _partitions_agree(settings: Settings) -> None:
    """With another number of partitions every person would be looked for in the wrong lane."""
    async with administrator(settings) as admin:
        (events,) = await admin.describe_topics([settings.topics.events])
    if len(events["partitions"]) != settings.partitions:
        raise Misconfigured(
            f"the topic {settings.topics.events} has {len(events['partitions'])} partitions, {settings.partitions} are configured; "
            "set EBBTIDE_PARTITIONS to what it has"
        )
