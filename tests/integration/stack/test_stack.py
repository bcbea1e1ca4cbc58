"""The stack against real servers: it starts, keeps its data, and never outlives who started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis as redis_client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.errors import Misconfigured
from stream.stack import Stack
from stream.stack.guard import start_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = """
import sys, time
from pathlib import Path
from stream.stack import Stack
stack = Stack(Path(sys.argv[1]))
stack.start()
print(stack.kafka_process.pid, stack.redis_process.pid, flush=True)
time.sleep(600)
"""


async def write(address: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, value, partition=0)


async def read(address: str, topic: str) -> list[bytes]:
    partition = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await consumer.getone()).value for _ in range(end)]


async def make_topic(address: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


def gone(pid: int, within_seconds: float = 60) -> bool:
    until = time.monotonic() + within_seconds
    while start_ticks(pid) is not None and time.monotonic() < until:
        time.sleep(0.05)
    return start_ticks(pid) is None


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Another process with a stack of its own in ``tmp_path``, and the pids of its Kafka and its Redis."""
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        kafka, redis = map(int, process.stdout.readline().split())
        yield process, kafka, redis
        process.kill()


async def test_records_and_keys_outlive_a_kill_of_kafka_and_redis(own_stack: Stack, prefix: str) -> None:
    addresses = own_stack.kafka, own_stack.redis
    await make_topic(own_stack.kafka, f"{prefix}kept")
    await write(own_stack.kafka, f"{prefix}kept", b"before")
    with redis_client.Redis.from_url(own_stack.redis) as client:
        client.set("kept", "before")
        own_stack.redis_process.kill()
        own_stack.redis_process.start()
        assert client.get("kept") == b"before"
    own_stack.kafka_process.kill()
    own_stack.kafka_process.start()
    await write(own_stack.kafka, f"{prefix}kept", b"after")

    assert await read(own_stack.kafka, f"{prefix}kept") == [b"before", b"after"]
    assert (own_stack.kafka, own_stack.redis) == addresses


async def test_data_stays_between_starts_until_a_fresh_one(tmp_path: Path, prefix: str) -> None:
    with Stack(tmp_path) as first:
        await make_topic(first.kafka, f"{prefix}kept")
        await write(first.kafka, f"{prefix}kept", b"before")
        identity = (tmp_path / "kafka" / "data" / "meta.properties").read_text()
    with Stack(tmp_path, redis_port=None) as second:
        assert await read(second.kafka, f"{prefix}kept") == [b"before"]
        assert (tmp_path / "kafka" / "data" / "meta.properties").read_text() == identity
    with Stack(tmp_path, kafka_port=None, fresh=True) as third:
        assert not (tmp_path / "kafka").exists()
        with pytest.raises(Misconfigured):
            _ = third.kafka_process


def test_nothing_outlives_an_owner_that_is_killed(tmp_path: Path, owner: tuple[subprocess.Popen[str], int, int]) -> None:
    process, kafka, redis = owner
    process.kill()

    assert gone(kafka)
    assert gone(redis)
    with Stack(tmp_path, kafka_port=None) as again:
        assert again.redis_process.pid != redis


def test_a_folder_with_a_living_owner_is_refused(tmp_path: Path, owner: tuple[subprocess.Popen[str], int, int]) -> None:
    process, kafka, _ = owner

    with pytest.raises(Misconfigured, match=f"in use by the running process {process.pid}"):
        Stack(tmp_path).start()
    assert start_ticks(kafka) is not None


def test_a_server_whose_guard_is_killed_goes_with_it(tmp_path: Path) -> None:
    with Stack(tmp_path, kafka_port=None) as stack:
        redis = stack.redis_process.pid
        guard = int(Path(f"/proc/{redis}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(guard, 9)

        assert gone(redis)


def test_people_are_told_what_happens(tmp_path: Path) -> None:
    said: list[str] = []
    with Stack(tmp_path, kafka_port=None, on_progress=said.append) as stack:
        address = stack.redis.removeprefix("redis://").removesuffix("/0")

    assert said == ["starting Redis …", f"Redis answers on {address}"]


def test_each_test_gets_a_corner_of_the_shared_stack(stack: Stack, redis_url: str, prefix: str) -> None:
    assert redis_url.rpartition("/")[0] == stack.redis.rpartition("/")[0]
    assert redis_url != stack.redis
    assert prefix.endswith(".")
    with redis_client.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
