"""How long from an event to its transition at a constant load, and how late a timed exit comes; whole box busy."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.rig import WORKER_CORE, Rig, make_rig, prepare, process, quantile, until
from benchmarks.workload import DEFINITIONS, SEGMENTS, events
from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.routing import partition_of
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.stack.stack import Stack

_TICK_SECONDS = 0.005
_EVERY = 10
_BEHIND_SECONDS = 10
_NEWCOMER = """
  - id: newcomer
    when: {event: signed_up, within: 5s}
"""


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


class _Load:
    """Writes a constant number of events a second; remembers when each newcomer's event was handed over.

    One writer a partition, which takes whatever waits: publishes that wait for each other in the client library time out early.
    """

    def __init__(self, rig: Rig, publisher: KafkaPublisher, per_second: int) -> None:
        self._rig = rig
        self._publisher = publisher
        self._batch = round(per_second * _TICK_SECONDS)
        self._events = events(7, 20_000)
        self._newcomers = _newcomers(int(time.time()))
        self._waiting: list[asyncio.Queue[Message]] = [asyncio.Queue(per_second * _BEHIND_SECONDS) for _ in range(rig.settings.partitions)]
        self.sent_at: dict[str, float] = {}
        self.sent = 0

    async def run(self, seconds: float) -> None:
        """Write for so long; ticks that come late are made up for, so the rate holds. Returns when all is acknowledged."""
        async with asyncio.TaskGroup() as group:
            writers = [group.create_task(self._write(partition)) for partition in range(len(self._waiting))]
            started = time.monotonic()
            for tick in range(int(seconds / _TICK_SECONDS)):
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
            self.sent += 1
            if self.sent % _EVERY:
                routing_id, value = next(self._events)
            else:
                routing_id, value, event_id = next(self._newcomers)
                self.sent_at[event_id] = time.time()
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


async def latency(stack: Stack, runner: str, per_second: int, seconds: float, database: int) -> dict[str, Any]:
    """Entries and timed exits of newcomers among a constant load of others."""
    rig = make_rig(stack, f"latency-{runner}-{per_second}.", database, EBBTIDE_WORKER_RUNNER=runner, EBBTIDE_WORKER_METRICS_PORT="0")
    bundle = next_bundle(Bundle(), parse_files({"tags.yaml": DEFINITIONS, "segments.yaml": SEGMENTS + _NEWCOMER}))
    await prepare(rig, bundle)
    publisher = KafkaPublisher(rig.settings.kafka)
    await publisher.start()
    consumer = AIOKafkaConsumer(
        rig.settings.topics.transitions, bootstrap_servers=rig.settings.kafka, auto_offset_reset="earliest", fetch_max_wait_ms=10
    )
    await consumer.start()
    load = _Load(rig, publisher, per_second)
    entered: list[float] = []
    late: list[float] = []
    with process(rig, ["worker"], WORKER_CORE):
        await until(lambda: _all_open(rig), 60)
        await load.run(3)
        load.sent_at.clear()
        reading = asyncio.create_task(_read(consumer, load.sent_at, entered, late))
        await load.run(seconds)
        await asyncio.sleep(8)
        reading.cancel()
    await consumer.stop()
    await publisher.stop()
    entered.sort()
    late.sort()
    return {
        "runner": runner,
        "events_per_second": per_second,
        "entries": len(entered),
        "entry_ms_p50": round(quantile(entered, 0.5) * 1000, 1),
        "entry_ms_p99": round(quantile(entered, 0.99) * 1000, 1),
        "timed_exits": len(late),
        "exit_late_ms_p50": round(quantile(late, 0.5) * 1000, 1),
        "exit_late_ms_p99": round(quantile(late, 0.99) * 1000, 1),
    }


async def _all_open(rig: Rig) -> bool:
    return all(header.epoch for header in await rig.headers())


async def _read(consumer: AIOKafkaConsumer, sent_at: dict[str, float], entered: list[float], late: list[float]) -> None:
    async for record in consumer:
        now = time.time()
        data = orjson.loads(record.value)
        if data["data"]["segment"] != "newcomer":
            continue
        if data["type"] == "segment.entered":
            sent = sent_at.get(data["data"]["eventId"])
            if sent is not None:
                entered.append(now - sent)
        else:
            late.append(now - _seconds(data["timestamp"]))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
