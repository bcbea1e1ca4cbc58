"""What uploaded lists say of persons, as a lane applies it."""

from __future__ import annotations

from msgspec.structs import replace

from schemas import rejection
from schemas.errors import Rejected
from schemas.identity_records import ListedRecord
from schemas.internal import ListRecord
from schemas.routing import partition_of
from stream.store.layout import person_digest
from stream.worker.memory import Working
from stream.worker.people import People
from tagging.lists import Naming


class Namer:
    """Applies the lists of one batch."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._changes = people.changes
        self._engine = people.memory.history.current

    def take(self, record: ListRecord, append_ms: int) -> None:
        """Who is named begins to exist, who is only no longer named does not. Persons of other partitions are passed over.

        Raises:
            Rejected: ``wrong-partition``, the record names nobody of this one.
        """
        ours = [person for person in record.named if self._is_ours(person)]
        if not ours and record.named:
            raise Rejected(rejection.WRONG_PARTITION, "the list's record names nobody of this partition")
        for person in ours:
            self._name(person, Naming(record.id, record.version, record.named[person]), append_ms)

    def elsewhere(self, record: ListedRecord) -> None:
        """A list names an id that stands for a person of this lane.

        Raises:
            Rejected: ``too-many-hops``.
        """
        people = self._people
        working, target = people.find(record.to)
        if target is not None:
            people.send(replace(record, to=target, hops=record.hops + 1))
            return
        naming = Naming(record.list, record.version, record.named, record.id)
        self._enlist(working or people.candidate(record.to, person_digest(record.to)), naming)

    def _name(self, named: str, naming: Naming, append_ms: int) -> None:
        people = self._people
        working, target = people.find(named)
        if target is not None:
            listed = ListedRecord(
                origin=0,
                number=0,
                to=target,
                hops=1,
                id=named,
                list=naming.list_id,
                version=naming.version,
                named=naming.named,
                said_ms=append_ms,
            )
            people.send(listed)
        elif working is not None:
            self._enlist(working, naming)
        elif naming.named:
            self._enlist(people.candidate(named, person_digest(named)), naming)

    def _enlist(self, working: Working, naming: Naming) -> None:
        people, changes = self._people, self._changes
        people.bring(working)
        since = len(changes.transitions)
        if self._engine.enlist(working.person, naming, changes.clock, changes.transitions):
            people.applied(working)
        people.note(working, since)

    def _is_ours(self, person: str) -> bool:
        return partition_of(person, self._people.memory.header.partitions) == self._people.memory.partition
