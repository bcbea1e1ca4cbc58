"""What two persons are by the log, who for a time were taken for one: their events applied side by side, nothing published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.errors import Rejected
from schemas.event import Event, read_event
from schemas.identity_records import ForwardRecord
from schemas.internal import HEADER, read_internal
from schemas.routing import partition_of
from schemas.spool_mark import Marks, is_repeat
from segments.engine import Engine
from stream.kafka.port import Record
from stream.store.port import Tombstone
from tagging.person import Person
from tagging.state import PersonState, new_person


@dataclass(frozen=True, slots=True)
class Original:
    """An event where it stands first. ``clock_ms``: that lane's clock at it; ``event_ms``: its event time there."""

    clock_ms: int
    partition: int
    offset: int
    event_ms: int
    event: Event


@dataclass(slots=True)
class Origins:
    """Reads the events of one partition as its lane does: clock, collectors' repeats, what is too old, what is erased."""

    partition: int
    partitions: int
    engine: Engine
    wanted: frozenset[str]
    tombstones: Mapping[str, Tombstone] = field(default_factory=dict)
    clock_ms: int = 0
    marks: Marks = field(default_factory=dict)

    def read(self, record: Record) -> Original | None:
        """The event that a record is, if it is of one of the wanted ids and counts."""
        self.clock_ms = max(self.clock_ms, record.timestamp)
        if any(name == HEADER for name, _ in record.headers):
            return None
        try:
            event = read_event(record.value, self.engine.policy.ids_of)
        except Rejected:
            return None
        if record.headers and is_repeat(record.headers, self.marks):
            return None
        stated = event.stated_ms
        event_ms = record.timestamp if stated is None else min(stated, self.clock_ms)
        if event.routing_id not in self.wanted or self.clock_ms - event_ms > self.engine.oldest_ms:
            return None
        if self._is_erased(event.routing_id, record):
            return None
        return Original(self.clock_ms, self.partition, record.offset, event_ms, event)

    def _is_erased(self, typed_id: str, record: Record) -> bool:
        """In the id's own partition offsets tell what stood before the erasure, elsewhere times."""
        grave = self.tombstones.get(typed_id)
        if grave is None:
            return False
        is_home = partition_of(typed_id, self.partitions) == self.partition
        return record.offset < grave.offset if is_home else record.timestamp <= grave.at_ms


class Rebuilding:
    """Two persons. ``sides``: id → 0 or 1; ``ids``: how the two are called."""

    def __init__(self, engine: Engine, sides: tuple[Sequence[str], Sequence[str]], persons: tuple[Person, Person]) -> None:
        self._engine = engine.quiet()
        self._of = {typed_id: person for ids, person in zip(sides, persons, strict=True) for typed_id in ids}
        self.persons = persons

    @classmethod
    def anew(cls, engine: Engine, sides: tuple[Sequence[str], Sequence[str]], names: tuple[str, str], since_ms: int) -> Rebuilding:
        """Two persons of whom nothing is known before ``since_ms``."""
        one, other = (Person(new_person(name, 0, since_ms, engine.version), is_new=True) for name in names)
        return cls(engine, sides, (one, other))

    def apply(self, event: Event, event_ms: int, clock_ms: int) -> None:
        """Apply an event to whose it is; what the person has no room for is left out, as it was then."""
        person = self._of.get(event.routing_id)
        if person is None:
            return
        try:
            self._engine.apply(person, event, event_ms, max(clock_ms, person.state.base), [])
        except Rejected:
            return

    def apply_all(self, originals: Iterable[Original]) -> None:
        """Apply events of all partitions in order of their clocks."""
        for one in sorted(originals, key=lambda each: (each.clock_ms, each.partition, each.offset)):
            self.apply(one.event, one.event_ms, one.clock_ms)

    def states(self, clock_ms: int) -> tuple[PersonState, PersonState]:
        """Both brought to a clock."""
        for person in self.persons:
            self._engine.reach(person, clock_ms)
        return self.persons[0].state, self.persons[1].state


class Outdated(Exception):
    """What was read of the log for a split can not be brought up to where the split stands; it must be read again."""


@dataclass(slots=True)
class Between:
    """What stands in a person's lane between the reading of the log and the split: its own events, and those passed on to it.

    ``ends``: what has been counted, by partition. Each record that was passed on counts once, however often it stands here.
    """

    origins: Origins
    person_id: str
    ends: Sequence[int]
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def apply(self, records: Iterable[Record], into: Rebuilding) -> None:
        """Apply them in order.

        Raises:
            Outdated: an event was passed on by a version of Ebbtide that did not say where it came from.
        """
        for record in records:
            original = self.origins.read(record)
            if original is not None:
                into.apply(original.event, original.event_ms, original.clock_ms)
            elif any(name == HEADER and kind == b"forward" for name, kind in record.headers):
                self._forwarded(record, into)

    def _forwarded(self, record: Record, into: Rebuilding) -> None:
        try:
            said = read_internal(record.value)
            if not isinstance(said, ForwardRecord) or said.to != self.person_id:
                return
            event = read_event(bytes(said.event), lambda wire: self.origins.engine.policy.ids_of(wire) or (self.person_id,))
        except Rejected:
            return
        if said.stood is None:
            raise Outdated
        partition, offset = said.stood
        if said.stood in self._seen or (partition < len(self.ends) and offset < self.ends[partition]):
            return
        self._seen.add(said.stood)
        into.apply(event, min(said.event_ms, self.origins.clock_ms), self.origins.clock_ms)
