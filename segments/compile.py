"""Compiling a set of definitions once into what an event is run against: plans by event name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from schemas.definitions.consent_model import ConsentNode
from schemas.definitions.leaf import leaf_hashes, walk
from schemas.definitions.model import (
    AnniversaryNode,
    AtMost,
    Bundle,
    CalendarWindow,
    DateNode,
    EventNode,
    ListNode,
    SampleNode,
    Segment,
    SegmentNode,
    StaysNode,
    TagNode,
    TraitNode,
)
from schemas.definitions.zones import zone_named
from segments.build import Builder
from segments.leaves import CompiledLeaf, Leaves, compile_leaves
from segments.nodes import CompiledNode
from segments.recorder import Recorder
from segments.relevance import Needs, Relevance, relevance_of
from segments.shared import Shared
from segments.stays import StaysLeaf
from tagging.paths import Getter, object_getter
from tagging.rules import CompiledRule, CompiledTag, compile_rules, touched_by


@dataclass(frozen=True, slots=True)
class CompiledSegment:
    """A segment under its dictionary number. ``include``: (path, reader) of the traits that a transition carries.

    ``node``: its condition, as ``Shared`` if other segments refer to it.
    ``stays``: the ``stays`` of its condition, inner ones first; each evaluation writes their states before it asks the node.
    """

    number: int
    id: str
    node: CompiledNode
    include: tuple[tuple[str, Getter], ...]
    stays: tuple[StaysLeaf, ...] = ()
    at_most: AtMost | None = None
    paused: bool = False


@dataclass(slots=True)
class Plan:
    """What an event of one name can touch: rules, leaves, and the segments that read what these write.

    ``leaves`` count; ``recorders`` keep more of an event than that.
    """

    rules: list[CompiledRule] = field(default_factory=list)
    leaves: list[CompiledLeaf] = field(default_factory=list)
    segments: tuple[CompiledSegment, ...] = ()
    segments_with_traits: tuple[CompiledSegment, ...] = ()
    recorders: list[Recorder] = field(default_factory=list)


@dataclass(slots=True)
class Reads:
    """What a segment's value depends on, that of the segments it refers to included.

    ``person``: on who the person is, or on when the segment was evaluated before.
    """

    tags: set[str] = field(default_factory=set)
    leaves: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    traits: bool = False
    person: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled set of definitions. ``other``: the plan of names that no definition mentions.

    ``segments`` stand in the order of evaluation. ``readers_of_lists``: by list id. ``leaves``: the numbers of all states.
    """

    bundle: Bundle
    tags: dict[str, CompiledTag]
    segments: tuple[CompiledSegment, ...]
    plans: dict[str, Plan]
    other: Plan
    readers_of_lists: dict[str, tuple[CompiledSegment, ...]]
    leaves: frozenset[int]
    relevance: Relevance


def compile_bundle(bundle: Bundle) -> Program:
    """Compile a set of definitions."""
    tags, rules = compile_rules(bundle)
    ordered = in_order(bundle.segments)
    _load_zones(ordered)
    leaves = compile_leaves((segment.when for segment in ordered), bundle.numbers.leaves)
    compiled = _compile_segments(ordered, bundle, tags)
    reads = _reads(ordered)
    names = {*rules, *leaves.names(), "$tag", "$untag"}
    plans = {name: _plan(name, compiled, reads, rules.get(name, []), leaves) for name in names}
    other = _plan("", compiled, reads, [], Leaves({}))
    lists = sorted({name for read in reads.values() for name in read.lists})
    readers = {name: tuple(segment for key, segment in compiled.items() if name in reads[key].lists) for name in lists}
    relevance = relevance_of((segment, _needs(reads[key], bundle)) for key, segment in compiled.items())
    return Program(bundle, tags, tuple(compiled.values()), plans, other, readers, frozenset(leaves.live), relevance)


def in_order(segments: Iterable[Segment]) -> list[Segment]:
    """The segments that are evaluated, in order: again and again the least id among those whose references are done."""
    live = {segment.id: segment for segment in segments if not segment.archived}
    waits_for = {key: len(_references(segment) & live.keys()) for key, segment in live.items()}
    awaited_by: dict[str, list[str]] = defaultdict(list)
    for key, segment in live.items():
        for other in _references(segment):
            awaited_by[other].append(key)
    ready = [key for key, count in waits_for.items() if count == 0]
    heapify(ready)
    ordered: list[Segment] = []
    while ready:
        key = heappop(ready)
        ordered.append(live[key])
        for waiting in awaited_by[key]:
            waits_for[waiting] -= 1
            if waits_for[waiting] == 0:
                heappush(ready, waiting)
    return ordered


def _load_zones(segments: Iterable[Segment]) -> None:
    """No event shall wait for a file."""
    for segment in segments:
        for node in walk(segment.when):
            match node:
                case DateNode(zone=zone) | AnniversaryNode(zone=zone) | EventNode(calendar=CalendarWindow(zone=zone)):
                    zone_named(zone)


def _references(segment: Segment) -> set[str]:
    return {node.segment for node in walk(segment.when) if isinstance(node, SegmentNode)}


def _reads(ordered: list[Segment]) -> dict[str, Reads]:
    found: dict[str, Reads] = {}
    for segment in ordered:
        reads = found[segment.id] = Reads(leaves=set(leaf_hashes(segment.when)))
        for node in walk(segment.when):
            match node:
                case TagNode(tag):
                    reads.tags.add(tag)
                case ListNode(named):
                    reads.lists.add(named)
                case TraitNode() | DateNode() | AnniversaryNode() | ConsentNode():
                    reads.traits = True
                case SampleNode() | StaysNode():
                    reads.person = True
                case SegmentNode(other) if other in found:
                    reads.tags |= found[other].tags
                    reads.leaves |= found[other].leaves
                    reads.lists |= found[other].lists
                    reads.traits |= found[other].traits
                    reads.person |= found[other].person
    return found


def _needs(reads: Reads, bundle: Bundle) -> Needs:
    tags = frozenset(bundle.numbers.tags[tag] for tag in reads.tags)
    leaves = frozenset(bundle.numbers.leaves[key] for key in reads.leaves)
    return Needs(tags, leaves, reads.traits, bool(reads.lists), reads.person)


def _plan(name: str, compiled: dict[str, CompiledSegment], reads: dict[str, Reads], rules: list[CompiledRule], leaves: Leaves) -> Plan:
    counters = {key: leaf for key, (leaf, names) in leaves.counters.items() if name in names}
    recorders = {key: recorder for key, (recorder, names) in leaves.recorders.items() if name in names}
    written = counters.keys() | recorders.keys()
    tags = touched_by(rules)
    says = name in ("$tag", "$untag")
    touched = [key for key, read in reads.items() if (says and read.tags) or read.tags & tags or read.leaves & written]
    known = set(touched)
    with_traits = [key for key, read in reads.items() if key in known or read.traits]
    return Plan(
        rules,
        list(counters.values()),
        tuple(compiled[key] for key in touched),
        tuple(compiled[key] for key in with_traits),
        list(recorders.values()),
    )


def _compile_segments(ordered: list[Segment], bundle: Bundle, tags: dict[str, CompiledTag]) -> dict[str, CompiledSegment]:
    builder = Builder(bundle, tags)
    referred = {named for segment in ordered for named in _references(segment)}
    compiled: dict[str, CompiledSegment] = {}
    for segment in ordered:
        builder.stays = []
        number = bundle.numbers.segments[segment.id]
        condition = builder.node(segment.when)
        node = builder.segments[segment.id] = Shared(number, condition) if segment.id in referred else condition
        include = tuple((path, object_getter(path)) for path in segment.include)
        stays = tuple(builder.stays)
        compiled[segment.id] = CompiledSegment(number, segment.id, node, include, stays, segment.at_most, segment.paused)
    return compiled
