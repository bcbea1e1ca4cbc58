"""Every node of a condition in words: one line, whatever is below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from schemas.definitions.consent_model import ConsentNode
from schemas.definitions.duration import format_duration
from schemas.definitions.model import (
    AbsenceNode,
    AllNode,
    AnniversaryNode,
    AnyNode,
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
from segments.words import condition_words, event_words, match_words, number_words, tag_words


def node_words(node: Node) -> str:
    """``not (in segment vip)``; of a leaf what it asks, of a group what is in it."""
    return _WORDS[type(node)](node)


def sequence_words(node: SequenceNode) -> str:
    """``a, then b, within 1h of each other, the last within 1d``."""
    words = ", then ".join(map(match_words, node.steps))
    span = "" if node.span_ms is None else f", within {format_duration(node.span_ms)} of each other"
    return words + span + ("" if node.within_ms is None else f", the last within {format_duration(node.within_ms)}")


def absence_words(node: AbsenceNode) -> str:
    """``no order_completed for 30m after cart_added with the same properties.cart_id, true for 1d``."""
    same = "" if node.same is None else f" with the same {node.same}"
    lasting = "" if node.for_ms is None else f", true for {format_duration(node.for_ms)}"
    return f"no {match_words(node.without)} for {format_duration(node.within_ms)} after {match_words(node.after)}{same}{lasting}"


def stays_words(node: StaysNode) -> str:
    """``for 1d without a break: has buyer``."""
    return f"for {format_duration(node.for_ms)} without a break: {node_words(node.when)}"


def sample_words(node: SampleNode) -> str:
    """``in the 10 % drawn with x``."""
    return f"in the {number_words(node.percent)} % drawn with {node.seed}"


def anniversary_words(node: AnniversaryNode) -> str:
    """``anniversary of birthday today or within 7d (Asia/Shanghai)``."""
    ahead = f" or within {format_duration(node.within_ms)}" if node.within_ms else ""
    return f"anniversary of {node.trait} today{ahead} ({node.zone})"


def date_words(node: DateNode) -> str:
    """``renewal comes within 3d (UTC)``."""
    return f"{node.trait} {'comes' if node.direction == 'next' else 'came'} within {format_duration(node.within_ms)} ({node.zone})"


def trait_words(node: TraitNode) -> str:
    """``city = "Xiamen"``; ``always`` for tests that always hold."""
    return condition_words(node.condition) or "always"


def _group_words(node: AllNode | AnyNode) -> str:
    return f"{'all' if isinstance(node, AllNode) else 'any'} of ({'; '.join(map(node_words, node.items))})"


# By type rather than by a match: of its fifteen branches each would count as complexity, and none is any.
_WORDS: Final[dict[type[Node], Callable[[Any], str]]] = {
    AllNode: _group_words,
    AnyNode: _group_words,
    NotNode: lambda node: f"not ({node_words(node.item)})",
    TraitNode: trait_words,
    TagNode: tag_words,
    EventNode: event_words,
    SequenceNode: sequence_words,
    AbsenceNode: absence_words,
    StaysNode: stays_words,
    SegmentNode: lambda node: f"in segment {node.segment}",
    ListNode: lambda node: f"on list {node.list}",
    SampleNode: sample_words,
    AnniversaryNode: anniversary_words,
    DateNode: date_words,
    ConsentNode: lambda node: f"consent to {node.purpose}",
}
