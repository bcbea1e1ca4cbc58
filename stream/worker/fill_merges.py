"""Merges of the past, as a filling meets them again: what an absorbed person had goes to the lane of whoever it became a part of.

The lane of the absorbed person has its past; the survivor's lane has the place in the log at which the two became one. So the former tells
what it has found as soon as its filling has come to the merge, and the latter's filling waits for it at that place. See docs/adr/0015.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from schemas.errors import Rejected
from schemas.identity_records import FilledRecord, LinkRecord, TransferRecord, identity_value, state_text
from schemas.routing import partition_of
from segments.fill import Fill, number_of
from stream.store.layout import parted_name, person_digest, shadow_digest
from stream.store.port import Filling, Gathering, Pointer, Tombstone
from stream.worker.batch import Intake
from stream.worker.fill_lives import Lives
from stream.worker.gathering import NOTHING, piece_name
from stream.worker.memory import Working
from stream.worker.outbox import pack_internal
from stream.worker.people import KINDS, People
from stream.worker.unpacking import unpacked
from tagging.codec import pack, unpack
from tagging.state import PersonState, rebase


@dataclass(frozen=True, slots=True)
class Known:
    """What the store says of those whom a slice of records is about, by digest. ``pointers``: for whom ids stand by now; ``erased``: of
    whom nothing from before may come back; ``pieces``: what was told of absorbed persons, by name. ``is_split``: whether anybody may come
    from a split; ``parted``: people who do, and the ids that are others' now; ``marks``: by ``parted_name``, the offset of the split
    that took an id away from a person; ``former``: at which offsets somebody became a part of another, and is a person again.
    ``begun``: the incarnations (absolute ms) of those who exist now; None: nobody has ever been forgotten.
    """

    shadows: Mapping[bytes, bytes | None]
    pointers: Mapping[bytes, Pointer] = field(default_factory=dict)
    erased: Mapping[bytes, Tombstone] = field(default_factory=dict)
    pieces: Mapping[bytes, bytes] = field(default_factory=dict)
    is_split: bool = False
    parted: Mapping[bytes, frozenset[str]] = field(default_factory=dict)
    marks: Mapping[bytes, int] = field(default_factory=dict)
    former: frozenset[int] = frozenset()
    begun: Mapping[bytes, int] | None = None

    def is_before(self, digest: bytes, offset: int, clock: int) -> bool:
        """Whether a record, read at that clock, is of an incarnation that is no more.

        What begins a new one comes when the clock is at it; after an erasure perhaps a millisecond before it.
        """
        erasure = self.erased.get(digest)
        if erasure is not None and offset < erasure.offset:
            return True
        if self.begun is None or digest in self.parted:
            return False
        begun_ms = self.begun.get(digest)
        return digest not in self.pointers if begun_ms is None else clock < begun_ms - 1

    def is_anothers(self, digest: bytes, typed_id: str, offset: int) -> bool:
        """Whether what a record at an offset brought to a person is another's by now, because a split gave the id to it."""
        if not self.is_split:
            return False
        mark = self.marks.get(parted_name(digest, person_digest(typed_id)), -1)
        return offset < mark or typed_id in self.parted.get(digest, ())


class Awaited(NamedTuple):
    """A transfer at ``offset`` whose other part another lane's filling tells, under a name."""

    offset: int
    name: bytes
    origin: int
    at: int

    def was_before(self, gathering: Gathering | None, filling: Filling) -> bool:
        """Whether the other lane's filling began behind this merge: then it tells nothing of it."""
        if gathering is None or (gathering.version, gathering.old) != (filling.version, filling.old):
            return False
        return self.at < gathering.starts[self.origin]


def awaited(filling: Filling, intake: Intake, known: Known) -> Iterator[Awaited]:
    """The transfers of a slice that carry a state in which what is filled is missing."""
    clock = filling.clock
    for record, said, digest in intake.steps:
        clock = max(clock, record.timestamp)
        if not isinstance(said, TransferRecord) or digest is None:
            continue
        held = filling.received[said.origin] if said.origin in range(len(filling.received)) else 0
        erasure = known.erased.get(digest)
        if said.number <= held or known.is_before(digest, record.offset, clock) or (erasure is not None and said.said_ms <= erasure.at_ms):
            continue
        state = _state(said)
        if state is not None and state.definitions < filling.version:
            yield Awaited(record.offset, piece_name(said.to, said.absorbed, said.edge.link), said.origin, said.at)


def _state(said: TransferRecord) -> PersonState | None:
    try:
        return unpacked(said)
    except Rejected:
        return None


@dataclass(slots=True)
class Merging:
    """The merges of one slice. ``told``: how many records have gone to each partition; ``entries``: those of this slice, packed;
    ``used``: the names of the pieces that are of no more use; ``gone``: the names of shadows that are not.
    """

    people: People
    filling: Filling
    fill: Fill
    known: Known
    told: list[int]
    lives: Lives
    entries: list[bytes] = field(default_factory=list)
    used: list[bytes] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)

    def is_elsewhere(self, digest: bytes, offset: int) -> bool:
        """Whether an id stood for somebody else already when a record was read: it was passed on."""
        pointer = self.known.pointers.get(digest)
        return pointer is not None and pointer.offset < offset

    def end(self, digest: bytes) -> None:
        """Begin anew with an absorbed person who had been forgotten by then; of who exists it is known since when."""
        known, people = self.known, self.people
        working = people.working.get(digest)
        if working is None or known.begun is None or digest in known.begun:
            return
        if self.lives.has_ended(working.person.state, people.changes.clock):
            del people.working[digest]

    def linked(self, said: LinkRecord, digest: bytes, offset: int) -> None:
        """If this was the step that made the person a part of another, what was found of it goes there."""
        self.end(digest)
        pointer, people = self.known.pointers.get(digest), self.people
        if offset in self.known.former:
            # A split has undone it: the past stays here, and the other lane's filling need not wait for it.
            self._tell(said.other, said.to, said, NOTHING)
            return
        if pointer is None or pointer.offset != offset:
            return
        working = people.working.pop(digest, None)
        found = None if working is None else self._closed(working)
        self._tell(said.other, said.to, said, NOTHING if found is None else pack(found))

    def _closed(self, working: Working) -> PersonState | None:
        """What has been found of the person as it was given up, None if there is nothing. All else was transferred."""
        people = self.people
        people.memory.history.current.give_up(working.person, people.changes.clock, [])
        self.gone.append(shadow_digest(working.digest))
        state = working.person.state
        if not (state.tags or state.floors or state.leaves):
            return None
        return PersonState("", 0, state.base, state.born, self.filling.version, None, state.tags, state.leaves, {}, floors=state.floors)

    def transferred(self, said: TransferRecord, digest: bytes, offset: int) -> None:
        """Take over an absorbed person, as far as it is known; or pass on what was told of it.

        Raises:
            Rejected: ``unreadable-internal``.
        """
        self.end(digest)
        state = unpacked(said)
        if state is None:
            return
        name, found, piece = piece_name(said.to, said.absorbed, said.edge.link), None, None
        if state.definitions >= self.filling.version:
            found = self._filled_already(state)
        else:
            piece = self.known.pieces.get(name)
            found = None if piece is None or piece == NOTHING else unpack(piece)
        if piece is not None:
            self.used.append(name)
        if self.known.is_anothers(digest, said.absorbed, offset):
            return
        if not self.is_elsewhere(digest, offset):
            self._unite(said.to, digest, _bare(state, found))
        elif state.definitions < self.filling.version:
            self._tell(self.known.pointers[digest].target, said.absorbed, said, piece or NOTHING)

    def _filled_already(self, state: PersonState) -> PersonState:
        """The absorbed person was under the set already that is being filled."""
        return replace(
            state,
            tags={key: held for key, held in state.tags.items() if number_of(key) in self.fill.tags},
            floors={key: floor for key, floor in state.floors.items() if number_of(key) in self.fill.tags},
            leaves={number: held for number, held in state.leaves.items() if number in self.fill.leaves},
        )

    def passed_on(self, said: FilledRecord, digest: bytes, offset: int) -> None:
        """What came late to a person who had become a part of another, and had to go on from there.

        Raises:
            Rejected: ``unreadable-internal``.
        """
        state = unpacked(said)
        if state is not None and said.version == self.filling.version and said.hops and not self.is_elsewhere(digest, offset):
            self._unite(said.to, digest, state)

    def _unite(self, person_id: str, digest: bytes, state: PersonState) -> None:
        self.end(digest)
        people = self.people
        working = people.working.get(digest) or people.candidate(person_id, digest)
        people.memory.history.current.take_over(working.person, state, people.changes.clock, [])
        people.applied(working)

    def _tell(self, into: str, absorbed: str, said: LinkRecord | TransferRecord, piece: bytes) -> None:
        filling, memory = self.filling, self.people.memory
        partition = partition_of(into, memory.header.partitions)
        self.told[partition] += 1
        record = FilledRecord(
            origin=memory.partition,
            number=self.told[partition],
            to=into,
            version=filling.version,
            old=filling.old,
            absorbed=absorbed,
            link=said.edge.link,
            state=None if piece == NOTHING else state_text(piece),
            said_ms=said.said_ms,
        )
        self.entries.append(_packed(partition, record))


def begins(filling: Filling, origin: int, partition: int) -> bytes:
    """The first record to a partition, packed: where the filling begins."""
    return _packed(partition, FilledRecord(origin=origin, number=1, to="", version=filling.version, old=filling.old, start=filling.cursor))


def _packed(partition: int, record: FilledRecord) -> bytes:
    return pack_internal(partition, KINDS[FilledRecord], record.to.encode(), identity_value(record))


def _bare(state: PersonState, found: PersonState | None) -> PersonState:
    """A transferred person with what the filling has found instead of what it had."""
    bare = replace(state, tags={}, floors={}, leaves={}, lists=[], identities=b"", members={}, apart={}, due=None)
    if found is not None:
        rebase(found, bare.base)
        bare.tags, bare.floors, bare.leaves = found.tags, found.floors, found.leaves
    return bare
