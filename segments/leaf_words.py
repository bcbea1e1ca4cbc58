"""Leaves that keep more of events than a count, and those about the person, in one line each."""

from __future__ import annotations

from typing import Literal

from schemas.definitions.consent_model import ConsentNode
from schemas.definitions.duration import format_duration
from schemas.definitions.model import (
    AbsenceNode,
    AnniversaryNode,
    DateNode,
    ListNode,
    Node,
    SampleNode,
    SequenceNode,
    StaysNode,
)
from segments.words import match_words

Kind = Literal["sequence", "absence", "stays", "list", "sample", "anniversary", "date", "consent"]


def leaf_words(node: Node) -> tuple[Kind, str]:
    """The node's kind and what it asks."""
    match node:
        case SequenceNode(steps, span_ms, within_ms):
            ends = _lasting("", span_ms, " in all") + _lasting("within ", within_ms, "")
            return "sequence", " then ".join(map(match_words, steps)) + ends
        case AbsenceNode():
            same = "" if node.same is None else f" with the same {node.same}"
            ends = f" within {format_duration(node.within_ms)}{_lasting('for ', node.for_ms, '')}"
            return "absence", f"{match_words(node.after)} without {match_words(node.without)}{same}{ends}"
        case StaysNode(_, for_ms):
            return "stays", f"stays for {format_duration(for_ms)}"
        case ListNode(named):
            return "list", f"named by list {named}"
        case ConsentNode(purpose):
            return "consent", f"consent to {purpose}"
        case SampleNode(percent, seed):
            return "sample", f"in {percent:g}% by {seed}"
        case AnniversaryNode(trait, within_ms):
            return "anniversary", f"anniversary of {trait} within {format_duration(within_ms)}"
        case _:
            assert isinstance(node, DateNode)
            return "date", f"{node.trait} within the {node.direction} {format_duration(node.within_ms)}"


def _lasting(before: str, duration_ms: int | None, after: str) -> str:
    return "" if duration_ms is None else f", {before}{format_duration(duration_ms)}{after}"
