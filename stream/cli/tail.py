"""Reading a topic for people: the last few records of all partitions in order of time, and what follows."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.port import Headers
from stream.kafka.start import start_client

_POLL_MS = 300


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """One record. ``timestamp`` in ms since 1970 UTC."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: str) -> str | None:
        """A header as text."""
        return next((value.decode(errors="replace") for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Want:
    """Which records. ``last`` None: all. ``keep``: a filter; with one the topic is read from its start, for the last may be far back,
    unless ``near`` bounds how many of each partition are read before what follows; so it does of all. ``since_ms``: none appended before.
    """

    topic: str
    partitions: Sequence[int]
    last: int | None = 20
    keep: Callable[[TopicRecord], bool] | None = None
    follow: bool = False
    near: int | None = None
    since_ms: int | None = None


async def read_topic(kafka: str, want: Want) -> AsyncIterator[TopicRecord]:
    """The records wanted, oldest first; with ``follow`` all that come after them, until cancelled. Raises Unavailable."""
    async with _reader(kafka, want) as (consumer, places):
        ends = await consumer.end_offsets(places)
        await _seek(consumer, places, ends, want)
        held: dict[int, deque[TopicRecord]] = {place.partition: deque(maxlen=want.last) for place in places}
        async for record in _until(consumer, ends):
            if want.keep is not None and not want.keep(record):
                continue
            if want.last is None:
                yield record  # a whole topic is not to be held in memory, so of partitions read side by side each is in order by itself
            else:
                held[record.partition].append(record)
        ordered = list(heapq.merge(*held.values(), key=lambda each: each.timestamp))
        for record in ordered[-want.last :] if want.last else ():
            yield record
        for place, end in ends.items():
            consumer.seek(place, end)
        while want.follow:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS)
            for record in heapq.merge(*map(_records, fetched.values()), key=lambda each: each.timestamp):
                if want.keep is None or want.keep(record):
                    yield record


@asynccontextmanager
async def _reader(kafka: str, want: Want) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    try:
        await start_client(consumer)
        if want.topic not in await consumer.topics():
            raise Misconfigured(f"the broker at {kafka} has no topic {want.topic}; run `ebbtide topics`")
        places = [TopicPartition(want.topic, partition) for partition in want.partitions]
        consumer.assign(places)
        yield consumer, places
    except KafkaError as error:
        raise Unavailable(f"{want.topic} at {kafka} cannot be read: {error}") from None
    finally:
        await consumer.stop()


async def _seek(consumer: AIOKafkaConsumer, places: list[TopicPartition], ends: dict[TopicPartition, int], want: Want) -> None:
    starts = await consumer.beginning_offsets(places)
    back = want.near if want.keep is not None or want.last is None else want.last
    if want.since_ms is not None:
        found = await consumer.offsets_for_times(dict.fromkeys(places, want.since_ms))
        starts = {place: ends[place] if (later := found[place]) is None else later.offset for place in places}
    for place in places:
        consumer.seek(place, starts[place] if back is None else max(starts[place], ends[place] - back))


async def _until(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> AsyncIterator[TopicRecord]:
    """In order of time as far as partitions are read side by side; of one partition always in order."""
    waiting = {place for place, end in ends.items() if await consumer.position(place) < end}
    while waiting:
        for place, fetched in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
            for record in _records(fetched):
                if record.offset < ends[place]:
                    yield record
        for place in list(waiting):
            if await consumer.position(place) >= ends[place]:
                waiting.discard(place)


def _records(fetched: list[Any]) -> list[TopicRecord]:
    return [TopicRecord(each.partition, each.offset, each.timestamp, each.key, each.value, tuple(each.headers)) for each in fetched]
