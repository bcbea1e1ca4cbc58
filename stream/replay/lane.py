"""A lane that writes nothing: the live lane's steps over a store in memory, moved by records alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from schemas.definitions.model import Bundle
from schemas.person_merged import PersonMerged
from schemas.transition import Transition
from segments.history import History
from stream.kafka.port import Bundles, PastLog, Record
from stream.store.layout import SLICE_PEOPLE
from stream.store.memory import MemoryStateStore
from stream.store.port import Commit, LaneHeader
from stream.worker.batch import BatchStep, IntakeReader, load
from stream.worker.dues import DueIndex
from stream.worker.fill import is_switch, until_switch
from stream.worker.filling import LaneFilling
from stream.worker.memory import Changes, LaneMemory, Working, begin, build_commit
from stream.worker.people import People, read_for_splits, read_pointers, read_tombstones
from stream.worker.sweep import Sweeper, SweepResult

_SLICES_AT_ONCE = 8

Take = Callable[[list[Transition | PersonMerged]], None]


class ReplayLane:
    """One partition from its true start. ``take`` hears transitions, per person in the order of the live stream.

    When a due time fires is a matter of the records alone, so sweeping here between other batches than the live lane did
    changes the order across people, and nothing else.
    """

    def __init__(self, partition: int, partitions: int, bundles: Bundles, past: PastLog, take: Take, secret: bytes | None = None) -> None:
        header = LaneHeader(partitions=partitions)
        self._memory = LaneMemory(partition, header, b"", DueIndex({}), History({0: Bundle()}, header.switches, secret))
        self._bundles = bundles
        self._past = past
        self._take = take
        self._store = MemoryStateStore()
        self._reader = IntakeReader()
        self._sweeper = Sweeper(self._store, self._memory)
        self._filling = LaneFilling(self._memory, self._store, bundles, past, self._put_filled)
        self.erased: dict[str, int] = {}

    @property
    def header(self) -> LaneHeader:
        """Cursor, clock and counters, as the live lane's header has them."""
        return self._memory.header

    async def read(self, records: Sequence[Record]) -> None:
        """Apply records that follow those read before, and fire what has become due."""
        while records:
            current = self._memory.history.current.version
            now = until_switch(records, current)
            version = is_switch(now[0], current)
            if version is not None:
                await self._filling.complete(version)
            await self._apply(now)
            records = records[len(now) :]

    async def _apply(self, records: Sequence[Record]) -> None:
        memory = self._memory
        intake = self._reader.read(records, memory.history.current.policy)
        digests = list(intake.digests)
        packed = dict(zip(digests, await self._store.persons(memory.partition, digests), strict=True))
        working = load(packed.items(), await self._sweeper.shadows(digests))
        bundles = {version: await self._bundles.bundle(version) for version in intake.versions}
        changes = begin(memory)
        people = People(memory, changes, working, await read_pointers(self._store, memory.partition, packed))
        people.tombstones = await read_tombstones(self._store, memory.partition, intake.heard, changes)
        await read_for_splits(people, intake, self._store, self._past)
        BatchStep(memory, changes, people, bundles).run(intake)
        await self._commit(changes, people.all(), SweepResult({}, {}, []))
        self.erased.update(changes.erased)
        await self._settle()

    async def advance(self, clock_ms: int) -> None:
        """Move the clock as a later record would have done, and fire what is due before it."""
        changes = begin(self._memory)
        changes.clock = max(changes.clock, clock_ms)
        await self._commit(changes, (), SweepResult({}, {}, []))
        await self._settle()

    async def _settle(self) -> None:
        memory = self._memory
        while len(memory.header.switches) > 1:
            changes = begin(memory)
            if memory.header.swept < memory.header.sweep_to:
                result = await self._sweeper.definitions(memory.header.swept // SLICE_PEOPLE, changes)
                await self._commit(changes, result.working.values(), result)
            else:
                memory.history.forget()
                await self._commit(changes, (), SweepResult({}, {}, []))
        while due := memory.dues.ready(memory.header.clock, _SLICES_AT_ONCE):
            changes = begin(memory)
            result = await self._sweeper.due(due, changes)
            await self._commit(changes, result.working.values(), result)

    async def _commit(self, changes: Changes, touched: Iterable[Working], result: SweepResult) -> None:
        memory = self._memory
        commit, after = build_commit(memory, changes, touched, result.bounds, 0, [])
        commit.dues += result.index_only
        commit.members.clear()
        await self._put(commit, after)
        published: list[Transition | PersonMerged] = [*changes.transitions, *changes.merged]
        if published:
            self._take(published)

    async def _put_filled(self, commit: Commit, after: LaneHeader) -> None:
        commit.outbox.clear()
        await self._put(commit, after)

    async def _put(self, commit: Commit, after: LaneHeader) -> None:
        memory = self._memory
        await self._store.commit(memory.partition, commit)
        memory.header, memory.packed = after, commit.after
