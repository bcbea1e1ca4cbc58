"""The identity of leaves: leaves that keep the same of the same events share one state, whatever they ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AllNode,
    AnyNode,
    EventMatch,
    EventNode,
    Node,
    NotNode,
    SequenceNode,
    StaysNode,
)


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes below it, depth first, in the order they are written; referenced segments are not entered."""
    yield node
    match node:
        case AllNode(items) | AnyNode(items):
            for item in items:
                yield from walk(item)
        case NotNode(item) | StaysNode(item):
            yield from walk(item)


def event_nodes(node: Node) -> Iterator[EventNode]:
    """All event nodes of a condition, depth first, in the order they are written."""
    return (each for each in walk(node) if isinstance(each, EventNode))


def leaf_hashes(node: Node) -> Iterator[str]:
    """The names of all states that a condition reads, in the order they are written; some may stand twice."""
    for each in walk(node):
        match each:
            case EventNode():
                if counts(each):
                    yield leaf_hash(each)
                for aggregate in each.aggregates:
                    yield values_hash(each, aggregate)
            case SequenceNode():
                yield sequence_hash(each)
            case AbsenceNode():
                yield absence_hash(each)
            case StaysNode():
                yield stays_hash(each)


def counts(node: EventNode) -> bool:
    """Whether the node asks how many events there were; one that asks for aggregates alone does not."""
    return bool(node.count) or not node.aggregates


def leaf_hash(node: EventNode) -> str:
    """Hex name of the state in which an event node counts: its match and the kind of its window, not a sliding window's length."""
    return _hashed(f"{_window_kind(node)}\0{_match_text(node.match)}")


def values_hash(node: EventNode, aggregate: Aggregate) -> str:
    """Hex name of the state that keeps an aggregate's values; ``distinct`` keeps other values than the kinds that want numbers."""
    kept = "distinct" if aggregate.kind == "distinct" else "numbers"
    return _hashed(f"{_window_kind(node)}\0{_match_text(node.match)}\0{kept}\0{aggregate.path}")


def sequence_hash(node: SequenceNode) -> str:
    """Hex name of the state of a sequence: its steps."""
    return _hashed("\0".join(("sequence", *map(_match_text, node.steps))))


def absence_hash(node: AbsenceNode) -> str:
    """Hex name of the state of an absence: what is waited after and for, and the path of the key."""
    return _hashed("\0".join(("absence", _match_text(node.after), _match_text(node.without), repr(node.same))))


def stays_hash(node: StaysNode) -> str:
    """Hex name of the state of a ``stays``: its inner node."""
    return _hashed(f"stays\0{node.when!r}")


def _window_kind(node: EventNode) -> str:
    if node.within_ms is not None:
        return "sliding"
    if node.fixed is not None:
        return f"fixed {node.fixed.since_ms} {node.fixed.until_ms}"
    if node.calendar is not None:
        return f"calendar {node.calendar.unit} {node.calendar.zone}"
    return "ever"


def _match_text(match: EventMatch) -> str:
    names = sorted(set(match.names))
    needs = f"\0{match.needs!r}" if match.needs else ""
    return f"{names!r}\0{match.where!r}{needs}"


def _hashed(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
