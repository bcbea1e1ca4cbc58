"""The shared states of a set of definitions, each compiled once to what serves all the leaves that read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.definitions.leaf import absence_hash, counts, leaf_hash, sequence_hash, stays_hash, values_hash, walk
from schemas.definitions.model import AbsenceNode, EventMatch, EventNode, Node, SequenceNode, StaysNode
from segments.absence import Awaited
from segments.aggregates import Values
from segments.periods import FixedCounter, PeriodCounters
from segments.recorder import Recorder
from segments.sequence import Step, Steps
from segments.spans import Ever, Periods, span_of, wider
from tagging.conditions import Predicate
from tagging.consent import compile_match
from tagging.paths import event_getter
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


@dataclass(slots=True)
class Leaves:
    """States by leaf hash, with the event names that write them. ``live``: the numbers of all, those of ``stays`` included."""

    numbers: dict[str, int]
    counters: dict[str, tuple[CompiledLeaf, frozenset[str]]] = field(default_factory=dict)
    recorders: dict[str, tuple[Recorder, frozenset[str]]] = field(default_factory=dict)
    live: set[int] = field(default_factory=set)

    def names(self) -> set[str]:
        """All names of events that some state is about."""
        return {name for table in (self.counters, self.recorders) for _, names in table.values() for name in names}

    def add(self, condition: Node) -> None:
        """The states of a condition; those that are there already keep as much as the most demanding node asks for."""
        for node in walk(condition):
            match node:
                case EventNode():
                    if counts(node):
                        self._add_count(node)
                    self._add_values(node)
                case SequenceNode():
                    self._add_sequence(node)
                case AbsenceNode():
                    self._add_absence(node)
                case StaysNode():
                    self._number(stays_hash(node))

    def _number(self, key: str) -> int:
        number = self.numbers[key]
        self.live.add(number)
        return number

    def _add_count(self, node: EventNode) -> None:
        key = leaf_hash(node)
        number = self._number(key)
        span = span_of(node)
        names = frozenset(node.match.names)
        if isinstance(span, Periods):
            held = self.recorders.get(key)
            kept = wider(held[0].span, span) if held is not None and isinstance(held[0], PeriodCounters) else span
            assert isinstance(kept, Periods)
            self.recorders[key] = (PeriodCounters(number, compile_match(node.match), kept), names)
            return
        if node.fixed is not None:
            assert isinstance(span, Ever)
            self.recorders[key] = (FixedCounter(number, compile_match(node.match), span), names)
            return
        leaf, _ = self.counters.setdefault(key, (CompiledLeaf(number, compile_match(node.match)), names))
        if node.within_ms is not None:
            leaf.kept = max(leaf.kept, times_needed(node.count))
            leaf.within = max(leaf.within or 0, node.within_ms)

    def _add_values(self, node: EventNode) -> None:
        for aggregate in node.aggregates:
            key = values_hash(node, aggregate)
            span = span_of(node)
            held = self.recorders.get(key)
            if held is not None and isinstance(held[0], Values):
                span = wider(held[0].span, span)
            where = compile_match(node.match)
            values = Values(self._number(key), where, span, event_getter(aggregate.path), aggregate.kind == "distinct")
            self.recorders[key] = (values, frozenset(node.match.names))

    def _add_sequence(self, node: SequenceNode) -> None:
        key = sequence_hash(node)
        kept_ms = None if node.within_ms is None or node.span_ms is None else node.within_ms + node.span_ms
        held = self.recorders.get(key)
        if held is not None and isinstance(held[0], Steps):
            kept_ms = _longer(held[0].kept_ms, kept_ms)
        names = frozenset(name for step in node.steps for name in step.names)
        self.recorders[key] = (Steps(self._number(key), tuple(map(_step, node.steps)), kept_ms), names)

    def _add_absence(self, node: AbsenceNode) -> None:
        key = absence_hash(node)
        kept_ms = None if node.for_ms is None else node.within_ms + node.for_ms
        held = self.recorders.get(key)
        if held is not None and isinstance(held[0], Awaited):
            kept_ms = _longer(held[0].kept_ms, kept_ms)
        same = None if node.same is None else event_getter(node.same)
        awaited = Awaited(self._number(key), _step(node.after), _step(node.without), same, kept_ms)
        self.recorders[key] = (awaited, frozenset((*node.after.names, *node.without.names)))


def compile_leaves(conditions: Iterable[Node], numbers: dict[str, int]) -> Leaves:
    """The states that conditions read."""
    leaves = Leaves(numbers)
    for condition in conditions:
        leaves.add(condition)
    return leaves


def _step(match: EventMatch) -> Step:
    return frozenset(match.names), compile_match(match)


def _longer(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)
