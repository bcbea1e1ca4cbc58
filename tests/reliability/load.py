"""Events at a steady rate, and a book of every one that the broker has acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

from schemas.errors import Unavailable
from schemas.routing import partition_of
from stream.kafka.port import Message
from tests.corpus.generate import ShopEvent, shop_events
from tests.reliability.deployment import Deployment

_TICK_SECONDS = 0.05
_PAUSE_SECONDS = 0.2

Events = Callable[[int, int, Callable[[], int]], Iterator[ShopEvent]]
"""Seed, number of people and the time of day → events without end."""


@dataclass
class Load:
    """``rate`` events a second, as many as it is ``allow``ed; same seed, same people.

    A slow machine needs longer between two faults; an allowance for each keeps the log as long as the faults are many.
    ``sent``: digest of a value → how often it was acknowledged. ``allowed``: how many events in all.
    ``seconds``: how long it wrote at the rate.
    """

    deployment: Deployment
    seed: int
    rate: int
    people: int
    events: Events = shop_events
    sent: Counter[bytes] = field(default_factory=Counter)
    acknowledged: int = 0
    allowed: int = 0
    seconds: float = 0.0
    _allowed: int = 0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _queues: dict[int, asyncio.Queue[list[bytes]]] = field(default_factory=dict)

    def allow(self, events: int) -> None:
        """Let so many more be written."""
        self.allowed += events
        self._allowed += events

    def start(self) -> None:
        for partition in range(self.deployment.partitions):
            self._queues[partition] = asyncio.Queue(200)
            self._tasks.append(asyncio.create_task(self._write(partition), name=f"load-{partition}"))
        self._tasks.append(asyncio.create_task(self._draw(), name="load"))

    async def stop(self) -> None:
        """End the stream; returns when everything drawn is acknowledged."""
        self._stopping.set()
        await self._tasks[-1]
        for queue in self._queues.values():
            await queue.join()
        for task in self._tasks[:-1]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def sent_at_least(self, events: int, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while self.acknowledged < events:
                self._moved.clear()
                await self._moved.wait()

    async def _draw(self) -> None:
        events = self.events(self.seed, self.people, _now_ms)
        before, due = time.monotonic(), 0.0
        while not self._stopping.is_set():
            await asyncio.sleep(_TICK_SECONDS)
            passed, before = time.monotonic() - before, time.monotonic()
            if not self._allowed:
                continue
            self.seconds += passed
            due += passed * self.rate
            number = min(int(due), self._allowed)
            due -= number
            self._allowed -= number
            batches: dict[int, list[bytes]] = defaultdict(list)
            for event in islice(events, number):
                batches[partition_of(event.routing_id, self.deployment.partitions)].append(event.value)
            for partition, values in batches.items():
                await self._queues[partition].put(values)

    async def _write(self, partition: int) -> None:
        queue, topic = self._queues[partition], self.deployment.settings.topics.events
        while True:
            values = await queue.get()
            messages = [Message(None, value) for value in values]
            while True:
                try:
                    await self.deployment.publisher.publish(topic, partition, messages)
                    break
                except Unavailable:
                    await asyncio.sleep(_PAUSE_SECONDS)  # written again: what had been written already becomes a repeat
            self.sent.update(digest(value) for value in values)
            self.acknowledged += len(values)
            self._moved.set()
            queue.task_done()


def digest(value: bytes) -> bytes:
    """What the book knows an event by."""
    return blake2b(value, digest_size=12).digest()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
