"""What a definition file holds before anything is checked: values that know their line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAXIMUM_DEPTH: Final = 64
MAXIMUM_NODES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that is none, such as ``.nan``: what stands there, and what should."""

    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, true, false or null."""

    line: int
    value: str | int | float | bool | Unreadable | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a map with its value."""

    line: int
    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A map, as written: a key may stand twice."""

    line: int
    entries: tuple[Entry, ...]


Node = Scalar | Listing | Table


class NotReadableError(Exception):
    """The file cannot be read from ``line`` on."""

    def __init__(self, line: int, found: str, expected: str) -> None:
        super().__init__(f"line {line}: found {found}, expected {expected}")
        self.line = line
        self.found = found
        self.expected = expected


class Budget:
    """How much a file may still hold. Without it a few aliases of aliases would make gigabytes."""

    def __init__(self, nodes: int = MAXIMUM_NODES) -> None:
        self._left = nodes

    def take(self, nodes: int, line: int, depth: int) -> None:
        """Count ``nodes`` more, at ``depth``; raises NotReadableError when either is too much."""
        self._left -= nodes
        if self._left < 0:
            raise NotReadableError(line, f"more than {MAXIMUM_NODES} values", "fewer, in several files if need be")
        if depth > MAXIMUM_DEPTH:
            raise NotReadableError(line, f"more than {MAXIMUM_DEPTH} levels of nesting", "fewer")
