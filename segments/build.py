"""Compiling the nodes of a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from schemas.definitions.consent_model import ConsentNode
from schemas.definitions.leaf import absence_hash, counts, leaf_hash, sequence_hash, stays_hash, values_hash
from schemas.definitions.model import (
    AbsenceNode,
    AllNode,
    AnniversaryNode,
    AnyNode,
    Bundle,
    Comparison,
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
from segments.absence import AbsenceLeaf
from segments.aggregates import AggregateLeaf
from segments.dates import AnniversaryLeaf, DateLeaf
from segments.lasting import lasting
from segments.nodes import (
    All,
    Any,
    CompiledNode,
    CounterLeaf,
    FamilyLeaf,
    Not,
    PresenceLeaf,
    ScoreLeaf,
    TagLeaf,
    TagTest,
    TraitLeaf,
    WindowLeaf,
)
from segments.people import ConsentLeaf, ListLeaf, sample
from segments.periods import PeriodLeaf
from segments.sequence import SequenceLeaf
from segments.spans import Periods, span_of
from segments.stays import StaysLeaf
from tagging.conditions import compile_condition
from tagging.decay import VANISHED, cuts
from tagging.paths import object_getter
from tagging.rules import CompiledTag


@dataclass(slots=True)
class Builder:
    """Compiles conditions of one bundle. ``segments``: those that a condition may refer to, compiled before it.

    ``stays`` gathers the ``stays`` of the condition that is being compiled, inner ones first.
    """

    bundle: Bundle
    tags: Mapping[str, CompiledTag]
    segments: dict[str, CompiledNode] = field(default_factory=dict)
    stays: list[StaysLeaf] = field(default_factory=list)

    def node(self, node: Node) -> CompiledNode:
        """A node and all below it."""
        match node:
            case AllNode(items):
                return All([self.node(item) for item in items])
            case AnyNode(items):
                return Any([self.node(item) for item in items])
            case NotNode(item):
                return Not(self.node(item))
            case TagNode():
                return lasting(_tag(node, self.tags[node.tag]), self.tags[node.tag].ttl)
            case SegmentNode(segment):
                # See Shared. One that is archived holds nobody.
                return self.segments.get(segment, Any(()))
            case _:
                return self._leaf(node)

    def _leaf(self, node: Node) -> CompiledNode:
        match node:
            case TraitNode(condition):
                return TraitLeaf(compile_condition(condition, object_getter))
            case EventNode():
                return self._event(node)
            case ConsentNode(purpose, unless_said):
                return ConsentLeaf(purpose, unless_said)
            case ListNode(named):
                return ListLeaf(named)
            case SampleNode(percent, seed):
                return sample(percent, seed)
            case DateNode():
                return DateLeaf(object_getter(node.trait), node.direction, node.within_ms, node.zone)
            case AnniversaryNode():
                return AnniversaryLeaf(object_getter(node.trait), node.within_ms, node.zone)
            case _:
                return self._stateful(node)

    def _stateful(self, node: Node) -> CompiledNode:
        numbers = self.bundle.numbers.leaves
        match node:
            case SequenceNode():
                return SequenceLeaf(numbers[sequence_hash(node)], len(node.steps), node.span_ms, node.within_ms)
            case AbsenceNode():
                return AbsenceLeaf(numbers[absence_hash(node)], node.within_ms, node.for_ms)
            case _:
                assert isinstance(node, StaysNode)
                stays = StaysLeaf(numbers[stays_hash(node)], self.node(node.when), node.for_ms)
                self.stays.append(stays)
                return stays

    def _event(self, node: EventNode) -> CompiledNode:
        numbers = self.bundle.numbers.leaves
        span = span_of(node)
        parts: list[CompiledNode] = [self._count(node)] if counts(node) else []
        parts += [AggregateLeaf(numbers[values_hash(node, each)], span, each) for each in node.aggregates]
        return parts[0] if len(parts) == 1 else All(parts)

    def _count(self, node: EventNode) -> CompiledNode:
        number = self.bundle.numbers.leaves[leaf_hash(node)]
        if node.within_ms is not None:
            return WindowLeaf(number, node.within_ms, node.count, _at_least(node.count))
        span = span_of(node)
        return PeriodLeaf(number, span, node.count) if isinstance(span, Periods) else CounterLeaf(number, node.count)


def _tag(node: TagNode, tag: CompiledTag) -> PresenceLeaf | ScoreLeaf | TagLeaf | FamilyLeaf:
    equalities = [("weight", wanted) for wanted in node.weight] + [("score", wanted) for wanted in node.score]
    score = cuts(node.score)
    test = TagTest(
        tag.half_life,
        node.count,
        cuts(node.weight),
        score,
        tuple(pair for pair in equalities if pair[1].operator in ("eq", "ne")),
        node.last_within_ms,
    )
    if tag.value is None:
        key: int | str = tag.number
    elif node.value is None:
        return FamilyLeaf(f"{tag.number}:", test)
    else:
        key = f"{tag.number}:{node.value}"
    if node.presence_only:
        return PresenceLeaf(key)
    alone = not (node.count or node.weight or node.last_within_ms) and len(node.score) == len(score) == 1
    if alone and tag.half_life is not None and score[0].above and score[0].level > VANISHED:
        return ScoreLeaf(key, score[0].level, tag.half_life)
    return TagLeaf(key, test)


def _at_least(count: tuple[Comparison, ...]) -> int | None:
    if len(count) == 1 and count[0].operator == "gte" and count[0].value > 0:
        return ceil(count[0].value)
    return None
