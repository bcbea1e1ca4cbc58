"""``where``: paths, tests, and what equal and less mean (contract 4.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from schemas.definitions.consent_model import ConsentNode, Purpose
from schemas.definitions.model import (
    AllOf,
    AnyOf,
    Condition,
    EventMatch,
    NotOf,
    PathTest,
    PropertyReference,
    TraitReference,
)


@dataclass(frozen=True)
class Scope:
    """What a condition may read. ``root``: where its paths begin; ``event`` is empty where there is none."""

    root: dict[str, Any]
    event: dict[str, Any]
    traits: dict[str, Any]


def matches(match: EventMatch, name: str, event: dict[str, Any], traits: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether an event of this name is one of those that count. Consent is what the traits say ``after`` the event."""
    agreed = all(consents(need, after) for need in match.needs)
    return agreed and name in match.names and holds(match.where, Scope(event, event, traits))


def consents(need: ConsentNode | Purpose, traits: dict[str, Any]) -> bool:
    """Whether a person with these traits has given consent: by the word ``true``, or by silence where that is enough."""
    purpose = need.purpose if isinstance(need, ConsentNode) else need.id
    match traits.get("consent"):
        case None:
            return need.unless_said
        case dict() as said if purpose not in said:
            return need.unless_said
        case dict() as said:
            return said[purpose] is True
    return False


def holds(condition: Condition, scope: Scope) -> bool:
    """Whether the condition holds."""
    match condition:
        case AllOf(items):
            return all(holds(item, scope) for item in items)
        case AnyOf(items):
            return any(holds(item, scope) for item in items)
        case NotOf(item):
            return not holds(item, scope)
        case PathTest():
            return _passes(condition, scope)


def _passes(test: PathTest, scope: Scope) -> bool:
    values = found(scope.root, test.path)
    match test.operator:
        case "exists":
            return bool(values) is test.operand
        case "ne":
            return not _some("eq", values, test.operand, scope)
        case "not_in":
            return not _some("in", values, test.operand, scope)
        case operator:
            return _some(operator, values, test.operand, scope)


def _some(operator: str, values: list[Any], operand: Any, scope: Scope) -> bool:
    """Whether some value on the left and some value on the right satisfy the operator."""
    if operator == "between":
        return any(_between(value, pair, scope) for value in values for pair in _resolve(operand, scope))
    if operator == "in":
        return any(_member(value, members, scope) for value in values for members in _resolve(operand, scope))
    return any(_satisfies(operator, value, other) for value in values for other in _resolve(operand, scope))


def _resolve(operand: Any, scope: Scope) -> list[Any]:
    match operand:
        case PropertyReference(path):
            return found(scope.event, path)
        case TraitReference(path):
            return found(scope.traits, path)
    return [operand]


def _between(value: Any, pair: Any, scope: Scope) -> bool:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return False
    lows, highs = (_resolve(side, scope) for side in pair)
    return any(_satisfies("gte", value, low) for low in lows) and any(_satisfies("lte", value, high) for high in highs)


def _member(value: Any, members: Any, scope: Scope) -> bool:
    if not isinstance(members, list | tuple):
        return False
    return any(same(value, one) for member in members for one in _resolve(member, scope))


def _satisfies(operator: str, value: Any, other: Any) -> bool:
    if operator == "eq":
        return same(value, other)
    if operator == "contains":
        if isinstance(value, list | tuple):
            return any(same(element, other) for element in value)
        return isinstance(value, str) and isinstance(other, str) and other in value
    if operator in ("starts_with", "ends_with"):
        if not isinstance(value, str) or not isinstance(other, str):
            return False
        return value.startswith(other) if operator == "starts_with" else value.endswith(other)
    if not (is_number(value) and is_number(other)) and not (isinstance(value, str) and isinstance(other, str)):
        return False
    return bool({"gt": value > other, "gte": value >= other, "lt": value < other, "lte": value <= other}[operator])


def same(a: Any, b: Any) -> bool:
    """JSON equality without coercion: 1 is 1.0, true is not 1, "1" is not 1."""
    if is_number(a) and is_number(b):
        return bool(a == b)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and bool(a == b)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def found(root: Any, path: str) -> list[Any]:
    """All values at a path: none where it is missing, several only through ``[]``."""
    values = [root]
    for key, lists in steps(path):
        values = [value[key] for value in values if isinstance(value, dict) and key in value]
        for _ in range(lists):
            values = [element for value in values if isinstance(value, list) for element in value]
    return values


@cache
def steps(path: str) -> tuple[tuple[str, int], ...]:
    """A path as keys, each with how many ``[]`` follow it; a backslash takes a dot or a bracket as part of the key."""
    result = [("", 0)]
    for escaped, lists, dot, plain in re.findall(r"\\(.)|(\[\])|(\.)|(.)", path, re.DOTALL):
        key, count = result[-1]
        if dot:
            result.append(("", 0))
        else:
            result[-1] = (key + escaped + plain, count + bool(lists))
    return tuple(result)
