"""A partition's log through the engine in memory, as a lane takes it: in batches, with sweeps between them, and with losses of memory."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from msgspec.structs import replace

from schemas import rejection
from schemas.definitions.model import Bundle
from schemas.errors import Rejected
from segments.history import History
from stream.kafka.port import Message, StoredRecord
from stream.store import layout
from stream.store.memory import MemoryStateStore
from stream.store.port import Commit, CommitRefused, LaneHeader, pack_header, unpack_header
from stream.worker.batch import BatchStep, Intake, IntakeReader, load
from stream.worker.dues import DueIndex
from stream.worker.fill import is_switch, until_switch
from stream.worker.filling import LaneFilling
from stream.worker.memory import Changes, LaneMemory, Working, begin, build_commit
from stream.worker.outbox import entries_of, unpack_entry
from stream.worker.people import People, read_for_splits, read_pointers, read_tombstones
from stream.worker.sweep import Sweeper, SweepResult
from tests.oracle.classify import Raw

Kind = Literal["read", "sweep", "bring", "publish", "clear", "reopen", "fill"]
Fate = Literal["well", "lost before", "lost after", "sent twice"]
"""What becomes of a commit: memory may be lost before or after it, or its answer is lost and it is sent again."""

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One thing that a lane does. ``size``: how many records are read, slices swept, or transitions published."""

    kind: Kind
    size: int = 1
    fate: Fate = "well"


@dataclass(frozen=True)
class Place:
    """Which partition of how many; ``secret``: the key of hashed ids."""

    partition: int = 0
    partitions: int = 1
    secret: bytes | None = None


@dataclass
class Topics:
    """What a lane wrote. ``transitions``: with the repeats that a crash may leave. ``dead_letters``: offset → reason.
    ``internal``: records for other lanes, by partition.
    """

    transitions: list[dict[str, Any]] = field(default_factory=list)
    dead_letters: dict[int, str] = field(default_factory=dict)
    internal: list[tuple[int, Message]] = field(default_factory=list)


class Driver:
    """One partition and the succession of its owners, over a store that outlives them."""

    def __init__(self, log: Sequence[Raw], bundles: Mapping[int, Bundle], place: Place, store: MemoryStateStore | None = None) -> None:
        self._log = [StoredRecord(raw.offset, raw.append_ms, raw.key, raw.value, raw.headers) for raw in log]
        self.bundles = {0: Bundle(), **bundles}
        self.place = place
        self.store = store or MemoryStateStore()
        self.topics = Topics()
        self._reopen()

    @property
    def header(self) -> LaneHeader:
        """What the store holds of the partition as a whole."""
        return self._memory.header

    def run(self, steps: Iterable[Step]) -> Driver:
        """Do the steps, then everything that is left to do."""
        for step in steps:
            self.do(step)
        self.finish()
        return self

    def append(self, raw: Raw) -> None:
        """A record has come to the log's end."""
        self._log.append(StoredRecord(raw.offset, raw.append_ms, raw.key, raw.value, raw.headers))

    def do(self, step: Step) -> None:
        """Do one step."""
        match step.kind:
            case "read":
                self._read(step.size, step.fate)
            case "sweep":
                due = self._memory.dues.ready(self.header.clock, step.size)
                if due:
                    self._visit(lambda changes: self._sweeper.due(due, changes), step.fate)
            case "bring":
                self._bring(step.fate)
            case "publish":
                self._publish(step.size)
            case "clear":
                self._commit(begin(self._memory), (), {}, [], step.fate)
            case "reopen":
                self._reopen()
            case "fill":
                self._fill(step.fate)

    def finish(self) -> None:
        """Do everything that is left to do."""
        while self.header.cursor < len(self._log):
            self._read(len(self._log), "well")
        while len(self.header.switches) > 1:
            self._bring("well")
        while due := self._memory.dues.ready(self.header.clock, 3):
            self._visit(lambda changes, due=due: self._sweeper.due(due, changes), "well")
        self._publish(1 << 30)

    def _reopen(self) -> None:
        """Become the owner: a fence first, then what the last owner left."""
        number, store = self.place.partition, self.store
        packed = done(store.header(number))
        before = unpack_header(packed) if packed else LaneHeader(topic_id="t", partitions=self.place.partitions)
        taken = replace(before, epoch=before.epoch + 1, number=before.number + 1)
        done(store.commit(number, Commit(packed or b"", pack_header(taken))))
        held = {version: self.bundles[version] for version in (*dict(taken.switches), taken.before)}
        bounds = done(store.slice_bounds(number))
        history = History(held, taken.switches, self.place.secret, taken.before)
        self._memory = LaneMemory(number, taken, pack_header(taken), DueIndex(bounds), history)
        self._reader, self._sweeper = IntakeReader(), Sweeper(store, self._memory)
        self._filling = LaneFilling(self._memory, store, _Sets(self.bundles), _Past(self._log), self._put)
        self._fill_fate: Fate = "well"
        self._published = 0

    @property
    def wants_filling(self) -> bool:
        """Whether a slice can be filled."""
        return self._filling.is_wanted

    def _fill(self, fate: Fate) -> None:
        if not self.wants_filling:
            return
        self._fill_fate = fate
        with suppress(_MemoryLostError):
            done(self._filling.slice())
        self._fill_fate = "well"

    async def _put(self, commit: Commit, after: LaneHeader) -> None:
        """A commit of the filling."""
        fate, self._fill_fate = self._fill_fate, "well"
        if fate == "lost before":
            self._reopen()
            raise _MemoryLostError
        for _ in range(2 if fate == "sent twice" else 1):
            await self.store.commit(self.place.partition, commit)
        self._memory.header, self._memory.packed = after, commit.after
        if fate == "lost after":
            self._reopen()
            raise _MemoryLostError

    def _before_switch(self, version: int | None) -> None:
        if version is None or version not in self.bundles:
            return
        while self.header.filled:
            self._bring("well")
        done(self._filling.complete(version))

    def _read(self, size: int, fate: Fate) -> None:
        records = self._log[self.header.cursor : self.header.cursor + size]
        if not records:
            return
        current = self._memory.history.current.version
        self._before_switch(is_switch(records[0], current))
        records = records[: len(until_switch(records, current))]
        intake = self._reader.read(records, self._memory.history.current.policy)
        digests = list(intake.digests)
        packed = dict(zip(digests, done(self.store.persons(self.place.partition, digests)), strict=True))
        changes = begin(self._memory)
        working = load(packed.items(), done(self._sweeper.shadows(digests)))
        people = People(self._memory, changes, working, done(read_pointers(self.store, self.place.partition, packed)))
        people.tombstones = done(read_tombstones(self.store, self.place.partition, intake.heard, changes))
        done(read_for_splits(people, intake, self.store, _Past(self._log)))
        BatchStep(self._memory, changes, people, self._known(intake)).run(intake)
        for letter in intake.dead_letters:
            # A crash may write a dead letter again, but never with another reason.
            assert self.topics.dead_letters.setdefault(letter.record.offset, letter.rejected.reason.code) == letter.rejected.reason.code
        self._commit(changes, people.all(), {}, [], fate)

    def _known(self, intake: Intake) -> dict[int, Bundle]:
        for version in intake.versions:
            if version not in self.bundles:
                intake.refuse(version, Rejected(rejection.UNREADABLE_INTERNAL))
        return self.bundles

    def _bring(self, fate: Fate) -> None:
        header = self.header
        if len(header.switches) == 1:
            return
        if header.swept < header.sweep_to:
            number = header.swept // layout.SLICE_PEOPLE
            self._visit(lambda changes: self._sweeper.definitions(number, changes), fate)
        else:
            self._memory.history.forget()
            self._commit(begin(self._memory), (), {}, [], fate)

    def _visit(self, visit: Any, fate: Fate) -> None:
        changes = begin(self._memory)
        result: SweepResult = done(visit(changes))
        self._commit(changes, result.working.values(), result.bounds, result.index_only, fate)

    def _commit(
        self,
        changes: Changes,
        touched: Iterable[Working],
        bounds: dict[int, int | None],
        index_only: list[tuple[int, int | None]],
        fate: Fate,
    ) -> None:
        published = self._published
        entries = entries_of([*changes.transitions, *changes.merged], changes.internal)
        commit, after = build_commit(self._memory, changes, touched, bounds, published, entries)
        commit.dues += index_only
        if fate == "lost before":
            self._reopen()
            self._must_refuse(commit)
            return
        for _ in range(2 if fate == "sent twice" else 1):
            done(self.store.commit(self.place.partition, commit))
        self._memory.header, self._memory.packed = after, commit.after
        self._published -= published
        if fate == "lost after":
            self._reopen()

    def _must_refuse(self, commit: Commit) -> None:
        """A commit of an owner that has been replaced comes too late."""
        try:
            done(self.store.commit(self.place.partition, commit))
        except CommitRefused:
            return
        raise AssertionError("the store took the commit of an owner that has been replaced")

    def _publish(self, most: int) -> None:
        """The oldest entries of the outbox that this owner has not published yet; a commit takes them out later."""
        entries = done(self.store.outbox(self.place.partition))[self._published :][:most]
        for partition, message in map(unpack_entry, entries):
            if partition is None:
                self.topics.transitions.append(json.loads(message.value or b""))
            else:
                self.topics.internal.append((partition, message))
        self._published += len(entries)


class _MemoryLostError(Exception):
    """The owner died in the middle of a filling."""


@dataclass(frozen=True)
class _Sets:
    """All sets of definitions there are."""

    held: Mapping[int, Bundle]

    async def bundle(self, version: int) -> Bundle:
        if version not in self.held:
            raise Rejected(rejection.UNREADABLE_INTERNAL)
        return self.held[version]


@dataclass(frozen=True)
class _Past:
    """The log, read again; a few records at a time, so that a filling has many slices."""

    log: Sequence[StoredRecord]

    async def start(self, _partition: int) -> int:
        return 0

    async def read(self, _partition: int, offset: int, most: int) -> Sequence[StoredRecord]:
        return self.log[offset : offset + min(most, 3)]


def done(call: Coroutine[Any, Any, T]) -> T:
    """The result of a call that never waits."""
    try:
        call.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("the store in memory waited for something")
