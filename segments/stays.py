"""A condition that has been true for some time without a break.

Its state is written at each evaluation: the time of that evaluation and, while the inner node is true, since when. Asked
about a later time, the leaf follows the inner node from there on; so it tells what would be if no record came.
"""

from __future__ import annotations

from dataclasses import dataclass

from segments.nodes import CompiledNode, Outlook
from tagging.decay import NEVER
from tagging.person import Person


@dataclass(frozen=True, slots=True)
class StaysLeaf:
    """The inner node has been true at every evaluation for at least ``lasts``."""

    number: int
    item: CompiledNode
    lasts: int

    def note(self, person: Person, at: int, horizon: int) -> int:
        """Write what the inner node is at an evaluation; a time before which it cannot change: there the next evaluation must be."""
        value, bound = self.item.outlook(person, at, horizon)
        leaves = person.state.leaves
        held = leaves.get(self.number)
        leaves[self.number] = [at] if not value else [at, held[1] if held is not None and len(held) > 1 else at]
        return bound

    def since(self, person: Person, at: int) -> int | None:
        """Since when the inner node is true at a time not before the last evaluation; None if it is not."""
        held: list[int] | None = person.state.leaves.get(self.number)
        if held is None:
            return at if self.item.outlook(person, at)[0] else None
        began = held[1] if len(held) > 1 else None
        if held[0] >= at:
            return began
        _, bound = self.item.outlook(person, held[0])
        while bound <= at:
            value, following = self.item.outlook(person, bound)
            began = (bound if began is None else began) if value else None
            bound = following
        return began

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """See ``segments.nodes``."""
        began = self.since(person, at)
        _, bound = self.item.outlook(person, at, horizon)
        if began is None:
            return (False, bound)
        complete = began + self.lasts
        return (True, bound) if at >= complete else (False, min(bound, complete))
