"""One lane: the only writer of one partition's state.

It merges whatever waits into one batch: one read, one step in memory, one commit, one publish. Nothing else may change
the state, and every change rests on the header that the lane wrote last, so a lane that has been replaced can do no harm.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from schemas.definitions.model import Bundle
from schemas.errors import Fenced, Rejected
from schemas.internal import CLOCK_HEADERS, CLOCK_VALUE
from schemas.topics import Topics
from schemas.transition import Transition
from stream.kafka.port import Bundles, Message, PastLog, Publisher, Record
from stream.runtime.clock import Clock
from stream.runtime.settings_worker import WorkerSettings
from stream.store.layout import SLICE_PEOPLE
from stream.store.port import Commit, CommitRefused, LaneHeader, StateStore, Tombstone, unpack_header
from stream.store.redis import until_available
from stream.worker.batch import BatchStep, DeadLetter, Intake, IntakeReader, load
from stream.worker.coordinator import PARTITION as COORDINATING_PARTITION
from stream.worker.coordinator import Coordinator
from stream.worker.dead_letters import DeadLetters
from stream.worker.fill import is_switch, until_switch
from stream.worker.filling import LaneFilling
from stream.worker.measures import LaneMeasures
from stream.worker.memory import Changes, CommitDraft, LaneMemory, begin
from stream.worker.outbox import Outbox, entries_of
from stream.worker.people import People, read_for_splits, read_pointers, read_tombstones
from stream.worker.sweep import Sweeper, SweepResult
from stream.worker.turns import Turns
from tagging.state import PersonState


class Rewound(Exception):
    """The store came back older than this lane left it; the partition must be read again from the store's cursor."""


@dataclass(frozen=True, slots=True)
class LaneParts:
    """What a lane works with; shared by all lanes of a worker."""

    store: StateStore
    publisher: Publisher
    bundles: Bundles
    clock: Clock
    measures: LaneMeasures
    topics: Topics
    settings: WorkerSettings
    past: PastLog
    identity_secret: bytes | None = None
    turns: Turns = field(default_factory=Turns)


@dataclass(slots=True)
class _Batch:
    """A batch under way: people packed as the store has them or as the batch has left them so far."""

    packed: dict[bytes, bytes | None]
    changes: Changes
    draft: CommitDraft
    shadows: dict[bytes, PersonState]
    pointers: dict[bytes, str]
    dead_letters: list[DeadLetter] = field(default_factory=list)
    chunks: int = 0
    turn_began: float = field(default_factory=perf_counter)


class Lane:
    """A partition that this worker owns. ``feed`` it, ``run`` it; ``memory`` is what the store holds of it as a whole."""

    def __init__(self, memory: LaneMemory, parts: LaneParts) -> None:
        self.memory = memory
        self._parts = parts
        self._queue: deque[Sequence[Record]] = deque()
        self.queued = 0
        self._next_offset = memory.header.cursor
        self._reader = IntakeReader()
        self._sweeper = Sweeper(parts.store, memory, lambda: asyncio.sleep(0))
        self._dead_letters = DeadLetters(parts.publisher, parts.topics, memory.partition)
        self._filling = LaneFilling(memory, parts.store, parts.bundles, parts.past, self._put_filled)
        self.outbox = Outbox(parts.publisher, parts.topics, memory.partition, self._published)
        self._wake = asyncio.Event()
        self._stopping = False
        self._clock_sent_ms = 0
        self._clock_task: asyncio.Future[None] | None = None
        self._worked_at = 0.0

    def feed(self, records: Sequence[Record]) -> None:
        """Records that follow those fed before; what comes again is skipped."""
        if records[0].offset < self._next_offset:
            records = [record for record in records if record.offset >= self._next_offset]
            if not records:
                return
        self._next_offset = records[-1].offset + 1
        self._queue.append(records)
        self.queued += len(records)
        self._parts.turns.live()
        self._wake.set()

    def stop(self) -> None:
        """Finish the batch under way, publish, and end ``run``."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            Fenced: another owner has the partition.
            Rewound: the store lost commits.
        """
        publishing = asyncio.create_task(self.outbox.run())
        coordinating = self._coordinate()
        try:
            while not self._stopping:
                self._wake.clear()
                if not await self._work():
                    await self._sleep(publishing)
            await self.outbox.room(0)
            await self._clear_outbox()
        except (Fenced, Rewound):
            raise
        except Exception:
            await self._check_owner()
            raise
        finally:
            self._parts.turns.leave(self.memory.partition)
            publishing.cancel()
            coordinating.cancel()

    async def _check_owner(self) -> None:
        """Fenced or Rewound, if the store is not as this lane left it: people from another time may make any step fail."""
        found = await until_available(lambda: self._parts.store.header(self.memory.partition))
        if found != self.memory.packed:
            raise self._why(CommitRefused(found))

    def _coordinate(self) -> asyncio.Future[None]:
        parts, loop = self._parts, asyncio.get_running_loop()
        if self.memory.partition != COORDINATING_PARTITION:
            return loop.create_future()
        coordinator = Coordinator(self.memory, parts.store, parts.bundles, parts.publisher, parts.topics)
        return loop.create_task(coordinator.run(), name="coordinator")

    async def _work(self) -> bool:
        """One batch, and if it is this lane's turn a slice of what can wait; False if there was nothing to do."""
        turns, partition = self._parts.turns, self.memory.partition
        await self.outbox.room(self._parts.settings.publish_window)
        worked = bool(self._queue)
        if self._queue:
            turns.leave(partition)
            await self._batch()
        if self._filling.is_wanted:
            await until_available(self._filling.read_ahead)
        if self._has_slices() and turns.take(partition, self._wake.set):
            try:
                await self._slices()
            finally:
                turns.give(partition)
            worked = True
        if worked:
            self._worked_at = perf_counter()
        return worked

    def _has_slices(self) -> bool:
        header = self.memory.header
        return self._is_due() or len(header.switches) > 1 or self._filling.is_wanted

    def _is_due(self) -> bool:
        due = self.memory.dues.earliest()
        return due is not None and due < self.memory.header.clock

    async def _slices(self) -> None:
        """One slice of each kind that there is."""
        header = self.memory.header
        due = self.memory.dues.ready(header.clock, max(1, self._parts.settings.sweep_people_max // SLICE_PEOPLE))
        if due:
            await self._sweep(lambda changes: self._sweeper.due(due, changes))
        if len(header.switches) > 1:
            await self._bring()
        if self._filling.is_wanted:
            await until_available(self._filling.slice)

    def _take(self) -> list[Record]:
        most = self._parts.settings.batch_records_max
        taken: list[Record] = []
        while self._queue and len(taken) < most:
            records = self._queue.popleft()
            space = most - len(taken)
            if len(records) > space:
                self._queue.appendleft(records[space:])
                records = records[:space]
            taken.extend(records)
        now = until_switch(taken, self.memory.history.current.version)
        if len(now) < len(taken):
            self._queue.appendleft(taken[len(now) :])
        return list(now)

    async def _before_switch(self, record: Record) -> None:
        """What must be done before a record that switches definitions: the past filled in, the last switch behind everybody."""
        version = is_switch(record, self.memory.history.current.version)
        if version is None:
            return
        while self.memory.header.filled:
            await self._bring()
        await until_available(lambda: self._filling.complete(version))

    async def _batch(self) -> None:
        measures = self._parts.measures
        started = perf_counter()
        records = self._take()
        await self._before_switch(records[0])
        measures.offsets(self.memory.header.cursor, records)
        guessed = self._reader.guess(records)
        packed = await self._read(guessed)
        shadows = await until_available(lambda: self._sweeper.shadows(guessed))
        apply_from = perf_counter()
        pointers = await self._pointers(packed)
        batch = _Batch(packed, begin(self.memory), CommitDraft(self.memory), shadows, pointers)
        for at in range(0, len(records), _CHUNK_RECORDS):
            await self._chunk(records[at : at + _CHUNK_RECORDS], batch)
        apply_to = perf_counter()
        if batch.dead_letters:
            await self._dead_letters.publish(batch.dead_letters, self._parts.clock.now_ms())
            measures.dead_letters(batch.dead_letters)
        await self._commit(batch.changes, batch.draft, {}, [])
        self.queued -= len(records)
        measures.ids(self.memory.history.current.policy.take_refusals())
        measures.batch(len(records), batch.changes, (apply_from - started, apply_to - apply_from, perf_counter() - apply_to))

    async def _chunk(self, records: Sequence[Record], batch: _Batch) -> None:
        """A part of a batch small enough to stay in the processor's cache: a fifth cheaper than two thousand records at once.

        Who comes again in a later part is unpacked again. Now and then other lanes and the client's heartbeat have their turn;
        after each part would empty the cache again, unless events are so costly that eight parts take longer than a heartbeat can wait.
        """
        intake = self._reader.read(records, self.memory.history.current.policy)
        packed = batch.packed
        missing = [digest for digest in intake.digests if digest not in packed]
        if missing:
            found = await self._read(missing)
            packed.update(found)
            batch.pointers.update(await self._pointers(found))
            batch.shadows.update(await until_available(lambda: self._sweeper.shadows(missing)))
        bundles = await self._bundles(intake) if intake.versions else {}
        working = load(((digest, packed[digest]) for digest in intake.digests), _of(intake, batch.shadows))
        people = People(self.memory, batch.changes, working, batch.pointers)
        if intake.heard:
            people.tombstones = await self._tombstones(intake, batch.changes)
        if intake.splits or intake.parted:
            await until_available(lambda: read_for_splits(people, intake, self._parts.store, self._parts.past))
        BatchStep(self.memory, batch.changes, people, bundles).run(intake)
        packed.update(batch.draft.add(people.all()))
        batch.dead_letters += intake.dead_letters
        batch.chunks += 1
        if batch.chunks % _CHUNKS_A_TURN == 0 or perf_counter() - batch.turn_began > _TURN_SECONDS:
            await asyncio.sleep(0)
            batch.turn_began = perf_counter()

    async def _read(self, digests: list[bytes]) -> dict[bytes, bytes | None]:
        store = self._parts.store
        found = await until_available(lambda: store.persons(self.memory.partition, digests))
        return dict(zip(digests, found, strict=True))

    async def _pointers(self, packed: dict[bytes, bytes | None]) -> dict[bytes, str]:
        return await until_available(lambda: read_pointers(self._parts.store, self.memory.partition, packed))

    async def _tombstones(self, intake: Intake, changes: Changes) -> dict[bytes, Tombstone]:
        return await until_available(lambda: read_tombstones(self._parts.store, self.memory.partition, intake.heard, changes))

    async def _bundles(self, intake: Intake) -> dict[int, Bundle]:
        """The sets that the batch's records name; a record that names none there is becomes a dead letter."""
        found: dict[int, Bundle] = {}
        for version in intake.versions:
            try:
                found[version] = await until_available(lambda version=version: self._parts.bundles.bundle(version))  # type: ignore[misc]
            except Rejected as rejected:
                intake.refuse(version, rejected)
        return found

    async def _sweep(self, visit: Callable[[Changes], Awaitable[SweepResult]]) -> None:
        async def attempt() -> tuple[Changes, SweepResult]:
            changes = begin(self.memory)
            return changes, await visit(changes)

        changes, result = await until_available(attempt)
        draft = CommitDraft(self.memory)
        draft.add(result.working.values())
        await self._commit(changes, draft, result.bounds, result.index_only)
        self._parts.measures.sweep(len(result.working))

    async def _bring(self) -> None:
        """Bring the next slice of people to the newest definitions; after the last, forget the older ones."""
        header = self.memory.header
        if header.swept < header.sweep_to:
            number = header.swept // SLICE_PEOPLE
            await self._sweep(lambda changes: self._sweeper.definitions(number, changes))
        else:
            self.memory.history.forget()
            await self._commit(begin(self.memory), CommitDraft(self.memory), {}, [])

    async def _commit(
        self, changes: Changes, draft: CommitDraft, bounds: dict[int, int | None], index_only: list[tuple[int, int | None]]
    ) -> None:
        outbox = self.outbox
        published = outbox.clearable
        entries = entries_of([*changes.transitions, *changes.merged], changes.internal)
        commit, after = draft.finish(changes, bounds, published, entries)
        commit.dues += index_only
        await self._put(commit, after)
        self._parts.measures.left_out(self.memory.history.tally)
        self._parts.measures.forgotten(changes.forgotten)
        outbox.clearable -= published
        outbox.add(entries, changes.transitions)

    async def _put(self, commit: Commit, after: LaneHeader) -> None:
        store = self._parts.store
        try:
            await until_available(lambda: store.commit(self.memory.partition, commit))
        except CommitRefused as refused:
            raise self._why(refused) from None
        self.memory.header, self.memory.packed = after, commit.after

    async def _put_filled(self, commit: Commit, after: LaneHeader) -> None:
        await self._put(commit, after)
        self.outbox.add(commit.outbox, [])

    def _why(self, refused: CommitRefused) -> Exception:
        mine = self.memory.header
        found = unpack_header(refused.found) if refused.found else None
        if found is not None and found.epoch > mine.epoch:
            self._parts.measures.fenced()
            return Fenced(f"partition {self.memory.partition} has a newer owner")
        self._parts.measures.rewound()
        return Rewound(f"partition {self.memory.partition} is at commit {found.number if found else 'none'}, not {mine.number}")

    async def _clear_outbox(self) -> None:
        if self.outbox.clearable:
            await self._commit(begin(self.memory), CommitDraft(self.memory), {}, [])

    async def _sleep(self, publishing: asyncio.Task[None]) -> None:
        """Wait for records, or until a due time has passed by the wall clock and a ``$clock`` record is called for."""
        if publishing.done():
            publishing.result()
        timeout: float | None = None
        due = self.memory.dues.earliest()
        if due is not None and not self._is_due():
            now = self._parts.clock.now_ms()
            wait = max(due + 1, self._clock_sent_ms + self._parts.settings.clock_spacing_ms) - now
            if wait <= 0:
                self._append_clock(now)
                wait = self._parts.settings.clock_spacing_ms
            timeout = wait / 1000
        waits = self._parts.turns.waits(self.memory.partition) or self._filling.asks_again
        if self.outbox.clearable or self.outbox.unpublished or waits:
            timeout = min(timeout or _OUTBOX_REST_SECONDS, _OUTBOX_REST_SECONDS)
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            if self.outbox.clearable and perf_counter() - self._worked_at >= _OUTBOX_REST_SECONDS:
                await self._clear_outbox()

    def _append_clock(self, now: int) -> None:
        self._clock_sent_ms = now
        if self._clock_task is not None and not self._clock_task.done():
            return
        self._parts.measures.clock_record()
        message = Message(None, CLOCK_VALUE, CLOCK_HEADERS)
        self._clock_task = asyncio.ensure_future(self._parts.publisher.publish(self._parts.topics.events, self.memory.partition, [message]))
        self._clock_task.add_done_callback(_forget)

    def _published(self, transitions: list[Transition]) -> None:
        self._parts.measures.published(transitions, self._parts.clock.now_ms())


_OUTBOX_REST_SECONDS = 0.2
_CHUNK_RECORDS = 64
_CHUNKS_A_TURN = 8
_TURN_SECONDS = 0.05


def _of(intake: Intake, shadows: dict[bytes, PersonState]) -> dict[bytes, PersonState]:
    return {digest: shadows[digest] for digest in intake.digests if digest in shadows} if shadows else shadows


def _forget(task: asyncio.Future[None]) -> None:
    """A ``$clock`` record that was not written is written again 20 ms later, because the due time still stands."""
    if not task.cancelled():
        task.exception()
