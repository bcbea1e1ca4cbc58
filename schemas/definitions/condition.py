"""Reads ``where`` and the tests of a ``trait`` node into conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from schemas.definitions.consent import read_needs_of
from schemas.definitions.language import OPERATORS
from schemas.definitions.model import AllOf, AnyOf, Condition, EventMatch, NotOf, Operator, PathTest, PropertyReference, TraitReference
from schemas.definitions.nodes import Entry, Listing, Table
from schemas.definitions.values import check_event_path, read_event_path, read_names, read_path
from schemas.definitions.view import unknown_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.definitions.known import Known
    from schemas.definitions.view import Fields, View

_NESTED: Final = ("any", "all", "not")
_REFERENCES: Final = ("property", "trait")
_ORDERED: Final = ("gt", "gte", "lt", "lte")
_AFFIXES: Final = ("starts_with", "ends_with")


def read_match(found: Fields, known: Known) -> EventMatch:
    """Which events count, by the keys ``event``, ``where`` and ``needs``."""
    return EventMatch(found.read("event", read_names, ()), found.read("where", read_where, AllOf(())), read_needs_of(found, known))


def read_where(view: View) -> Condition:
    """The condition of a map of path → test, all of which must hold."""
    found: list[Condition] = []
    for entry, child in view.entries("a map of path and test"):
        if entry.key == "any":
            found.append(AnyOf(tuple(read_where(item) for item in child.items())))
        elif entry.key == "all":
            found.append(AllOf(tuple(read_where(item) for item in child.items())))
        elif entry.key == "not":
            found.append(NotOf(read_where(child)))
        else:
            check_event_path(child, entry.key, entry.line)
            found.extend(_tests(entry.key, child))
    return _join(found)


def read_trait_tests(path: str, pairs: Sequence[tuple[Entry, View]]) -> Condition:
    """The condition of the tests that stand beside ``trait: path``; without any, the trait must exist."""
    if not pairs:
        return PathTest(path, "exists", True)
    return _join([_trait_test(path, entry, child) for entry, child in pairs])


def _trait_test(path: str, entry: Entry, view: View) -> Condition:
    if entry.key == "any":
        return AnyOf(tuple(_nested(path, item) for item in view.items()))
    if entry.key == "all":
        return AllOf(tuple(_nested(path, item) for item in view.items()))
    if entry.key == "not":
        return NotOf(_nested(path, view))
    return _operator_test(path, entry, view, ("trait",))


def _nested(path: str, view: View) -> Condition:
    """One test within ``any``, ``all`` or ``not`` of a trait node: a bare value or a map."""
    if not isinstance(view.node, Table) or _reference_key(view):
        return PathTest(path, "eq", _operand(view, ("trait",)))
    pairs = view.entries()
    if not pairs:
        view.fault("a value or at least one test")
    return _join([_trait_test(path, entry, child) for entry, child in pairs])


def _tests(path: str, view: View) -> list[Condition]:
    """The tests of one path: a bare value, or a map of operators."""
    if not isinstance(view.node, Table) or _reference_key(view):
        return [PathTest(path, "eq", _operand(view, _REFERENCES))]
    pairs = view.entries()
    if not pairs:
        view.fault("a value or at least one test")
    return [_operator_test(path, entry, child, _REFERENCES) for entry, child in pairs]


def _operator_test(path: str, entry: Entry, view: View, references: tuple[str, ...]) -> PathTest:
    operator = entry.key
    if operator not in OPERATORS:
        known = OPERATORS if references == _REFERENCES else (*OPERATORS, *_NESTED)
        unknown_key(view, entry, known)
        return PathTest(path, "exists", True)
    if operator == "exists":
        return PathTest(path, "exists", view.flag())
    if operator == "between":
        operand = _operand(view, references) if _reference_key(view) else _pair(view)
        return PathTest(path, "between", operand)
    if operator in {"in", "not_in"} and not _reference_key(view):
        return PathTest(path, cast("Operator", operator), [_listed(item) for item in view.items("a list of values")])
    operand = _operand(view, references)
    if not isinstance(operand, PropertyReference | TraitReference) and not view.unreadable:
        _check_operand(view, operator, operand)
    return PathTest(path, cast("Operator", operator), operand)


def _check_operand(view: View, operator: str, operand: Any) -> None:
    is_text = isinstance(operand, str)
    if operator in _ORDERED and not (is_text or _is_number(operand)):
        view.fault("a number or a text: nothing else has an order")
    elif operator in _AFFIXES and not is_text:
        view.fault("a text")


def _pair(view: View) -> list[Any]:
    items = view.items("a list of two numbers or two texts")
    pair = [_listed(item) for item in items]
    alike = all(isinstance(bound, str) for bound in pair) or all(_is_number(bound) for bound in pair)
    readable = isinstance(view.node, Listing) and not any(item.unreadable for item in items)
    if readable and not (alike and len(pair) == 2):
        view.fault("a list of two numbers or two texts: the least and the greatest")
    return pair


def _listed(view: View) -> Any:
    """A value in a list; what looks like a reference there is refused rather than taken for a map."""
    if _reference_key(view):
        view.fault("a value: a reference stands alone, not in a list")
    return view.plain()


def _operand(view: View, references: tuple[str, ...]) -> Any:
    """The other side of a test: any JSON value, or a reference."""
    key = _reference_key(view)
    if key is None:
        return view.plain()
    if key not in references:
        view.fault("a value or {trait: path}: a person's traits know no event", "{property: …}")
    other = view.entries()[0][1]
    return PropertyReference(read_event_path(other)) if key == "property" else TraitReference(read_path(other))


def _reference_key(view: View) -> str | None:
    """``property`` or ``trait`` if that is the map's only key."""
    if isinstance(view.node, Table) and len(view.node.entries) == 1 and view.node.entries[0].key in _REFERENCES:
        return view.node.entries[0].key
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _join(conditions: list[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else AllOf(tuple(conditions))
