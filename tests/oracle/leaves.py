"""The parts of a condition, and what each of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.definitions.model import AbsenceNode, AllNode, AnyNode, Bundle, EventMatch, EventNode, Node, NotNode, SequenceNode, StaysNode

if TYPE_CHECKING:
    from collections.abc import Iterator

LeafKey = tuple[str, tuple[str, ...], str]
"""What makes two leaves one: what they keep, the names, and the condition."""


def parts(node: Node) -> Iterator[Node]:
    """All nodes below and including ``node``, inner ones first."""
    match node:
        case AllNode(items) | AnyNode(items):
            for item in items:
                yield from parts(item)
        case NotNode(item) | StaysNode(item):
            yield from parts(item)
    yield node


def leaf_key(node: EventNode) -> LeafKey:
    """The leaf of an event node: its kind of window, not the window's length."""
    if node.within_ms is not None:
        return _key("sliding", node.match)
    if node.fixed is not None:
        return _key(f"from {node.fixed.since_ms} to {node.fixed.until_ms}", node.match)
    if node.calendar is not None:
        return _key(f"each {node.calendar.unit} of {node.calendar.zone}", node.match)
    return _key("ever", node.match)


def step_keys(node: SequenceNode) -> list[LeafKey]:
    """The leaves of a sequence, one per step."""
    return [_key(f"step {number} of {node.steps!r}", step) for number, step in enumerate(node.steps)]


def after_key(node: AbsenceNode) -> LeafKey:
    """The leaf of what an absence waits after."""
    return _key(f"after, of {node.same}, without {node.without!r}", node.after)


def without_key(node: AbsenceNode) -> LeafKey:
    """The leaf of what must stay away."""
    return _key(f"without, of {node.same}, after {node.after!r}", node.without)


def stays_key(node: StaysNode) -> str:
    """What makes two stays one: the inner node."""
    return repr(node.when)


def _key(kept: str, match: EventMatch) -> LeafKey:
    return (kept, tuple(sorted(set(match.names))), repr(match.where))


def leaves_of(bundle: Bundle) -> dict[LeafKey, EventMatch]:
    """What counts for each leaf of the bundle's segments."""
    leaves: dict[LeafKey, EventMatch] = {}
    for segment in bundle.segments:
        if segment.archived:
            continue
        for node in parts(segment.when):
            match node:
                case EventNode():
                    leaves[leaf_key(node)] = node.match
                case SequenceNode():
                    leaves |= dict(zip(step_keys(node), node.steps, strict=True))
                case AbsenceNode():
                    leaves |= {after_key(node): node.after, without_key(node): node.without}
    return leaves
