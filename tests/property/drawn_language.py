"""Drawn at random: windows, aggregates, patterns, dates and references; what holds transitions back; what limits tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AggregateKind,
    AnniversaryNode,
    AtMost,
    CalendarUnit,
    CalendarWindow,
    Comparison,
    DateNode,
    EventMatch,
    EventNode,
    FixedWindow,
    ListNode,
    Node,
    SampleNode,
    SegmentNode,
    SequenceNode,
    StaysNode,
)
from tests.property.dice import Dice

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
_NOW_MS = 1_764_000_000_000
_SPANS = (SECOND, 500, 250, 2 * SECOND, 1, HOUR, 7 * DAY)
_ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia")
_UNITS: tuple[CalendarUnit, ...] = ("hour", "day", "week", "month", "quarter", "year")
_KINDS: tuple[AggregateKind, ...] = ("sum", "avg", "min", "max", "distinct")
_PATHS = ("properties.n", "properties.o.x", "properties.l[]", "properties.s")
_DATES = ("since", "deep.x", "city", "list[]")
LISTS = ("vip", "vip", "staff")

Compare = Callable[[Dice, tuple[float, ...]], tuple[Comparison, ...]]
Match = Callable[[Dice], EventMatch]


def windowed(dice: Dice, node: EventNode, compare: Compare) -> EventNode:
    """The node, perhaps with a window of another kind and with aggregates."""
    window: dict[str, Any] = {}
    match dice.below(8):
        case 5:
            since = _NOW_MS + dice.pick((0, -SECOND, SECOND, 300, 10 * SECOND, -7 * DAY))
            until = since + dice.pick((1, 500, SECOND, HOUR, 400 * DAY))
            window = {"within_ms": None, "fixed": dice.pick((FixedWindow(since, until), FixedWindow(since), FixedWindow(None, until)))}
        case 6 | 7:
            window = {"within_ms": None, "calendar": CalendarWindow(dice.pick(_UNITS), dice.pick(_ZONES), dice.pick((1, 1, 2, 3)))}
    aggregates = tuple(_aggregate(dice, compare) for _ in range(dice.pick((0, 0, 0, 1, 1, 2))))
    count = node.count if not aggregates or dice.flag() else ()
    return EventNode(node.match, count, **{"within_ms": node.within_ms, **window}, aggregates=aggregates)


def _aggregate(dice: Dice, compare: Compare) -> Aggregate:
    kind = dice.pick(_KINDS)
    return Aggregate(kind, dice.pick(_PATHS), compare(dice, (1, 2, 0, 3) if kind == "distinct" else (1, 0.5, 2, 0, -1, 3, 1e30)))


def other_node(dice: Dice, match: Match, inner: Callable[[], Node]) -> Node:
    """One of the nodes that are neither tag, trait nor event. ``inner`` draws a node."""
    match dice.pick(("sequence", "absence", "stays", "stays", "segment", "list", "list", "sample", "anniversary", "date")):
        case "sequence":
            steps = tuple(match(dice) for _ in range(dice.pick((2, 2, 3))))
            return SequenceNode(steps, dice.pick((None, *_SPANS)), dice.pick((None, *_SPANS)))
        case "absence":
            same = dice.pick((None, "properties.s", "properties.n", "properties.l[]"))
            lasts = dice.pick(_SPANS if same else (*_SPANS, None))
            return AbsenceNode(match(dice), match(dice), dice.pick(_SPANS), same, lasts)
        case "stays":
            return StaysNode(inner(), dice.pick(_SPANS))
        case "segment":
            return SegmentNode(f"s{dice.below(5)}")
        case "list":
            return ListNode(dice.pick(LISTS))
        case "sample":
            return SampleNode(dice.pick((50.0, 10.0, 0.0, 100.0)), dice.pick(("x", "y")))
        case "anniversary":
            return AnniversaryNode(dice.pick(_DATES), dice.pick((DAY, 7 * DAY, HOUR)), dice.pick(_ZONES))
        case _:
            return DateNode(dice.pick(_DATES), dice.pick(("next", "last")), dice.pick((SECOND, HOUR, 3 * DAY)), dice.pick(_ZONES))


def held_back(dice: Dice) -> dict[str, Any]:
    """What holds a segment's transitions back; nothing most of the time."""
    match dice.below(8):
        case 5:
            return {"at_most": AtMost(dice.pick((1, 1, 2)), dice.pick((SECOND, HOUR, 500)))}
        case 6:
            return {"paused": True}
        case 7:
            return {"archived": dice.flag()}
    return {}


def limits(dice: Dice, *, family: bool) -> dict[str, Any]:
    """What limits a tag; nothing most of the time."""
    drawn: dict[str, Any] = {}
    if not dice.below(5):
        drawn["ttl_ms"] = dice.pick((SECOND, 500, 2 * SECOND, HOUR, 7 * DAY))
    if not dice.below(5):
        drawn["exclusive"] = dice.pick(("one", "one", "two"))
    if family and not dice.below(4):
        drawn["max_values"] = dice.pick((1, 2, 3))
    return drawn
