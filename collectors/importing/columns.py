"""CSV: what each column of the header becomes.

A column is a path, ``userId`` or ``properties.price``, and may end in a kind: ``properties.price:number``. Without one a value is text:
a postcode and a phone number look like numbers and are none. An empty cell says nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from collectors.importing.errors import UnreadableFile
from collectors.protocols.decoding import placed
from schemas import rejection
from schemas.definitions.fault import near_match
from schemas.errors import Rejected

FIELDS: Final = (
    *("id", "messageId", "type", "event", "userId", "anonymousId", "timestamp", "previousId", "groupId", "name", "category"),
    *("properties", "traits", "context", "ids", "tags"),
)
_OBJECTS: Final = frozenset({"properties", "traits", "context", "ids", "tags"})


def _number(text: str) -> object:
    value = orjson.loads(text)
    if type(value) not in {int, float}:
        raise ValueError(text)
    return value


_BOOLEANS: Final[dict[str, object]] = {"true": True, "false": False, "1": True, "0": False}
_KINDS: Final[dict[str, Callable[[str], object]]] = {
    "text": str,
    "number": _number,
    "boolean": lambda text: _BOOLEANS[text.strip().lower()],
    "json": orjson.loads,
}


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column's values go, and how they are read."""

    name: str
    path: tuple[str, ...]
    read: Callable[[str], object]


def columns_of(header: bytes) -> tuple[Column, ...]:
    """The columns. Raises UnreadableFile for one that no event has."""
    return tuple(_column(name.strip()) for name in _cells(header, 1))


def _column(said: str) -> Column:
    name, _, kind = said.rpartition(":")
    if kind not in _KINDS or not name:
        name, kind = said, "text"
    path = tuple(name.split("."))
    fits = len(path) > 1 or kind == "json" if path[0] in _OBJECTS else len(path) == 1
    if path[0] not in FIELDS or "" in path or not fits:
        near = near_match(path[0], FIELDS)
        hint = f"; did you mean {near}?" if near else ""
        raise UnreadableFile(f"line 1: found the column {said!r}, expected {', '.join(FIELDS[:7])}, properties.… or traits.…{hint}")
    return Column(said, path, _KINDS[kind])


def call_of(columns: Sequence[Column], record: bytes, line: int) -> dict[str, Any]:
    """A record as a call. Raises ``Rejected``: bad-shape."""
    try:
        cells = _cells(record, line)
    except UnreadableFile as error:
        raise Rejected(rejection.BAD_SHAPE, str(error)) from None
    if len(cells) != len(columns):
        raise Rejected(rejection.BAD_SHAPE, f"found {len(cells)} cells, expected {len(columns)}")
    call: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if not cell:
            continue
        try:
            placed(call, column.path, column.read(cell))
        except (ValueError, KeyError, AttributeError):
            raise Rejected(rejection.BAD_SHAPE, f"{column.name}: found {cell[:60]!r}") from None
    stated = call.get("timestamp")
    if type(stated) is str and stated.isascii() and stated.isdecimal() and len(stated) < 20:
        call["timestamp"] = int(stated)
    return call


def _cells(record: bytes, line: int) -> list[str]:
    try:
        return next(csv.reader([record.decode()], strict=True), [])
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFile(f"line {line}: found no CSV in UTF-8 ({error})") from None
