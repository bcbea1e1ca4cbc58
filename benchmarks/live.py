"""A live load at a constant rate, and how long each newcomer among it waits for the transition that it causes."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.rig import Rig, quantile
from benchmarks.workload import events
from schemas.routing import partition_of
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher

_TICK_SECONDS = 0.005
_EVERY = 10
_BEHIND_SECONDS = 10
_ANSWER_SECONDS = 60
_SEED = 7
NEWCOMER = """
  - id: newcomer
    when: {event: signed_up, within: 5s}
"""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the newcomers who were written in a stretch waited for their entries, and how late those left who left in it; sorted."""

    entries: list[float]
    exits: list[float]

    def figures(self, prefix: str) -> dict[str, Any]:
        """As a result holds them; ``longest`` is the longest time for which the live lanes stood still, to a hundredth of a second."""
        held = self.entries
        return {
            f"{prefix}_entries": len(held),
            f"{prefix}_ms_p50": milliseconds(quantile(held, 0.5)),
            f"{prefix}_ms_p99": milliseconds(quantile(held, 0.99)),
            f"{prefix}_ms_longest": milliseconds(held[-1] if held else float("nan")),
        }


def milliseconds(seconds: float) -> float:
    """As a result holds it."""
    return round(seconds * 1000, 1)


class Live:
    """Writes a constant number of events a second, each tenth a newcomer's; hears of all transitions.

    One writer a partition, which takes whatever waits: publishes that wait for each other in the client library time out early.
    """

    def __init__(self, rig: Rig, publisher: KafkaPublisher, per_second: int, other: Callable[[Any], None]) -> None:
        self._rig = rig
        self._publisher = publisher
        self._batch = round(per_second * _TICK_SECONDS)
        self._events = events(_SEED, 20_000)
        self._newcomers = _newcomers(int(time.time()))
        self._waiting: list[asyncio.Queue[Message]] = [asyncio.Queue(per_second * _BEHIND_SECONDS) for _ in range(rig.settings.partitions)]
        self._sent_at: dict[str, float] = {}
        self._sent = 0
        self._stopping = False
        self._other = other
        self._entries: list[tuple[float, float]] = []
        self._exits: list[tuple[float, float]] = []

    async def waits(self, since: float, to: float) -> Waits:
        """Of a stretch between two times (seconds since 1970), once everybody written in it has entered. Raises TimeoutError."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            while any(sent < to for sent in self._sent_at.values()):  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(_TICK_SECONDS)
        entries = sorted(wait for sent, wait in self._entries if since <= sent < to)
        return Waits(entries, sorted(late for at, late in self._exits if since <= at < to))

    def stop(self) -> None:
        """End ``run`` at the next tick."""
        self._stopping = True

    async def run(self) -> None:
        """Write until stopped; ticks that come late are made up for, so the rate holds. Returns when all is acknowledged."""
        async with asyncio.TaskGroup() as group:
            writers = [group.create_task(self._write(partition)) for partition in range(len(self._waiting))]
            started = time.monotonic()
            for tick in itertools.count():
                if self._stopping:
                    break
                pause = started + tick * _TICK_SECONDS - time.monotonic()
                if pause > 0:
                    await asyncio.sleep(pause)
                self._tick()
            for queue in self._waiting:
                await queue.join()
            for writer in writers:
                writer.cancel()

    def _tick(self) -> None:
        for _ in range(self._batch):
            self._sent += 1
            if self._sent % _EVERY:
                routing_id, value = next(self._events)
            else:
                routing_id, value, event_id = next(self._newcomers)
                self._sent_at[event_id] = time.time()
            partition = partition_of(routing_id, len(self._waiting))
            self._waiting[partition].put_nowait(Message(routing_id.encode(), value))

    async def _write(self, partition: int) -> None:
        queue = self._waiting[partition]
        while True:
            messages = [await queue.get()]
            messages += [queue.get_nowait() for _ in range(queue.qsize())]
            await self._publisher.publish(self._rig.settings.topics.events, partition, messages)
            for _ in messages:
                queue.task_done()

    async def read(self, consumer: AIOKafkaConsumer) -> None:
        """Read transitions until cancelled."""
        async for record in consumer:
            now = time.time()
            if b'"newcomer"' not in record.value:
                self._other(record)
                continue
            data = orjson.loads(record.value)
            if data["type"] == "segment.entered":
                sent = self._sent_at.pop(data["data"]["eventId"], None)
                if sent is not None:
                    self._entries.append((sent, now - sent))
            else:
                self._exits.append((now, now - _seconds(data["timestamp"])))


@asynccontextmanager
async def live_load(rig: Rig, per_second: int, other: Callable[[Any], None] = lambda _record: None) -> AsyncIterator[Live]:
    """A load that is written and read until the end. ``other`` hears every transition that is no newcomer's."""
    publisher = KafkaPublisher(rig.settings.kafka)
    await publisher.start()
    consumer = AIOKafkaConsumer(
        rig.settings.topics.transitions, bootstrap_servers=rig.settings.kafka, auto_offset_reset="earliest", fetch_max_wait_ms=10
    )
    await consumer.start()
    live = Live(rig, publisher, per_second, other)
    reading = asyncio.create_task(live.read(consumer))
    writing = asyncio.create_task(live.run())
    try:
        yield live
        live.stop()
        await writing
    finally:
        writing.cancel()
        reading.cancel()
        await consumer.stop()
        await publisher.stop()


async def all_open(rig: Rig) -> bool:
    """Whether every partition has an owner."""
    return all(header.epoch for header in await rig.headers())


def _newcomers(seed: int) -> Iterator[tuple[str, bytes, str]]:
    """People who are seen once and enter ``newcomer`` with it: (routing id, JSON, event id)."""
    for number in itertools.count():
        user, event_id = f"new-{seed}-{number}", str(UUID(int=(seed << 64) + number))
        event = {
            "id": event_id,
            "type": "track",
            "event": "signed_up",
            "userId": user,
            "properties": {"plan": "free"},
            "context": {"locale": "zh-CN"},
        }
        yield f"user:{user}", orjson.dumps(event), event_id


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
