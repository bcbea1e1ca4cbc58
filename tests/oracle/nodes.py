"""Whether a condition is true for a person at a time, and when that may change without a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.definitions.model import AllNode, AnyNode, Bundle, EventNode, Node, NotNode, Segment, TagNode, TraitNode
from tests.oracle.conditions import Scope, holds
from tests.oracle.person import LeafKey, Person, TagState, event_nodes, leaf_key
from tests.oracle.scores import Score, bounds, compared, crossings, exact, near

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Sight:
    """One person under one set of definitions. ``since``: the number of the first applied event each leaf may count."""

    person: Person
    bundle: Bundle
    since: Mapping[LeafKey, int]

    def times(self, node: EventNode) -> list[int]:
        """The event times that the leaf counts, in any window."""
        key = leaf_key(node)
        first = self.since[key]
        return [event.at for event in self.person.events if event.number >= first and key in event.leaves]

    def states(self, node: TagNode) -> list[TagState]:
        """The tag's state, or those of a family's values; empty when the person has none, or no such tag is defined."""
        tags = {tag.id: tag for tag in self.bundle.tags}
        if node.tag not in tags:
            return []
        family = tags[node.tag].value is not None
        return [
            state
            for (tag_id, value), state in self.person.tags.items()
            if tag_id == node.tag and (value is not None) == family and (node.value is None or value == node.value)
        ]

    def score(self, node: TagNode, state: TagState) -> Score:
        """The state's score, fading as the definitions say now."""
        half_life = next(tag.half_life_ms for tag in self.bundle.tags if tag.id == node.tag)
        return Score(state.score.held, state.score.last_at, half_life)


def is_true(node: Node, sight: Sight, t: int) -> bool:
    """Whether the node is true at ``t``."""
    match node:
        case AllNode(items):
            return all(is_true(item, sight, t) for item in items)
        case AnyNode(items):
            return any(is_true(item, sight, t) for item in items)
        case NotNode(item):
            return not is_true(item, sight, t)
        case TraitNode(condition):
            traits = sight.person.traits
            return holds(condition, Scope(traits, {}, traits))
        case TagNode():
            return _tag_is_true(node, sight, t)
        case EventNode():
            count = sum(node.within_ms is None or t - node.within_ms < at <= t for at in sight.times(node))
            return all(compared(comparison, count, exact) for comparison in node.count)


def _tag_is_true(node: TagNode, sight: Sight, t: int) -> bool:
    states = sight.states(node)
    if node.presence_only:
        return bool(states)
    if not states:
        return _meets(node, 0, 0.0, 0.0)
    return any(_meets(node, state.count, state.weight, sight.score(node, state).at(t)) for state in states)


def _meets(node: TagNode, count: int, weight: float, score: float) -> bool:
    return (
        all(compared(comparison, count, exact) for comparison in node.count)
        and all(compared(comparison, weight, near) for comparison in node.weight)
        and all(compared(comparison, score, near) for comparison in node.score)
    )


def change_times(node: Node, sight: Sight, after: int, before: int | None = None) -> set[int]:
    """The times in (after, before) at which some part of the node may change by itself; ``before`` None: for ever."""
    times: set[int] = set()
    for leaf in event_nodes(node):
        if leaf.within_ms is not None:
            leaving = (at + leaf.within_ms for at in sight.times(leaf))
            times.update(d for d in leaving if after < d and (before is None or d < before))
    for tag in _tag_nodes(node):
        for state in sight.states(tag):
            for bound in bounds(tag.score):
                times.update(crossings(sight.score(tag, state), bound, after, before))
    return times


def _tag_nodes(node: Node) -> list[TagNode]:
    match node:
        case TagNode():
            return [node]
        case AllNode(items) | AnyNode(items):
            return [tag for item in items for tag in _tag_nodes(item)]
        case NotNode(item):
            return _tag_nodes(item)
    return []


def leaves_at(segment: Segment, sight: Sight, now: int) -> int | None:
    """When a segment that is true now would first be false if nothing happened; None: never."""
    for d in sorted(change_times(segment.when, sight, now)):
        if not is_true(segment.when, sight, d):
            return d
    return None
