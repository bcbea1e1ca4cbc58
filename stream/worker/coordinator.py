"""The owner of partition 0 sees to it that a set of definitions that was asked for comes to hold in every partition.

It waits until all partitions have filled what the set needs, then writes the switch to each, its own last: should it die
in between, the next owner finds the set still asked for and does it again, and a switch that comes twice does nothing.
"""

from __future__ import annotations

import asyncio

from schemas.errors import Rejected
from schemas.internal import DEFINITIONS_HEADERS, Phase, definitions_value
from schemas.topics import Topics
from stream.kafka.port import Bundles, Message, Publisher
from stream.store.port import LaneHeader, StateStore, unpack_header
from stream.store.redis import until_available
from stream.worker.memory import LaneMemory

PARTITION = 0
_PAUSE_SECONDS = 0.1
_BEHIND_RECORDS_MAX = 1_024
"""A lane stands still at the switch until it has filled what is left, so it must not be what came in during a long filling."""


class Coordinator:
    """Looks after one deployment's switches while its owner has partition 0."""

    def __init__(self, memory: LaneMemory, store: StateStore, bundles: Bundles, publisher: Publisher, topics: Topics) -> None:
        self._memory = memory
        self._store = store
        self._bundles = bundles
        self._publisher = publisher
        self._topics = topics

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            header = self._memory.header
            if header.prepared > header.switches[-1][0]:
                await self._bring(header.prepared)

    async def _bring(self, version: int) -> None:
        try:
            await until_available(lambda: self._bundles.bundle(version))
        except Rejected:
            return
        others = range(1, self._memory.header.partitions)
        headers = {partition: await self._header(partition) for partition in others}
        unasked = [partition for partition, header in headers.items() if _known(header) < version]
        for partition in unasked:
            await self._write(partition, version, "prepare")
        if unasked or not all(is_ready(header, version) for header in (*headers.values(), self._memory.header)):
            return
        for partition, header in headers.items():
            if header.switches[-1][0] < version:
                await self._write(partition, version, "activate")
        await self._write(PARTITION, version, "activate")
        await self._switched(version)

    async def _switched(self, version: int) -> None:
        """Wait until the own lane has read the switch, so that it is not written over and over."""
        for _ in range(50):
            if self._memory.header.switches[-1][0] >= version:
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _header(self, partition: int) -> LaneHeader:
        packed = await until_available(lambda: self._store.header(partition))
        return LaneHeader() if packed is None else unpack_header(packed)

    async def _write(self, partition: int, version: int, phase: Phase) -> None:
        message = Message(None, definitions_value(version, phase), DEFINITIONS_HEADERS)
        await until_available(lambda: self._publisher.publish(self._topics.events, partition, [message]))


def _known(header: LaneHeader) -> int:
    """The greatest version that a lane has been asked for or has switched to."""
    return max(header.prepared, header.switches[-1][0])


def is_ready(header: LaneHeader, version: int) -> bool:
    """Whether a lane has switched to a version, or has filled up to where it was asked for it, and nearly up to where it is now."""
    filling = header.filling
    if header.switches[-1][0] >= version:
        return True
    if filling is None or filling.version != version:
        return False
    return filling.cursor >= max(filling.until, header.cursor - _BEHIND_RECORDS_MAX)
