"""How far the live stream has come, and what of a replay it has published by then.

The rule: a partition is replayed up to the cursor that the store held when the replay began. Everything that the records before
it cause, and everything due before the clock at it, must be on the transitions topic, soon: what the lane has committed lies in
its outbox until it is published, and what is due stands in its index. So the topic is given a time to catch up; what is missing
then is pending only where outbox or index say so. What is on the topic and not in the replay is wrong, unless its timestamp is not
before that clock and the lane has moved on meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import Misconfigured
from stream.kafka.port import Message
from stream.replay.difference import Comparer, Difference, Waiting
from stream.replay.log import LogReader
from stream.store.port import StateStore, unpack_header
from stream.worker.outbox import unpack_entry

_PATIENCE_SECONDS = 15.0
_PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Live:
    """A partition as the live stream stood when the replay began; without a store, as the log ends."""

    partition: int
    cursor: int
    store: StateStore | None

    @classmethod
    async def of(cls, partition: int, end: int, store: StateStore | None) -> Live:
        """Ask the store; a lane that nobody has ever owned has read nothing."""
        if store is None:
            return cls(partition, end, None)
        packed = await store.header(partition)
        return cls(partition, min(end, unpack_header(packed).cursor) if packed else 0, store)

    async def has_moved(self) -> bool:
        """Whether the lane has read on since; without a store it may have."""
        if self.store is None:
            return True
        packed = await self.store.header(self.partition)
        return packed is not None and unpack_header(packed).cursor > self.cursor

    async def waiting(self) -> Waiting:
        """What the lane has still to publish."""
        packed = None if self.store is None else await self.store.header(self.partition)
        if self.store is None or packed is None:
            return Waiting()
        bounds = await self.store.slice_bounds(self.partition)
        entries = await self.store.outbox(self.partition)
        sweeping = len(unpack_header(packed).switches) > 1
        # What waits for other lanes is no transition.
        waiting = frozenset(_id(message) for partition, message in map(unpack_entry, entries) if partition is None)
        return Waiting(waiting, min(bounds.values(), default=None), sweeping)


def _id(message: Message) -> str:
    return str(json.loads(message.value or b"{}")["data"]["id"])


@dataclass(frozen=True, slots=True)
class Judged:
    """What is compared: transitions for which ``holds``, replayed up to the clock ``settled_ms`` into ``file``."""

    holds: Callable[[dict[str, Any]], bool]
    settled_ms: int
    file: Path


async def compare_partition(log: LogReader, topic: str, live: Live, comparer: Comparer, judged: Judged) -> Difference:
    """Read the partition of transitions until all that was replayed is there, or patience is at its end.

    Raises:
        Misconfigured: the topic has lost its beginning.
    """
    start = (await log.extent(topic, live.partition)).start
    if start > 0:
        raise Misconfigured(f"partition {live.partition} of {topic} begins at offset {start}, not 0: what was published is not all there")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    position = await _read_on(log, topic, live.partition, 0, comparer, judged)
    while comparer.unmatched and live.store is not None and time.monotonic() < deadline:
        await asyncio.sleep(_PAUSE_SECONDS)
        position = await _read_on(log, topic, live.partition, position, comparer, judged)
    # What leaves the outbox after it was looked at is on the topic when that is read once more.
    waiting = await live.waiting() if comparer.unmatched else Waiting()
    await _read_on(log, topic, live.partition, position, comparer, judged)
    if comparer.difference.later and not await live.has_moved():
        comparer.later_is_unexpected()
    with judged.file.open("rb") as replayed:
        return comparer.finish(replayed, waiting)


async def _read_on(log: LogReader, topic: str, partition: int, since: int, comparer: Comparer, judged: Judged) -> int:
    end = (await log.extent(topic, partition)).end
    if end > since:
        async for records in log.read(topic, partition, since, end):
            for record in records:
                published = json.loads(record.value or b"")
                if judged.holds(published):
                    comparer.add_published(published, record.value or b"", judged.settled_ms)
    return max(since, end)
