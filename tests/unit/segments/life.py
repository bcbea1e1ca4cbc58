"""One person's life under nodes built from the model, and what a node is by its definition: slow, from the events alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AllNode,
    AllOf,
    AnyNode,
    Bundle,
    CalendarWindow,
    Comparison,
    EventMatch,
    EventNode,
    Node,
    NotNode,
    Segment,
    SequenceNode,
    Tag,
)
from schemas.definitions.parse import Definitions
from segments.engine import Engine
from segments.nodes import CompiledNode
from tests.unit.segments.scene import Story, T

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def match(*names: str) -> EventMatch:
    return EventMatch(names, AllOf(()))


def at_least(number: float) -> tuple[Comparison, ...]:
    return (Comparison("gte", number),)


def made(*segments: Segment, tags: tuple[Tag, ...] = (), previous: Bundle | None = None, silent: bool = False) -> Bundle:
    return next_bundle(previous or Bundle(), Definitions(tags=tags, segments=segments), silent=silent)


def under(*nodes: Node, tags: tuple[Tag, ...] = ()) -> Life:
    """Somebody under segments ``s0``, ``s1`` … with these conditions."""
    return Life(Engine(made(*(Segment(f"s{number}", "s", node) for number, node in enumerate(nodes)), tags=tags)))


@dataclass(frozen=True)
class Applied:
    """One event as it was applied; ``at``: milliseconds after T."""

    at: int
    name: str
    properties: dict[str, Any]


@dataclass
class Life(Story):
    """A story that remembers its events."""

    applied: list[Applied] = field(default_factory=list)

    def does(self, at: int, name: str = "a", event_at: int | None = None, **properties: Any) -> None:
        self.event(at, name, event_at, properties=properties)
        self.applied.append(Applied(at if event_at is None else event_at, name, properties))

    def node(self, number: int = 0) -> CompiledNode:
        return self.engine.program.segments[number].node

    def outlook(self, at: int, number: int = 0) -> tuple[bool, int | None]:
        """Value and bound at a time after T; None: never."""
        shift = T - self.person.state.base
        value, bound = self.node(number).outlook(self.person, at + shift)
        return value, None if bound == 1 << 62 else bound - shift

    def state(self) -> Any:
        """The only leaf's state."""
        (held,) = self.person.state.leaves.values()
        return held


def truth(node: Node, applied: list[Applied], t: int) -> bool:
    match node:
        case AllNode(items):
            return all(truth(item, applied, t) for item in items)
        case AnyNode(items):
            return any(truth(item, applied, t) for item in items)
        case NotNode(item):
            return not truth(item, applied, t)
        case EventNode():
            return _event(node, applied, t)
        case SequenceNode():
            return _sequence(node, applied, t)
        case AbsenceNode():
            return _absence(node, applied, t)
        case _:
            raise AssertionError


def _event(node: EventNode, applied: list[Applied], t: int) -> bool:
    inside = [event for event in applied if event.name in node.match.names and in_window(node, event.at, t)]
    counted = all(_compared(one, Fraction(len(inside))) for one in node.count)
    return counted and all(_aggregate(each, inside) for each in node.aggregates)


def in_window(node: EventNode, at: int, t: int) -> bool:
    if node.within_ms is not None:
        return t - node.within_ms < at <= t
    if node.fixed is not None:
        since, until = node.fixed.since_ms, node.fixed.until_ms
        return (since is None or T + at >= since) and (until is None or T + at < until)
    if node.calendar is not None:
        return 0 <= _period(node.calendar, t) - _period(node.calendar, at) < node.calendar.last
    return True


def _period(window: CalendarWindow, t: int) -> int:
    """For zones in which no midnight is skipped or repeated."""
    local = (EPOCH + timedelta(milliseconds=T + t)).astimezone(ZoneInfo(window.zone))
    match window.unit:
        case "hour":
            return (T + t) // 3_600_000
        case "day":
            return local.toordinal()
        case "week":
            return (local.toordinal() - local.isoweekday()) // 7
        case "month":
            return local.year * 12 + local.month
        case "quarter":
            return local.year * 4 + (local.month - 1) // 3
        case _:
            return local.year


def _aggregate(each: Aggregate, inside: list[Applied]) -> bool:
    key = each.path.removeprefix("properties.")
    values = [event.properties[key] for event in inside if key in event.properties]
    if each.kind == "distinct":
        return all(_compared(one, Fraction(len({json.dumps(value) for value in values}))) for one in each.comparisons)
    numbers = [Fraction(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if each.kind == "sum":
        found = sum(numbers, Fraction(0))
    elif not numbers:
        return False
    else:
        found = {"avg": sum(numbers, Fraction(0)) / len(numbers), "min": min(numbers), "max": max(numbers)}[each.kind]
    near = Fraction(1, 2**40) if each.kind in ("sum", "avg") else Fraction(0)
    return all(_compared(one, found, near) for one in each.comparisons)


def _compared(wanted: Comparison, found: Fraction, near: Fraction = Fraction(0)) -> bool:
    def sign(other: float) -> int:
        level = Fraction(other)
        if abs(found - level) <= near * max(abs(found), abs(level)):
            return 0
        return 1 if found > level else -1

    below = sign(wanted.value)
    return {
        "eq": below == 0,
        "ne": below != 0,
        "gt": below > 0,
        "gte": below >= 0,
        "lt": below < 0,
        "lte": below <= 0,
        "between": below >= 0 and sign(wanted.value if wanted.upper is None else wanted.upper) <= 0,
    }[wanted.operator]


def _sequence(node: SequenceNode, applied: list[Applied], t: int) -> bool:
    ordered = sorted(enumerate(applied), key=lambda one: (one[1].at, one[0]))
    events = [event for _, event in ordered]

    def runs(first: int | None, after: int, steps: tuple[EventMatch, ...]) -> list[tuple[int, int]]:
        found = []
        for place in range(after, len(events)):
            event = events[place]
            if event.name in steps[0].names:
                began = event.at if first is None else first
                found += [(began, event.at)] if len(steps) == 1 else runs(began, place + 1, steps[1:])
        return found

    return any(
        (node.span_ms is None or last - first <= node.span_ms) and (node.within_ms is None or t - node.within_ms < last <= t)
        for first, last in runs(None, 0, node.steps)
    )


def _absence(node: AbsenceNode, applied: list[Applied], t: int) -> bool:
    path = None if node.same is None else node.same.removeprefix("properties.")

    def times(wanted: EventMatch) -> dict[Any, list[int]]:
        found: dict[Any, list[int]] = {}
        for event in applied:
            if event.name in wanted.names and (path is None or path in event.properties):
                found.setdefault(None if path is None else event.properties[path], []).append(event.at)
        return found

    without = times(node.without)
    for key, found in times(node.after).items():
        a = max(found)
        lasts = node.for_ms is None or t < a + node.within_ms + node.for_ms
        if a + node.within_ms <= t and lasts and not any(a < w <= t for w in without.get(key, [])):
            return True
    return False
