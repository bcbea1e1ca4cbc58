"""Which event times a window holds at a time, and when an event leaves it. Times are relative to a person's base, which is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from schemas.definitions.model import EventNode
from segments.calendar import Calendar
from tagging.decay import NEVER

ALWAYS: Final = -NEVER


class Span(Protocol):
    """A window over event times that have passed."""

    def before(self, base: int, at: int) -> int:
        """The greatest time that the window does not hold any more at ``at``."""
        ...

    def ends(self, base: int, time: int) -> int:
        """When an event of that time leaves the window; NEVER if it does not."""
        ...

    def takes(self, event_ms: int) -> bool:
        """Whether an event (absolute) may ever lie in the window."""
        ...


@dataclass(frozen=True, slots=True)
class Ever:
    """All events from ``since_ms`` (inclusive) to ``until_ms`` (exclusive), absolute; None: open."""

    since_ms: int | None = None
    until_ms: int | None = None

    def before(self, base: int, at: int) -> int:  # noqa: ARG002 - nothing leaves
        """See Span."""
        return ALWAYS

    def ends(self, base: int, time: int) -> int:  # noqa: ARG002 - nothing leaves
        """See Span."""
        return NEVER

    def takes(self, event_ms: int) -> bool:
        """See Span."""
        return (self.since_ms is None or event_ms >= self.since_ms) and (self.until_ms is None or event_ms < self.until_ms)


@dataclass(frozen=True, slots=True)
class Sliding:
    """(at − within, at]."""

    within: int

    def before(self, base: int, at: int) -> int:  # noqa: ARG002 - the same for everybody
        """See Span."""
        return at - self.within

    def ends(self, base: int, time: int) -> int:  # noqa: ARG002 - the same for everybody
        """See Span."""
        return time + self.within

    def takes(self, event_ms: int) -> bool:  # noqa: ARG002 - what is too old is dropped anyway
        """See Span."""
        return True


@dataclass(frozen=True, slots=True)
class Periods:
    """The current period of a calendar and the ``last`` − 1 before it."""

    calendar: Calendar
    last: int

    def before(self, base: int, at: int) -> int:
        """See Span."""
        return self.calendar.start_ms(self.calendar.period(base + at) - self.last + 1) - base - 1

    def ends(self, base: int, time: int) -> int:
        """See Span."""
        return self.calendar.start_ms(self.calendar.period(base + time) + self.last) - base

    def takes(self, event_ms: int) -> bool:  # noqa: ARG002 - what is too old is dropped anyway
        """See Span."""
        return True


def span_of(node: EventNode) -> Span:
    """The window of an event node."""
    if node.within_ms is not None:
        return Sliding(node.within_ms)
    if node.calendar is not None:
        return Periods(Calendar(node.calendar.unit, node.calendar.zone), node.calendar.last)
    return Ever() if node.fixed is None else Ever(node.fixed.since_ms, node.fixed.until_ms)


def wider(one: Span, other: Span) -> Span:
    """The one of two windows of a kind that holds all that both hold."""
    match one, other:
        case Sliding(a), Sliding(b):
            return one if a >= b else other
        case Periods(_, a), Periods(_, b):
            return one if a >= b else other
        case _:
            return one
