"""How far back a set of definitions must know the past before it holds, leaf by leaf and tag by tag (see ``segments.fill``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from schemas.definitions.leaf import leaf_hashes, walk
from schemas.definitions.model import AbsenceNode, Bundle, EventNode, Node, Segment, SequenceNode, TagNode
from segments.fill import Fill, fill_of
from segments.node_words import node_words
from segments.spans import Periods, span_of

Reach = Literal["within", "since", "calendar", "ttl", "ever"]


@dataclass(frozen=True, slots=True)
class Need:
    """What one segment or tag must know of the past. ``asks``: the leaf in words, or the tag.

    ``since_ms``: the earliest event time that counts, absolute; None: as far back as there is anything.
    """

    of: Literal["segment", "tag"]
    id: str
    asks: str
    reach: Reach
    since_ms: int | None

    def is_short_of(self, first_ms: int) -> bool:
        """Whether a log that begins at a time (absolute) lacks something of this."""
        return self.since_ms is None or self.since_ms < first_ms


def needs_of(old: Bundle, new: Bundle, at_ms: int) -> tuple[Need, ...]:
    """All that ``new`` needs from before ``at_ms`` if ``old`` held until then: tags first, then segments, as they are defined.

    A ``stays`` begins at the switch, so only what is inside it may need something.
    """
    fill = fill_of(old, new)
    tags = [Need("tag", tag.id, f"tag {tag.id}", "ever", None) for tag in new.tags if new.numbers.tags[tag.id] in fill.tags]
    found = [need for segment in new.segments if not segment.archived for need in _of_segment(segment, new, fill, at_ms)]
    return (*tags, *dict.fromkeys(found))


def _of_segment(segment: Segment, bundle: Bundle, fill: Fill, at_ms: int) -> Iterator[Need]:
    for node in walk(segment.when):
        match node:
            case TagNode(tag):
                if bundle.numbers.tags[tag] in fill.tags:
                    reach, since_ms = _of_tag(node, next(one.ttl_ms for one in bundle.tags if one.id == tag), at_ms)
                    yield Need("segment", segment.id, node_words(node), reach, since_ms)
            case EventNode() | SequenceNode() | AbsenceNode():
                if any(bundle.numbers.leaves[name] in fill.leaves for name in leaf_hashes(node)):
                    reach, since_ms = _of_leaf(node, at_ms)
                    yield Need("segment", segment.id, node_words(node), reach, since_ms)


def _of_tag(node: TagNode, ttl_ms: int | None, at_ms: int) -> tuple[Reach, int | None]:
    """Counts, weights and scores add up from the first event on; whether a tag is there at all is decided by its newest."""
    if node.count or node.weight or node.score:
        return "ever", None
    if node.last_within_ms is not None and (ttl_ms is None or node.last_within_ms <= ttl_ms):
        return "within", at_ms - node.last_within_ms
    return ("ever", None) if ttl_ms is None else ("ttl", at_ms - ttl_ms)


def _of_leaf(node: Node, at_ms: int) -> tuple[Reach, int | None]:
    match node:
        case EventNode():
            return _of_window(node, at_ms)
        case SequenceNode(_, span_ms, within_ms):
            whole = None if span_ms is None or within_ms is None else span_ms + within_ms
        case _:
            assert isinstance(node, AbsenceNode)
            whole = None if node.for_ms is None else node.within_ms + node.for_ms
    return ("ever", None) if whole is None else ("within", at_ms - whole)


def _of_window(node: EventNode, at_ms: int) -> tuple[Reach, int | None]:
    if node.within_ms is not None:
        return "within", at_ms - node.within_ms
    if node.fixed is not None and node.fixed.since_ms is not None:
        return "since", node.fixed.since_ms
    span = span_of(node)
    return ("calendar", span.before(0, at_ms) + 1) if isinstance(span, Periods) else ("ever", None)
