"""One partition from its start: every transition it must yield, and what is known of its people at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schemas.definitions.model import AnyNode, Bundle, Segment
from tests.oracle.classify import DeadLetter, Definitions, Event, FromLane, Lane, ListChange, Raw, classify, partition_of
from tests.oracle.naming import Names
from tests.oracle.nodes import Sight, change_times, stays_times
from tests.oracle.outcome import Membership, Outcome, PersonView, TagView, view_of
from tests.oracle.person import Person, Standing, apply, apply_list, refill
from tests.oracle.publishing import Why, is_held_back, publish
from tests.oracle.standing import evaluated, in_order
from tests.oracle.tags import drop_gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Membership", "Outcome", "PersonView", "TagView", "run_partition"]


@dataclass
class Partition:
    """One lane as it works through its log.

    ``evaluates``: whether it works out segments; what is known of people, and what lanes tell each other, does not depend on them.
    ``at``: the offset of the record that is being read.
    """

    number: int
    partitions: int
    bundles: Mapping[int, Bundle]
    active: Bundle
    order: list[Segment]
    clock_ms: int = 0
    applied: int = 0
    duplicates: int = 0
    persons: dict[str, Person] = field(default_factory=dict)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    dead_letters: list[tuple[int, str]] = field(default_factory=list)
    secret: bytes | None = None
    spooled: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    evaluates: bool = True
    at: int = 0
    forgotten: int = 0
    active_since_ms: int = 0

    def read(self, raw: Raw) -> None:
        """Take the next record."""
        self.clock_ms = max(self.clock_ms, raw.append_ms)
        self.at = raw.offset
        self._forget_the_inactive()
        found = classify(raw, self.lane())
        if (found == DeadLetter("too-old") or isinstance(found, Event)) and self._came_before(raw):
            self.duplicates += 1
            return
        match found:
            case DeadLetter(reason):
                self.dead_letters.append((raw.offset, reason))
            case Definitions(version, "activate"):
                self._activate(raw.offset, version)
            case Event() as event:
                self._event(event, raw.append_ms)
            case ListChange() as change:
                self._list(change)
            case FromLane() as said:
                self._from_lane(said, raw)

    def _came_before(self, raw: Raw) -> bool:
        """Whether its collector has written it before: by the greatest number of each of the 64 collectors heard of last."""
        for name, value in raw.headers:
            if name == "ebbtide-spool" and len(value) == 16:
                collector, number = value[:8], int.from_bytes(value[8:], "big")
                greatest = self.spooled[collector][0] if collector in self.spooled else -1
                self.spooled[collector] = max(greatest, number), raw.offset
                for forgotten in sorted(self.spooled, key=lambda one: self.spooled[one][1])[:-64]:
                    del self.spooled[forgotten]
                return number <= greatest
        return False

    def lane(self) -> Lane:
        """What reading a record needs to know of the lane as it stands."""
        return Lane(self.number, self.partitions, self.clock_ms, self.active.settings.oldest_ms, self.names)

    @property
    def names(self) -> Names:
        """The rules of identity that hold."""
        return Names(self.active.identity, self.secret)

    def _event(self, event: Event, append_ms: int) -> None:
        """Of one partition alone there is nothing to say about events that go elsewhere, nor about what comes from there."""
        if partition_of(event.person, self.partitions) == self.number:
            self.apply(event.person, event)

    def _from_lane(self, said: FromLane, raw: Raw) -> None:
        pass

    def apply(self, name: str, event: Event) -> Person | None:
        """Apply an event to the person of that name; the person, or None if it is a repeat."""
        person = self.persons.get(name)
        window_ms = self.active.settings.dedupe_ms
        if person and event.id is not None and person.has_seen(event.id, self.clock_ms, window_ms):
            self.duplicates += 1
            return None
        person = self.touch(name)
        person.active_at = self.clock_ms
        apply(person, event, self.applied, self.clock_ms, self.active)
        self.applied += 1
        self.evaluate(person, self.clock_ms, Why("event", event.id))
        return person

    def _list(self, change: ListChange) -> None:
        """Each named person in order; who is to be added begins to exist, who is only to be removed does not."""
        for name in dict.fromkeys((*change.add, *change.remove)):
            known = self.persons.get(name)
            is_ours = partition_of(name, self.partitions) == self.number
            is_old = known is not None and change.version < known.lists.get(change.id, (change.version, False))[0]
            if not is_ours or is_old or (known is None and name not in change.add):
                continue
            person = self.touch(name)
            apply_list(person, change.id, change.version, named=name in change.add)
            self.evaluate(person, self.clock_ms, Why("list"))

    def touch(self, name: str) -> Person:
        """The person as a record finds it: what is due before the record has happened, what has no more time to live is gone."""
        if name not in self.persons:
            self.persons[name] = Person(name, self.clock_ms, self.clock_ms, active_at=self.clock_ms)
        person = self.persons[name]
        self._bring_to(person, self.clock_ms)
        drop_gone(person, self.active, self.clock_ms)
        return person

    def _activate(self, offset: int, version: int) -> None:
        if version not in self.bundles:
            if version != 0:
                self.dead_letters.append((offset, "unreadable-internal"))
            return
        if version <= self.active.version:
            return
        for person in self.persons.values():
            self._bring_to(person, self.clock_ms)
            drop_gone(person, self.active, self.clock_ms - 1)
        old, self.active = self.active, self.bundles[version]
        self.active_since_ms = self.clock_ms
        self.order = in_order(self.active)
        for person in self.persons.values():
            self.fill(person)
        gone = {one.id for one in in_order(old)} - {one.id for one in self.order}
        unpaused = {one.id for one in old.segments if one.paused} - {one.id for one in self.active.segments if one.paused}
        counting = _counting(old) & _counting(self.active)
        for person in self.persons.values():
            for segment_id in sorted(gone):
                self._archive(person, segment_id)
            person.entries = {key: times for key, times in person.entries.items() if key in counting}
            person.standing = Standing(person.standing.members - gone, person.standing.true_since)
            drop_gone(person, self.active, self.clock_ms)
            self.evaluate(person, self.clock_ms, Why("definition", silent=self.active.silent), unpaused)

    def _forget_the_inactive(self) -> None:
        """Whoever had no event for too long before the clock is gone since then; or since the definitions say that it is too long."""
        forget_after_ms = self.active.settings.forget_after_ms
        if forget_after_ms is None:
            return
        for person in list(self.persons.values()):
            end = max(person.active_at + forget_after_ms, self.active_since_ms)
            if end < self.clock_ms:
                self._bring_to(person, end)
                drop_gone(person, self.active, end)
                self.leave_all(person, end, "erasure")
                del self.persons[person.id]
                self.forgotten += 1
                self.has_forgotten(person)

    def has_forgotten(self, person: Person) -> None:
        """Of one partition alone nobody else need hear of it."""

    def leave_all(self, person: Person, t: int, cause: str) -> None:
        """The person leaves each segment in which it was last published to be; what is paused is silent."""
        for segment in self.order:
            if person.is_published(segment.id) and not segment.paused:
                self.transitions.append(publish(segment, self.order, self.sight(person), (t, Why(cause))))

    def fill(self, person: Person) -> None:
        """Give the person what the new definitions need of the past."""
        refill(person, self.active)

    def _archive(self, person: Person, segment_id: str) -> None:
        if person.is_published(segment_id):
            segment = Segment(segment_id, "", when=AnyNode(()))
            self.transitions.append(publish(segment, self.order, self.sight(person), (self.clock_ms, Why("definition", silent=True))))

    def _bring_to(self, person: Person, t: int) -> None:
        """Let everything happen that is due before ``t``."""
        if not self.evaluates:
            return
        sight = self.sight(person)
        segments = self.order
        fixed = {d for segment in segments for d in change_times(segment.when, sight, person.evaluated_at, t)}
        while True:
            stays = {d for segment in segments for d in stays_times(segment.when, person.standing)}
            later = [d for d in fixed | stays if person.evaluated_at < d < t]
            if not later:
                return
            self.evaluate(person, min(later), Why("time"))

    def evaluate(self, person: Person, t: int, why: Why, unpaused: Iterable[str] = ()) -> None:
        """One evaluation; ``unpaused``: segments of which what is published must catch up."""
        if not self.evaluates:
            return
        before = person.standing.members
        person.standing = evaluated(self.order, self.sight(person), t)
        person.evaluated_at = t
        for segment in self.order:
            is_inside = segment.id in person.standing.members
            may_publish = is_inside is not (segment.id in before) or segment.id in unpaused
            if segment.paused or not may_publish or is_inside is person.is_published(segment.id):
                continue
            if not (is_inside and is_held_back(person, segment, t)):
                self.transitions.append(publish(segment, self.order, self.sight(person), (t, why)))

    def sight(self, person: Person) -> Sight:
        """The person under the definitions that hold."""
        return Sight(person, self.active, person.standing)

    def outcome(self) -> Outcome:
        """What has come of it."""
        for person in self.persons.values():
            self._bring_to(person, self.clock_ms)
        persons = {person.id: view_of(person, self.active, self.clock_ms) for person in self.persons.values()}
        return Outcome(self.transitions, self.applied, self.duplicates, self.dead_letters, persons, self.clock_ms, self.forgotten)


def run_partition(records: Iterable[Raw], *, partition: int, partitions: int, bundles: Mapping[int, Bundle]) -> Outcome:
    """Read a partition from its start, in order of offset. ``bundles``: every set of definitions by version."""
    first = bundles.get(0, Bundle())
    lane = Partition(partition, partitions, bundles, first, in_order(first))
    for raw in records:
        lane.read(raw)
    return lane.outcome()


def _counting(bundle: Bundle) -> set[str]:
    """The segments whose entries are counted; counting begins at the barrier that brings ``at_most``."""
    return {key for key, segment in _live(bundle).items() if segment.at_most is not None}


def _live(bundle: Bundle) -> dict[str, Segment]:
    return {segment.id: segment for segment in bundle.segments if not segment.archived}
