"""The condition of a segment that other segments refer to.

Membership is what the condition says, so a reference is the other condition itself: its future is known too. But it is asked
once for each time, whoever asks: a chain of segments that each name the one before twice would else be asked 2ⁿ times.
"""

from __future__ import annotations

from dataclasses import dataclass

from segments.nodes import CompiledNode, Outlook
from tagging.decay import NEVER
from tagging.person import Person


@dataclass(frozen=True, slots=True)
class Shared:
    """A segment's condition under the segment's dictionary number.

    Answers are kept in ``person.outlooks``: by the engine for one evaluation, during which nothing they depend on changes;
    where nobody keeps them, for this one question.
    """

    number: int
    condition: CompiledNode

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """See ``segments.nodes``."""
        known = person.outlooks
        if known is None:
            person.outlooks = {}
            try:
                return self.condition.outlook(person, at, horizon)
            finally:
                person.outlooks = None
        asked = (self.number, at, horizon)
        found = known.get(asked)
        if found is None:
            found = known[asked] = self.condition.outlook(person, at, horizon)
        return found
