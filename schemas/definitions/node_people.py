"""Reads nodes that name persons otherwise than by what they did: another segment, a list, a random part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.definitions.model import ListNode, SampleNode, SegmentNode
from schemas.definitions.node_shapes import LIST_NODE, MOST_PERCENT, SAMPLE, SAMPLE_NODE, SEGMENT_NODE
from schemas.definitions.values import read_id
from schemas.definitions.view import View, fields

if TYPE_CHECKING:
    from schemas.definitions.known import Mention


def read_segment_node(view: View, mentions: list[Mention]) -> SegmentNode:
    """``segment``; what it names goes into ``mentions``, to be checked when all segments are known."""
    found = fields(view, SEGMENT_NODE)
    named = found.read("segment", lambda name: name.text("the id of a segment"), "")
    if named and (place := found.get("segment")) is not None:
        mentions.append((named, place))
    return SegmentNode(named)


def read_list_node(view: View) -> ListNode:
    """``list``. A list is not declared anywhere: one that nobody has uploaded yet names nobody."""
    return ListNode(fields(view, LIST_NODE).read("list", read_id, ""))


def read_sample(view: View) -> SampleNode:
    """``sample``."""
    return fields(view, SAMPLE_NODE).read("sample", _sample, SampleNode(0, ""))


def _sample(view: View) -> SampleNode:
    found = fields(view, SAMPLE)
    return SampleNode(found.read("percent", _percent, 0), found.read("seed", View.text, ""))


def _percent(view: View) -> float:
    percent = view.double()
    if not 0 <= percent <= MOST_PERCENT:
        view.fault(f"a number from 0 to {MOST_PERCENT}")
    return percent
