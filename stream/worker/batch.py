"""One batch of records, worked out in memory: no I/O, no clock but the log's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from schemas import rejection
from schemas.definitions.model import Bundle
from schemas.errors import Rejected
from schemas.event import Event, read_event
from schemas.internal import HEADER, ClockRecord, DefinitionsRecord, ListRecord, read_internal
from schemas.routing import partition_of
from stream.kafka.port import Record
from stream.store.layout import person_digest
from stream.worker.memory import Changes, LaneMemory, Working
from tagging.codec import unpack
from tagging.lists import Naming
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

    ``steps``: (record, event, digest), or (record, definitions, None) where a set is asked for or switched to, (record, list, None)
    where a list names persons or no longer does, or (record, None, None) for what only moves the clock.
    """

    steps: list[tuple[Record, Event | DefinitionsRecord | ListRecord | None, bytes | None]] = field(default_factory=list)
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
        if isinstance(internal, ListRecord):
            intake.digests.update((person_digest(person), None) for person in internal.named)
        elif internal.phase == "activate":
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
        self._moved = memory.history.tally.moved

    def run(self, intake: Intake) -> None:
        """Apply every step in order; what turns out to be unacceptable joins the intake's dead letters."""
        changes = self._changes
        for record, event, digest in intake.steps:
            changes.cursor = record.offset + 1
            changes.clock = max(changes.clock, record.timestamp)
            try:
                if digest is not None:
                    assert isinstance(event, Event)
                    self._apply(event, digest, record.timestamp)
                elif isinstance(event, DefinitionsRecord):
                    self._definitions(event)
                elif event is not None:
                    assert isinstance(event, ListRecord)
                    self._list(event, record.timestamp)
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
        changes.filled = 0 if history.fill.is_empty or changes.filling is None else changes.filling.began
        changes.filling = None
        changes.swept = 0
        changes.sweep_to = changes.people
        self._engine = history.current

    def _apply(self, event: Event, digest: bytes, append_ms: int) -> None:
        changes, engine = self._changes, self._engine
        clock = changes.clock
        working = self._working.get(digest)
        if working is None and not self._is_ours(event.routing_id):
            raise Rejected(rejection.WRONG_PARTITION, "the partitioner of the client that wrote it differs")
        stated = event.stated_ms
        event_ms = append_ms if stated is None else min(stated, clock)
        if clock - event_ms > engine.oldest_ms:
            raise Rejected(rejection.TOO_OLD, f"{clock - event_ms} ms before the lane's clock")
        if working is None:
            working = self._newcomer(event.routing_id, digest, append_ms)
        transitions = changes.transitions
        since = len(transitions)
        if working.person.state.definitions != engine.version:
            self._bring(working)
        try:
            self._count(working, applied=engine.apply(working.person, event, event_ms, clock, transitions))
        finally:
            if len(transitions) > since or self._moved:
                working.changed = True
                changes.note_members(since, working, self._memory.history)

    def _count(self, working: Working, *, applied: bool) -> None:
        changes = self._changes
        if not applied:
            changes.duplicates += 1
            return
        changes.applied += 1
        self._keep(working)

    def _list(self, record: ListRecord, append_ms: int) -> None:
        """Who is named begins to exist, who is only no longer named does not. Persons of other partitions are passed over, if there is
        one of ours: a record of which nothing is for this lane was written to the wrong one.
        """
        ours = [person for person in record.named if self._is_ours(person)]
        if not ours and record.named:
            raise Rejected(rejection.WRONG_PARTITION, "the list's record names nobody of this partition")
        for person in ours:
            self._name(person, Naming(record.id, record.version, record.named[person]), append_ms)

    def _name(self, person: str, naming: Naming, append_ms: int) -> None:
        changes, engine = self._changes, self._engine
        digest = person_digest(person)
        working = self._working.get(digest)
        if working is None:
            if not naming.named:
                return
            working = self._newcomer(person, digest, append_ms)
        since = len(changes.transitions)
        if working.person.state.definitions != engine.version:
            self._bring(working)
        if engine.enlist(working.person, naming, changes.clock, changes.transitions):
            self._keep(working)
        changes.note_members(since, working, self._memory.history)

    def _is_ours(self, person: str) -> bool:
        return partition_of(person, self._memory.header.partitions) == self._memory.partition

    def _newcomer(self, person: str, digest: bytes, append_ms: int) -> Working:
        state = new_person(person, self._changes.people, append_ms, self._engine.version)
        return Working(digest, Person(state, is_new=True), None, is_new=True)

    def _bring(self, working: Working) -> None:
        working.changed = self._memory.history.bring(working.person, self._changes.transitions, working.shadow)
        self._changes.note_adopted(working)

    def _keep(self, working: Working) -> None:
        """A record has been applied to the person."""
        working.changed = True
        if working.is_new and working.digest not in self._working:
            self._working[working.digest] = working
            self._changes.people += 1
