"""Where a person falls in two: which edges are cut, and which ids, edges and list entries are whose."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from schemas.identity_records import Edge
from tagging.identities import Identities

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """``mine``: the ids on the side of the person's canonical id, ``theirs``: the others. ``pairs``: the edges between the two."""

    pairs: tuple[Pair, ...]
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


def cut_off(identities: Identities, person_id: str, one: str, other: str, is_noted: Callable[[str], bool]) -> Cut | None:
    """Cut ``other`` off from ``one``: each edge of ``other`` from whose far end a way leads to ``one``; None if there is no such edge.

    ``is_noted``: whether an id is only noted, and joins nobody; it goes with the other end of its edge.
    """
    joining = [edge for edge in identities.edges if not (is_noted(edge.one) or is_noted(edge.other))]
    near = _reached(one, [edge for edge in joining if other not in (edge.one, edge.other)])
    ends = [edge for edge in joining if other in (edge.one, edge.other)]
    pairs = tuple((edge.one, edge.other) for edge in ends if {edge.one, edge.other} - {other} <= near)
    if not pairs:
        return None
    ids = [typed_id for typed_id in dict.fromkeys((person_id, *identities.ids())) if not is_noted(typed_id)]
    side = _reached(other, [edge for edge in joining if (edge.one, edge.other) not in pairs])
    if person_id in side:
        side = set(ids) - side
    return Cut(pairs, tuple(one for one in ids if one not in side), tuple(one for one in ids if one in side))


def _reached(start: str, edges: Iterable[Edge]) -> set[str]:
    found, waiting = {start}, [start]
    ways = [(edge.one, edge.other) for edge in edges]
    while waiting:
        here = waiting.pop()
        for one, other in ways:
            for there in (other,) if one == here else (one,) if other == here else ():
                if there not in found:
                    found.add(there)
                    waiting.append(there)
    return found


def edges_of(edges: Iterable[Edge], pairs: Collection[Pair], ids: Collection[str]) -> list[Edge]:
    """The edges that stay with a side: those with an end among its ids, but for what is cut."""
    return [edge for edge in edges if (edge.one, edge.other) not in pairs and (edge.one in ids or edge.other in ids)]
