"""What a worker promises, whoever reads the log for it: every test here runs with Faust and with plain aiokafka."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from secrets import token_bytes
from typing import Any

import pytest
from aiokafka.errors import OffsetOutOfRangeError
from msgspec.structs import replace

from schemas.errors import Misconfigured, Unavailable
from stream.stack import Stack
from stream.stack.ports import free_port
from stream.store.layout import PartitionKeys
from stream.store.port import pack_header
from tests.integration.worker.deployment import PARTITIONS, Deployment, deployment_of, eventually

EVERY_PARTITION = set(range(PARTITIONS))


@pytest.fixture(params=["faust", "aiokafka"])
async def deployment(request: pytest.FixtureRequest, stack: Stack, redis_url: str, prefix: str) -> AsyncIterator[Deployment]:
    async with deployment_of(stack.kafka, redis_url, prefix, request.param) as made:
        yield made


async def test_every_event_is_applied_once_across_a_graceful_restart(deployment: Deployment) -> None:
    await deployment.publish(2000)
    async with deployment.worker() as first:
        await eventually(lambda: sum(deployment.applied.values()) > 100)
        await first.stop()
    await deployment.publish(2000)
    async with deployment.worker():
        await deployment.all_applied()

    assert deployment.applied_once()
    entered = Counter(each["data"]["person"] for each in await deployment.transitions())
    assert entered == {f"user:u{number}": 1 for number in range(40)}


async def test_every_event_is_applied_once_when_a_worker_ends_without_draining(deployment: Deployment) -> None:
    for wanted in (500, 1500, 2500):
        await deployment.publish(1000)
        async with deployment.worker(drain_seconds=0) as worker:
            await eventually(lambda wanted=wanted: sum(deployment.applied.values()) > wanted)  # type: ignore[misc]
            await worker.cancel()
    async with deployment.worker():
        await deployment.all_applied()

    assert deployment.applied_once()
    ids = {each["data"]["id"] for each in await deployment.transitions()}
    assert len(ids) == 40


async def test_two_workers_share_the_partitions_and_one_takes_over(deployment: Deployment) -> None:
    await deployment.publish(1000)
    async with deployment.worker(instance="a") as a:
        await eventually(lambda: a.partitions == EVERY_PARTITION)
        async with deployment.worker(instance="b") as b:
            await deployment.publish(1000)
            await eventually(lambda: len(a.partitions) == len(b.partitions) == PARTITIONS // 2)
            await deployment.publish(1000)
            await deployment.all_applied()
            assert a.partitions.isdisjoint(b.partitions)
            await a.stop()
            await deployment.publish(1000)
            await eventually(lambda: b.partitions == EVERY_PARTITION)
            await deployment.all_applied()

    assert deployment.applied_once()
    ids = Counter(each["data"]["id"] for each in await deployment.transitions())
    assert len(ids) == 40


async def test_an_exit_happens_in_a_partition_that_nobody_writes_to(deployment: Deployment) -> None:
    async with deployment.worker():
        await deployment.publish(1, event="opened")
        await deployment.all_applied()
        await eventually(lambda: sum(deployment.header(partition).transitions for partition in EVERY_PARTITION) == 2)
        entered, left = await _settled(deployment, 2)

    assert (entered["type"], left["type"]) == ("segment.entered", "segment.left")
    assert left["data"]["cause"] == "time"
    assert left["timestamp"] == entered["data"]["leavesAt"]


async def test_records_before_the_cursor_are_not_read_again_after_the_group_was_rewound(deployment: Deployment) -> None:
    await deployment.publish(1000)
    async with deployment.worker():
        await deployment.all_applied()
    await deployment.rewind_group()
    before = {partition: deployment.header(partition).cursor for partition in EVERY_PARTITION}
    async with deployment.worker() as worker:
        await eventually(lambda: worker.partitions == EVERY_PARTITION)
        # What lanes told each other last may stand behind it.
        assert all(cursor >= before[partition] for partition, cursor in worker.runner.worker.cursors.items())
        await deployment.publish(400)
        await deployment.all_applied()

    assert deployment.applied_once()


async def test_a_store_that_came_back_older_is_noticed_and_the_log_brings_the_same_transitions(deployment: Deployment) -> None:
    async with deployment.worker() as worker:
        await deployment.publish(40, people=40)
        await deployment.all_applied()
        older = deployment.copy_store()
        await deployment.publish(40, people=40)
        await deployment.all_applied()
        first = await _settled(deployment, 40)
        deployment.restore_store(older)
        await deployment.publish(40, people=40)
        await deployment.all_applied()
        assert worker.partitions == EVERY_PARTITION

    assert deployment.applied_once()
    again = await deployment.transitions()
    assert sorted(map(str, again)) == sorted(map(str, first + first))


async def test_a_newer_owner_ends_the_lane_and_nothing_else(deployment: Deployment) -> None:
    async with deployment.worker() as worker:
        await deployment.publish(400)
        await deployment.all_applied()
        await _take_over(deployment, 1)
        taken = deployment.header(1)
        await deployment.publish(400)
        await eventually(lambda: worker.partitions == EVERY_PARTITION - {1})
        await eventually(lambda: all(deployment.applied[each] == deployment.published[each] for each in EVERY_PARTITION - {1}))
        assert deployment.header(1) == taken
        assert not worker.task.done()
        await worker.stop()
    async with deployment.worker():
        await deployment.all_applied()

    assert deployment.applied_once()


async def test_a_store_that_belongs_to_another_log_ends_the_worker(deployment: Deployment) -> None:
    async with deployment.worker():
        await deployment.publish(400)
        await deployment.all_applied()
    deployment.redis.set(PartitionKeys(2).header, pack_header(replace(deployment.header(2), cursor=10_000)))

    async with deployment.worker() as worker:
        with pytest.raises(Misconfigured, match=r"partition 2: the store's cursor 10000 is outside the log"):
            await worker.task


async def test_a_defect_of_a_lane_ends_the_worker(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    class Defect(Exception):
        pass

    def broken(*_args: Any) -> None:
        raise Defect

    async with deployment.worker() as worker:
        await eventually(lambda: worker.partitions == EVERY_PARTITION)
        monkeypatch.setattr("stream.worker.lane.BatchStep.run", broken)
        await deployment.publish(4)
        with pytest.raises(Defect):
            await worker.task
        assert not worker.partitions


async def test_a_defect_on_the_way_to_the_lanes_ends_the_worker(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    class Defect(Exception):
        pass

    def broken(*_args: Any) -> None:
        raise Defect

    async with deployment.worker() as worker:
        await eventually(lambda: worker.partitions == EVERY_PARTITION)
        monkeypatch.setattr(worker.runner.worker, "feed", broken)
        await deployment.publish(4)
        with pytest.raises(Defect):
            await worker.task


async def test_records_that_the_broker_no_longer_has_end_the_worker(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    async def getmany(**_options: Any) -> None:
        raise OffsetOutOfRangeError({})

    async with deployment.worker() as worker:
        await eventually(lambda: worker.partitions == EVERY_PARTITION)
        monkeypatch.setattr(consumer_of(worker.runner), "getmany", getmany)
        with pytest.raises(OffsetOutOfRangeError):
            await worker.task


async def test_a_worker_makes_no_topics(deployment: Deployment) -> None:
    async with deployment.worker():
        await deployment.publish(40)
        await deployment.all_applied()

    assert await deployment.topics() == {topic.name for topic in deployment.settings().topics.catalogue()}


async def test_the_group_learns_where_the_worker_is(deployment: Deployment) -> None:
    await deployment.publish(400)
    async with deployment.worker() as worker:
        await deployment.all_applied()
        # The set's record in each partition, and what each lane tells each when it begins to fill.
        await eventually(lambda: sum(worker.runner.worker.cursors.values()) == 400 + PARTITIONS + PARTITIONS**2)
        await eventually(lambda: worker.runner.ends == worker.runner.worker.cursors)
        cursors = worker.runner.worker.cursors
        await worker.stop()

    assert await deployment.committed() == cursors


async def test_without_a_broker_the_worker_says_so(deployment: Deployment) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    async with deployment.worker(read_from=nowhere) as worker:
        with pytest.raises(Unavailable, match=f"no Kafka answers at {nowhere}"):
            await worker.task


def consumer_of(runner: Any) -> Any:
    """The client of a runner: what the broker answers is put into it."""
    return runner._member.consumer if hasattr(runner, "_member") else runner._consumer


async def _settled(deployment: Deployment, count: int) -> list[dict[str, Any]]:
    """The transitions, once there are so many."""
    while len(found := await deployment.transitions()) < count:  # noqa: ASYNC110 - they are in the broker
        await asyncio.sleep(0.05)
    return found


async def _take_over(deployment: Deployment, partition: int) -> None:
    """Become the owner as another worker would, between two commits of the present one."""
    header = deployment.header(partition)
    taken = replace(header, epoch=header.epoch + 1, token=token_bytes(16), number=header.number + 1)
    deployment.redis.set(PartitionKeys(partition).header, pack_header(taken))
