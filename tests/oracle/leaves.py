"""The parts of a condition, and what each of them counts."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from schemas.definitions.model import AbsenceNode, AllNode, AnyNode, Bundle, EventMatch, EventNode, Node, NotNode, SequenceNode, StaysNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LeafKey = tuple[str, tuple[str, ...], str]
"""What makes two leaves one: what they keep, the names, and the condition."""


A = TypeVar("A")
R = TypeVar("R")


def once(function: Callable[[A], R]) -> Callable[[A], R]:
    """The function, remembering what it made of each part of the definitions: by identity, because 1, 1.0 and true are equal."""
    known: dict[int, tuple[A, R]] = {}

    @wraps(function)
    def remembered(part: A) -> R:
        if id(part) not in known:
            known[id(part)] = (part, function(part))
        return known[id(part)][1]

    return remembered


@once
def parts(node: Node) -> tuple[Node, ...]:
    """All nodes below and including ``node``, inner ones first."""
    return tuple(_parts(node))


def _parts(node: Node) -> Iterator[Node]:
    match node:
        case AllNode(items) | AnyNode(items):
            for item in items:
                yield from parts(item)
        case NotNode(item) | StaysNode(item):
            yield from parts(item)
    yield node


@once
def leaf_key(node: EventNode) -> LeafKey:
    """The leaf of an event node: its kind of window, not the window's length."""
    if node.within_ms is not None:
        return _key("sliding", node.match)
    if node.fixed is not None:
        return _key(f"from {node.fixed.since_ms} to {node.fixed.until_ms}", node.match)
    if node.calendar is not None:
        return _key(f"each {node.calendar.unit} of {node.calendar.zone}", node.match)
    return _key("ever", node.match)


@once
def step_keys(node: SequenceNode) -> list[LeafKey]:
    """The leaves of a sequence, one per step."""
    return [_key(f"step {number} of {node.steps!r}", step) for number, step in enumerate(node.steps)]


@once
def after_key(node: AbsenceNode) -> LeafKey:
    """The leaf of what an absence waits after."""
    return _key(f"after, of {node.same}, without {node.without!r}", node.after)


@once
def without_key(node: AbsenceNode) -> LeafKey:
    """The leaf of what must stay away."""
    return _key(f"without, of {node.same}, after {node.after!r}", node.without)


@once
def stays_key(node: StaysNode) -> str:
    """What makes two stays one: the inner node."""
    return repr(node.when)


def _key(kept: str, match: EventMatch) -> LeafKey:
    return (kept, tuple(sorted(set(match.names))), repr((match.where, match.needs)))


@once
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
