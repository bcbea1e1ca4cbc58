"""One partition from its start: every transition it must yield, and what is known of its people at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from schemas.definitions.model import AnyNode, Bundle, Segment
from tests.oracle.classify import DeadLetter, Definitions, Event, Lane, Raw, classify
from tests.oracle.conditions import found
from tests.oracle.nodes import Sight, change_times, is_true, leaves_at
from tests.oracle.person import LeafKey, Person, apply, leaves_of
from tests.oracle.times import write_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NEVER = AnyNode(())


@dataclass(frozen=True)
class TagView:
    """One tag of a person. ``score`` is held as of ``last_at``; times in milliseconds since 1970 UTC.

    ``magnitude``: the sum of the weights without their signs; what another evaluator may deviate by is relative to it.
    """

    count: int
    weight: float
    score: float
    first_at: int
    last_at: int
    rule: str
    source: str | None
    event_id: str | None
    magnitude: float = 0.0


@dataclass(frozen=True)
class Membership:
    """How a person stands to a segment; ``sequence`` counts entries and leaves."""

    inside: bool
    sequence: int


@dataclass(frozen=True)
class PersonView:
    """A person at the end of the log; tags under ``id`` or ``id:value``, of the active definitions only."""

    incarnation: int
    tags: dict[str, TagView]
    traits: dict[str, Any]
    memberships: dict[str, Membership]


@dataclass(frozen=True)
class Outcome:
    """What a partition yields. ``transitions``: the JSON of each record of the transitions topic, ascending per person."""

    transitions: list[dict[str, Any]]
    applied: int
    duplicates: int
    dead_letters: list[tuple[int, str]]
    persons: dict[str, PersonView]
    clock_ms: int


@dataclass(frozen=True)
class Why:
    """What caused an evaluation."""

    cause: str
    event_id: str | None = None
    silent: bool = False


@dataclass
class _Partition:
    number: int
    partitions: int
    bundles: Mapping[int, Bundle]
    active: Bundle
    clock_ms: int = 0
    applied: int = 0
    duplicates: int = 0
    since: dict[LeafKey, int] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    dead_letters: list[tuple[int, str]] = field(default_factory=list)

    def read(self, raw: Raw) -> None:
        self.clock_ms = max(self.clock_ms, raw.append_ms)
        lane = Lane(self.number, self.partitions, self.clock_ms, self.active.settings.oldest_ms)
        match classify(raw, lane):
            case DeadLetter(reason):
                self.dead_letters.append((raw.offset, reason))
            case Definitions(version, "activate"):
                self._activate(raw.offset, version)
            case Event() as event:
                self._event(event, raw.append_ms)

    def _event(self, event: Event, append_ms: int) -> None:
        person = self.persons.get(event.person)
        window_ms = self.active.settings.dedupe_ms
        if person and event.id is not None and person.has_seen(event.id, self.clock_ms, window_ms):
            self.duplicates += 1
            return
        if person is None:
            person = self.persons[event.person] = Person(event.person, append_ms, self.clock_ms)
        self._bring_to(person, self.clock_ms)
        apply(person, event, self.applied, self.clock_ms, self.active)
        self.applied += 1
        self._evaluate(person, self.clock_ms, Why("event", event.id))

    def _activate(self, offset: int, version: int) -> None:
        if version not in self.bundles:
            if version != 0:
                self.dead_letters.append((offset, "unreadable-internal"))
            return
        if version <= self.active.version:
            return
        old, new = self.active, self.bundles[version]
        for person in self.persons.values():
            self._bring_to(person, self.clock_ms)
        self.active = new
        self.since = {key: self.since.get(key, self.applied) for key in leaves_of(new)}
        gone = {segment.id for segment in old.segments} - {segment.id for segment in new.segments}
        for person in self.persons.values():
            for segment_id in sorted(gone):
                self._archive(person, segment_id)
            self._evaluate(person, self.clock_ms, Why("definition", silent=new.silent))

    def _archive(self, person: Person, segment_id: str) -> None:
        if person.inside(segment_id):
            self._switch(person, Segment(segment_id, "", when=_NEVER), self.clock_ms, Why("definition", silent=True))

    def _bring_to(self, person: Person, t: int) -> None:
        """Let everything happen that is due before ``t``."""
        times: set[int] = set()
        sight = Sight(person, self.active, self.since)
        for segment in self.active.segments:
            times |= change_times(segment.when, sight, person.evaluated_at, t)
        for d in sorted(times):
            self._evaluate(person, d, Why("time"))

    def _evaluate(self, person: Person, t: int, why: Why) -> None:
        sight = Sight(person, self.active, self.since)
        for segment in sorted(self.active.segments, key=lambda one: one.id):
            if is_true(segment.when, sight, t) != person.inside(segment.id):
                self._switch(person, segment, t, why)
        person.evaluated_at = t

    def _switch(self, person: Person, segment: Segment, t: int, why: Why) -> None:
        sequence = person.sequences[segment.id] = person.sequences.get(segment.id, 0) + 1
        entered = sequence % 2 == 1
        kind = "segment.entered" if entered else "segment.left"
        data: dict[str, Any] = {"id": transition_id(person, segment.id, kind, t), "person": person.id}
        data |= {"segment": segment.id, "incarnation": person.incarnation, "sequence": sequence}
        data |= {"cause": why.cause, "definitions": self.active.version}
        leaving = leaves_at(segment, Sight(person, self.active, self.since), t) if entered else None
        optional = {
            "userId": person.id.removeprefix("user:") if person.id.startswith("user:") else None,
            "anonymousId": person.anonymous_id,
            "eventId": why.event_id,
            "leavesAt": None if leaving is None else write_time(leaving),
            "traits": included(segment.include, person.traits) or None,
            "silent": why.silent or None,
        }
        data |= {key: value for key, value in optional.items() if value is not None}
        self.transitions.append({"type": kind, "timestamp": write_time(t), "data": data})

    def outcome(self) -> Outcome:
        for person in self.persons.values():
            self._bring_to(person, self.clock_ms)
        persons = {person.id: _view(person, self.active) for person in self.persons.values()}
        return Outcome(self.transitions, self.applied, self.duplicates, self.dead_letters, persons, self.clock_ms)


def run_partition(records: Iterable[Raw], *, partition: int, partitions: int, bundles: Mapping[int, Bundle]) -> Outcome:
    """Read a partition from its start, in order of offset. ``bundles``: every set of definitions by version."""
    lane = _Partition(partition, partitions, bundles, bundles.get(0, Bundle()))
    for raw in records:
        lane.read(raw)
    return lane.outcome()


def transition_id(person: Person, segment_id: str, kind: str, t: int) -> str:
    """The id of the person's newest transition of the segment."""
    parts = (person.id, person.incarnation, segment_id, person.sequences[segment_id], kind, t)
    return "tr_" + blake2b("\0".join(str(part) for part in parts).encode(), digest_size=16).hexdigest()


def included(paths: tuple[str, ...], traits: dict[str, Any]) -> dict[str, Any]:
    """The traits that a transition carries, under their paths; missing ones left out."""
    values = {path: found(traits, path) for path in paths}
    return {path: (some if "[]" in path else some[0]) for path, some in values.items() if some}


def _view(person: Person, active: Bundle) -> PersonView:
    families = {tag.id: tag.value is not None for tag in active.tags}
    tags = {}
    for (tag_id, value), state in person.tags.items():
        if tag_id in families and families[tag_id] == (value is not None):
            last_at, score = state.score.last_at, state.score.held
            origin = (state.rule, state.source, state.event_id)
            name = tag_id if value is None else f"{tag_id}:{value}"
            tags[name] = TagView(state.count, state.weight, score, state.first_at, last_at, *origin, state.magnitude)
    memberships = {segment_id: Membership(n % 2 == 1, n) for segment_id, n in person.sequences.items()}
    return PersonView(person.incarnation, tags, person.traits, memberships)
