"""What a check asks of one value, step by step: each gives the value back, in another form perhaps, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, Final

from schemas.definitions.quality_model import Check
from schemas.folding import folded
from schemas.verified import reader_of


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a value, without the value."""

    text: str


Step = Callable[[Any], Any]
_AMOUNT: Final = re.compile(r"([-+]?[0-9]{1,30}(?:\.[0-9]{1,30})?)\s*([^0-9\s.].*)?")
_LONGEST_AMOUNT: Final = 100
_BOUNDS: Final = {"gt": (gt, "above"), "gte": (ge, "at least"), "lt": (lt, "below"), "lte": (le, "at most")}
_ARTICLES: Final = {"email": "an e-mail address", "url": "a URL", "ip": "an IP address", "uuid": "a UUID"}


def steps_of(check: Check) -> tuple[Step, ...]:
    """The steps of a check in their order: canonical form, type, verify, range, enum."""
    return tuple(_steps(check))


def _steps(check: Check) -> Iterable[Step]:
    if check.canonical:
        yield _canonical(check.canonical)
    if check.unit is not None:
        yield _in_unit(check.unit, check.units)
    if check.type is not None:
        yield _typed(check.type)
    if check.verify is not None:
        yield _verified(check.verify, check.region, rewrite=check.rewrite)
    if check.range:
        yield _bounded(check.range)
    if check.enum:
        yield _listed(check.enum)


def _canonical(words: dict[str, str]) -> Step:
    known = {**{folded(word): word for word in words.values()}, **words}
    return lambda value: known.get(folded(value), value) if type(value) is str else value


def _in_unit(unit: str, units: dict[str, float]) -> Step:
    factors = {**units, folded(unit): 1.0}
    wrong = Wrong(f"not an amount in {', '.join([unit, *units])}")

    def step(value: Any) -> Any:
        if _is_number(value):
            return value
        if type(value) is dict and value.keys() == {"value", "unit"} and _is_number(value["value"]):
            return _converted(value["value"], str(value["unit"]))
        found = _AMOUNT.fullmatch(folded(value)) if type(value) is str and len(value) <= _LONGEST_AMOUNT else None
        return wrong if found is None else _converted(_plain_number(found[1]), found[2] or unit)

    def _converted(amount: float, named: str) -> Any:
        factor = factors.get(folded(named))
        if factor is None:
            return wrong
        # Twelve digits: 3 × 0.1 is meant to be 0.3.
        return amount if factor == 1.0 else _plain_number(f"{amount * factor:.12g}")

    return step


def _plain_number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


_TYPES: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "text": ("a text", lambda value: type(value) is str),
    "number": ("a number", _is_number),
    "whole": ("a whole number", lambda value: type(value) is int or (type(value) is float and value.is_integer())),
    "boolean": ("true or false", lambda value: type(value) is bool),
    "list": ("a list", lambda value: type(value) is list),
    "map": ("a map", lambda value: type(value) is dict),
}


def _typed(kind: str) -> Step:
    name, holds = _TYPES[kind]
    wrong = Wrong(f"not {name}")
    return lambda value: value if holds(value) else wrong


def _verified(kind: str, region: str | None, *, rewrite: bool) -> Step:
    read = reader_of(kind, region)
    wrong = Wrong(f"not {_ARTICLES.get(kind, f'a {kind}')}")

    def step(value: Any) -> Any:
        form = read(value)
        if form is None:
            return wrong
        return form if rewrite and form != value else value

    return step


def _bounded(bounds: dict[str, float]) -> Step:
    asked = [(*_BOUNDS[operator], bound) for operator, bound in bounds.items()]

    def step(value: Any) -> Any:
        if not _is_number(value):
            return Wrong("not a number")
        for holds, name, bound in asked:
            if not holds(value, bound):
                return Wrong(f"not {name} {bound:g}")
        return value

    return step


def _listed(values: tuple[str | int | float | bool, ...]) -> Step:
    # In Python True is 1 and hashes like it; in a definition it is not.
    known = {(type(value) is bool, value) for value in values}
    wrong = Wrong("not one of the values there are")
    scalar = (str, int, float, bool)
    return lambda value: value if type(value) in scalar and (type(value) is bool, value) in known else wrong
