"""Who is who, as a lane decides it: claims of events, links between persons, and the merging of two.

The rules are in docs/adr/0012. A record that names an id which stands for somebody else is passed on to whom it stands for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from schemas.event import Event
from schemas.identities import IdentityPolicy
from schemas.identity_records import FIRST_LOGIN, PARTED, TOO_MANY, TWO_STRONG, Edge, LinkPhase, LinkRecord, TransferRecord, state_text
from schemas.person_merged import PersonMerged
from segments.fill import adopt
from stream.store.layout import parted_name, person_digest
from stream.store.port import Pointer
from stream.worker.memory import Working
from stream.worker.people import People
from stream.worker.unpacking import unpacked
from tagging.codec import pack
from tagging.identities import unpack_identities
from tagging.person import Person
from tagging.state import PersonState

ANSWER_MS: Final = 7 * 86_400_000


class Linker:
    """Links and merges the people of one batch."""

    def __init__(self, people: People, policy: IdentityPolicy) -> None:
        self._people = people
        self._changes = people.changes
        self._engine = people.memory.history.current
        self._policy = policy

    def claim(self, working: Working, event: Event) -> None:
        """An event of the person names other ids: ask for those that are new."""
        person, clock = working.person, self._changes.clock
        identities = person.identities()
        identities.forget_unanswered(clock - ANSWER_MS)
        explicit = self._policy.is_explicit(event.wire)
        source = event.wire.source
        joined = {person.state.id: None} | identities.ids()
        room: _Room | None = None
        has_new = False
        for typed_id in event.ids[1:]:
            if typed_id in joined or (not explicit and identities.is_open(typed_id)):
                continue
            if not explicit and identities.is_cut(event.ids[0], typed_id):
                self._changes.refused_links[PARTED] += 1
                continue
            if room is None:
                room = _Room(self._policy, dict.fromkeys((*joined, *identities.places())))
            why = None if explicit else room.why_not(typed_id)
            if why is not None:
                self._changes.refused_links[why] += 1
                continue
            has_new = True
            room.take(typed_id)
            edge = Edge(event.ids[0], typed_id, clock, source if type(source) is str else "", event.name)
            if self._policy.joins(typed_id) == "never":
                self._note(person, edge)
                joined |= {edge.one: None, edge.other: None}
                room.take(edge.one)
            else:
                identities.ask(typed_id, clock)
                self._send_claim(typed_id, person, edge, room.strong, explicit=explicit)
        if has_new:
            working.changed = True
            person.keep_identities()

    def _send_claim(self, typed_id: str, person: Person, edge: Edge, strong: tuple[str, ...], *, explicit: bool) -> None:
        self._people.send(
            LinkRecord(origin=0, number=0, to=typed_id, phase="claim", other=person.state.id, edge=edge, strong=strong, explicit=explicit)
        )

    def strong(self, person: Person) -> tuple[str, ...]:
        """The strong ids that the person has, or keeps a place for."""
        return tuple(one for one in dict.fromkeys((*person.ids(), *person.identities().places())) if self._policy.is_strong(one))

    def link(self, record: LinkRecord) -> None:
        """Take the next step of a link.

        Raises:
            Rejected: ``too-many-hops``.
        """
        working, target = self._people.find(record.to)
        if target is not None:
            self._link_elsewhere(record, target)
            return
        if working is not None:
            self._people.bring(working)
            working.person.identities().forget_unanswered(self._changes.clock - ANSWER_MS)
        match record.phase:
            case "claim":
                self._claimed(record, working)
            case "offer":
                self._offered(record, working or self._begin(record.to))
            case "accept" if working is not None:
                self._accepted(record, working)
            case "refuse" if working is not None:
                self._refused(record, working, record.reason)
            case "joined" if working is not None:
                self._joined(working, record.edge)
            case _:
                pass

    def _link_elsewhere(self, record: LinkRecord, target: str) -> None:
        """The id stands for somebody else by now."""
        if target == record.other:
            if record.phase in ("claim", "offer", "accept"):
                self._answer(record, "joined", record.to)
            return
        onward = replace(record, to=target, hops=record.hops + 1)
        if record.phase == "claim" and self._policy.joins(record.to) == "first_login":
            onward = replace(onward, first_login=True)
        elif record.phase == "accept":
            onward = replace(onward, phase="claim")
        self._people.send(onward)

    def _claimed(self, record: LinkRecord, working: Working | None) -> None:
        if working is not None and record.to == record.other:
            self._joined(working, record.edge)
            return
        mine = self._strong_of(record.to, working)
        why = self._why_apart(record, mine)
        if why is not None:
            self._refuse(record, working, why)
        elif self._policy.rank(record.other) > self._policy.rank(record.to):
            self._people.send(replace(record, to=record.other, other=record.to, strong=mine, hops=record.hops + 1))
        elif working is None:
            self._people.point(person_digest(record.to), record.other)
            self._transfer(record.to, record, None)
        elif mine and not record.explicit:
            self._answer(record, "offer", record.to, strong=mine)
        else:
            self._merge(working, record)

    def _strong_of(self, typed_id: str, working: Working | None) -> tuple[str, ...]:
        if working is not None:
            return self.strong(working.person)
        return (typed_id,) if self._policy.is_strong(typed_id) else ()

    def _why_apart(self, record: LinkRecord, mine: Sequence[str]) -> str | None:
        """Why two persons are not one."""
        if record.explicit:
            return None
        if record.first_login and mine and record.strong:
            return FIRST_LOGIN
        return TWO_STRONG if self._conflict(mine, record.strong) else None

    def _conflict(self, mine: Iterable[str], theirs: Iterable[str]) -> bool:
        """Two different values where one may be."""
        ours, others = self._by_slot(mine), self._by_slot(theirs)
        return any(not (ours[slot] <= others[slot] or others[slot] <= ours[slot]) for slot in ours.keys() & others.keys())

    def _by_slot(self, ids: Iterable[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for one in ids:
            found.setdefault(self._policy.namespace(one).id, set()).add(one)
        return found

    def _offered(self, record: LinkRecord, working: Working) -> None:
        """Another person with strong ids would join this one: keep a place for its strong ids, or refuse."""
        person = working.person
        identities = person.identities()
        working.changed = True
        why = self._why_apart(record, self.strong(person))
        if why is not None:
            self._refuse(record, working, why)
            return
        identities.kept[record.edge.link] = (self._changes.clock, record.strong)
        person.keep_identities()
        self._answer(record, "accept", person.state.id, strong=self.strong(person))

    def _accepted(self, record: LinkRecord, working: Working) -> None:
        """The other person keeps a place for this one's strong ids; if there are more by now, it is asked again."""
        mine = self.strong(working.person)
        if set(mine) <= set(record.strong):
            self._merge(working, record)
        else:
            self._answer(record, "offer", record.to, strong=mine)

    def _refuse(self, record: LinkRecord, working: Working | None, why: str) -> None:
        self._changes.refused_links[why] += 1
        if working is not None:
            self._refused(record, working, why)
        self._answer(record, "refuse", record.to, reason=why)

    def _refused(self, record: LinkRecord, working: Working, why: str) -> None:
        """The link came to nothing: whichever end this person asked for is not its own, and no place is kept any more."""
        identities = working.person.identities()
        identities.kept.pop(record.edge.link, None)
        for typed_id in (record.edge.one, record.edge.other):
            if typed_id in identities.asked:
                identities.refuse(typed_id, why)
        working.person.keep_identities()
        working.changed = True

    def _welcome_back(self, working: Working, typed_ids: Iterable[str]) -> None:
        """Note for fillings to come that of ids which a split took away nothing has been this person's until here."""
        identities, people = working.person.identities(), self._people
        for typed_id in typed_ids if identities.partings else ():
            if identities.elsewhere(typed_id) is not None:
                people.changes.pointers[parted_name(working.digest, person_digest(typed_id))] = Pointer("", people.changes.cursor - 1)

    def _note(self, person: Person, edge: Edge) -> None:
        if not person.identities().join(edge):
            self._changes.refused_links[TOO_MANY] += 1

    def _joined(self, working: Working, edge: Edge) -> None:
        self._note(working.person, edge)
        working.person.keep_identities()
        working.changed = True

    def _answer(self, record: LinkRecord, phase: LinkPhase, other: str, **fields: object) -> None:
        """Send the next step to the other side; ``other`` is who answers."""
        answer = replace(record, phase=phase, to=record.other, other=other, hops=0)
        self._people.send(msgspec.structs.replace(answer, **fields))

    def _begin(self, person_id: str) -> Working:
        """A person of whom there has been no event: all segments are evaluated."""
        working = self._people.create(person_id)
        since = len(self._changes.transitions)
        self._engine.take_over(working.person, None, self._changes.clock, self._changes.transitions)
        working.changed = True
        self._people.note(working, since)
        return working

    def _merge(self, working: Working, record: LinkRecord) -> None:
        """The person becomes a part of the one on the other side."""
        person, changes, into = working.person, self._changes, record.other
        since = len(changes.transitions)
        self._engine.give_up(person, changes.clock, changes.transitions)
        self._people.note(working, since)
        state = person.state
        changes.merged.append(PersonMerged(state.id, into, state.incarnation, changes.clock))
        self._people.absorb(working, into)
        self._transfer(state.id, record, state)

    def _transfer(self, absorbed: str, record: LinkRecord, state: PersonState | None) -> None:
        packed = None if state is None else state_text(pack(state))
        at = self._changes.cursor - 1
        self._people.send(TransferRecord(origin=0, number=0, to=record.other, absorbed=absorbed, edge=record.edge, state=packed, at=at))

    def transfer(self, record: TransferRecord) -> None:
        """Take over an absorbed person.

        Raises:
            Rejected: ``too-many-hops``; ``unreadable-internal``.
        """
        working, target = self._people.find(record.to)
        if target is not None:
            self._people.send(replace(record, to=target, hops=record.hops + 1, at=self._changes.cursor - 1))
            return
        state = unpacked(record)
        if state is not None:
            # What is filled of it comes by itself: the absorbed person had been under an older set.
            adopt(state, None, self._people.memory.history.stale(state.definitions))
        if working is None:
            working = self._people.create(record.to)
        self._people.bring(working)
        changes, person = self._changes, working.person
        if state is not None or person.is_new:
            since = len(changes.transitions)
            self._engine.take_over(person, state, changes.clock, changes.transitions)
            self._people.note(working, since)
        identities = person.identities()
        identities.forget_unanswered(changes.clock - ANSWER_MS)
        if state is not None:
            theirs = unpack_identities(state.identities, state.id)
            theirs.forget_unanswered(changes.clock - ANSWER_MS)
            self._welcome_back(working, [record.absorbed, *theirs.ids()])
            changes.parted = changes.parted or bool(theirs.partings)
            if left_out := identities.take_over(theirs):
                changes.refused_links[TOO_MANY] += left_out
        self._note(person, record.edge)
        if record.absorbed not in person.ids():
            # It was asked for by an id that stood for it, and had been forgotten by then: its pointer must be found again.
            self._note(person, replace(record.edge, one=record.absorbed, other=person.state.id))
        identities.asked.pop(record.absorbed, None)
        person.keep_identities()
        working.changed = True


class _Room:
    """How many ids a person holds, or may yet: counted once for all that an event names, which may be many."""

    def __init__(self, policy: IdentityPolicy, held: dict[str, None]) -> None:
        self._policy = policy
        self._held = held
        self._alike = Counter(policy.namespace(one).id for one in held)
        self.strong = tuple(one for one in held if policy.is_strong(one))

    def why_not(self, typed_id: str) -> str | None:
        """Why the person may not even ask for an id."""
        namespace = self._policy.namespace(typed_id)
        alike = self._alike[namespace.id]
        if alike and namespace.strong:
            return TWO_STRONG
        return TOO_MANY if alike >= namespace.limit or len(self._held) >= self._policy.ids_max else None

    def take(self, typed_id: str) -> None:
        """The id is held from here on."""
        if typed_id in self._held:
            return
        namespace = self._policy.namespace(typed_id)
        self._held[typed_id] = None
        self._alike[namespace.id] += 1
        if namespace.strong:
            self.strong = (*self.strong, typed_id)
