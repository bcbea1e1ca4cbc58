"""Sequences and absences, decided over all that was applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.conditions import found, same

if TYPE_CHECKING:
    from schemas.definitions.model import AbsenceNode, SequenceNode
    from tests.oracle.person import Applied

MATCHES_PER_STEP = 64
KEYS = 64
Place = tuple[int, int]
"""Where an event stands in time: its event time, then its number in order of application."""


def _place(event: Applied) -> Place:
    return (event.at, event.number)


def sequence_is_true(node: SequenceNode, steps: list[list[Applied]], t: int) -> bool:
    """Whether some of the matches of each step stand in order, near enough to each other and to ``t``."""
    for last, first in _chains(steps):
        near_enough = node.span_ms is None or last - first <= node.span_ms
        if near_enough and last <= t and (node.within_ms is None or t - node.within_ms < last):
            return True
    return False


def _chains(steps: list[list[Applied]]) -> list[tuple[int, int]]:
    """For each match of the last step that ends a chain: its time, and the latest time at which such a chain can begin."""
    kept = [sorted(map(_place, matches))[-MATCHES_PER_STEP:] for matches in steps]
    begins: dict[Place, int] = {place: place[0] for place in kept[0]}
    for places in kept[1:]:
        longer = {}
        for place in places:
            before = [begin for earlier, begin in begins.items() if earlier < place]
            if before:
                longer[place] = max(before)
        begins = longer
    return [(last, begin) for (last, _), begin in begins.items()]


def sequence_times(node: SequenceNode, steps: list[list[Applied]]) -> set[int]:
    """When the last event of a chain leaves the window."""
    return set() if node.within_ms is None else {last + node.within_ms for last, _ in _chains(steps)}


def absence_is_true(node: AbsenceNode, after: list[Applied], without: list[Applied], t: int) -> bool:
    """Whether for some key the time after its latest ``after`` has passed without a ``without``."""
    for key, at in _kept(node, after):
        if at + node.within_ms <= t and (node.for_ms is None or t < at + node.within_ms + node.for_ms):
            cancelled = any(at < event.at <= t and any(same(key, one) for one in _keys(node, event)) for event in without)
            if not cancelled:
                return True
    return False


def absence_times(node: AbsenceNode, after: list[Applied]) -> set[int]:
    """When a key begins and ceases to be awaited in vain."""
    begins = {at + node.within_ms for _, at in _kept(node, after)}
    return begins | (set() if node.for_ms is None else {begin + node.for_ms for begin in begins})


def _kept(node: AbsenceNode, after: list[Applied]) -> list[tuple[Any, int]]:
    """The keys with the newest ``after``, each with the time of its latest."""
    latest: list[tuple[Place, Any]] = []
    for event in sorted(after, key=_place):
        for key in _keys(node, event):
            latest = [(place, other) for place, other in latest if not same(other, key)]
            latest.append((_place(event), key))
    return [(key, at) for (at, _), key in latest[-KEYS:]]


def _keys(node: AbsenceNode, event: Applied) -> list[Any]:
    return [None] if node.same is None else found(event.body, node.same)
