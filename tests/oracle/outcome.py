"""What a partition yields, and what is known of its people at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.oracle.tags import visible_tags

if TYPE_CHECKING:
    from schemas.definitions.model import Bundle
    from tests.oracle.person import Person


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
    forgotten: int = 0


def view_of(person: Person, active: Bundle, clock_ms: int) -> PersonView:
    """The person as the clock stands; a tag whose time to live is over by then is not there, whoever has noticed."""
    tags = {}
    for tag_id, value in visible_tags(person, active, clock_ms):
        state = person.tags[tag_id, value]
        origin = (state.rule, state.source, state.event_id)
        numbers = (state.count, state.weight, state.score.held, state.first_at, state.score.last_at)
        tags[tag_id if value is None else f"{tag_id}:{value}"] = TagView(*numbers, *origin, state.magnitude)
    segments = person.standing.members | person.sequences.keys()
    memberships = {one: Membership(one in person.standing.members, person.sequences.get(one, 0)) for one in segments}
    return PersonView(person.incarnation, tags, person.traits, memberships)
