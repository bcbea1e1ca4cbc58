"""The model as plain JSON values and back, by the types of its fields: a field with a default may be missing."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from schemas.definitions.consent_model import ConsentNode
from schemas.definitions.model import (
    AbsenceNode,
    AllNode,
    AllOf,
    AnniversaryNode,
    AnyNode,
    AnyOf,
    AtMost,
    CalendarWindow,
    DateNode,
    EventNode,
    FirstParty,
    FixedWindow,
    ListNode,
    NotNode,
    NotOf,
    PathTest,
    PropertyReference,
    PropertyWeight,
    SampleNode,
    SegmentNode,
    SequenceNode,
    StaysNode,
    TagNode,
    TraitNode,
    TraitReference,
)

KINDS: Final[dict[str, type[Any]]] = {
    "test": PathTest,
    "all_of": AllOf,
    "any_of": AnyOf,
    "not_of": NotOf,
    "property": PropertyReference,
    "trait_of_person": TraitReference,
    "weight": PropertyWeight,
    "all": AllNode,
    "any": AnyNode,
    "not": NotNode,
    "trait": TraitNode,
    "tag": TagNode,
    "event": EventNode,
    "fixed": FixedWindow,
    "calendar": CalendarWindow,
    "sequence": SequenceNode,
    "absence": AbsenceNode,
    "stays": StaysNode,
    "segment_node": SegmentNode,
    "list": ListNode,
    "sample": SampleNode,
    "anniversary": AnniversaryNode,
    "date": DateNode,
    "consent": ConsentNode,
    "at_most": AtMost,
    "first_party": FirstParty,
}
_NAMES: Final = {kind: name for name, kind in KINDS.items()}
_REFERENCES: Final = (PropertyReference, TraitReference)


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def to_plain(value: Any) -> Any:
    """JSON values of a part of the model; a class that stands among others carries its name under ``is``."""
    if is_dataclass(value) and not isinstance(value, type):
        name = _NAMES.get(type(value))
        plain: dict[str, Any] = {} if name is None else {"is": name}
        hints = _hints(type(value))
        for field in fields(value):
            part = getattr(value, field.name)
            plain[field.name] = _operand_to_plain(part) if hints[field.name] is Any else to_plain(part)
        return plain
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: value[key] for key in sorted(value, key=lambda key: (value[key], key))}
    return value


def from_plain(kind: Any, plain: Any, where: str) -> Any:
    """A value of type ``kind`` from JSON values. Raises ValueError that names the place, ``where`` and below."""
    origin = get_origin(kind)
    if kind is Any:
        return _operand_from_plain(plain, where)
    if is_dataclass(kind):
        return _object(kind, plain, where)
    if origin in {types.UnionType, Union}:
        return _one_of(get_args(kind), plain, where)
    if origin is tuple:
        _expect(isinstance(plain, list), where, "a list")
        return tuple(from_plain(get_args(kind)[0], item, f"{where}[{at}]") for at, item in enumerate(plain))
    if origin is dict:
        _expect(isinstance(plain, dict), where, "a map")
        return {key: from_plain(get_args(kind)[1], item, f"{where}.{key}") for key, item in plain.items()}
    if origin is Literal:
        _expect(type(plain) is str and plain in get_args(kind), where, f"one of {', '.join(get_args(kind))}")
        return plain
    _expect(type(plain) is kind or (kind is float and type(plain) is int), where, kind.__name__)
    return plain


def _object(kind: Any, plain: Any, where: str) -> Any:
    _expect(isinstance(plain, dict), where, "a map")
    expected = {field.name for field in fields(kind)} | ({"is"} if kind in _NAMES else set())
    _expect(plain.keys() <= expected, where, f"only the keys {', '.join(sorted(expected))}")
    hints = _hints(kind)
    values = {}
    for field in fields(kind):
        if field.name in plain:
            values[field.name] = from_plain(hints[field.name], plain[field.name], f"{where}.{field.name}")
        else:
            _expect(field.default is not MISSING or field.default_factory is not MISSING, where, f"the key {field.name}")
    return kind(**values)


def _one_of(kinds: tuple[Any, ...], plain: Any, where: str) -> Any:
    """One of several types: classes are told apart by ``is``, all else by the type of the JSON value."""
    if isinstance(plain, dict):
        kind = KINDS.get(str(plain.get("is")))
        _expect(kind in kinds, where, f"one of {', '.join(_NAMES.get(other, other.__name__) for other in kinds)}")
        return from_plain(kind, plain, where)
    for other in kinds:
        if type(plain) is other:
            return plain
    _expect(float in kinds and type(plain) is int, where, f"one of {', '.join(other.__name__ for other in kinds)}")
    return plain


def _operand_to_plain(operand: Any) -> Any:
    """References and values are told apart, for any value may stand in a definition, one that looks like a reference too."""
    return to_plain(operand) if isinstance(operand, _REFERENCES) else {"value": operand}


def _operand_from_plain(plain: Any, where: str) -> Any:
    _expect(isinstance(plain, dict), where, "a map")
    if plain.keys() == {"value"}:
        return plain["value"]
    return _one_of(_REFERENCES, plain, where)


def _expect(holds: object, where: str, expected: str) -> None:
    if not holds:
        raise ValueError(f"{where}: expected {expected}")
