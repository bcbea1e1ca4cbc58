"""One batch of records, worked out in memory: no I/O, no clock but the log's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from schemas import rejection
from schemas.definitions.model import Bundle
from schemas.errors import Rejected
from schemas.event import Event, read_event
from schemas.internal import HEADER, ClockRecord, DefinitionsRecord, read_internal
from schemas.routing import partition_of
from stream.kafka.port import Record
from stream.store.layout import person_digest
from stream.worker.memory import Changes, LaneMemory, Working
from tagging.codec import unpack
from tagging.person import Person
from tagging.state import PersonState, new_person

_DIGESTS_MAX = 100_000


@dataclass(slots=True)
class DeadLetter:
    """A record that cannot be applied, and why."""

    record: Record
    rejected: Rejected


@dataclass(slots=True)
class Intake:
    """Records read and sorted, in order; a switch stands where its record stood.

    ``steps``: (record, event, digest), or (record, definitions, None) where a set is asked for or switched to,
    or (record, None, None) for what only moves the clock.
    """

    steps: list[tuple[Record, Event | DefinitionsRecord | None, bytes | None]] = field(default_factory=list)
    digests: dict[bytes, None] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)

    def refuse(self, version: int, rejected: Rejected) -> None:
        """Make the switches to a version dead letters: they then only move the clock."""
        for at, (record, what, _) in enumerate(self.steps):
            if isinstance(what, DefinitionsRecord) and what == DefinitionsRecord(version, "activate"):
                self.dead_letters.append(DeadLetter(record, rejected))
                self.steps[at] = (record, None, None)


class IntakeReader:
    """Reads records into steps; remembers the digests of recent routing ids."""

    def __init__(self) -> None:
        self._digests: dict[str, bytes] = {}

    def guess(self, records: Sequence[Record]) -> list[bytes]:
        """The digests of those whom the records' keys name: nearly always the ones that will be needed, before anything is read."""
        known = self._digests
        wanted: dict[bytes, None] = {}
        for record in records:
            if record.key is not None:
                routing_id = record.key.decode(errors="replace")
                wanted[known.get(routing_id) or self._digest(routing_id)] = None
        return list(wanted)

    def _digest(self, routing_id: str) -> bytes:
        if len(self._digests) >= _DIGESTS_MAX:
            self._digests.clear()
        digest = self._digests[routing_id] = person_digest(routing_id)
        return digest

    def read(self, records: Sequence[Record]) -> Intake:
        """Sort a batch."""
        intake = Intake()
        steps, needed, known = intake.steps, intake.digests, self._digests
        for record in records:
            if record.headers and any(name == HEADER for name, _ in record.headers):
                self._read_internal(record, intake)
                continue
            try:
                event = read_event(record.value)
            except Rejected as rejected:
                intake.dead_letters.append(DeadLetter(record, rejected))
                steps.append((record, None, None))
                continue
            digest = known.get(event.routing_id) or self._digest(event.routing_id)
            needed[digest] = None
            steps.append((record, event, digest))
        return intake

    def _read_internal(self, record: Record, intake: Intake) -> None:
        try:
            internal = read_internal(record.value)
        except Rejected as rejected:
            intake.dead_letters.append(DeadLetter(record, rejected))
            intake.steps.append((record, None, None))
            return
        if isinstance(internal, ClockRecord):
            intake.steps.append((record, None, None))
            return
        if internal.phase == "activate":
            intake.versions.append(internal.version)
        intake.steps.append((record, internal, None))


def load(packed: Iterable[tuple[bytes, bytes | None]], shadows: Mapping[bytes, PersonState] = MappingProxyType({})) -> dict[bytes, Working]:
    """The persons of a batch that exist, by digest, with their shadows."""
    found: dict[bytes, Working] = {}
    for digest, body in packed:
        if body is not None:
            person = Person(unpack(body))
            due = person.state.due
            found[digest] = Working(digest, person, None if due is None else person.state.base + due)
    for digest, shadow in shadows.items():
        if digest in found:
            found[digest].shadow = shadow
    return found


class BatchStep:
    """Applies one batch to the persons it needs."""

    def __init__(self, memory: LaneMemory, changes: Changes, working: dict[bytes, Working], bundles: dict[int, Bundle]) -> None:
        self._memory = memory
        self._changes = changes
        self._working = working
        self._bundles = bundles
        self._engine = memory.history.current

    def run(self, intake: Intake) -> None:
        """Apply every step in order; what turns out to be unacceptable joins the intake's dead letters."""
        changes = self._changes
        for record, event, digest in intake.steps:
            changes.cursor = record.offset + 1
            changes.clock = max(changes.clock, record.timestamp)
            if digest is None:
                if event is not None:
                    assert isinstance(event, DefinitionsRecord)
                    self._definitions(event)
                continue
            assert isinstance(event, Event)
            try:
                self._apply(event, digest, record.timestamp)
            except Rejected as rejected:
                intake.dead_letters.append(DeadLetter(record, rejected))
        changes.dead_letters += len(intake.dead_letters)

    def _definitions(self, record: DefinitionsRecord) -> None:
        version = record.version
        if version <= self._memory.history.current.version:
            return
        if record.phase == "prepare":
            self._changes.prepared = max(self._changes.prepared, version)
        else:
            self._switch(version)

    def _switch(self, version: int) -> None:
        history, changes = self._memory.history, self._changes
        history.switch(self._bundles[version], changes.clock)
        changes.filled = 0 if history.fill.is_empty or changes.filling is None else changes.filling.begun
        changes.filling = None
        changes.swept = 0
        changes.sweep_to = changes.people
        self._engine = history.current

    def _apply(self, event: Event, digest: bytes, append_ms: int) -> None:
        changes, engine = self._changes, self._engine
        clock = changes.clock
        working = self._working.get(digest)
        if working is None and partition_of(event.routing_id, self._memory.header.partitions) != self._memory.partition:
            raise Rejected(rejection.WRONG_PARTITION, "the partitioner of the client that wrote it differs")
        stated = event.stated_ms
        event_ms = append_ms if stated is None else min(stated, clock)
        if clock - event_ms > engine.oldest_ms:
            raise Rejected(rejection.TOO_OLD, f"{clock - event_ms} ms before the lane's clock")
        if working is None:
            state = new_person(event.routing_id, changes.people, append_ms, engine.version)
            working = Working(digest, Person(state, is_new=True), None, is_new=True)
        transitions = changes.transitions
        since = len(transitions)
        if working.person.state.definitions != engine.version:
            working.changed = self._memory.history.bring(working.person, transitions, working.shadow)
            changes.note_adopted(working)
        try:
            self._count(working, applied=engine.apply(working.person, event, event_ms, clock, transitions))
        finally:
            if len(transitions) > since:
                working.changed = True
                changes.note_members(since, working, engine.program.bundle.numbers.segments)

    def _count(self, working: Working, *, applied: bool) -> None:
        changes = self._changes
        if not applied:
            changes.duplicates += 1
            return
        working.changed = True
        changes.applied += 1
        if working.is_new and working.digest not in self._working:
            self._working[working.digest] = working
            changes.people += 1
