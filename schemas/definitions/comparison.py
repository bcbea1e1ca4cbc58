"""Reads comparisons with a number: a bare number, or a map of operators that must all hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from schemas.definitions.language import NUMBER_OPERATORS
from schemas.definitions.model import Comparison, NumberOperator
from schemas.definitions.nodes import Listing, Table
from schemas.definitions.view import unknown_key

if TYPE_CHECKING:
    from schemas.definitions.view import View


def read_comparisons(view: View) -> tuple[Comparison, ...]:
    """Comparisons with any finite number."""
    return _read(view, whole=False)


def read_whole_comparisons(view: View) -> tuple[Comparison, ...]:
    """Comparisons with whole numbers."""
    return _read(view, whole=True)


def _read(view: View, *, whole: bool) -> tuple[Comparison, ...]:
    if not isinstance(view.node, Table):
        return (Comparison("eq", _number(view, whole=whole)),)
    pairs = view.entries()
    if not pairs:
        view.fault("a number or at least one comparison")
    found = []
    for entry, child in pairs:
        if entry.key in NUMBER_OPERATORS:
            found.append(read_comparison(entry.key, child, whole=whole))
        else:
            unknown_key(child, entry, NUMBER_OPERATORS)
    return tuple(found)


def read_comparison(operator: str, view: View, *, whole: bool) -> Comparison:
    """One comparison by one of the known operators."""
    if operator != "between":
        return Comparison(cast("NumberOperator", operator), _number(view, whole=whole))
    bounds = view.items("a list of two numbers")
    numbers = [_number(bound, whole=whole) for bound in bounds]
    if len(numbers) == 2:
        return Comparison("between", numbers[0], numbers[1])
    if isinstance(view.node, Listing):
        view.fault("a list of two numbers: the least and the greatest")
    return Comparison("between", 0, 0)


def _number(view: View, *, whole: bool) -> int | float:
    if not whole:
        return view.double()
    value = view.number()
    if isinstance(value, int):
        return value
    if not value.is_integer():
        view.fault("a whole number")
    return int(value)
