"""Reads the condition of a segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.definitions.comparison import read_comparisons, read_whole_comparisons
from schemas.definitions.condition import read_trait_tests, read_where
from schemas.definitions.fault import near_match, one_of
from schemas.definitions.language import EVENT_NODE, LATER_NODES, MOST_COUNTED_IN_A_WINDOW, NODES, TAG_NODE, TRAIT_NODE
from schemas.definitions.model import (
    AllNode,
    AllOf,
    AnyNode,
    Comparison,
    EventMatch,
    EventNode,
    Node,
    NotNode,
    Tag,
    TagNode,
    TraitNode,
)
from schemas.definitions.nodes import Table
from schemas.definitions.values import read_duration, read_names, read_path
from schemas.definitions.view import fields, unknown_key, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.definitions.view import View

LONGEST_VALUE: Final = 256


@dataclass(frozen=True, slots=True)
class Known:
    """What other definitions may be named. Not ``complete``: a file could not be read, so nothing unknown is a fault."""

    tags: dict[str, Tag] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    complete: bool = True


class NodeReader:
    """Reads nodes that may name the known tags."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._readers: dict[str, Callable[[View], Node]] = {
            "trait": self._trait,
            "tag": self._tag,
            "event": self._event,
            "all": lambda view: AllNode(self._nodes(fields(view, NODES["all"]).get("all"))),
            "any": lambda view: AnyNode(self._nodes(fields(view, NODES["any"]).get("any"))),
            "not": lambda view: NotNode(fields(view, NODES["not"]).read("not", self.read, AllNode(()))),
        }

    def read(self, view: View) -> Node:
        """One node with all below it."""
        if not isinstance(view.node, Table):
            view.fault(f"a node: a map with {one_of(NODES)}")
            return AllNode(())
        keys = [entry.key for entry in view.node.entries]
        head = next((name for name in NODES if name in keys), None)
        if head is None:
            self._no_node(view)
            return AllNode(())
        return self._readers[head](view)

    def _no_node(self, view: View) -> None:
        entries = view.entries()
        for entry, child in entries:
            if entry.key in LATER_NODES:
                unsupported(child, entry, NODES)
                return
        for entry, child in entries:
            if near_match(entry.key, NODES):
                unknown_key(child, entry, NODES)
                return
        view.fault(f"a node: a map with {one_of(NODES)}")

    def _nodes(self, view: View | None) -> tuple[Node, ...]:
        return () if view is None else tuple(self.read(item) for item in view.items("a list of nodes"))

    def _trait(self, view: View) -> TraitNode:
        path = fields(view, TRAIT_NODE).read("trait", read_path, "")
        tests = [(entry, child) for entry, child in view.entries() if entry.key != "trait" and entry.key in TRAIT_NODE.keys]
        return TraitNode(read_trait_tests(path, tests))

    def _tag(self, view: View) -> TagNode:
        found = fields(view, TAG_NODE)
        tag, value = found.read("tag", self._tag_and_value, ("", None))
        score = found.read("score", read_comparisons, ())
        known = self._known.tags.get(tag)
        if known is not None and known.half_life_ms is not None and (where := found.get("score")) is not None:
            _refuse_equality(where, score)
        return TagNode(tag, value, found.read("count", read_whole_comparisons, ()), found.read("weight", read_comparisons, ()), score)

    def _tag_and_value(self, view: View) -> tuple[str, str | None]:
        text = view.text("a tag's id, or id:value")
        tag, colon, value = text.partition(":")
        known = self._known.tags.get(tag)
        if known is None:
            if text and self._known.complete:
                view.fault("the id of a tag", near=near_match(tag, self._known.tags))
        elif colon and known.value is None:
            view.fault(f"'{tag}' alone: the tag is no family")
        elif colon and not 1 <= len(value) <= LONGEST_VALUE:
            view.fault(f"a value of 1 to {LONGEST_VALUE} characters after '{tag}:'")
        return tag, value if colon else None

    def _event(self, view: View) -> EventNode:
        found = fields(view, EVENT_NODE)
        match = EventMatch(found.read("event", read_names, ()), found.read("where", read_where, AllOf(())))
        within_ms = found.read("within", read_duration, None)
        count = found.read("count", read_whole_comparisons, (Comparison("gte", 1),))
        if within_ms is not None and (where := found.get("count")) is not None:
            _refuse_great_counts(where, count)
        return EventNode(match, count, within_ms)


def _refuse_equality(view: View, score: tuple[Comparison, ...]) -> None:
    for comparison in score:
        if comparison.operator in {"eq", "ne"}:
            view.fault("gt, gte, lt, lte or between: the score fades, so it never stays equal", comparison.operator)


def _refuse_great_counts(view: View, count: tuple[Comparison, ...]) -> None:
    greatest = max((max(comparison.value, comparison.upper or 0) for comparison in count), default=0)
    if greatest > MOST_COUNTED_IN_A_WINDOW:
        view.fault(f"at most {MOST_COUNTED_IN_A_WINDOW} in a window", str(greatest))
