"""A stretch of ``events`` run again: what it yields, and whether that is what the live stream published."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from schemas.errors import Misconfigured, Unavailable
from schemas.person_merged import PersonMerged
from schemas.transition import Transition
from stream.kafka.bundles import BundleLog
from stream.kafka.past_log import KafkaPastLog
from stream.replay.comparison import Judged, Live, compare_partition
from stream.replay.difference import Comparer, Difference, milliseconds
from stream.replay.erased import erases, is_erased, leave_out
from stream.replay.lane import ReplayLane
from stream.replay.log import LogReader, log_reader
from stream.runtime.settings import Settings
from stream.store.redis import RedisStateStore

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PartitionReplay:
    """One partition's replay. ``cursor``: the offset after the last record read; ``written``: transitions in the stretch, in ``file``."""

    partition: int
    file: Path
    cursor: int
    clock_ms: int
    people: int
    applied: int
    duplicates: int
    dead_letters: int
    transitions: int
    written: int


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """``difference`` is None if nothing was compared. ``live_known``: the store told how far the live stream has come; if not,
    what the live stream has not reached yet counts as missing.
    """

    partitions: tuple[PartitionReplay, ...]
    seconds: float
    difference: Difference | None = None
    live_known: bool = False

    @property
    def records(self) -> int:
        """Records read over all partitions."""
        return sum(each.cursor for each in self.partitions)

    @property
    def written(self) -> int:
        """Transitions written over all partitions."""
        return sum(each.written for each in self.partitions)


@dataclass(frozen=True, slots=True)
class _Stretch:
    start_ms: int | None
    end_ms: int | None

    def holds(self, timestamp_ms: int) -> bool:
        return (self.start_ms is None or self.start_ms <= timestamp_ms) and (self.end_ms is None or timestamp_ms <= self.end_ms)


@dataclass(slots=True)
class _Sink:
    """Writes the transitions of the stretch as they come."""

    file: BinaryIO
    stretch: _Stretch
    comparer: Comparer | None
    written: int = 0

    def take(self, transitions: Sequence[Transition | PersonMerged]) -> None:
        for transition in transitions:
            if not self.stretch.holds(transition.timestamp):
                continue
            value = transition.to_json()
            self.file.write(value + b"\n")
            self.written += 1
            if self.comparer is not None:
                self.comparer.add_replayed(transition, value)


@dataclass(slots=True)
class _Run:
    """What all partitions of one replay share."""

    settings: Settings
    log: LogReader
    bundles: BundleLog
    past: KafkaPastLog
    stretch: _Stretch
    into: Path
    done: Callable[[int], None]
    difference: Difference | None
    store: RedisStateStore | None
    results: list[PartitionReplay] = field(default_factory=list)


async def run_replay(
    settings: Settings, *, start: int | None, end: int | None, into: Path, compare: bool = False, progress: Progress | None = None
) -> ReplayReport:
    """Run the log from its true start to ``end`` through the pure path, writing nothing to Kafka or Redis.

    ``start`` and ``end``: append times in milliseconds since 1970 UTC; None is the log's start, or its end now. Transitions with
    timestamps from ``start`` to ``end``, both included, go to ``into``/partition-<n>.jsonl, one a line, per person in the order of
    the live stream. With ``compare`` every partition is read as far as the live stream has come, and what stands on the transitions
    topic is judged. Whom the log erases, before or after ``end``, is left out on both sides.
    ``progress`` hears how many records have been read, and of how many.

    Raises:
        Misconfigured: the log has lost its beginning, or there is no such topic.
        Unavailable: the broker does not answer.
    """
    began = time.monotonic()
    await asyncio.to_thread(into.mkdir, parents=True, exist_ok=True)
    bundles, store = BundleLog(settings.kafka, settings.topics), RedisStateStore(settings.redis)
    past = KafkaPastLog(settings.kafka, settings.topics.events)
    try:
        async with log_reader(settings.kafka) as log:
            live_store = store if compare and await _answers(store) else None
            difference = Difference() if compare else None
            run = _Run(settings, log, bundles, past, _Stretch(start, end), into, lambda _: None, difference, live_store)
            await _run_all(run, progress or _say_nothing)
    finally:
        await bundles.stop()
        await past.stop()
        store.close()
    return ReplayReport(tuple(run.results), time.monotonic() - began, run.difference, live_store is not None)


def _say_nothing(_done: int, _of: int) -> None:
    """Take progress that nobody reads."""


async def _answers(store: RedisStateStore) -> bool:
    try:
        await store.ping()
    except Unavailable:
        return False
    return True


async def _run_all(run: _Run, progress: Progress) -> None:
    topic = run.settings.topics.events
    lives = {}
    for partition in await run.log.partitions(topic):
        extent = await run.log.extent(topic, partition)
        if extent.start > 0:
            raise Misconfigured(
                f"partition {partition} of {topic} begins at offset {extent.start}, not 0: its first records are gone (retention), "
                "and a replay from the middle of a log would know nothing of what people did before"
            )
        lives[partition] = await Live.of(partition, extent.end, run.store)
    await run.bundles.start()
    of, done = sum(live.cursor for live in lives.values()), 0

    def count(records: int) -> None:
        nonlocal done
        done += records
        progress(done, of)

    run.done = count
    for live in lives.values():
        await _run_partition(run, live, len(lives))


async def _run_partition(run: _Run, live: Live, partitions: int) -> None:
    path = run.into / f"partition-{live.partition}.jsonl"
    comparer = None if run.difference is None else Comparer()
    with path.open("wb") as file:
        sink = _Sink(file, run.stretch, comparer)
        lane = ReplayLane(live.partition, partitions, run.bundles, run.past, sink.take, run.settings.identity_key)
        await _read(run, live, lane)
        header = lane.header
        await _read_erasures(run, live, lane)
    sink.written -= leave_out(path, lane.erased, comparer.leave_out if comparer is not None else lambda _: None)
    run.results.append(
        PartitionReplay(
            live.partition,
            path,
            header.cursor,
            header.clock,
            header.people,
            header.applied,
            header.duplicates,
            header.dead_letters,
            header.transitions,
            sink.written,
        )
    )
    if comparer is not None and run.difference is not None:
        judged = Judged(lambda told: run.stretch.holds(milliseconds(told)) and not is_erased(told, lane.erased), header.clock, path)
        run.difference.add(await compare_partition(run.log, run.settings.topics.transitions, live, comparer, judged))


async def _read(run: _Run, live: Live, lane: ReplayLane) -> None:
    """Up to the live cursor, or to the first record after the end; all that is due until the end fires before that record."""
    end_ms = run.stretch.end_ms
    async for records in run.log.read(run.settings.topics.events, live.partition, 0, live.cursor):
        beyond = None if end_ms is None else next((at for at, record in enumerate(records) if record.timestamp > end_ms), None)
        if beyond != 0:
            await lane.read(records[:beyond])
        run.done(len(records))
        if beyond is not None and end_ms is not None:
            await lane.advance(end_ms + 1)
            return
        await asyncio.sleep(0)


async def _read_erasures(run: _Run, live: Live, lane: ReplayLane) -> None:
    """Who is erased after the stretch. Nothing that is yielded on the way there is of the stretch: all due times in it have fired."""
    topic, cursor = run.settings.topics.events, lane.header.cursor
    if cursor >= live.cursor:
        return
    found = False
    async for records in run.log.read(topic, live.partition, cursor, live.cursor):
        found = found or any(erases(record) for record in records)
    if found:
        async for records in run.log.read(topic, live.partition, cursor, live.cursor):
            await lane.read(records)
            await asyncio.sleep(0)
