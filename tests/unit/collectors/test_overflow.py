"""Between the publisher and the spool: whatever the broker does, a lane's records reach it in order, and each that was promised once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from collectors.server.lane import Headers, Lane
from collectors.server.overflow import Overflow
from collectors.server.publisher import Publisher
from collectors.spool.log import SegmentLog
from collectors.spool.spool import Spool
from schemas import rejection
from schemas.errors import Unavailable
from schemas.rejection import Reason
from schemas.spool_mark import Marks, is_repeat
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.clock import SystemClock
from stream.runtime.metrics import Metrics
from stream.runtime.settings_collector import CollectorSettings
from tests.integration.collectors.running import until

LANES = 3
Held = tuple[int, "Builder", "asyncio.Future[None]"]


class Builder:
    """A batch that can be looked into."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, Headers]] = []

    def append(self, *, timestamp: None, key: bytes | None, value: bytes, headers: Headers) -> object:
        if len(self.records) >= 5:
            return None
        self.records.append((value, list(headers)))
        return self


class Broker:
    """Takes batches, and writes and answers when told. ``lanes``: what lanes apply of what stands in the log, in order."""

    def __init__(self) -> None:
        self.is_up = True
        self.held: list[Held] = []
        self.lanes: list[list[bytes]] = [[] for _ in range(LANES)]
        self.repeats = 0
        self.client = self.cluster = self
        self._marks: list[Marks] = [{} for _ in range(LANES)]

    async def started(self) -> Broker:
        if not self.is_up:
            raise Unavailable("away")
        return self

    async def stop(self) -> None:
        return

    def leader_for_partition(self, place: object) -> object:
        return place

    def create_batch(self) -> Builder:
        return Builder()

    async def send_batch(self, builder: Builder, topic: str, *, partition: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.held.append((partition, builder, future))
        return future

    def write(self, held: Held) -> None:
        partition, builder, _ = held
        for value, headers in builder.records:
            if is_repeat(headers, self._marks[partition]):
                self.repeats += 1
            else:
                self.lanes[partition].append(value)

    def answer(self, error: BaseException | None = None) -> None:
        held, self.held = self.held, []
        for each in held:
            if error is None:
                self.write(each)
                each[2].set_result(None)
            else:
                each[2].set_exception(error)


class Book:
    """What was promised, in order, and what was refused."""

    def __init__(self) -> None:
        self.promised: list[list[bytes]] = [[] for _ in range(LANES)]
        self.refused: list[Reason] = []
        self.open = 0

    def receipt(self, lane: int, value: bytes) -> Any:
        self.open += 1
        return _Receipt(self, lane, value)


class _Receipt:
    def __init__(self, book: Book, lane: int, value: bytes) -> None:
        self.book, self.lane, self.value = book, lane, value

    def settle(self, failure: Reason | None) -> None:
        self.book.open -= 1
        if failure is None:
            self.book.promised[self.lane].append(self.value)
        else:
            self.book.refused.append(failure)


class Collector:
    """A publisher with a spool before a broker."""

    def __init__(self, folder: Path, broker: Broker, **settings: Any) -> None:
        given = {"produce_linger_ms": 0, "spool_after_seconds": 0.05, "spool_reserve_bytes": 0, "spool_segment_bytes": 4_096, **settings}
        limits, metrics = CollectorSettings(**given), Metrics(catalogue.CATALOGUE)
        self.lanes = tuple(Lane("events", number) for number in range(LANES))
        self.spool = Spool(SegmentLog(folder, limits.spool_segment_bytes), limits, metrics, SystemClock())
        self.overflow = Overflow(self.spool, self.lanes, SystemClock(), limits.spool_after_seconds)
        self.publisher = Publisher(broker, self.lanes, limits, metrics, self.overflow)  # type: ignore[arg-type]
        self.book = Book()
        self.count = 0

    def send(self, lane: int) -> None:
        reason = self.publisher.refusal(self.lanes[lane])
        if reason is not None:
            self.book.refused.append(reason)
            return
        self.count += 1
        value = b"%d" % self.count
        self.publisher.publish(self.lanes[lane], None, value, self.book.receipt(lane, value))


@asynccontextmanager
async def collecting(folder: Path, broker: Broker, **settings: Any) -> AsyncIterator[Collector]:
    made = Collector(folder, broker, **settings)
    await made.spool.open()
    await made.publisher.start()
    yield made
    await made.publisher.stop(0.1)
    await made.spool.close()


async def settled(made: Collector, broker: Broker) -> None:
    """The broker answers everything until nothing is left."""

    def done() -> bool:
        broker.answer()
        return not made.book.open and made.overflow.is_empty and not any(lane.under_way for lane in made.lanes)

    await until(done)


async def test_what_waits_too_long_is_promised_from_the_spool_and_applied_once_when_the_broker_is_back(tmp_path: Path) -> None:
    broker = Broker()
    async with collecting(tmp_path, broker) as made:
        for _ in range(20):
            made.send(0)
        await until(lambda: len(made.book.promised[0]) == 20)
        assert broker.lanes[0] == []
        made.send(0)
        await until(lambda: len(made.book.promised[0]) == 21)
        await settled(made, broker)
        assert broker.lanes[0] == [b"%d" % number for number in range(1, 22)]
        assert broker.repeats > 0, "the batch that the broker had stands in the spool too"
        made.send(0)
        await asyncio.sleep(0.01)
        assert [len(each[1].records) for each in broker.held] == [1], "the lane goes directly again"
        await settled(made, broker)


async def test_a_collector_starts_while_the_broker_is_away_and_spools_at_once(tmp_path: Path) -> None:
    broker = Broker()
    broker.is_up = False
    async with collecting(tmp_path, broker) as made:
        made.send(1)
        await until(lambda: made.book.promised[1] == [b"1"])
        broker.is_up = True
        await until(lambda: not made.lanes[0].is_behind)
        await settled(made, broker)
    assert broker.lanes[1] == [b"1"]


async def test_a_lane_comes_out_of_the_spool_while_events_go_on(tmp_path: Path) -> None:
    broker = Broker()
    async with collecting(tmp_path, broker) as made:
        for _ in range(40):
            made.send(0)
        await until(lambda: made.lanes[0].is_behind)

        def is_direct() -> bool:
            made.send(0)
            broker.answer()
            return made.overflow.is_empty

        await until(is_direct)
        await settled(made, broker)
        assert broker.lanes[0] == made.book.promised[0] == [b"%d" % number for number in range(1, made.count + 1)]


async def test_a_full_spool_is_told_and_loses_nothing(tmp_path: Path) -> None:
    broker = Broker()
    async with collecting(tmp_path, broker, spool_bytes_max=2_000) as made:

        async def is_full() -> bool:
            made.send(0)
            await asyncio.sleep(0)
            return rejection.SPOOL_FULL in made.book.refused

        await until(is_full)
        await settled(made, broker)
    assert broker.lanes[0] == made.book.promised[0]


@pytest.mark.parametrize(("error", "aside"), [(MessageSizeTooLargeError(), 1), (KafkaError("no"), 0)])
async def test_what_the_broker_refuses_out_of_the_spool_comes_again_and_only_what_it_never_takes_is_set_aside(
    tmp_path: Path, error: KafkaError, aside: int
) -> None:
    broker = Broker()
    async with collecting(tmp_path, broker) as made:
        for _ in range(4):
            made.send(0)
        await until(lambda: len(made.book.promised[0]) == 4)
        broker.answer()
        refused: set[bytes] = set()

        def done() -> bool:
            for held in broker.held:
                values = {value for value, _ in held[1].records}
                if b"3" in values and (aside or len(refused) < 3):
                    refused.update(values)
                    held[2].set_exception(error)
                else:
                    broker.write(held)
                    held[2].set_result(None)
            broker.held = []
            return made.overflow.is_empty

        await until(done)
        await asyncio.sleep(0.05)
        assert made.spool._log.counted.set_aside == aside
        assert broker.lanes[0] == [b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("seed", range(int(os.environ.get("EBBTIDE_HYPOTHESIS") == "soak") * 100 + 1))
async def test_drawn_troubles_change_no_order_and_lose_nothing_promised(tmp_path: Path, seed: int) -> None:
    random, broker = Random(seed), Broker()
    sent: list[list[bytes]] = [[] for _ in range(LANES)]
    for life in range(3):
        async with collecting(tmp_path, broker, spool_after_seconds=0.1) as made:
            made.count = life * 100_000
            for _ in range(30):
                for _ in range(random.randrange(20)):
                    lane = random.randrange(LANES)
                    made.send(lane)
                match random.randrange(8):
                    case 0:
                        await asyncio.sleep(random.choice((0.01, 0.1, 0.4)))
                    case 1:
                        broker.answer(KafkaError("no"))
                    case 2 if broker.held:
                        # Written, and the answer never comes: a copy is written later.
                        broker.write(broker.held[0])
                    case 3:
                        await asyncio.sleep(0)
                    case _:
                        broker.answer()
                        await asyncio.sleep(0)
            await made.publisher.stop(0.2)
        broker.held = []
        for lane in range(LANES):
            sent[lane] += made.book.promised[lane]
    async with collecting(tmp_path, broker) as made:
        await settled(made, broker)
    for lane in range(LANES):
        applied = broker.lanes[lane]
        assert sorted(applied, key=int) == applied, "applied in the order in which they came"
        assert set(sent[lane]) <= set(applied), "nothing promised is lost"
