"""Compiling a ``where`` into one function of an event and the person's traits.

No coercion: 1 and "1" differ, 1 and 1.0 are equal, true is not 1. Ordering between different types is false. A missing
path makes every operator false but ``ne``, ``not_in`` and ``exists: false``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any, Final

from schemas.definitions.model import AllOf, AnyOf, Condition, NotOf, PathTest, PropertyReference, TraitReference
from tagging.paths import MISSING, Getter, Many, event_getter, object_getter

Traits = Callable[[], Mapping[str, Any]]
Predicate = Callable[[Any, Traits], bool]
_Test = Callable[[Any, Any], bool]


def same(a: Any, b: Any) -> bool:
    """JSON equality without coercion."""
    kind = type(a)
    if kind is str or kind is bool or a is None:
        return kind is type(b) and a == b
    if kind is int or kind is float:
        return (type(b) is int or type(b) is float) and a == b
    if kind is list:
        return type(b) is list and len(a) == len(b) and all(map(same, a, b))
    return type(b) is dict and a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())


def _comparable(a: Any, b: Any) -> bool:
    if type(a) is str:
        return type(b) is str
    return (type(a) is int or type(a) is float) and (type(b) is int or type(b) is float)


def _contains(value: Any, operand: Any) -> bool:
    if type(value) is str:
        return type(operand) is str and operand in value
    return type(value) is list and any(same(item, operand) for item in value)


def _between(value: Any, operand: Any) -> bool:
    if (type(operand) is not list and type(operand) is not tuple) or len(operand) != 2:
        return False
    lower, upper = operand
    return _comparable(value, lower) and _comparable(value, upper) and lower <= value <= upper


def _member(value: Any, operand: Any) -> bool:
    return type(operand) in (list, tuple) and any(same(value, item) for item in operand)


_TESTS: Final[dict[str, _Test]] = {
    "eq": same,
    "in": _member,
    "gt": lambda value, operand: _comparable(value, operand) and value > operand,
    "gte": lambda value, operand: _comparable(value, operand) and value >= operand,
    "lt": lambda value, operand: _comparable(value, operand) and value < operand,
    "lte": lambda value, operand: _comparable(value, operand) and value <= operand,
    "between": _between,
    "contains": _contains,
    "starts_with": lambda value, operand: type(value) is str and type(operand) is str and value.startswith(operand),
    "ends_with": lambda value, operand: type(value) is str and type(operand) is str and value.endswith(operand),
}
_ORDER: Final[dict[str, _Test]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
_NEGATED: Final = {"ne": "eq", "not_in": "in"}


def compile_condition(condition: Condition, getter: Callable[[str], Getter] = event_getter) -> Predicate | None:
    """One predicate for a condition whose paths ``getter`` reads; None if it always holds."""
    match condition:
        case AllOf(items):
            return _compile_all(items, getter)
        case AnyOf(items):
            options = [compile_condition(item, getter) or _always for item in items]
            return lambda root, traits: any(option(root, traits) for option in options)
        case NotOf(item):
            inner = compile_condition(item, getter) or _always
            return lambda root, traits: not inner(root, traits)
        case _:
            return _compile_test(condition, getter)


def _always(_root: Any, _traits: Traits) -> bool:
    return True


def _compile_all(items: tuple[Condition, ...], getter: Callable[[str], Getter]) -> Predicate | None:
    parts = [part for item in items if (part := compile_condition(item, getter)) is not None]
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return lambda root, traits: all(part(root, traits) for part in parts)


def _compile_test(test: PathTest, getter: Callable[[str], Getter]) -> Predicate:
    read = getter(test.path)
    operator = test.operator
    if operator == "exists":
        wanted = bool(test.operand)
        return lambda root, _traits: (read(root) is not MISSING) == wanted
    negated = operator in _NEGATED
    ask = _TESTS[_NEGATED.get(operator, operator)]
    if isinstance(test.operand, PropertyReference | TraitReference):
        return _with_reference(read, ask, test.operand, negated=negated)
    operand = test.operand
    if type(operand) is str and operator == "eq":
        return _text_equals(read, operand)
    if operator in _ORDER and (type(operand) is int or type(operand) is float):
        return _number_compares(read, _ORDER[operator], operand)
    return lambda root, _traits: _plain_or_any(read(root), ask, operand) is not negated


def _text_equals(read: Getter, operand: str) -> Predicate:
    def test(root: Any, _traits: Traits) -> bool:
        value = read(root)
        if type(value) is str:
            return value == operand
        return type(value) is Many and any(type(item) is str and item == operand for item in value)

    return test


def _number_compares(read: Getter, compare: _Test, operand: float) -> Predicate:
    def test(root: Any, _traits: Traits) -> bool:
        value = read(root)
        if type(value) is int or type(value) is float:
            return compare(value, operand)
        return type(value) is Many and any((type(item) is int or type(item) is float) and compare(item, operand) for item in value)

    return test


def _plain_or_any(value: Any, ask: _Test, operand: Any) -> bool:
    if value is MISSING:
        return False
    if type(value) is Many:
        return any(ask(item, operand) for item in value)
    return ask(value, operand)


def _with_reference(read: Getter, ask: _Test, operand: PropertyReference | TraitReference, *, negated: bool) -> Predicate:
    of_property = isinstance(operand, PropertyReference)
    other = event_getter(operand.path) if of_property else object_getter(operand.path)

    def test(root: Any, traits: Traits) -> bool:
        found = other(root if of_property else traits())
        if found is MISSING:
            return negated
        others = found if type(found) is Many else (found,)
        value = read(root)
        return any(_plain_or_any(value, ask, item) for item in others) is not negated

    return test
