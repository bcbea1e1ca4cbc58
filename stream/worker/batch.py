"""One batch of records, worked out in memory: no I/O, no clock but the log's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from msgspec import Raw
from msgspec.structs import replace

from schemas import rejection
from schemas.definitions.model import Bundle
from schemas.errors import Rejected
from schemas.event import Event, read_event
from schemas.identities import IdentityPolicy
from schemas.identity_records import (
    ErasedRecord,
    FilledRecord,
    ForgetRecord,
    ForwardRecord,
    IdentityRecord,
    LinkRecord,
    ListedRecord,
    PartedRecord,
    TransferRecord,
)
from schemas.internal import HEADER, ClockRecord, DefinitionsRecord, EraseRecord, ListRecord, SplitRecord, read_internal
from schemas.routing import partition_of
from schemas.spool_mark import HEADER as MARK_HEADER
from schemas.spool_mark import is_repeat
from stream.kafka.port import Record
from stream.store.layout import person_digest
from stream.worker.erasing import Eraser
from stream.worker.forgetting import is_forgotten
from stream.worker.gathering import Gatherer
from stream.worker.links import Linker
from stream.worker.memory import Changes, LaneMemory, Working
from stream.worker.names import Namer
from stream.worker.people import People
from stream.worker.splitting import Splitter
from tagging.codec import unpack
from tagging.identities import all_joined, has_parted
from tagging.person import Person
from tagging.state import PersonState

_DIGESTS_MAX = 100_000


@dataclass(slots=True)
class DeadLetter:
    """A record that cannot be applied, and why."""

    record: Record
    rejected: Rejected


@dataclass(frozen=True, slots=True)
class Forwarded:
    """An event that another lane passed on."""

    record: ForwardRecord
    event: Event


Said = Event | Forwarded | IdentityRecord | EraseRecord | SplitRecord


@dataclass(slots=True)
class Intake:
    """Records read and sorted, in order; a switch stands where its record stood.

    ``steps``: (record, event or what another lane says, digest of whom it is for), or (record, definitions, None) where a set is
    asked for or switched to, (record, list, None) where a list names persons or no longer does, or (record, None, None) for what only
    moves the clock. ``heard``: of what other lanes say, digest and when it was said. ``splits``: offset of each, and up to where the
    log of this partition was read for it; ``parted``: digests of the ids that splits elsewhere take away.
    """

    steps: list[tuple[Record, Said | DefinitionsRecord | ListRecord | None, bytes | None]] = field(default_factory=list)
    digests: dict[bytes, None] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    heard: list[tuple[bytes, int]] = field(default_factory=list)
    splits: list[tuple[int, int]] = field(default_factory=list)
    parted: list[bytes] = field(default_factory=list)

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

    def read(self, records: Sequence[Record], policy: IdentityPolicy) -> Intake:
        """Sort a batch; ``policy`` says who an event is about."""
        ids_of = policy.ids_of
        intake = Intake()
        steps, needed, known = intake.steps, intake.digests, self._digests
        for record in records:
            headers = record.headers
            if headers and (len(headers) > 1 or headers[0][0] != MARK_HEADER) and any(name == HEADER for name, _ in headers):
                self._read_internal(record, intake, policy)
                continue
            try:
                event = read_event(record.value, ids_of)
            except Rejected as rejected:
                intake.dead_letters.append(DeadLetter(record, rejected))
                steps.append((record, None, None))
                continue
            digest = known.get(event.routing_id) or self._digest(event.routing_id)
            needed[digest] = None
            steps.append((record, event, digest))
        return intake

    def _read_internal(self, record: Record, intake: Intake, policy: IdentityPolicy) -> None:
        try:
            internal = read_internal(record.value)
            forwarded = _forwarded(internal, policy) if isinstance(internal, ForwardRecord) else None
        except Rejected as rejected:
            intake.dead_letters.append(DeadLetter(record, rejected))
            intake.steps.append((record, None, None))
            return
        if isinstance(internal, ClockRecord):
            intake.steps.append((record, None, None))
            return
        if isinstance(internal, DefinitionsRecord):
            if internal.phase == "activate":
                intake.versions.append(internal.version)
            intake.steps.append((record, internal, None))
            return
        if isinstance(internal, ListRecord):
            intake.digests.update((person_digest(person), None) for person in internal.named)
            intake.steps.append((record, internal, None))
            return
        named = internal.id if isinstance(internal, EraseRecord | SplitRecord) else internal.to
        digest = self._digests.get(named) or self._digest(named)
        intake.digests[digest] = None
        _hear(internal, intake, record, digest)
        if not isinstance(internal, ForwardRecord):
            intake.steps.append((record, internal, digest))
        elif forwarded is not None:
            intake.steps.append((record, Forwarded(internal, forwarded), digest))


def _hear(internal: IdentityRecord | EraseRecord | SplitRecord, intake: Intake, record: Record, digest: bytes) -> None:
    """Note what must be looked up for a record."""
    if isinstance(internal, PartedRecord):
        intake.parted.append(digest)
    if isinstance(internal, SplitRecord):
        intake.splits.append((record.offset, _read_to(internal)))
    elif not isinstance(internal, EraseRecord | ErasedRecord | ForgetRecord):
        intake.heard.append((digest, internal.said_ms))


def _read_to(record: SplitRecord) -> int:
    """Where the reading of the person's own partition ended; of a record that is for another one, nowhere."""
    return record.ends[partition_of(record.id, len(record.ends))] if record.ends else -1


def _forwarded(record: ForwardRecord, policy: IdentityPolicy) -> Event:
    """Who it is for has been decided; by the rules that hold here it may name nobody."""
    return read_event(bytes(record.event), lambda wire: policy.ids_of(wire) or (record.to,))


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
    """Applies one batch to the people it needs."""

    def __init__(self, memory: LaneMemory, changes: Changes, people: People, bundles: dict[int, Bundle]) -> None:
        self._memory = memory
        self._changes = changes
        self._people = people
        self._bundles = bundles
        self._engine = memory.history.current
        self._linker = Linker(people, self._engine.policy)
        self._namer = Namer(people)
        self._eraser = Eraser(people)
        self._gatherer = Gatherer(people)
        self._splitter = Splitter(people)

    def run(self, intake: Intake) -> None:
        """Apply every step in order; what turns out to be unacceptable joins the intake's dead letters."""
        changes = self._changes
        for record, said, digest in intake.steps:
            changes.cursor = record.offset + 1
            changes.clock = max(changes.clock, record.timestamp)
            try:
                if digest is not None:
                    if type(said) is Event:
                        self._event(said, digest, record)
                    else:
                        self._from_lane(said, digest)
                elif isinstance(said, DefinitionsRecord):
                    self._definitions(said)
                elif isinstance(said, ListRecord):
                    self._list(said, record.timestamp)
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

    def _list(self, record: ListRecord, append_ms: int) -> None:
        self._namer.take(record, append_ms)

    def _switch(self, version: int) -> None:
        history, changes = self._memory.history, self._changes
        changes.before = history.current.version
        history.switch(self._bundles[version], changes.clock)
        changes.filled = 0 if history.fill.is_empty or changes.filling is None else changes.filling.began
        changes.filling = None
        if changes.gathering is not None and changes.gathering.version <= version:
            changes.forget_pieces()
        changes.swept = 0
        changes.sweep_to = changes.people
        self._engine = history.current
        self._linker = Linker(self._people, self._engine.policy)
        self._namer = Namer(self._people)
        self._eraser = Eraser(self._people)
        self._gatherer = Gatherer(self._people)
        self._splitter = Splitter(self._people)

    def _event(self, event: Event, digest: bytes, record: Record) -> None:
        stated, clock = event.stated_ms, self._changes.clock
        event_ms = record.timestamp if stated is None else min(stated, clock)
        if record.headers and is_repeat(record.headers, self._changes.marks):
            self._changes.duplicates += 1
            return
        if clock - event_ms > self._engine.oldest_ms:
            raise Rejected(rejection.TOO_OLD, f"{clock - event_ms} ms before the lane's clock")
        people = self._people
        working = people.held(digest)
        if working is None:
            elsewhere = people.pointers.get(digest)
            if elsewhere is None and partition_of(event.routing_id, self._memory.header.partitions) != self._memory.partition:
                elsewhere = event.routing_id
            if elsewhere is not None:
                original, said_ms = Raw(record.value or b""), record.timestamp
                stood = (self._memory.partition, record.offset)
                self._forward(
                    ForwardRecord(origin=0, number=0, to=elsewhere, hops=1, event_ms=event_ms, event=original, said_ms=said_ms, stood=stood)
                )
                return
            working = people.candidate(event.routing_id, digest)
        self._apply(working, event, event_ms)

    def _forward(self, record: ForwardRecord) -> None:
        self._people.send(record)
        self._changes.forwarded += 1

    def _from_lane(self, said: Said | DefinitionsRecord | ListRecord | None, digest: bytes) -> None:
        """What another lane says; each once, in the order in which it was said. Or what an operator asks for."""
        if isinstance(said, EraseRecord):
            self._eraser.erase(said)
            return
        if isinstance(said, SplitRecord):
            self._splitter.split(said, self._changes.cursor - 1)
            return
        hop = said.record if isinstance(said, Forwarded) else said
        assert isinstance(hop, IdentityRecord)
        if not self._is_next(hop):
            return
        if isinstance(hop, ErasedRecord):
            self._eraser.erased(hop)
        elif isinstance(hop, ForgetRecord):
            is_forgotten(self._people, hop)
        elif self._people.is_late(digest, hop.said_ms):
            self._eraser.late(hop)
        elif isinstance(said, Forwarded):
            self._forwarded(said, digest)
        elif not self._splitter.passes_on(hop):
            self._of_identity(hop)

    def _of_identity(self, hop: IdentityRecord) -> None:
        if isinstance(hop, PartedRecord):
            self._splitter.parted(hop)
        elif isinstance(hop, ListedRecord):
            self._namer.elsewhere(hop)
        elif isinstance(hop, LinkRecord):
            self._linker.link(hop)
        elif isinstance(hop, TransferRecord):
            self._linker.transfer(hop)
        elif isinstance(hop, FilledRecord):
            self._gatherer.take(hop)

    def _is_next(self, hop: IdentityRecord) -> bool:
        if isinstance(hop, FilledRecord) and not hop.hops:
            return self._gatherer.is_next(hop)
        return self._people.is_next(hop)

    def _forwarded(self, said: Forwarded, digest: bytes) -> None:
        forward = said.record
        target = self._people.pointers.get(digest)
        if target is not None:
            self._forward(replace(forward, to=target, hops=forward.hops + 1))
            return
        working = self._people.held(digest) or self._people.candidate(forward.to, digest)
        if not has_parted(working.person.state.identities) or not self._passes_on(working, said):
            self._apply(working, said.event, min(forward.event_ms, self._changes.clock))

    def _passes_on(self, working: Working, said: Forwarded) -> bool:
        """Whether a person who comes from a split need not apply an event: it has been counted, or is the other's, who is sent it."""
        known, named, forward = working.person.identities(), said.event.routing_id, said.record
        if known.is_counted(named, forward.stood):
            self._changes.repeated += 1
            return True
        into = known.elsewhere(named)
        if into is not None:
            self._forward(replace(forward, to=into, hops=forward.hops + 1, back=forward.back or into == named))
        return into is not None

    def _apply(self, working: Working, event: Event, event_ms: int) -> None:
        changes, engine = self._changes, self._engine
        self._people.bring(working)
        transitions = changes.transitions
        since = len(transitions)
        try:
            applied = engine.apply(working.person, event, event_ms, changes.clock, transitions)
            self._count(working, applied=applied)
        finally:
            self._people.note(working, since)
        if applied and len(event.ids) > 1 and not all_joined(working.person.state.identities, event.ids[1:]):
            self._claim(working, event)

    def _claim(self, working: Working, event: Event) -> None:
        self._linker.claim(working, event)

    def _count(self, working: Working, *, applied: bool) -> None:
        changes = self._changes
        if not applied:
            changes.duplicates += 1
            return
        changes.applied += 1
        self._people.applied(working)
