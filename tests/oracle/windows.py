"""Event nodes: which events lie in the window, what their values come to, and when they leave it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.oracle.calendars import leaving_time, window_start
from tests.oracle.conditions import found, is_number, same
from tests.oracle.scores import compared, exact, near

if TYPE_CHECKING:
    from schemas.definitions.model import Aggregate, EventNode
    from tests.oracle.person import Applied

NEWEST = 256
GREATEST = 1e290


def double(value: Any) -> float | None:
    """A JSON number as an IEEE double; None for what is no number, and for what is too great to be summed up."""
    return float(value) if is_number(value) and abs(value) <= GREATEST else None


def event_is_true(node: EventNode, events: list[Applied], t: int) -> bool:
    """Whether all that the node asks of these matching events holds at ``t``."""
    inside = [event for event in events if _lies_in(node, event.at, t)]
    if not all(compared(comparison, len(inside), exact) for comparison in node.count):
        return False
    newest = sorted(inside, key=lambda event: (event.at, event.number))[-NEWEST:]
    return all(_aggregate_is_true(aggregate, newest) for aggregate in node.aggregates)


def _lies_in(node: EventNode, at: int, t: int) -> bool:
    if node.within_ms is not None:
        return t - node.within_ms < at <= t
    if node.fixed is not None:
        since_ms, until_ms = node.fixed.since_ms, node.fixed.until_ms
        return (since_ms is None or since_ms <= at) and (until_ms is None or at < until_ms)
    return node.calendar is None or window_start(node.calendar, t) <= at


def _aggregate_is_true(aggregate: Aggregate, events: list[Applied]) -> bool:
    values = [value for event in events for value in found(event.body, aggregate.path)]
    if aggregate.kind == "distinct":
        return all(compared(comparison, _distinct(values), exact) for comparison in aggregate.comparisons)
    numbers = [value for value in values if double(value) is not None]
    if aggregate.kind == "sum":
        return all(compared(comparison, float(_total(numbers)), near) for comparison in aggregate.comparisons)
    if not numbers:
        return False
    if aggregate.kind == "avg":
        average = float(_total(numbers) / len(numbers))
        return all(compared(comparison, average, near) for comparison in aggregate.comparisons)
    extreme = min(numbers) if aggregate.kind == "min" else max(numbers)
    return all(compared(comparison, extreme, exact) for comparison in aggregate.comparisons)


def _total(numbers: list[int | float]) -> Fraction:
    return sum(map(Fraction, numbers), Fraction(0))


def _distinct(values: list[Any]) -> int:
    known: list[Any] = []
    for value in values:
        if not any(same(value, one) for one in known):
            known.append(value)
    return len(known)


def leaving_times(node: EventNode, events: list[Applied]) -> set[int]:
    """When each of these events leaves the window; none leaves a window that does not move."""
    if node.within_ms is not None:
        return {event.at + node.within_ms for event in events}
    if node.calendar is None:
        return set()
    times = {leaving_time(node.calendar, event.at) for event in events}
    return {time for time in times if time is not None}
