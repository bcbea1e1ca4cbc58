"""Conditions, comparisons and the nodes that ask for them in words, as ``explain`` and the console show them."""

from __future__ import annotations

import json
from typing import Any, Final

from schemas.definitions.duration import format_duration
from schemas.definitions.model import (
    AllOf,
    AnyOf,
    CalendarWindow,
    Comparison,
    Condition,
    EventMatch,
    EventNode,
    FixedWindow,
    NotOf,
    PathTest,
    PropertyReference,
    TagNode,
    TraitReference,
)
from schemas.transition import iso_time

_SIGNS: Final[dict[str, str]] = {"eq": "=", "ne": "≠", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}


def comparison_words(comparison: Comparison) -> str:
    """``≥ 3``, or ``between 1 and 3``."""
    if comparison.upper is not None:
        return f"between {number_words(comparison.value)} and {number_words(comparison.upper)}"
    return f"{_SIGNS[comparison.operator]} {number_words(comparison.value)}"


def number_words(number: float) -> str:
    """``3``, ``0.5``; whole numbers are exact."""
    return str(number) if isinstance(number, int) else f"{number:.15g}"


def condition_words(condition: Condition) -> str:
    """A ``where`` in one line; empty for a condition that always holds."""
    match condition:
        case AllOf(items):
            return " and ".join(map(_grouped, items))
        case AnyOf(items):
            return "any of (" + "; ".join(map(condition_words, items)) + ")"
        case NotOf(item):
            return f"not ({condition_words(item)})"
        case _:
            return _test_words(condition)


def tag_words(node: TagNode) -> str:
    """``score of interest:shoes ≥ 3``, or ``has buyer``."""
    name = node.tag if node.value is None else f"{node.tag}:{node.value}"
    if node.presence_only:
        return f"has {name}"
    return " and ".join(f"{what} of {name} {each}" for what, asked in tag_asked(node).items() for each in asked)


def tag_asked(node: TagNode) -> dict[str, list[str]]:
    """``{"score": ["≥ 3"]}``: what is asked of the tag's state, by name."""
    compared = (("count", node.count), ("weight", node.weight), ("score", node.score))
    asked = {what: list(map(comparison_words, comparisons)) for what, comparisons in compared if comparisons}
    return asked if node.last_within_ms is None else {**asked, "last_at": [f"within {format_duration(node.last_within_ms)}"]}


def event_asked(node: EventNode) -> dict[str, list[str]]:
    """``{"count": ["≥ 2"], "sum properties.price": ["≥ 100"]}``: what is asked of the events in the window, by name."""
    asked = {"count": list(map(comparison_words, node.count))} if node.count else {}
    return {**asked, **{f"{each.kind} {each.path}": list(map(comparison_words, each.comparisons)) for each in node.aggregates}}


def event_words(node: EventNode) -> str:
    """``product_viewed (properties.category = "shoes") within 30m: count ≥ 2 and sum of properties.price ≥ 100``."""
    asked = [f"count {comparison_words(each)}" for each in node.count]
    for aggregate in node.aggregates:
        asked += [f"{aggregate.kind} of {aggregate.path} {comparison_words(each)}" for each in aggregate.comparisons]
    return f"{match_words(node.match)} {_window_words(node)}: {' and '.join(asked)}"


def match_words(match: EventMatch) -> str:
    """``product_viewed (properties.category = "shoes") with consent to analytics``."""
    where = condition_words(match.where)
    needs = " and ".join(need.purpose for need in match.needs)
    return f"{' or '.join(match.names)}{f' ({where})' if where else ''}{f' with consent to {needs}' if needs else ''}"


def _window_words(node: EventNode) -> str:
    if node.within_ms is not None:
        return f"within {format_duration(node.within_ms)}"
    if node.fixed is not None:
        return _fixed_words(node.fixed)
    return "ever" if node.calendar is None else _calendar_words(node.calendar)


def _fixed_words(window: FixedWindow) -> str:
    bounds = (("since", window.since_ms), ("until", window.until_ms))
    return " ".join(f"{word} {iso_time(time_ms)}" for word, time_ms in bounds if time_ms is not None)


def _calendar_words(window: CalendarWindow) -> str:
    before = f" and the {window.last - 1} before it" if window.last > 1 else ""
    return f"in the current {window.unit}{before} ({window.zone})"


def _grouped(condition: Condition) -> str:
    words = condition_words(condition)
    return f"({words})" if isinstance(condition, AllOf) and len(condition.items) > 1 else words


def _test_words(test: PathTest) -> str:
    if test.operator == "exists":
        return f"{test.path} {'exists' if test.operand else 'is missing'}"
    operator = _SIGNS.get(test.operator, test.operator.replace("_", " "))
    return f"{test.path} {operator} {_operand_words(test.operand)}"


def _operand_words(operand: Any) -> str:
    match operand:
        case PropertyReference(path):
            return f"the event's {path}"
        case TraitReference(path):
            return f"the trait {path}"
        case _:
            return json.dumps(operand, ensure_ascii=False)
