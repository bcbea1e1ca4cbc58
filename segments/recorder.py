"""What leaves that keep more than a count are told of an event."""

from __future__ import annotations

from typing import Protocol

import msgspec

from schemas.event import WireEvent
from tagging.conditions import Predicate
from tagging.leaves import LeafState
from tagging.person import Person


class Record(msgspec.Struct):
    """One event being applied to one person. ``at``: the event's time; ``now``: the clock, both relative to the person's base."""

    person: Person
    name: str
    wire: WireEvent
    at: int
    now: int

    @property
    def event_ms(self) -> int:
        """The event's time, absolute."""
        return self.person.state.base + self.at

    @property
    def clock_ms(self) -> int:
        """The lane's clock, absolute."""
        return self.person.state.base + self.now

    def meets(self, where: Predicate | None) -> bool:
        """Whether the event meets a condition, with the traits after it."""
        return where is None or where(self.wire, self.person.traits)


class Recorder(Protocol):
    """The state that leaves share, as events write it."""

    number: int

    def record(self, record: Record) -> int:
        """Keep what there is to keep of an event with one of the names; how often a bound bit."""
        ...

    def unite(self, mine: LeafState, theirs: LeafState) -> tuple[LeafState, int]:
        """The states of two persons who are one, the survivor's first; how much a bound left out."""
        ...
