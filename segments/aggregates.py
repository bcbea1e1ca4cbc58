"""``sum avg min max distinct`` of the values of events in a window, over the newest 256 matching events."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from schemas.definitions.model import Aggregate, Comparison
from segments.nodes import Outlook, count_holds
from segments.recorder import Record
from segments.spans import Span
from tagging.conditions import Predicate
from tagging.decay import NEVER, holds
from tagging.leaves import LeafState, Row, rows_of
from tagging.paths import Getter
from tagging.person import Person
from tagging.values import elements, exact_sum_of, kept_numbers, plain_numbers, value_key
from tagging.windows import ROW_TIME, add_row, merge_rows

EVENTS_KEPT_MAX: Final = 256
Total = int | float | None


@dataclass(slots=True)
class Values:
    """Keeps the values of matching events: rows of a time and what the path found, numbers or (``distinct``) keys."""

    number: int
    where: Predicate | None
    span: Span
    read: Getter
    distinct: bool

    def record(self, record: Record) -> int:
        """See Recorder."""
        if not self.span.takes(record.event_ms) or not record.meets(self.where):
            return 0
        state = record.person.state
        oldest = self.span.before(state.base, record.now)
        if record.at <= oldest:
            return 0
        found = self.read(record.wire)
        kept: list[Any] = list(dict.fromkeys(map(value_key, elements(found)))) if self.distinct else list(kept_numbers(found))
        rows = rows_of(state.leaves.get(self.number))
        lost = add_row(rows, [record.at, *kept[:EVENTS_KEPT_MAX]], EVENTS_KEPT_MAX, oldest)
        state.leaves[self.number] = rows
        return lost + (len(kept) > EVENTS_KEPT_MAX)

    def unite(self, mine: LeafState, theirs: LeafState) -> tuple[LeafState, int]:
        """See Recorder."""
        rows = merge_rows(mine, theirs)
        return rows[-EVENTS_KEPT_MAX:], max(0, len(rows) - EVENTS_KEPT_MAX)


@dataclass(frozen=True, slots=True)
class AggregateLeaf:
    """Comparisons of one aggregate; ``avg``, ``min`` and ``max`` of nothing are false."""

    number: int
    span: Span
    aggregate: Aggregate

    def inside(self, person: Person, at: int) -> list[Row]:
        """The rows in the window at a time."""
        rows = rows_of(person.state.leaves.get(self.number))
        return rows[bisect_right(rows, self.span.before(person.state.base, at), key=ROW_TIME) :]

    def total(self, rows: list[Row]) -> Total:
        """What the rows come to; None where there is nothing to compare."""
        kept = self._kept(rows)
        return self._totals(kept)(kept)

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """See ``segments.nodes``."""
        rows = self.inside(person, at)
        kept = self._kept(rows)
        total = self._totals(kept)
        current = self._holds(total(kept))
        base = person.state.base
        left = 0
        # What is kept is read once and then cut: each event that leaves costs one sum in C, and no walk over the rows.
        gone = 0
        while left < len(rows):
            leaves_at = self.span.ends(base, rows[left][0])
            if leaves_at >= horizon:
                return (current, leaves_at)
            while left < len(rows) and self.span.ends(base, rows[left][0]) == leaves_at:
                gone += len(rows[left]) - 1
                left += 1
            if self._holds(total(kept[gone:])) is not current:
                return (current, leaves_at)
        return (current, NEVER)

    def _kept(self, rows: list[Row]) -> list[Any]:
        kept = list(chain.from_iterable(row[1:] for row in rows))
        return kept if self.aggregate.kind == "distinct" else plain_numbers(kept)

    def _totals(self, kept: list[Any]) -> Callable[[list[Any]], Total]:
        """What the last so many of the values come to."""
        match self.aggregate.kind:
            case "distinct":
                return _distinct
            case "sum":
                return exact_sum_of(kept)
            case "avg":
                add = exact_sum_of(kept)
                return lambda some: add(some) / len(some) if some else None
            case "min":
                return _least
            case _:
                return _greatest

    def _holds(self, total: Total) -> bool:
        if total is None:
            return False
        if self.aggregate.kind in ("sum", "avg"):
            return all(_near(wanted, total) for wanted in self.aggregate.comparisons)
        return count_holds(self.aggregate.comparisons, total)


def _distinct(some: list[Any]) -> int:
    return len(set(some))


def _least(some: list[Any]) -> Total:
    return min(some, default=None)


def _greatest(some: list[Any]) -> Total:
    return max(some, default=None)


def _near(wanted: Comparison, total: float) -> bool:
    if wanted.operator == "between":
        upper = wanted.value if wanted.upper is None else wanted.upper
        return holds("gte", total, wanted.value) and holds("lte", total, upper)
    return holds(wanted.operator, total, wanted.value)
