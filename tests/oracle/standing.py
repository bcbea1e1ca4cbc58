"""One evaluation of all segments, in topological order, and what evaluations would come if nothing happened."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from schemas.definitions.model import AllNode, Bundle, Segment, SegmentNode, StaysNode
from tests.oracle.leaves import parts, stays_key
from tests.oracle.nodes import Sight, change_times, is_true, stays_times
from tests.oracle.person import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable


def references(segment: Segment) -> set[str]:
    """The segments that this one asks for."""
    return {node.segment for node in parts(segment.when) if isinstance(node, SegmentNode)}


def in_order(bundle: Bundle) -> list[Segment]:
    """The segments that are not archived: again and again the least id among those whose references are done."""
    waiting = {segment.id: segment for segment in bundle.segments if not segment.archived}
    done: list[Segment] = []
    while waiting:
        ready = [one for one in waiting if not references(waiting[one]) & waiting.keys()]
        done.append(waiting.pop(min(ready)))
    return done


def evaluated(segments: Iterable[Segment], sight: Sight, t: int) -> Standing:
    """How the person stands at ``t``; ``sight.standing`` is how it stood at the evaluation before. Segments come in order."""
    members: set[str] = set()
    true_since: dict[str, int] = {}
    now = replace(sight, standing=Standing(frozenset(), true_since))
    for segment in segments:
        for node in parts(segment.when):
            if isinstance(node, StaysNode) and is_true(node.when, now, t):
                key = stays_key(node)
                true_since[key] = sight.standing.true_since.get(key, t)
        if is_true(segment.when, now, t):
            members.add(segment.id)
            now = replace(sight, standing=Standing(frozenset(members), true_since))
    return now.standing


def leaves_at(segment: Segment, order: list[Segment], sight: Sight, now: int) -> int | None:
    """When a segment that is true now would first be false if nothing happened; None: never."""
    needed = _needed(segment, order)
    conditions = AllNode(tuple(one.when for one in needed))
    fixed = sorted(change_times(conditions, sight, now))
    t = now
    while True:
        later = fixed[bisect_right(fixed, t) :][:1]
        later += [time for time in stays_times(conditions, sight.standing) if time > t]
        if not later:
            return None
        t = min(later)
        sight = replace(sight, standing=evaluated(needed, sight, t))
        if segment.id not in sight.standing.members:
            return t


def _needed(segment: Segment, order: list[Segment]) -> list[Segment]:
    """The segment and all that it asks for, in order."""
    wanted = {segment.id}
    for one in reversed(order):
        if one.id in wanted:
            wanted |= references(one)
    return [one for one in order if one.id in wanted]
