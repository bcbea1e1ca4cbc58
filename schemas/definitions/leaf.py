"""The identity of a leaf: leaves that match the same events in the same kind of window share one state."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from schemas.definitions.model import AllNode, AnyNode, EventNode, Node, NotNode


def leaf_hash(node: EventNode) -> str:
    """Hex name of the state that an event node reads: its match and the kind of its window, not the window's length."""
    kind = "ever" if node.within_ms is None else "sliding"
    names = sorted(set(node.match.names))
    return blake2b(f"{kind}\0{names!r}\0{node.match.where!r}".encode(), digest_size=8).hexdigest()


def event_nodes(node: Node) -> Iterator[EventNode]:
    """All event nodes of a condition, depth first, in the order they are written."""
    match node:
        case EventNode():
            yield node
        case AllNode(items) | AnyNode(items):
            for item in items:
                yield from event_nodes(item)
        case NotNode(item):
            yield from event_nodes(item)
        case _:
            return
