"""Erasing a person: all that a lane holds of it goes, and what other lanes say of it belatedly brings nothing back.

The lane of the person decides; it tells the lanes of the other ids, which drop the pointers. Each id gets a tombstone in its lane. What
had been said before the erasure and arrives after it is left alone; who would have become a part of the erased person goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from schemas import rejection
from schemas.errors import Rejected
from schemas.identity_records import ErasedRecord, IdentityRecord, TransferRecord
from schemas.internal import EraseRecord
from schemas.routing import partition_of
from stream.store.layout import person_digest
from stream.worker.memory import Working
from stream.worker.people import People
from stream.worker.unpacking import unpacked
from tagging.identities import unpack_identities


class Eraser:
    """Erases people of one batch."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._engine = people.memory.history.current

    def erase(self, record: EraseRecord) -> None:
        """What an operator asks for, by any id.

        Raises:
            Rejected: ``wrong-partition``.
        """
        memory = self._people.memory
        if partition_of(record.id, memory.header.partitions) != memory.partition:
            raise Rejected(rejection.WRONG_PARTITION, "the id to erase is of another partition")
        self._erase(ErasedRecord(origin=0, number=0, to=record.id))

    def erased(self, record: ErasedRecord) -> None:
        """What the lane of a person says that is erased, or a lane that passes on whom to erase.

        Raises:
            Rejected: ``too-many-hops``.
        """
        if not record.ids:
            self._erase(record)
        elif self._people.pointers.get(person_digest(record.to)) in record.ids:
            self._people.unpoint(person_digest(record.to))
            self._people.bury(record.to)

    def _erase(self, record: ErasedRecord) -> None:
        people = self._people
        working, target = people.find(record.to)
        if target is not None:
            people.send(replace(record, to=target, hops=record.hops + 1))
            return
        people.bury(record.to)
        if working is not None:
            self._leave(working)
            identities = working.person.identities()
            ids = working.person.ids()
            self._tell([*ids[1:], *identities.asked], ids)

    def _leave(self, working: Working) -> None:
        people = self._people
        people.bring(working)
        since = len(people.changes.transitions)
        self._engine.give_up(working.person, people.changes.clock, people.changes.transitions, "erasure")
        people.note(working, since)
        people.remove(working)

    def _tell(self, others: Iterable[str], ids: Iterable[str]) -> None:
        """Have the lanes of other ids drop the pointers that lead to any of ``ids``.

        A claim that is on its way to one of them comes before this, so its pointer goes too.
        """
        known = tuple(dict.fromkeys(ids))
        for other in dict.fromkeys(others):
            self._people.send(ErasedRecord(origin=0, number=0, to=other, ids=known))

    def late(self, hop: IdentityRecord) -> None:
        """Something was said of an erased person before it was erased.

        Raises:
            Rejected: ``unreadable-internal``.
        """
        if not isinstance(hop, TransferRecord):
            return
        state = unpacked(hop)
        absorbed = [hop.absorbed]
        if state is not None:
            known = unpack_identities(state.identities, state.id)
            absorbed += [*known.ids(), *known.asked]
        self._tell([one for one in absorbed if one != hop.to], [hop.to, hop.edge.one, hop.edge.other, *absorbed])
