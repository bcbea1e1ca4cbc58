"""The shared batch: who waits, who hears, and what is bounded. The broker's part is tested on a real one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder

from collectors.server.dead_letters import DETAIL_BYTES_MAX, TokenBucket, letter_headers
from collectors.server.lane import Lane
from collectors.server.publisher import Publisher
from schemas import rejection
from schemas.rejection import Reason
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.metrics import Metrics
from stream.runtime.settings_collector import CollectorSettings
from tests.integration.collectors.running import until


class HeldProducer:
    """Takes batches and acknowledges when told."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, list[asyncio.Future[None]]]] = []
        self.waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self.client = self
        self.cluster = self

    def leader_for_partition(self, place: object) -> int:
        return 0

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(16_384, 0)

    async def send_batch(self, builder: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((partition, builder.record_count(), future))
        return future

    def acknowledge(self) -> list[tuple[int, int]]:
        sent = [(partition, count) for partition, count, _ in self.waiting]
        for _, _, future in self.waiting:
            future.set_result(None)
        self.waiting = []
        return sent

    async def stop(self) -> None:
        return


class Maker:
    def __init__(self, producer: HeldProducer) -> None:
        self.producer = producer

    async def started(self) -> HeldProducer:
        return self.producer


class Waiter:
    def __init__(self) -> None:
        self.heard: list[Reason | None] = []

    def settle(self, failure: Reason | None) -> None:
        self.heard.append(failure)


async def started(**settings: Any) -> tuple[Publisher, HeldProducer, tuple[Lane, ...]]:
    producer = HeldProducer()
    lanes = tuple(Lane("events", number) for number in range(4))
    limits = CollectorSettings(produce_linger_ms=0, **settings)
    publisher = Publisher(Maker(producer), lanes, limits, Metrics(catalogue.CATALOGUE))  # type: ignore[arg-type]
    await publisher.start()
    return publisher, producer, lanes


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_partitions_go_in_one_wave_and_the_next_waits_for_its_acknowledgement() -> None:
    publisher, producer, lanes = await started()
    waiter = Waiter()
    for number in range(8):
        publisher.publish(lanes[number % 4], b"k", b"v", waiter)
    await turn()
    publisher.publish(lanes[0], b"k", b"late", waiter)
    await turn()
    assert waiter.heard == []
    assert producer.acknowledge() == [(0, 2), (1, 2), (2, 2), (3, 2)]
    await turn()
    assert waiter.heard == [None] * 8
    assert producer.acknowledge() == [(0, 1)]
    await turn()
    assert waiter.heard == [None] * 9
    assert await publisher.stop(1)


async def test_a_full_batch_makes_room_for_the_next_in_order() -> None:
    publisher, producer, lanes = await started()
    waiter = Waiter()
    for _ in range(40):
        publisher.publish(lanes[0], b"k", b"v" * 1_000, waiter)
    counts: list[int] = []
    while len(waiter.heard) < 40:
        await turn()
        counts.extend(count for _, count in producer.acknowledge())
    assert sum(counts) == 40
    assert len(counts) == 3
    await publisher.stop(1)


async def test_one_record_larger_than_a_batch_still_goes() -> None:
    publisher, producer, lanes = await started()
    waiter = Waiter()
    publisher.publish(lanes[0], None, b"v" * 500_000, waiter)
    await turn()
    assert producer.acknowledge() == [(0, 1)]
    await turn()
    assert waiter.heard == [None]
    await publisher.stop(1)


async def test_who_waits_too_long_hears_that_the_broker_is_away_and_newcomers_hear_it_at_once() -> None:
    publisher, producer, lanes = await started(produce_deadline_seconds=0.2)
    waiter = Waiter()
    publisher.publish(lanes[0], b"k", b"v", waiter)
    await until(lambda: waiter.heard)
    assert waiter.heard == [rejection.BROKER_AWAY]
    assert publisher.refusal(lanes[0]) is rejection.BROKER_AWAY
    assert publisher.refusal(lanes[1]) is None
    producer.acknowledge()
    await turn()
    assert publisher.refusal(lanes[0]) is None
    assert waiter.heard == [rejection.BROKER_AWAY]
    await publisher.stop(1)


@pytest.mark.parametrize(("limit", "value"), [("max_in_flight_events", b"v"), ("max_in_flight_bytes", b"v" * 1_048_576)])
async def test_what_is_in_flight_is_bounded(limit: str, value: bytes) -> None:
    publisher, producer, lanes = await started(**{limit: 1 if limit.endswith("events") else 1_048_576})
    waiter = Waiter()
    assert publisher.refusal(lanes[0]) is None
    publisher.publish(lanes[0], b"k", value, waiter)
    assert publisher.refusal(lanes[1]) is rejection.OVERLOADED
    await turn()
    producer.acknowledge()
    await turn()
    assert publisher.refusal(lanes[1]) is None
    await publisher.stop(1)


async def test_stopping_with_a_silent_broker_tells_those_who_wait() -> None:
    publisher, _, lanes = await started()
    waiter = Waiter()
    publisher.publish(lanes[0], b"k", b"v", waiter)
    await turn()
    assert not await publisher.stop(0.1)
    assert waiter.heard == [rejection.BROKER_AWAY]


def test_the_bucket_gives_a_burst_and_then_its_rate() -> None:
    now = [0.0]
    bucket = TokenBucket(2, lambda: now[0])
    assert [bucket.take() for _ in range(21)] == [True] * 20 + [False]
    now[0] = 1.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_a_detail_is_cut_at_a_whole_character() -> None:
    detail = dict(letter_headers(rejection.BAD_JSON, "é" * 400 + "\ud800", 1))["detail"]
    assert len(detail) <= DETAIL_BYTES_MAX
    assert set(detail.decode()) == {"é"}
