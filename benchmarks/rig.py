"""The rig of every measurement: a real stack, processes pinned to cores, and what they cost by the kernel's account."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.definitions.model import Bundle
from schemas.internal import DEFINITIONS_HEADERS, definitions_value
from schemas.routing import partition_of
from stream.kafka.admin import ensure_topics
from stream.kafka.bundles import write_bundle
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.settings import Settings, from_mapping
from stream.stack.stack import Stack
from stream.store.port import LaneHeader, unpack_header
from stream.store.redis import RedisStateStore, until_available

WORKER_CORE = 0
OTHER_CORE = 1
_TICKS = os.sysconf("SC_CLK_TCK")
_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Rig:
    """A running stack with one deployment's topics on it. ``environment`` makes a process join the deployment."""

    stack: Stack
    settings: Settings
    environment: Mapping[str, str]

    async def header(self, partition: int) -> LaneHeader:
        """A partition's header as last committed; an empty one before the first."""
        store = RedisStateStore(self.settings.redis)
        try:
            packed = await store.header(partition)
        finally:
            store.close()
        return unpack_header(packed) if packed else LaneHeader()

    async def headers(self) -> list[LaneHeader]:
        """All partitions' headers."""
        store = RedisStateStore(self.settings.redis)
        try:
            packed = await asyncio.gather(*[until_available(lambda p=p: store.header(p)) for p in range(self.settings.partitions)])  # type: ignore[misc]
        finally:
            store.close()
        return [unpack_header(one) if one else LaneHeader() for one in packed]


def make_rig(stack: Stack, prefix: str, database: int, **overrides: str) -> Rig:
    """A deployment of its own on a running stack."""
    redis = stack.redis.rsplit("/", 1)[0] + f"/{database}"
    environment = {"EBBTIDE_KAFKA": stack.kafka, "EBBTIDE_REDIS": redis, "EBBTIDE_PREFIX": prefix, **overrides}
    return Rig(stack, from_mapping(environment), {**os.environ, **environment})


async def prepare(rig: Rig, bundle: Bundle) -> None:
    """Topics, and the definitions active in every partition from the first record on."""
    await ensure_topics(rig.settings.kafka, rig.settings.topics)
    publisher = KafkaPublisher(rig.settings.kafka)
    await publisher.start()
    await write_bundle(publisher, rig.settings.topics, bundle)
    message = Message(None, definitions_value(bundle.version, "activate"), DEFINITIONS_HEADERS)
    for partition in range(rig.settings.partitions):
        await publisher.publish(rig.settings.topics.events, partition, [message])
    await publisher.stop()


async def load(rig: Rig, events: Iterable[tuple[str, bytes]]) -> list[int]:
    """Write events as fast as the broker takes them; how many records each partition got."""
    publisher = KafkaPublisher(rig.settings.kafka)
    await publisher.start()
    partitions = rig.settings.partitions
    waiting: list[list[Message]] = [[] for _ in range(partitions)]
    known: dict[str, int] = {}
    counts = [0] * partitions
    for routing_id, value in events:
        partition = known.get(routing_id)
        if partition is None:
            partition = known[routing_id] = partition_of(routing_id, partitions)
        waiting[partition].append(Message(routing_id.encode(), value))
        counts[partition] += 1
        if len(waiting[partition]) >= _CHUNK:
            await publisher.publish(rig.settings.topics.events, partition, waiting[partition])
            waiting[partition] = []
    await asyncio.gather(*[publisher.publish(rig.settings.topics.events, p, rest) for p, rest in enumerate(waiting) if rest])
    await publisher.stop()
    return counts


@contextmanager
def process(rig: Rig, arguments: list[str], core: int | None, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """One Ebbtide process on one core; killed at the end."""
    started = subprocess.Popen(
        [sys.executable, "-m", "stream.cli", *arguments], env={**rig.environment, **environment}, stdout=subprocess.DEVNULL
    )
    if core is not None:
        os.sched_setaffinity(started.pid, {core})
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def pin_tree(pid: int, core: int) -> None:
    """Pin a process, all its threads and children, to one core."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})
        children = task / "children"
        for child in children.read_text().split() if children.exists() else ():
            pin_tree(int(child), core)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) * 1024 if found else 0


async def until(condition: Callable[[], Any], seconds: float, pause_seconds: float = 0.02) -> float:
    """Wait until an async condition holds; the monotonic time at which it did. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what the measurement waits for did not happen")
        await asyncio.sleep(pause_seconds)
    return time.monotonic()


def quantile(sorted_values: list[float], part: float) -> float:
    """The value below which ``part`` of the values lie; nan of none."""
    if not sorted_values:
        return float("nan")
    return sorted_values[min(len(sorted_values) - 1, int(part * len(sorted_values)))]
