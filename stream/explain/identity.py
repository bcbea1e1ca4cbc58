"""Who a person is known to be, as people and machines read it."""

from __future__ import annotations

from collections import deque
from typing import Any

from schemas.transition import iso_time
from tagging.person import Person

Edge = dict[str, Any]


def identity_view(person: Person) -> dict[str, Any]:
    """The person's ids, its own first, and the edges between them; ids that were asked for, those refused with their reasons, and
    the pairs that a split has cut.
    """
    known = person.identities()
    edges = [
        {"one": edge.one, "other": edge.other, "since": iso_time(edge.at_ms), "source": edge.source, "reason": edge.reason}
        for edge in known.edges
    ]
    cut = [{"one": one, "other": other} for parting in known.partings for one, other in parting.cut]
    return {
        "person": person.state.id,
        "ids": person.ids(),
        "edges": edges,
        "asked": list(known.asked),
        "refused": dict(known.refused),
        "cut": cut,
    }


def way_between(edges: list[Edge], one: str, other: str) -> list[Edge]:
    """The fewest edges that lead from one id to another; none if they are the same, or no way is known."""
    came: dict[str, tuple[str, Edge] | None] = {one: None}
    waiting = deque([one])
    while waiting and other not in came:
        here = waiting.popleft()
        for edge in edges:
            for there in _across(edge, here):
                if there not in came:
                    came[there] = (here, edge)
                    waiting.append(there)
    way: list[Edge] = []
    step = came.get(other)
    while step is not None:
        way.append(step[1])
        step = came[step[0]]
    return way[::-1]


def _across(edge: Edge, here: str) -> tuple[str, ...]:
    if here == edge["one"]:
        return (edge["other"],)
    return (edge["one"],) if here == edge["other"] else ()
