"""Reading a path out of an event or out of traits: compiled once, called per event."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas.definitions.path import Each, parse_path
from schemas.event import WireEvent

MISSING: Final = object()
Getter = Callable[[Any], Any]
_FIELDS: Final = frozenset(WireEvent.__struct_fields__)


class Many(list[Any]):
    """The values that a path with ``[]`` found; never empty (that is a missing path)."""


def event_getter(path: str) -> Getter:
    """A reader of a path from a WireEvent's root: the value, ``Many``, or ``MISSING``."""
    steps = parse_path(path)
    first = steps[0]
    if not isinstance(first, str) or first not in _FIELDS:
        return _never
    if len(steps) == 2 and isinstance(steps[1], str):
        return _field_and_key(first, steps[1])
    rest = _getter(steps[1:])

    def read(wire: Any) -> Any:
        value = getattr(wire, first)
        return MISSING if value is msgspec.UNSET else rest(value)

    return read


def _field_and_key(field: str, key: str) -> Getter:
    read_field = attrgetter(field)

    def read(wire: Any) -> Any:
        value = read_field(wire)
        return value.get(key, MISSING) if type(value) is dict else MISSING

    return read


def object_getter(path: str) -> Getter:
    """A reader of a path from a JSON object: the value, ``Many``, or ``MISSING``."""
    return _getter(parse_path(path))


def _never(_: Any) -> Any:
    return MISSING


def _getter(steps: tuple[str | Each, ...]) -> Getter:
    if not steps:
        return lambda value: value
    if Each.EACH in steps:
        return lambda value: _read_many(value, steps)
    if len(steps) == 1:
        return _single(steps[0])
    return lambda value: _read_plain(value, steps)


def _single(key: str | Each) -> Getter:
    def read(value: Any) -> Any:
        return value.get(key, MISSING) if type(value) is dict else MISSING

    return read


def _read_plain(value: Any, steps: tuple[str | Each, ...]) -> Any:
    for step in steps:
        if type(value) is not dict or step not in value:
            return MISSING
        value = value[step]
    return value


def _read_many(value: Any, steps: tuple[str | Each, ...]) -> Any:
    layer = [value]
    for step in steps:
        following: list[Any] = []
        for item in layer:
            if step is Each.EACH:
                if type(item) is list:
                    following.extend(item)
            elif type(item) is dict and step in item:
                following.append(item[step])
        layer = following
    return Many(layer) if layer else MISSING
