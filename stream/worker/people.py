"""Whom a batch works on: persons, and ids that stand for persons elsewhere; and what it tells other lanes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas import rejection
from schemas.errors import Rejected
from schemas.identity_records import (
    HOPS_MAX,
    ErasedRecord,
    FilledRecord,
    ForgetRecord,
    ForwardRecord,
    IdentityRecord,
    LinkRecord,
    ListedRecord,
    PartedRecord,
    TransferRecord,
    identity_value,
)
from schemas.routing import partition_of
from stream.kafka.port import PastLog, Record
from stream.store.layout import person_digest, shadow_digest
from stream.store.port import Pointer, StateStore, Tombstone
from stream.worker.forgetting import forget
from stream.worker.memory import Changes, LaneMemory, Working
from stream.worker.outbox import pack_internal
from tagging.person import Person
from tagging.state import new_person

BETWEEN_MAX = 50_000
"""How many records a lane reads again at most, to count what came between the reading of the log and a split."""

KINDS: dict[type[IdentityRecord], bytes] = {
    ForwardRecord: b"forward",
    ListedRecord: b"listed",
    LinkRecord: b"link",
    TransferRecord: b"transfer",
    ErasedRecord: b"erased",
    FilledRecord: b"filled",
    PartedRecord: b"parted",
    ForgetRecord: b"forget",
}


async def read_pointers(store: StateStore, partition: int, packed: dict[bytes, bytes | None]) -> dict[bytes, str]:
    """For whom those ids stand that name no person."""
    missing = [digest for digest, body in packed.items() if body is None]
    if not missing:
        return {}
    found = await store.pointers(partition, missing)
    return {digest: pointer.target for digest, pointer in zip(missing, found, strict=True) if pointer is not None}


async def read_tombstones(
    store: StateStore, partition: int, heard: Iterable[tuple[bytes, int]], changes: Changes
) -> dict[bytes, Tombstone]:
    """The erasures of those of whom other lanes say something that may be older: nearly always none, and then nothing is asked.

    ``heard``: digest, and when it was said.
    """
    wanted = [digest for digest, said_ms in heard if said_ms <= changes.erased_ms] if changes.erased_ms else []
    if not wanted:
        return {}
    found = await store.tombstones(partition, wanted)
    return {digest: erasure for digest, erasure in zip(wanted, found, strict=True) if erasure is not None}


class SplitIntake(Protocol):
    """What the splits of a batch need: (offset, read to) of each, and digests of the ids that others take away."""

    splits: list[tuple[int, int]]
    parted: list[bytes]


async def read_between(past: PastLog, partition: int, splits: Iterable[tuple[int, int]]) -> dict[int, Sequence[Record]]:
    """For each split, what stands between the reading of the log for it and itself; none where that is too much.

    ``splits``: offset of the record, and where it was read to.
    """
    found: dict[int, Sequence[Record]] = {}
    for offset, since in splits:
        if not 0 <= since <= offset <= since + BETWEEN_MAX:
            continue
        records: list[Record] = []
        at = since
        while at < offset:
            read = [record for record in await past.read(partition, at, offset - at) if record.offset < offset]
            if not read:
                break
            records += read
            at = read[-1].offset + 1
        found[offset] = records
    return found


@dataclass(slots=True)
class People:
    """Persons and pointers of a batch by digest; both change as it goes on. ``between``: by offset of a ``$split``, what stands between
    the reading of the log for it and itself. ``ending``: the pointers as they were of ids that splits take away.
    ``forgets``: whoever is met and has been inactive for too long is forgotten before.
    """

    memory: LaneMemory
    changes: Changes
    working: dict[bytes, Working]
    pointers: dict[bytes, str] = field(default_factory=dict)
    absorbed: list[Working] = field(default_factory=list)
    tombstones: dict[bytes, Tombstone] = field(default_factory=dict)
    between: dict[int, Sequence[Record]] = field(default_factory=dict)
    ending: dict[bytes, Pointer] = field(default_factory=dict)
    forgets: bool = True

    def all(self) -> list[Working]:
        """Everybody, first those who are persons no more: one of them may have begun anew."""
        return [*self.absorbed, *self.working.values()]

    def find(self, typed_id: str) -> tuple[Working | None, str | None]:
        """The person that an id names, or the canonical id of the one it stands for; neither if it is unknown."""
        digest = person_digest(typed_id)
        return self.held(digest), self.pointers.get(digest)

    def held(self, digest: bytes) -> Working | None:
        """The person as a record finds it; None if there is none, or none any more."""
        working = self.working.get(digest)
        if working is None or not self.forgets:
            return working
        end_ms = self.memory.history.end_of(working.person.state, self.changes.clock)
        if end_ms is None:
            return working
        forget(self, working, end_ms)
        return None

    def create(self, person_id: str) -> Working:
        """A person who exists from here on."""
        working = self.candidate(person_id, person_digest(person_id))
        self._keep(working)
        return working

    def candidate(self, person_id: str, digest: bytes) -> Working:
        """A person who will exist if the record that names it is applied.

        It begins after all that was erased, so that none of two incarnations is the other; who has been forgotten was so before the clock.
        """
        clock = self.changes.clock
        state = new_person(person_id, self.changes.people, clock, self.memory.history.current.version)
        state.born = max(0, self.changes.erased_ms + 1 - clock)
        return Working(digest, Person(state, is_new=True), None, is_new=True)

    def applied(self, working: Working) -> None:
        """A record has been applied to the person, who exists from then on."""
        working.changed = True
        if working.is_new and working.digest not in self.working:
            self._keep(working)

    def _keep(self, working: Working) -> None:
        self.working[working.digest] = working
        self.changes.people += 1

    def bring(self, working: Working) -> None:
        """Bring a person to the newest definitions."""
        if working.person.state.definitions == self.memory.history.current.version:
            return
        since = len(self.changes.transitions)
        working.changed = self.memory.history.bring(working.person, self.changes.transitions, working.shadow)
        self.changes.note_adopted(working)
        self.note(working, since)

    def note(self, working: Working, since: int) -> None:
        """Note the memberships that changed with the transitions from ``since`` on, and those that moved unpublished meanwhile."""
        history = self.memory.history
        if len(self.changes.transitions) > since or history.tally.moved:
            working.changed = True
            self.changes.note_members(since, working, history)

    def point(self, digest: bytes, target: str, offset: int = -1) -> None:
        """From here on an id stands for a person. ``offset``: of the record under way, if the id was a person itself."""
        self.pointers[digest] = target
        self.changes.pointers[digest] = Pointer(target, offset)

    def absorb(self, working: Working, into: str) -> None:
        """The person is one no more; its id stands for another. A filling under way still needs its shadow."""
        self.remove(working)
        self.point(working.digest, into, self.changes.cursor - 1)

    def remove(self, working: Working) -> None:
        """The person is one no more."""
        working.is_absorbed = working.changed = True
        self.working.pop(working.digest, None)
        self.absorbed.append(working)

    def unpoint(self, digest: bytes) -> None:
        """From here on an id stands for nobody."""
        self.pointers.pop(digest, None)
        self.changes.pointers[digest] = None

    def bury(self, typed_id: str) -> None:
        """The record under way erases an id; what is filled in of its past goes too."""
        digest, changes = person_digest(typed_id), self.changes
        changes.erased_ms = changes.clock
        changes.erased[typed_id] = changes.clock
        changes.tombstones[digest] = Tombstone(changes.cursor - 1, changes.clock)
        changes.gone.append(shadow_digest(digest))

    def is_late(self, digest: bytes, said_ms: int) -> bool:
        """Whether something was said of an id before it was erased, by the clock of the lane that says it."""
        erasure = self.changes.tombstones.get(digest) or self.tombstones.get(digest)
        return erasure is not None and said_ms <= erasure.at_ms

    def is_next(self, record: IdentityRecord) -> bool:
        """Whether a record from another lane follows on the last that was taken from there; it then counts as taken.

        Raises:
            Rejected: it comes from a partition that does not exist.
        """
        received = self.changes.received
        if not 0 <= record.origin < len(received):
            raise Rejected(rejection.UNREADABLE_INTERNAL, f"origin is {record.origin}, there are {len(received)} partitions")
        if record.number != received[record.origin] + 1:
            self.changes.repeated += 1
            return False
        received[record.origin] += 1
        return True

    def send(self, record: IdentityRecord) -> None:
        """Send a record, whose origin and number are set here, to the lane of whom it is for.

        Raises:
            Rejected: ``too-many-hops``.
        """
        if record.hops > HOPS_MAX:
            raise Rejected(rejection.TOO_MANY_HOPS, f"{record.hops - 1} lanes have passed it on")
        changes = self.changes
        partition = partition_of(record.to, self.memory.header.partitions)
        changes.sent[partition] += 1
        record.origin, record.number = self.memory.partition, changes.sent[partition]
        changes.internal.append(pack_internal(partition, KINDS[type(record)], record.to.encode(), identity_value(record)))


async def read_for_splits(people: People, intake: SplitIntake, store: StateStore, past: PastLog) -> None:
    """Read what the splits of a batch need: nearly always nothing."""
    partition = people.memory.partition
    if intake.splits:
        people.between = await read_between(past, partition, intake.splits)
    if intake.parted:
        found = await store.pointers(partition, intake.parted)
        people.ending = {digest: pointer for digest, pointer in zip(intake.parted, found, strict=True) if pointer is not None}
