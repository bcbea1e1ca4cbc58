"""One deployment of Ebbtide for one test: its topics, its store, its definitions, and workers that can be killed."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.definitions.model import Bundle
from schemas.internal import DEFINITIONS_HEADERS, Phase, definitions_value
from stream.kafka.admin import ensure_topics
from stream.kafka.bundles import write_bundle
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.settings import Settings, from_mapping
from stream.store.port import LaneHeader, unpack_header
from stream.store.redis import RedisStateStore, until_available

ROOT = Path(__file__).resolve().parents[2]
_READ_SECONDS = 60


class WorkerProcess:
    """A worker under one instance name, or another process; ``start`` again after ``kill``. ``log`` holds what all its lives said."""

    def __init__(self, settings: dict[str, str], log: Path, command: str = "worker") -> None:
        self._settings = settings
        self._command = command
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        module = ["stream.cli", self._command] if importlib.util.find_spec("stream.cli.__main__") else ["tests.reliability.launch"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EBBTIDE_")} | self._settings
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *module, cwd=ROOT, env=environment, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL
            )

    async def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        await self._end(SIGKILL, 10)

    async def terminate(self) -> None:
        """SIGTERM; the worker drains."""
        await self._end(SIGTERM, 30)

    def pause(self) -> None:
        """SIGSTOP: it stands still and keeps its connections."""
        assert self._process is not None
        self._process.send_signal(SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        self._process.send_signal(SIGCONT)

    async def _end(self, number: Signals, seconds: float) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.send_signal(number)
        await asyncio.wait_for(self._process.wait(), seconds)


@dataclass
class Deployment:
    """Topics under a prefix of their own and an empty database. ``bundles``: every version that was activated."""

    settings: Settings
    environment: dict[str, str]
    folder: Path
    publisher: KafkaPublisher
    store: RedisStateStore
    bundles: dict[int, Bundle] = field(default_factory=dict)
    workers: list[WorkerProcess] = field(default_factory=list)

    @property
    def partitions(self) -> int:
        return self.settings.partitions

    def worker(self, instance: str = "worker-1", runner: str = "aiokafka", **settings: Any) -> WorkerProcess:
        """A worker, not started yet; ``settings`` are fields of the worker's own."""
        fields: dict[str, Any] = {"instance": instance, "runner": runner, "metrics_port": 0, **settings}
        environment = {f"EBBTIDE_WORKER_{name.upper()}": str(value) for name, value in fields.items()}
        made = WorkerProcess(self.environment | environment, self.folder / f"{instance}.log")
        self.workers.append(made)
        return made

    async def activate(self, bundle: Bundle) -> None:
        """Store a set of definitions, and switch every partition to it."""
        await self._write(bundle, "activate", range(self.partitions))

    async def ask(self, bundle: Bundle) -> None:
        """Store a set of definitions, and ask the owner of partition 0 to have it filled and switched to everywhere."""
        await self._write(bundle, "prepare", range(1))

    async def holds(self, version: int, seconds: float) -> None:
        """Wait until a version that was asked for holds in all lanes; who is brought to it later is another matter. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while any(header.switches[-1][0] < version for header in (await self.headers()).values()):  # noqa: ASYNC110 - a header of a lane sets no event
                await asyncio.sleep(0.2)

    async def _write(self, bundle: Bundle, phase: Phase, partitions: Iterable[int]) -> None:
        self.bundles[bundle.version] = bundle
        await write_bundle(self.publisher, self.settings.topics, bundle)
        message = Message(None, definitions_value(bundle.version, phase), DEFINITIONS_HEADERS)
        for partition in partitions:
            await self.publisher.publish(self.settings.topics.events, partition, [message])

    async def headers(self) -> dict[int, LaneHeader]:
        """What the store knows of each partition; one without an owner yet is left out."""

        async def one(partition: int) -> bytes | None:
            return await until_available(lambda: self.store.header(partition))

        packed = await asyncio.gather(*[one(partition) for partition in range(self.partitions)])
        return {partition: unpack_header(header) for partition, header in enumerate(packed) if header}

    async def ends(self) -> dict[int, int]:
        """Where each partition of events ends now."""
        places = [TopicPartition(self.settings.topics.events, partition) for partition in range(self.partitions)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka)
        await consumer.start()
        try:
            return {place.partition: end for place, end in (await consumer.end_offsets(places)).items()}
        finally:
            await consumer.stop()

    async def read(self, topic: str, partitions: Iterable[int]) -> dict[int, list[Any]]:
        """Every record of a topic from its beginning to its end now, by partition."""
        places = [TopicPartition(topic, partition) for partition in partitions]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka, enable_auto_commit=False, isolation_level="read_committed")
        await consumer.start()
        found: dict[int, list[Any]] = {place.partition: [] for place in places}
        try:
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            async with asyncio.timeout(_READ_SECONDS):
                while any([await consumer.position(place) < ends[place] for place in places]):
                    for place, records in (await consumer.getmany(timeout_ms=200)).items():
                        found[place.partition] += [record for record in records if record.offset < ends[place]]
        finally:
            await consumer.stop()
        return found

    async def quiet(self, *, at_rest_ms: int = 0) -> bool:
        """Whether all is done: cursors at the log's end, nobody due (nor within ``at_rest_ms``), nothing in the outbox."""
        ends, headers = await self.ends(), await self.headers()
        if len(headers) < self.partitions:
            return False
        soon = time.time_ns() // 1_000_000 + at_rest_ms if at_rest_ms else 0
        for partition, header in headers.items():
            bounds = await self.store.slice_bounds(partition)
            if header.cursor < ends[partition] or len(header.switches) > 1 or await self.store.outbox(partition):
                return False
            if min(bounds.values(), default=header.clock) < header.clock or (bounds and min(bounds.values()) < soon):
                return False
        return True

    async def drained(self, workers: Sequence[WorkerProcess], *, rest_seconds: float = 8, seconds: float = 60) -> None:
        """Wait until all is done and stop the workers there; best at a moment when nobody is due within a second."""
        async with asyncio.timeout(seconds):
            began = time.monotonic()
            while True:
                resting = time.monotonic() - began < rest_seconds
                if await self.quiet(at_rest_ms=1_000 if resting else 0):
                    for worker in workers:
                        await worker.terminate()
                    if await self.quiet():
                        return
                    for worker in workers:
                        await worker.start()
                await asyncio.sleep(0.2)


@asynccontextmanager
async def deployment(stack: Any, prefix: str, redis_url: str, folder: Path, *, partitions: int = 8) -> AsyncIterator[Deployment]:
    """Create the topics; end every worker that a test leaves behind."""
    environment = {
        "EBBTIDE_KAFKA": stack.kafka,
        "EBBTIDE_REDIS": redis_url,
        "EBBTIDE_PREFIX": prefix,
        "EBBTIDE_PARTITIONS": str(partitions),
        "EBBTIDE_LOG_LEVEL": "warning",
    }
    settings = from_mapping(environment)
    await ensure_topics(settings.kafka, settings.topics)
    publisher, store = KafkaPublisher(settings.kafka, "ebbtide-test"), RedisStateStore(settings.redis)
    await publisher.start()
    made = Deployment(settings, environment, folder, publisher, store)
    try:
        yield made
    finally:
        for worker in made.workers:
            await worker.kill()
        store.close()
        await publisher.stop()
