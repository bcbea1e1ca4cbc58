"""All that is known of one person, and what one event does to it: tags, then traits, then what leaves count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.oracle.conditions import matches
from tests.oracle.known import Known
from tests.oracle.leaves import LeafKey, leaves_of
from tests.oracle.tags import Tagging, TagKey, TagState, apply_rule, apply_said, drop_gone
from tests.oracle.uniting import unite

if TYPE_CHECKING:
    from schemas.definitions.model import Bundle
    from tests.oracle.classify import Event

REMEMBERED_IDS = 256


@dataclass(frozen=True)
class Applied:
    """One applied event: its number among the lane's applied events, its event time, and the leaves that count it."""

    number: int
    at: int
    leaves: frozenset[LeafKey]
    body: dict[str, Any]
    event: Event
    clock_ms: int


@dataclass(frozen=True)
class Joined:
    """Another person became a part of this one: given up at ``given_up_ms``, taken over at ``clock_ms``, each by its lane's clock."""

    person: Person
    given_up_ms: int
    clock_ms: int
    window_ms: int


@dataclass(frozen=True)
class Standing:
    """How a person stood at the last evaluation: in which segments, and since when each stays has been true without a break."""

    members: frozenset[str] = frozenset()
    true_since: dict[str, int] = field(default_factory=dict)


@dataclass
class Person:
    """Everything about one person. ``evaluated_at``: when the segments were last evaluated. ``active_at``: the clock at the last event.

    ``sequences``: published transitions by segment; odd: published as inside. ``entries``: the times of published entries.
    ``is_united``: others have become a part of the person. ``lists``: by list, the version last applied, and whether it names the person.
    ``known``: who it is known to be. ``steps``: all that ever happened to it, in order.
    """

    id: str
    incarnation: int
    evaluated_at: int
    events: list[Applied] = field(default_factory=list)
    tags: dict[TagKey, TagState] = field(default_factory=dict)
    untagged: dict[TagKey, int] = field(default_factory=dict)
    assignments: dict[str, tuple[int, Any]] = field(default_factory=dict)
    ids: list[tuple[str, int]] = field(default_factory=list)
    lists: dict[str, tuple[int, bool]] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    sequences: dict[str, int] = field(default_factory=dict)
    entries: dict[str, list[int]] = field(default_factory=dict)
    anonymous_id: str | None = None
    is_united: bool = False
    known: Known = field(default_factory=Known)
    steps: list[Applied | Joined] = field(default_factory=list)
    active_at: int = 0

    @property
    def traits(self) -> dict[str, Any]:
        """The traits by top-level key; a deleted one is not there."""
        return {key: value for key, (_, value) in self.assignments.items() if value is not None}

    def has_seen(self, event_id: str, clock_ms: int, window_ms: int) -> bool:
        """Whether an event with this id was applied less than the window ago, and is among the newest 256."""
        return any(one == event_id and clock_ms - at < window_ms for one, at in self.ids[-REMEMBERED_IDS:])

    def is_published(self, segment: str) -> bool:
        """Whether the last that was published of the segment is an entry."""
        return self.sequences.get(segment, 0) % 2 == 1


def apply(person: Person, event: Event, number: int, clock_ms: int, bundle: Bundle) -> None:
    """Let an event that is no repeat change the person."""
    before = person.traits
    _apply_traits(person, event)
    after = person.traits
    tagging = Tagging(person, event, bundle, clock_ms)
    tags = [tag for tag in bundle.tags if not tag.archived]
    for tag in tags:
        apply_said(tagging, tag)
    for tag in tags:
        for rule in tag.rules:
            if matches(rule.match, event.name, event.body, before, after):
                apply_rule(tagging, tag, rule)
    counted = {key for key, match in leaves_of(bundle).items() if matches(match, event.name, event.body, after, after)}
    applied = Applied(number, event.at, frozenset(counted), event.body, event, clock_ms)
    person.events.append(applied)
    person.steps.append(applied)
    if event.id is not None:
        person.ids.append((event.id, clock_ms))
    if event.anonymous is not None:
        person.anonymous_id = event.anonymous


def refill(person: Person, bundle: Bundle) -> None:
    """Let the person hold what a deployment would hold that had these definitions from the start: all that happened again, from the first.

    What an archived tag has stays as it is.
    """
    archived = {tag.id for tag in bundle.tags if tag.archived}
    fresh = _again(person, bundle)
    person.tags = {key: state for key, state in person.tags.items() if key[0] in archived} | fresh.tags
    person.untagged = {key: time for key, time in person.untagged.items() if key[0] in archived} | fresh.untagged
    person.events = fresh.events


def _again(person: Person, bundle: Bundle) -> Person:
    fresh = Person(person.id, person.incarnation, person.evaluated_at)
    for step in person.steps:
        drop_gone(fresh, bundle, step.clock_ms)
        if isinstance(step, Applied):
            apply(fresh, step.event, step.number, step.clock_ms, bundle)
        else:
            absorbed = _again(step.person, bundle)
            drop_gone(absorbed, bundle, step.given_up_ms)
            unite(fresh, absorbed, bundle, step.clock_ms, step.window_ms)
    return fresh


def _apply_traits(person: Person, event: Event) -> None:
    traits = event.body.get("traits")
    if event.type == "group" or not isinstance(traits, dict):
        return
    for key, value in traits.items():
        if key not in person.assignments or person.assignments[key][0] <= event.at:
            person.assignments[key] = (event.at, value)


def apply_list(person: Person, list_id: str, version: int, *, named: bool) -> None:
    """Let an uploaded list name the person, or no longer."""
    person.lists[list_id] = (version, named)
