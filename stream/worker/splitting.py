"""Splitting a person in two, as a lane does it. The rules are in docs/adr/0013.

The lane of the person decides: it counts what came since the log was read for the split, keeps one side, and sends the other to the
lane of its canonical id. What is said to this person later, and is the other's, is passed on.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from schemas import rejection
from schemas.errors import Rejected
from schemas.identity_records import (
    FilledRecord,
    IdentityRecord,
    LinkRecord,
    ListedRecord,
    PartedRecord,
    TransferRecord,
    packed_of,
    state_text,
)
from schemas.internal import SplitRecord
from schemas.routing import partition_of
from stream.store.layout import former_name, parted_name, person_digest
from stream.store.port import Pointer
from stream.worker.links import ANSWER_MS
from stream.worker.memory import Working
from stream.worker.people import People
from stream.worker.rebuilding import Between, Origins, Outdated, Rebuilding
from stream.worker.unpacking import unpacked, unpacked_state
from tagging.codec import pack
from tagging.identities import Identities, Parting, has_parted, pack_identities, unpack_identities
from tagging.lists import parted as parted_lists
from tagging.parting import edges_of
from tagging.person import Person
from tagging.state import PersonState


class Splitter:
    """Splits people of one batch."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._changes = people.changes
        self._engine = people.memory.history.current

    def split(self, record: SplitRecord, offset: int) -> None:
        """What an operator asks for. It comes to nothing if the person is not as it was when the log was read for it.

        A record that takes nothing away only puts what the log says in the place of what the person holds.

        Raises:
            Rejected: ``wrong-partition``; ``unreadable-internal``.
        """
        memory = self._people.memory
        if partition_of(record.id, memory.header.partitions) != memory.partition:
            raise Rejected(rejection.WRONG_PARTITION, "the person to split is of another partition")
        working, _ = self._people.find(record.id)
        if working is None:
            return
        self._people.bring(working)
        if not self._is_ready(working, record):
            return
        found = self._states(record, offset)
        if found is None:
            return
        since = len(self._changes.transitions)
        self._changes.parted = True
        if record.is_recount:
            self._count_anew(working.person, record, found[0])
        else:
            self._part(working, record, found)
        self._people.note(working, since)
        working.changed = True

    def _is_ready(self, working: Working, record: SplitRecord) -> bool:
        """The same person with the same ids, under the same definitions, and, to be split, nothing asked of other lanes."""
        changes, state = self._changes, working.person.state
        # How far a lane is with a filling or a sweep is not decided by its log, that one is asked for is.
        if record.version != self._engine.version or changes.prepared > record.version or state.incarnation != record.incarnation:
            return False
        identities = working.person.identities()
        identities.forget_unanswered(changes.clock - ANSWER_MS)
        joined = {one for one in working.person.ids() if self._engine.policy.joins(one) != "never"}
        sides = {*record.sides[0], *record.sides[1]}
        return joined | {state.id} == sides and (record.is_recount or not (identities.asked or identities.kept))

    def _states(self, record: SplitRecord, offset: int) -> tuple[PersonState, PersonState] | None:
        """What the two are here; None if that can not be told.

        Raises:
            Rejected: ``unreadable-internal``.
        """
        records = self._people.between.get(offset)
        if records is None:
            return None
        memory = self._people.memory
        one, other = (Person(unpacked_state(packed_of(text))) for text in record.states)
        rebuilding = Rebuilding(self._engine, record.sides, (one, other))
        origins = Origins(memory.partition, len(record.ends), self._engine.quiet(), frozenset((record.id,)), {}, record.clock_ms)
        origins.marks.update((bytes.fromhex(name), number) for name, number in record.marks)
        try:
            Between(origins, record.id, record.ends).apply(records, rebuilding)
        except Outdated:
            return None
        return rebuilding.states(self._changes.clock)

    def _count_anew(self, person: Person, record: SplitRecord, found: PersonState) -> None:
        person.state.identities = pack_identities(_counted_anew(person.identities(), record), person.state.id)
        self._engine.rebuild(person, found, self._changes.clock, self._changes.transitions)

    def _part(self, working: Working, record: SplitRecord, found: tuple[PersonState, PersonState]) -> None:
        person, clock = working.person, self._changes.clock
        mine, theirs = found
        identities = person.identities()
        lists = parted_lists(person.state.lists, record.sides[1], record.into)
        sides = [_side(identities, record, number) for number in (0, 1)]
        person.state.lists = lists[0]
        person.state.identities = pack_identities(sides[0], person.state.id)
        self._engine.rebuild(person, mine, clock, self._changes.transitions)
        theirs.id, theirs.lists, theirs.members, theirs.apart, theirs.due = record.into, lists[1], {}, {}, None
        theirs.identities = pack_identities(sides[1], record.into)
        for typed_id in record.sides[1]:
            mark = parted_name(working.digest, person_digest(typed_id))
            self._changes.pointers[mark] = Pointer("", self._changes.cursor - 1)
        self._tell(record.into, record.into, theirs)
        for side, person_id in zip(record.sides, (record.id, record.into), strict=True):
            for typed_id in side:
                if typed_id != person_id:
                    self._tell(typed_id, person_id, None)

    def _tell(self, typed_id: str, person_id: str, state: PersonState | None) -> None:
        text = None if state is None else state_text(pack(state))
        self._people.send(PartedRecord(origin=0, number=0, to=typed_id, person=person_id, said_ms=self._changes.clock, state=text))

    def parted(self, record: PartedRecord) -> None:
        """An id has been taken away from a person: it stands for another, or is one itself.

        Raises:
            Rejected: ``unreadable-internal``.
        """
        people, digest = self._people, person_digest(record.to)
        working, target = people.find(record.to)
        state = unpacked(record)
        held = people.changes.pointers.get(digest) or people.ending.get(digest)
        if state is None:
            if target is not None and target != record.person:
                # The id's own past is where it was, for fillings to come.
                people.point(digest, record.person, -1 if held is None else held.offset)
            return
        if target is not None:
            people.unpoint(digest)
            if held is not None and held.offset >= 0:
                people.changes.pointers[former_name(digest, held.offset)] = Pointer("", -1)
        self._begin(record.to, working, state)

    def _begin(self, person_id: str, working: Working | None, state: PersonState) -> None:
        """The other side becomes a person here; if its id is one already, the two are the same."""
        people, changes = self._people, self._changes
        is_new = working is None
        if is_new:
            # The id may have been a person before: as after an erasure, none of two incarnations is the other.
            changes.erased_ms = max(changes.clock, changes.erased_ms + 1)
        working = working or people.create(person_id)
        people.bring(working)
        since, person = len(changes.transitions), working.person
        theirs = unpack_identities(state.identities, state.id)
        changes.parted = True
        if is_new:
            person.state.lists, person.state.identities = state.lists, state.identities
            self._engine.rebuild(person, state, changes.clock, changes.transitions)
        else:
            self._engine.take_over(person, state, changes.clock, changes.transitions, "split")
            person.identities().take_over(theirs)
            person.keep_identities()
        people.note(working, since)
        working.changed = True

    def passes_on(self, hop: IdentityRecord) -> bool:
        """Pass on what is said to a person of an id that a split has given to another; False if it is for this one.

        Raises:
            Rejected: ``too-many-hops``; ``unreadable-internal``.
        """
        if not isinstance(hop, LinkRecord | TransferRecord | ListedRecord | FilledRecord):
            return False
        working, _ = self._people.find(hop.to)
        if working is None or not has_parted(working.person.state.identities):
            return False
        person = working.person
        if isinstance(hop, FilledRecord):
            # What was filled of it late is in what the split found in the log.
            is_late = hop.version <= self._engine.version
            return is_late and any(hop.absorbed in one.ids for one in person.identities().partings)
        # Whoever asks stands at the first end of an edge; the second is what this person was found by.
        named, asking = (hop.id, None) if isinstance(hop, ListedRecord) else (hop.edge.other, hop.edge.one)
        into = person.identities().elsewhere(named)
        if into is None or asking in person.ids():
            return False
        if isinstance(hop, TransferRecord):
            self._give_away(working, [hop.absorbed, *_ids_of(unpacked(hop))], into)
        onward = replace(hop, to=into, hops=hop.hops + 1)
        if isinstance(onward, LinkRecord) and onward.phase in ("offer", "accept"):
            onward = replace(onward, phase="claim")
        self._people.send(onward)
        return True

    def _give_away(self, working: Working, typed_ids: Collection[str], into: str) -> None:
        """Ids whose pointers lead here are the other's from here on."""
        identities = working.person.identities()
        parting = next(one for one in reversed(identities.partings) if one.into == into)
        theirs = tuple(dict.fromkeys((*parting.theirs, *typed_ids)))
        identities.partings[identities.partings.index(parting)] = replace(parting, theirs=theirs)
        working.person.keep_identities()
        working.changed = True


def _ids_of(state: PersonState | None) -> list[str]:
    return [] if state is None else list(unpack_identities(state.identities, state.id).ids())


def _side(identities: Identities, record: SplitRecord, number: int) -> Identities:
    """What one side knows of who it is. What was refused may have been so because of the cut: it is asked anew."""
    ids, others = record.sides[number], record.sides[1 - number]
    edges = edges_of(identities.edges, record.cut, ids)
    into = (record.into, record.id)[number]
    parting = Parting(record.cut, (*ids, *others), others, into, record.ends)
    return Identities(edges, {}, {}, {}, [*identities.partings, parting])


def _counted_anew(identities: Identities, record: SplitRecord) -> Identities:
    """What somebody who is only counted anew knows of who it is: nothing more, but up to where that is."""
    earlier = [one for one in identities.partings if one.cut or one.theirs]
    return replace(identities, partings=[*earlier, Parting((), record.sides[0], (), "", record.ends)])
