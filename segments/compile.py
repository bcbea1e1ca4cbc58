"""Compiling a set of definitions once into what an event is run against: plans by event name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil

from schemas.definitions.leaf import event_nodes, leaf_hash
from schemas.definitions.model import (
    AllNode,
    AnyNode,
    Bundle,
    Comparison,
    Node,
    NotNode,
    Segment,
    TagNode,
    TraitNode,
)
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
from tagging.conditions import Predicate, compile_condition
from tagging.decay import VANISHED, cuts
from tagging.paths import Getter, object_getter
from tagging.rules import CompiledRule, CompiledTag, compile_rules, touched_by
from tagging.windows import times_needed


@dataclass(slots=True)
class CompiledLeaf:
    """The shared state of leaves that match the same events: how many times it keeps, over which longest window.

    ``within`` None: a counter.
    """

    number: int
    where: Predicate | None
    kept: int = 1
    within: int | None = None


@dataclass(frozen=True, slots=True)
class CompiledSegment:
    """A segment under its dictionary number. ``include``: (path, reader) of the traits that a transition carries."""

    number: int
    id: str
    node: CompiledNode
    include: tuple[tuple[str, Getter], ...]


@dataclass(slots=True)
class Plan:
    """What an event of one name can touch: rules, leaves, and the segments that read what these write."""

    rules: list[CompiledRule] = field(default_factory=list)
    leaves: list[CompiledLeaf] = field(default_factory=list)
    segments: tuple[CompiledSegment, ...] = ()
    segments_with_traits: tuple[CompiledSegment, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled set of definitions. ``other``: the plan of names that no definition mentions."""

    bundle: Bundle
    tags: dict[str, CompiledTag]
    segments: tuple[CompiledSegment, ...]
    plans: dict[str, Plan]
    other: Plan


def compile_bundle(bundle: Bundle) -> Program:
    """Compile a set of definitions."""
    tags, rules = compile_rules(bundle)
    leaves = _compile_leaves(bundle)
    ordered = sorted(bundle.segments, key=lambda segment: segment.id)
    compiled = {segment.id: _compile_segment(segment, bundle, tags) for segment in ordered}
    names = {*rules, *(name for entries in leaves.values() for name in entries[1]), "$tag", "$untag"}
    plans = {name: _plan(name, ordered, compiled, rules.get(name, []), leaves) for name in names}
    other = _plan("", ordered, compiled, [], {})
    return Program(bundle, tags, tuple(compiled.values()), plans, other)


_Leaves = dict[str, tuple[CompiledLeaf, tuple[str, ...]]]


def _compile_leaves(bundle: Bundle) -> _Leaves:
    leaves: _Leaves = {}
    for segment in bundle.segments:
        for node in event_nodes(segment.when):
            key = leaf_hash(node)
            if key not in leaves:
                where = compile_condition(node.match.where)
                leaves[key] = (CompiledLeaf(bundle.numbers.leaves[key], where), node.match.names)
            leaf = leaves[key][0]
            if node.within_ms is not None:
                leaf.kept = max(leaf.kept, times_needed(node.count))
                leaf.within = max(leaf.within or 0, node.within_ms)
    return leaves


def _plan(name: str, ordered: list[Segment], compiled: dict[str, CompiledSegment], rules: list[CompiledRule], leaves: _Leaves) -> Plan:
    touched_leaves = {key: leaf for key, (leaf, names) in leaves.items() if name in names}
    touched_tags = touched_by(rules)
    says = name in ("$tag", "$untag")
    touched: list[CompiledSegment] = []
    with_traits: list[CompiledSegment] = []
    for segment in ordered:
        reads_tag = any(says or node.tag in touched_tags for node in _tag_nodes(segment.when))
        hit = reads_tag or any(leaf_hash(node) in touched_leaves for node in event_nodes(segment.when))
        if hit:
            touched.append(compiled[segment.id])
        if hit or _reads_traits(segment.when):
            with_traits.append(compiled[segment.id])
    return Plan(rules, list(touched_leaves.values()), tuple(touched), tuple(with_traits))


def _compile_segment(segment: Segment, bundle: Bundle, tags: dict[str, CompiledTag]) -> CompiledSegment:
    include = tuple((path, object_getter(path)) for path in segment.include)
    return CompiledSegment(bundle.numbers.segments[segment.id], segment.id, _compile_node(segment.when, bundle, tags), include)


def _compile_node(node: Node, bundle: Bundle, tags: dict[str, CompiledTag]) -> CompiledNode:
    match node:
        case AllNode(items):
            return All([_compile_node(item, bundle, tags) for item in items])
        case AnyNode(items):
            return Any([_compile_node(item, bundle, tags) for item in items])
        case NotNode(item):
            return Not(_compile_node(item, bundle, tags))
        case TraitNode(condition):
            return TraitLeaf(compile_condition(condition, object_getter))
        case TagNode():
            return lasting(_compile_tag_node(node, tags[node.tag]), tags[node.tag].ttl)
        case _:
            number = bundle.numbers.leaves[leaf_hash(node)]
            if node.within_ms is None:
                return CounterLeaf(number, node.count)
            return WindowLeaf(number, node.within_ms, node.count, _at_least(node.count))


def _compile_tag_node(node: TagNode, tag: CompiledTag) -> PresenceLeaf | ScoreLeaf | TagLeaf | FamilyLeaf:
    equalities = [("weight", wanted) for wanted in node.weight] + [("score", wanted) for wanted in node.score]
    score = cuts(node.score)
    test = TagTest(
        tag.half_life, node.count, cuts(node.weight), score, tuple(pair for pair in equalities if pair[1].operator in ("eq", "ne"))
    )
    if tag.value is None:
        key: int | str = tag.number
    elif node.value is None:
        return FamilyLeaf(f"{tag.number}:", test)
    else:
        key = f"{tag.number}:{node.value}"
    if node.presence_only:
        return PresenceLeaf(key)
    alone = not (node.count or node.weight) and len(node.score) == len(score) == 1
    if alone and tag.half_life is not None and score[0].above and score[0].level > VANISHED:
        return ScoreLeaf(key, score[0].level, tag.half_life)
    return TagLeaf(key, test)


def _at_least(count: tuple[Comparison, ...]) -> int | None:
    if len(count) == 1 and count[0].operator == "gte" and count[0].value > 0:
        return ceil(count[0].value)
    return None


def _tag_nodes(node: Node) -> Iterable[TagNode]:
    match node:
        case TagNode():
            yield node
        case AllNode(items) | AnyNode(items):
            for item in items:
                yield from _tag_nodes(item)
        case NotNode(item):
            yield from _tag_nodes(item)
        case _:
            return


def _reads_traits(node: Node) -> bool:
    match node:
        case TraitNode():
            return True
        case AllNode(items) | AnyNode(items):
            return any(_reads_traits(item) for item in items)
        case NotNode(item):
            return _reads_traits(item)
        case _:
            return False
