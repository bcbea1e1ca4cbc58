"""Conditions and comparisons in words, as ``explain`` and the console show them."""

from __future__ import annotations

import json
from typing import Any, Final

from schemas.definitions.duration import format_duration
from schemas.definitions.model import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    EventNode,
    NotOf,
    PathTest,
    PropertyReference,
    TagNode,
    TraitReference,
)

_SIGNS: Final[dict[str, str]] = {"eq": "=", "ne": "≠", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}


def comparison_words(comparison: Comparison) -> str:
    """``≥ 3``, or ``between 1 and 3``."""
    if comparison.upper is not None:
        return f"between {comparison.value:g} and {comparison.upper:g}"
    return f"{_SIGNS[comparison.operator]} {comparison.value:g}"


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
    asked = (("count", node.count), ("weight", node.weight), ("score", node.score))
    return " and ".join(f"{what} of {name} {comparison_words(each)}" for what, comparisons in asked for each in comparisons)


def event_words(node: EventNode) -> str:
    """``product_viewed (properties.category = "shoes") within 30m: count ≥ 2``."""
    where = condition_words(node.match.where)
    window = "ever" if node.within_ms is None else f"within {format_duration(node.within_ms)}"
    counted = " and ".join(f"count {comparison_words(each)}" for each in node.count)
    return f"{' or '.join(node.match.names)}{f' ({where})' if where else ''} {window}: {counted}"


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
