"""What happened beside the transitions: counted, so that nothing that is left out goes unnoticed."""

from __future__ import annotations

import msgspec


class Tally(msgspec.Struct):
    """Grows as engines work; whoever reports it puts it back to nothing.

    ``bound_bites``: values, events, matches or keys that were left out because a person would have held too many.
    ``entries``, ``leaves``: those that ``at_most`` held back. ``moved``: numbers of segments in which somebody's membership may have
    changed although nothing was published.
    """

    bound_bites: int = 0
    entries: int = 0
    leaves: int = 0
    moved: set[int] = msgspec.field(default_factory=set)
