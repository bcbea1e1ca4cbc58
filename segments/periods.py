"""Counting events of a calendar's periods, or of a fixed time: a counter each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.definitions.model import Comparison
from segments.nodes import Outlook, count_holds
from segments.recorder import Record
from segments.spans import Ever, Periods
from tagging.conditions import Predicate
from tagging.decay import NEVER
from tagging.leaves import LeafState
from tagging.person import Person


@dataclass(slots=True)
class FixedCounter:
    """Counts the matching events whose time lies in a fixed window."""

    number: int
    where: Predicate | None
    span: Ever

    def record(self, record: Record) -> int:
        """See Recorder."""
        if self.span.takes(record.event_ms) and record.meets(self.where):
            leaves = record.person.state.leaves
            leaves[self.number] = leaves.get(self.number, 0) + 1
        return 0

    def unite(self, mine: LeafState, theirs: LeafState) -> tuple[LeafState, int]:
        """See Recorder."""
        return mine + theirs, 0


@dataclass(slots=True)
class PeriodCounters:
    """Counts the matching events of each period of the longest window asked for; the state: period → count."""

    number: int
    where: Predicate | None
    span: Periods

    def record(self, record: Record) -> int:
        """See Recorder."""
        if not record.meets(self.where):
            return 0
        calendar = self.span.calendar
        oldest = calendar.period(record.clock_ms) - self.span.last
        period = calendar.period(record.event_ms)
        held: dict[int, int] = record.person.state.leaves.get(self.number, {})
        kept = {one: count for one, count in held.items() if one > oldest}
        if period > oldest:
            kept[period] = kept.get(period, 0) + 1
        if kept or held:
            record.person.state.leaves[self.number] = kept
        return 0

    def unite(self, mine: LeafState, theirs: LeafState) -> tuple[LeafState, int]:
        """See Recorder."""
        return {period: mine.get(period, 0) + theirs.get(period, 0) for period in {**mine, **theirs}}, 0


@dataclass(frozen=True, slots=True)
class PeriodLeaf:
    """How many matching events lie in the current period and those before it that the window has."""

    number: int
    span: Periods
    count: tuple[Comparison, ...]

    def held(self, person: Person, at: int) -> dict[int, int]:
        """Period → count, of the window at a time."""
        held: Any = person.state.leaves.get(self.number, {})
        oldest = self.span.calendar.period(person.state.base + at) - self.span.last
        return {period: count for period, count in held.items() if period > oldest}

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See ``segments.nodes``."""
        held = self.held(person, at)
        inside = sum(held.values())
        current = count_holds(self.count, inside)
        for period in sorted(held):
            inside -= held[period]
            if count_holds(self.count, inside) is not current:
                return (current, self.span.calendar.start_ms(period + self.span.last) - person.state.base)
        return (current, NEVER)
