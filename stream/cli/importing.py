"""Importing a file of events: batch by batch to the log, each line once whatever happens in between."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from collectors.body import Limits
from collectors.enriching.enrichment import Enrich
from collectors.importing.events import PROTOCOL, Format, event_of
from collectors.importing.position import Position, further, keep
from collectors.importing.reading import Record, open_plain, records
from collectors.inspection import Inspect
from collectors.normalise import Arrival
from schemas.errors import Rejected, Unavailable
from schemas.routing import partition_of
from stream.cli.errors import Failed
from stream.kafka.past_log import KafkaPastLog
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.kafka.start import start_client
from stream.runtime.clock import SystemClock
from stream.runtime.settings import Settings

LINE_HEADER: Final = "ebbtide-import"
"""Of a record that came from a file: the run, a colon, the line."""

_BATCH_RECORDS: Final = 4_000
_READ_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Job:
    """What is imported: the file, how its lines are read, for which source, and where lines that cannot be taken are written."""

    path: Path
    form: Format
    source: str
    refused: Path
    inspect: Inspect | None = None
    enrich: Enrich | None = None

    def arrival(self, now_ms: int) -> Arrival:
        """How its events came in."""
        return Arrival(now_ms, self.source, PROTOCOL, inspect=self.inspect, enrich=self.enrich)


class Importing:
    """Takes a file to the log. ``progress`` hears of each batch that is in."""

    def __init__(self, settings: Settings, job: Job, position: Position, progress: Callable[[Position], None]) -> None:
        self._settings = settings
        self._job = job
        self._position = position
        self._progress = progress
        self._clock = SystemClock()
        self._limits = limits_of(settings)

    async def run(self) -> Position:
        """Import what is left of the file. Raises Unavailable, UnreadableFile, Failed if another import of it runs."""
        async with AsyncExitStack() as stack:
            file = stack.enter_context(_held(self._job.path))
            refused = stack.enter_context(self._job.refused.open("ab"))
            refused.truncate(min(self._position.refused_bytes, refused.tell()))
            publisher = KafkaPublisher(self._settings.kafka, "ebbtide-import")
            stack.push_async_callback(publisher.stop)
            await publisher.start()
            ends = await stack.enter_async_context(_log_ends(self._settings))
            known = set[int]() if self._position.done else await self._already_in()
            await self._keep(further(self._position, ends=await ends(), done=False))
            is_csv = self._job.form.columns is not None
            found = records(file, is_csv=is_csv, offset=self._position.offset, line=self._position.line)
            while batch := list(islice(found, _BATCH_RECORDS)):
                await self._import(batch, known, publisher, refused)
                await self._keep(further(self._position, ends=await ends()))
            await self._keep(further(self._position, done=True))
        if not self._position.refused:
            self._job.refused.unlink()
        return self._position

    async def _import(self, batch: list[Record], known: set[int], publisher: KafkaPublisher, refused: BinaryIO) -> None:
        by_partition: dict[int, list[Message]] = {}
        arrival = self._job.arrival(self._clock.now_ms())
        wrong = 0
        for record in batch:
            try:
                who, value = event_of(record, self._job.form, self._limits, arrival)
            except Rejected as refusal:
                wrong += 1
                refused.write(_told(record, refusal))
                continue
            if record.line not in known:
                headers = ((LINE_HEADER, f"{self._position.run}:{record.line}".encode()),)
                message = Message(who.encode(), value, headers)
                by_partition.setdefault(partition_of(who, self._settings.partitions), []).append(message)
        topic = self._settings.topics.events
        refused.flush()
        outcomes = await asyncio.gather(*(publisher.publish(topic, *each) for each in by_partition.items()), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
        last, before = batch[-1], self._position
        self._position = further(
            before,
            offset=last.end,
            line=last.line + last.lines,
            accepted=before.accepted + len(batch) - wrong,
            refused=before.refused + wrong,
            refused_bytes=refused.tell(),
        )

    async def _keep(self, position: Position) -> None:
        keep(self._job.path, position)
        self._position = position
        self._progress(position)

    async def _already_in(self) -> set[int]:
        """Lines behind the position that a run before wrote, without being able to say so."""
        log = KafkaPastLog(self._settings.kafka, self._settings.topics.events)
        run = f"{self._position.run}:".encode()
        found: set[int] = set()
        try:
            for partition, offset in self._position.ends.items():
                at = offset
                while part := await log.read(int(partition), at, _READ_AT_ONCE):
                    at = part[-1].offset + 1
                    lines = (value for record in part for name, value in record.headers if name == LINE_HEADER and value.startswith(run))
                    found.update(int(value[len(run) :]) for value in lines)
        finally:
            await log.stop()
        return found


def limits_of(settings: Settings) -> Limits:
    """What a collector would take of an event."""
    collector = settings.collector
    return Limits(event_bytes=collector.max_event_bytes, depth=collector.max_depth, keys=collector.max_keys)


def checked(job: Job, limits: Limits, now_ms: int) -> Iterator[Rejected | None]:
    """Each record of the file read and not written: None, or why it cannot be taken. Raises UnreadableFile."""
    arrival = job.arrival(now_ms)
    has_header = job.form.columns is not None
    with open_plain(job.path) as file:
        for record in islice(records(file, is_csv=has_header), has_header, None):
            try:
                event_of(record, job.form, limits, arrival)
                yield None
            except Rejected as refusal:
                yield refusal


def _told(record: Record, refusal: Rejected) -> bytes:
    original = (record.text or b"").decode(errors="replace").rstrip("\r\n")
    said = {"line": record.line, "reason": refusal.reason.code, "detail": refusal.detail or refusal.reason.help}
    said["detail"] = str(said["detail"]).encode(errors="replace").decode()
    return orjson.dumps(said | {"original": original}) + b"\n"


def _held(path: Path) -> BinaryIO:
    """The file, which no other import of this machine has meanwhile. Raises Failed."""
    file = open_plain(path)
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Failed(f"another import of {path} is running") from None
    return file


@asynccontextmanager
async def _log_ends(settings: Settings) -> AsyncIterator[Callable[[], Awaitable[dict[str, int]]]]:
    """Something to ask where the log ends now. Raises Unavailable."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False, isolation_level="read_committed")
    places = [TopicPartition(settings.topics.events, partition) for partition in range(settings.partitions)]

    async def ends() -> dict[str, int]:
        try:
            return {str(place.partition): end for place, end in (await consumer.end_offsets(places)).items()}
        except KafkaError as error:
            raise Unavailable(f"{settings.topics.events} does not tell where it ends: {error}") from None

    try:
        await start_client(consumer)
        yield ends
    except KafkaError as error:
        raise Unavailable(f"no Kafka answers at {settings.kafka}: {error}") from None
    finally:
        await consumer.stop()
