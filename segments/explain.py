"""Why a person is in a segment or not: node by node the value, the facts behind it, and when it changes if nothing happens.

Pure: the person is looked at and not changed; bring it forward to the time asked about first (``History``, ``Engine.advance``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from schemas.definitions.model import (
    AllNode,
    AnyNode,
    Bundle,
    Condition,
    EventNode,
    Node,
    NotNode,
    NotOf,
    PathTest,
    SegmentNode,
    StaysNode,
    TagNode,
    TraitNode,
)
from segments.compile import Program
from segments.facts import event_facts, leaf_facts
from segments.leaf_words import leaf_words
from segments.nodes import All, CompiledNode, Not, next_change
from segments.nodes import Any as AnyOfNodes
from segments.publish import is_member
from segments.shared import Shared
from segments.stays import StaysLeaf
from segments.words import condition_words, event_asked, event_words, tag_asked, tag_words
from tagging.decay import NEVER, score_at
from tagging.families import family_prefix, values_held
from tagging.paths import MISSING, object_getter
from tagging.person import Person
from tagging.state import TagState

Kind = Literal[
    "all",
    "any",
    "not",
    "trait",
    "tag",
    "event",
    "sequence",
    "absence",
    "stays",
    "segment",
    "list",
    "sample",
    "anniversary",
    "date",
    "consent",
]
_VALUES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Explanation:
    """One node. ``text`` says what is asked; ``facts`` what is so, by name; times are absolute milliseconds.

    ``changes_at``: the least time at which ``value`` differs if no record comes; None: never. ``asked``: by the name of a fact, what is
    asked of it.
    """

    kind: Kind
    text: str
    value: bool
    changes_at: int | None
    facts: dict[str, Any]
    items: tuple[Explanation, ...] = ()
    asked: dict[str, list[str]] = field(default_factory=dict)


def explain(program: Program, segment_id: str, person: Person, at: int) -> Explanation:
    """Explain one segment at a time (absolute milliseconds). Raises KeyError if there is no such segment, or it is archived."""
    compiled = {segment.id: segment for segment in program.segments}[segment_id]
    defined = next(segment for segment in program.bundle.segments if segment.id == segment_id)
    node = compiled.node.condition if isinstance(compiled.node, Shared) else compiled.node
    return _Explainer(program.bundle, person, at - person.state.base).node(defined.when, node)


def leaves_of(explanation: Explanation) -> Iterator[Explanation]:
    """All nodes that are no groups, in the order they are written; a ``stays`` stands for what is inside it."""
    if not explanation.items or explanation.kind == "stays":
        yield explanation
        return
    for item in explanation.items:
        yield from leaves_of(item)


def deciding(explanation: Explanation) -> Iterator[Explanation]:
    """The leaves that make the value what it is: of an ``all`` that is false the false ones, of an ``any`` that is true the true."""
    match explanation.kind:
        case "all" | "any":
            pivot = explanation.kind == "any"
            for item in explanation.items:
                if explanation.value is not pivot or item.value is pivot:
                    yield from deciding(item)
        case "not":
            yield from deciding(explanation.items[0])
        case _:
            yield explanation


def flipped(before: Explanation, after: Explanation) -> tuple[Explanation, ...]:
    """The leaves (as they are after) whose value differs between two explanations of one segment."""
    return tuple(new for old, new in zip(leaves_of(before), leaves_of(after), strict=True) if old.value is not new.value)


class _Explainer:
    def __init__(self, bundle: Bundle, person: Person, at: int) -> None:
        self._bundle = bundle
        self._person = person
        self._at = at

    def node(self, node: Node, compiled: CompiledNode) -> Explanation:
        match node:
            case AllNode(items):
                assert isinstance(compiled, All)
                return self._made("all", "all of", compiled, {}, self._items(items, compiled.items))
            case AnyNode(items):
                assert isinstance(compiled, AnyOfNodes)
                return self._made("any", "any of", compiled, {}, self._items(items, compiled.items))
            case NotNode(item):
                assert isinstance(compiled, Not)
                return self._made("not", "not", compiled, {}, (self.node(item, compiled.item),))
            case TraitNode(condition):
                text = condition_words(condition) or "always"
                return self._made("trait", text, compiled, self._trait_facts(condition))
            case TagNode():
                return replace(self._made("tag", tag_words(node), compiled, self._tag_facts(node)), asked=tag_asked(node))
            case EventNode():
                facts = event_facts(node, compiled, self._person, self._at)
                return replace(self._made("event", event_words(node), compiled, facts), asked=event_asked(node))
            case SegmentNode(named):
                return self._made("segment", f"in segment {named}", compiled, self._segment_facts(named))
            case _:
                return self._leaf(node, compiled)

    def _leaf(self, node: Node, compiled: CompiledNode) -> Explanation:
        kind, text = leaf_words(node)
        inner: tuple[Explanation, ...] = ()
        if isinstance(node, StaysNode):
            assert isinstance(compiled, StaysLeaf)
            inner = (self.node(node.when, compiled.item),)
        return self._made(kind, text, compiled, leaf_facts(compiled, self._person, self._at), inner)

    def _items(self, nodes: tuple[Node, ...], compiled: Any) -> tuple[Explanation, ...]:
        return tuple(self.node(node, each) for node, each in zip(nodes, compiled, strict=True))

    def _made(
        self, kind: Kind, text: str, compiled: CompiledNode, facts: dict[str, Any], items: tuple[Explanation, ...] = ()
    ) -> Explanation:
        value, _ = compiled.outlook(self._person, self._at)
        change = next_change(compiled, self._person, self._at)
        return Explanation(kind, text, value, None if change == NEVER else self._absolute(change), facts, items)

    def _absolute(self, relative: int) -> int:
        return self._person.state.base + relative

    def _trait_facts(self, condition: Condition) -> dict[str, Any]:
        traits = self._person.traits()
        found = {path: object_getter(path)(traits) for path in _paths(condition)}
        return {path: None if value is MISSING else value for path, value in found.items()}

    def _tag_facts(self, node: TagNode) -> dict[str, Any]:
        tag = next(tag for tag in self._bundle.tags if tag.id == node.tag)
        half_life, number = tag.half_life_ms, self._bundle.numbers.tags[node.tag]
        tags = self._person.state.tags
        if node.value is not None:
            return self._state_facts(tags.get(f"{number}:{node.value}"), half_life)
        if number in tags:
            return self._state_facts(tags[number], half_life)
        prefix = family_prefix(number)
        values = {key[len(prefix) :]: tags[key] for key in values_held(tags, prefix)}
        if not values:
            return self._state_facts(None, half_life)
        facts = {value: self._state_facts(held, half_life) for value, held in values.items()}
        strongest = sorted(facts, key=lambda value: (-abs(facts[value]["score"]), value))[:_VALUES_SHOWN]
        shown = {"values": {value: facts[value] for value in strongest}, "values_in_all": len(facts)}
        most = tag.max_values
        return {**shown, "exact_over_newest": most} if most is not None and len(values) >= most else shown

    def _state_facts(self, held: TagState | None, half_life: int | None) -> dict[str, Any]:
        if held is None:
            return {"count": 0, "weight": 0, "score": 0}
        return {
            "count": held.count,
            "weight": held.weight,
            "score": score_at(held.score, held.last, half_life, self._at),
            "first_at": self._absolute(held.first),
            "last_at": self._absolute(held.last),
            **({} if half_life is None else {"half_life_ms": half_life}),
        }

    def _segment_facts(self, named: str) -> dict[str, Any]:
        number = self._bundle.numbers.segments.get(named)
        return {"inside": number is not None and is_member(self._person.state, number)}


def _paths(condition: Condition) -> Iterator[str]:
    match condition:
        case PathTest(path):
            yield path
        case NotOf(item):
            yield from _paths(item)
        case _:
            for item in condition.items:
                yield from _paths(item)
