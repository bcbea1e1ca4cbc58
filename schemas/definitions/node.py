"""Reads the condition of a segment: finds out which node stands there, and lets its reader read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.definitions.consent import read_consent
from schemas.definitions.fault import near_match, one_of
from schemas.definitions.model import AllNode, AnyNode, Node, NotNode, StaysNode
from schemas.definitions.node_events import read_event_node
from schemas.definitions.node_people import read_list_node, read_sample, read_segment_node
from schemas.definitions.node_sequences import read_absence, read_sequence
from schemas.definitions.node_shapes import ALL_NODE, ANY_NODE, NODES, NOT_NODE, STAYS, STAYS_NODE
from schemas.definitions.node_tags import read_tag_node
from schemas.definitions.node_traits import read_anniversary, read_trait
from schemas.definitions.nodes import Table
from schemas.definitions.values import read_duration
from schemas.definitions.view import fields, unknown_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.definitions.known import Known, Mention
    from schemas.definitions.view import View


STAYS_LEVELS_MAX: Final = 4
"""Each follows the one within it from change to change, so that each costs several times as much."""


class NodeReader:
    """Reads the nodes of one segment, which may name the known tags. ``mentions``: the segments that they name.

    ``living``: the segment is not archived. ``deepest``: how many nodes stand within each other.
    """

    def __init__(self, known: Known, *, living: bool) -> None:
        self.mentions: list[Mention] = []
        self.deepest = 0
        self._levels = 0
        self._stays_levels = 0
        self._readers: dict[str, Callable[[View], Node]] = {
            "trait": read_trait,
            "tag": lambda view: read_tag_node(view, known, living=living),
            "event": lambda view: read_event_node(view, known),
            "sequence": lambda view: read_sequence(view, known),
            "absence": lambda view: read_absence(view, known),
            "stays": lambda view: fields(view, STAYS_NODE).read("stays", self._stays, StaysNode(AllNode(()), 1)),
            "segment": lambda view: read_segment_node(view, self.mentions),
            "list": read_list_node,
            "sample": read_sample,
            "anniversary": read_anniversary,
            "consent": lambda view: read_consent(view, known),
            "all": lambda view: AllNode(fields(view, ALL_NODE).read("all", self._nodes, ())),
            "any": lambda view: AnyNode(fields(view, ANY_NODE).read("any", self._nodes, ())),
            "not": lambda view: NotNode(fields(view, NOT_NODE).read("not", self.read, AllNode(()))),
        }

    def read(self, view: View) -> Node:
        """One node with all below it."""
        keys = [entry.key for entry in view.node.entries] if isinstance(view.node, Table) else []
        head = next((name for name in NODES if name in keys), None)
        if head is None:
            _no_node(view)
            return AllNode(())
        self._levels += 1
        self.deepest = max(self.deepest, self._levels)
        node = self._readers[head](view)
        self._levels -= 1
        return node

    def _nodes(self, view: View) -> tuple[Node, ...]:
        return tuple(self.read(item) for item in view.items("a list of nodes"))

    def _stays(self, view: View) -> StaysNode:
        found = fields(view, STAYS)
        if self._stays_levels == STAYS_LEVELS_MAX:
            view.fault(f"at most {STAYS_LEVELS_MAX} stays within each other")
            return StaysNode(AllNode(()), 1)
        self._stays_levels += 1
        node = StaysNode(found.read("when", self.read, AllNode(())), found.read("for", read_duration, 1))
        self._stays_levels -= 1
        return node


def _no_node(view: View) -> None:
    expected = f"a node: a map with {one_of(NODES)}"
    for entry, child in view.entries(expected):
        if near_match(entry.key, NODES):
            unknown_key(child, entry, NODES)
            return
    if isinstance(view.node, Table):
        view.fault(expected)
