"""Making definitions the newest version: one at a time, in the log, and then seen to hold in every lane."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from redis.asyncio import Redis

from schemas.definitions.bundle import next_bundle
from schemas.definitions.difference import Change, difference
from schemas.definitions.model import Bundle
from schemas.identities import IdentityPolicy
from schemas.internal import DEFINITIONS_HEADERS, definitions_value
from stream.cli.deployment import Deployment, worker_members
from stream.cli.errors import Failed
from stream.kafka.bundles import write_bundle
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.settings import Settings

if TYPE_CHECKING:
    from schemas.definitions.parse import Definitions

_LOCK_KEY: Final = "ebbtide:apply"
_LOCK_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.1
_NO_WORKER_AFTER_SECONDS: Final = 2.0
# Deleting a lock that has expired and is held by another by now would let a third one in: compare and delete at once.
_UNLOCK: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did. ``changes`` empty: nothing new was written; ``again``: the switch was asked for once more."""

    version: int
    changes: tuple[Change, ...]
    again: bool = False

    @property
    def asked(self) -> bool:
        """Whether the lanes have something to switch to."""
        return bool(self.changes) or self.again


@asynccontextmanager
async def apply_lock(settings: Settings) -> AsyncIterator[None]:
    """Hold the one lock of this deployment's definitions. Raises Failed if somebody else applies right now."""
    client = Redis.from_url(settings.redis)
    token = secrets.token_hex(16)
    try:
        if not await client.set(_LOCK_KEY, token, nx=True, px=_LOCK_SECONDS * 1000):
            left = max(1, await client.pttl(_LOCK_KEY)) / 1000
            raise Failed(f"another apply is under way; nothing was applied\nTry again when it is done, in {left:.0f} s at the latest.")
        try:
            yield
        finally:
            await client.eval(_UNLOCK, 1, _LOCK_KEY, token)
    finally:
        await client.aclose()


async def apply(deployment: Deployment, definitions: Definitions, *, silent: bool = False) -> Applied:
    """Write the next version and ask every lane to switch to it; write nothing if nothing differs.

    Raises Misconfigured if ids are to be hashed and there is no secret: every worker would stop at such a version.
    """
    IdentityPolicy(definitions.identity, deployment.settings.identity_key)
    async with apply_lock(deployment.settings):
        await _caught_up(deployment)
        newest = deployment.newest
        changes = difference(newest, definitions)
        if not changes:
            # An apply that was killed between its two writes left a version that no lane was asked to switch to.
            again = newest.version > 0 and bool(await behind(deployment, newest.version))
            if again:
                await _publish(deployment.settings, newest, new=False)
            return Applied(newest.version, (), again)
        if newest.version > 0 and (waiting := await behind(deployment, newest.version)):
            raise Failed(
                f"version {newest.version} does not hold yet in the lanes {', '.join(map(str, waiting))}; nothing was applied\n"
                "A set follows when the one before it holds everywhere: apply again then. `ebbtide doctor` shows how far the lanes are."
            )
        bundle = next_bundle(newest, definitions, silent=silent)
        async with asyncio.timeout(_LOCK_SECONDS / 2):
            await _publish(deployment.settings, bundle, new=True)
        return Applied(bundle.version, changes)


async def _caught_up(deployment: Deployment) -> None:
    """The topic was read before the lock was had; what another apply wrote in between must be seen."""
    await deployment.bundles.stop()
    await deployment.bundles.start()


async def _publish(settings: Settings, bundle: Bundle, *, new: bool) -> None:
    publisher = KafkaPublisher(settings.kafka, "ebbtide-apply")
    try:
        await publisher.start()
        if new:
            await write_bundle(publisher, settings.topics, bundle)
        # The owner of partition 0 asks the others and, when all have filled what the set needs from the past, has them switch.
        message = Message(None, definitions_value(bundle.version, "prepare"), DEFINITIONS_HEADERS)
        for partition in range(settings.partitions):
            await publisher.publish(settings.topics.events, partition, [message])
    finally:
        await publisher.stop()


async def behind(deployment: Deployment, version: int) -> list[int]:
    """The lanes that have not switched to the version."""
    headers = await deployment.headers()
    return [lane for lane, header in headers.items() if header is None or header.switches[-1][0] < version]


@dataclass(frozen=True, slots=True)
class Advance:
    """How far the lanes are: ``switched`` of them, and how many records of the past have been read of how many."""

    switched: int
    read: int
    of: int


async def advance(deployment: Deployment, version: int) -> Advance:
    """How far the lanes are on their way to a version."""
    headers = [header for header in (await deployment.headers()).values() if header is not None]
    filling = [header.filling for header in headers if header.filling is not None and header.filling.version == version]
    switched = sum(header.switches[-1][0] >= version for header in headers)
    return Advance(switched, sum(min(each.cursor, each.until) for each in filling), sum(each.until for each in filling))


async def until_everywhere(deployment: Deployment, version: int, seconds: float, progress: Callable[[Advance], None]) -> bool:
    """Wait until every lane has switched; ``progress`` hears how far they are. False if no worker runs that could.

    Raises Failed when workers run and for so many seconds nothing has moved.
    """
    loop = asyncio.get_running_loop()
    began = moved = loop.time()
    asked = False
    reached: Advance | None = None
    while waiting := await behind(deployment, version):
        found = await advance(deployment, version)
        progress(found)
        if found != reached:
            reached, moved = found, loop.time()
        if not asked and loop.time() - began > _NO_WORKER_AFTER_SECONDS:
            asked = True
            if not await worker_members(deployment.settings):
                return False
        if loop.time() - moved > seconds:
            lanes = ", ".join(map(str, waiting))
            raise Failed(
                f"version {version} is in the log, but for {seconds:.0f} s nothing has moved in the lanes {lanes}, which are behind\n"
                "They come to it as they read on; `ebbtide doctor` shows how far they are."
            )
        await asyncio.sleep(_POLL_SECONDS)
    progress(await advance(deployment, version))
    return True
