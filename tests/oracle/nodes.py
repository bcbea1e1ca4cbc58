"""Whether a condition is true for a person at a time, and when that may change without a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from schemas.definitions.consent_model import ConsentNode
from schemas.definitions.model import (
    AbsenceNode,
    AllNode,
    AnniversaryNode,
    AnyNode,
    Bundle,
    DateNode,
    EventNode,
    ListNode,
    Node,
    NotNode,
    SampleNode,
    SegmentNode,
    SequenceNode,
    StaysNode,
    TagNode,
    TraitNode,
)
from tests.oracle.calendars import LAST_MS, anniversaries, read_date
from tests.oracle.conditions import Scope, consents, found, holds
from tests.oracle.leaves import LeafKey, after_key, leaf_key, parts, stays_key, step_keys, without_key
from tests.oracle.patterns import absence_is_true, absence_times, sequence_is_true, sequence_times
from tests.oracle.person import Applied, Person, Standing
from tests.oracle.scores import Score, bounds, compared, crossings, exact, near
from tests.oracle.tags import TagKey, visible_tags
from tests.oracle.windows import event_is_true, leaving_times

if TYPE_CHECKING:
    from collections.abc import Iterator

CALENDAR_REPEATS_MS = 400 * 366 * 86_400_000
"""After 400 years the calendar, and with it every anniversary, begins anew."""


@dataclass(frozen=True)
class Sight:
    """One person under one set of definitions. ``standing``: segments as just evaluated, and what has been true since when."""

    person: Person
    bundle: Bundle
    standing: Standing = field(default_factory=Standing)

    def events(self, key: LeafKey) -> list[Applied]:
        """The events that the leaf counts, in any window."""
        return [event for event in self.person.events if key in event.leaves]

    def tags(self, node: TagNode, t: int) -> list[TagKey]:
        """The tag, or a family's values, that the person has at ``t``; empty if there is none, or no such tag is defined."""
        keys = visible_tags(self.person, self.bundle, t)
        return [(tag_id, value) for tag_id, value in keys if tag_id == node.tag and node.value in (None, value)]

    def score(self, key: TagKey) -> Score:
        """The tag's score, fading as the definitions say now."""
        held = self.person.tags[key].score
        half_life = next(tag.half_life_ms for tag in self.bundle.tags if tag.id == key[0])
        return Score(held.held, held.last_at, half_life)

    def dates(self, trait: str) -> list[Any]:
        """What stands at the path in the person's traits."""
        return found(self.person.traits, trait)


def is_true(node: Node, sight: Sight, t: int) -> bool:
    """Whether the node is true at ``t``."""
    match node:
        case AllNode(items):
            return all(is_true(item, sight, t) for item in items)
        case AnyNode(items):
            return any(is_true(item, sight, t) for item in items)
        case NotNode(item):
            return not is_true(item, sight, t)
        case TagNode():
            return _tag_is_true(node, sight, t)
        case EventNode() | SequenceNode() | AbsenceNode():
            return _history_is_true(node, sight, t)
        case DateNode() | AnniversaryNode():
            return any(begin <= t < end for begin, end in _spans(node, sight, t, t))
    return _state_is_true(node, sight, t)


def _history_is_true(node: EventNode | SequenceNode | AbsenceNode, sight: Sight, t: int) -> bool:
    match node:
        case EventNode():
            return event_is_true(node, sight.events(leaf_key(node)), t)
        case SequenceNode():
            return sequence_is_true(node, [sight.events(key) for key in step_keys(node)], t)
        case AbsenceNode():
            return absence_is_true(node, sight.events(after_key(node)), sight.events(without_key(node)), t)


def _state_is_true(node: TraitNode | StaysNode | SegmentNode | ListNode | SampleNode | ConsentNode, sight: Sight, t: int) -> bool:
    match node:
        case TraitNode(condition):
            return holds(condition, Scope(sight.person.traits, {}, sight.person.traits))
        case StaysNode():
            since = sight.standing.true_since.get(stays_key(node))
            return since is not None and t - since >= node.for_ms
        case SegmentNode(segment):
            return segment in sight.standing.members
        case ListNode(name):
            return sight.person.lists.get(name, (0, False))[1]
        case ConsentNode():
            return consents(node, sight.person.traits)
        case SampleNode():
            return _is_drawn(node, sight.person.id)


def _tag_is_true(node: TagNode, sight: Sight, t: int) -> bool:
    keys = sight.tags(node, t)
    if node.presence_only:
        return bool(keys)
    if not keys:
        return node.last_within_ms is None and _meets(node, 0, 0.0, 0.0)
    for key in keys:
        state, score = sight.person.tags[key], sight.score(key)
        recent = node.last_within_ms is None or t - node.last_within_ms < score.last_at <= t
        if recent and _meets(node, state.count, state.weight, score.at(t)):
            return True
    return False


def _meets(node: TagNode, count: int, weight: float, score: float) -> bool:
    return (
        all(compared(comparison, count, exact) for comparison in node.count)
        and all(compared(comparison, weight, near) for comparison in node.weight)
        and all(compared(comparison, score, near) for comparison in node.score)
    )


def _is_drawn(node: SampleNode, person: str) -> bool:
    drawn = int.from_bytes(sha256(node.seed.encode() + b"\0" + person.encode()).digest()[:8], "big")
    return Fraction(drawn, 2**64) < Fraction(node.percent) / 100


def _spans(node: DateNode | AnniversaryNode, sight: Sight, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Every [begin, end) in which the node is true; of an anniversary those that may touch [low, high]."""
    for value in sight.dates(node.trait):
        if isinstance(node, AnniversaryNode):
            yield from anniversaries(node, value, low, high)
        elif (at := read_date(value, node.zone)) is not None:
            yield (at - node.within_ms, at) if node.direction == "next" else (at, at + node.within_ms)


def change_times(node: Node, sight: Sight, after: int, before: int | None = None) -> set[int]:
    """The times in (after, before) at which some part of the node may change by itself, but for what stays.

    ``before`` None: for ever; of anniversaries those of 400 years after the last other change.
    """
    times: set[int] = set()
    for part in parts(node):
        if not isinstance(part, AnniversaryNode):
            times.update(_times(part, sight, after, before))
    end = before
    if end is None:
        end = min(max(times, default=after) + CALENDAR_REPEATS_MS, LAST_MS)
    for part in parts(node):
        if isinstance(part, AnniversaryNode):
            times.update(time for span in _spans(part, sight, after, end) for time in span)
    return {time for time in times if after < time and (before is None or time < before)}


def _times(node: Node, sight: Sight, after: int, before: int | None) -> Iterator[int]:
    match node:
        case TagNode():
            yield from _tag_times(node, sight, after, before)
        case EventNode():
            yield from leaving_times(node, sight.events(leaf_key(node)))
        case SequenceNode():
            yield from sequence_times(node, [sight.events(key) for key in step_keys(node)])
        case AbsenceNode():
            yield from absence_times(node, sight.events(after_key(node)))
        case DateNode():
            for span in _spans(node, sight, after, after):
                yield from span


def _tag_times(node: TagNode, sight: Sight, after: int, before: int | None) -> Iterator[int]:
    lives = {tag.id: tag.ttl_ms for tag in sight.bundle.tags}
    for key in sight.tags(node, after):
        score = sight.score(key)
        ttl_ms = lives[key[0]]
        if ttl_ms is not None:
            yield score.last_at + ttl_ms
        if node.last_within_ms is not None:
            yield score.last_at + node.last_within_ms
        for bound in bounds(node.score):
            yield from crossings(score, bound, after, before)


def stays_times(node: Node, standing: Standing) -> set[int]:
    """When what is true now will have been true for long enough."""
    stays = [part for part in parts(node) if isinstance(part, StaysNode)]
    return {standing.true_since[key] + part.for_ms for part in stays if (key := stays_key(part)) in standing.true_since}
