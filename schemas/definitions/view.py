"""A value of a definition file as the checkers see it: it knows its place, and collects what is wrong.

Each reader returns a value of its type in any case. After a fault that value is a stand-in, which nobody sees:
a set of definitions with faults is refused whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from schemas.definitions.fault import Fault, near_match, one_of
from schemas.definitions.nodes import Entry, Listing, Node, Scalar, Table, Unreadable
from schemas.definitions.scalars import readable, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from schemas.definitions.language import Shape

_SIMPLE_KEY: Final = re.compile(r"[A-Za-z0-9_$-]+")
T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class View:
    """A node with its file and its path from the root. All views of a set share one list of faults."""

    node: Node
    file: str
    path: str
    faults: list[Fault]

    def fault(self, expected: str, found: str | None = None, near: str | None = None, line: int | None = None) -> None:
        """Tell that this value is not what was expected."""
        at = self.node.line if line is None else line
        self.faults.append(Fault(self.file, at, self.path, describe(self.node) if found is None else found, expected, near))

    def entries(self, expected: str = "a map") -> list[tuple[Entry, View]]:
        """The entries of a map, each key once."""
        if not isinstance(self.node, Table):
            self.fault(expected)
            return []
        first: dict[str, tuple[Entry, View]] = {}
        for entry in self.node.entries:
            view = self.child(entry)
            if isinstance(wrong := readable(entry.key), Unreadable):
                self.fault(wrong.expected, wrong.found, line=entry.line)
            elif entry.key in first:
                view.fault("each key once", f"{entry.key!r} again (first on line {first[entry.key][0].line})", line=entry.line)
            else:
                first[entry.key] = (entry, view)
        return list(first.values())

    def child(self, entry: Entry) -> View:
        """The value of one entry."""
        step = entry.key if _SIMPLE_KEY.fullmatch(entry.key) else f"[{shorten(entry.key)!r}]"
        dot = "." if self.path and not step.startswith("[") else ""
        return View(entry.value, self.file, f"{self.path}{dot}{step}", self.faults)

    def items(self, expected: str = "a list") -> list[View]:
        """The items of a list."""
        if not isinstance(self.node, Listing):
            self.fault(expected)
            return []
        return [View(item, self.file, f"{self.path}[{at}]", self.faults) for at, item in enumerate(self.node.items)]

    def scalar(self) -> Any:
        """The value of a scalar; None for a map or a list, and after a fault."""
        if not isinstance(self.node, Scalar):
            return None
        if isinstance(self.node.value, Unreadable):
            self.fault(self.node.value.expected, self.node.value.found)
            return None
        return self.node.value

    @property
    def unreadable(self) -> bool:
        """The value itself cannot be read; ``scalar`` tells that, and nothing else need be said."""
        return isinstance(self.node, Scalar) and isinstance(self.node.value, Unreadable)

    def text(self, expected: str = "a text") -> str:
        """A text that is not empty."""
        value = self.scalar()
        if isinstance(value, str) and value:
            return value
        if not self.unreadable:
            self.fault(expected)
        return ""

    def one_of(self, words: Collection[str]) -> str:
        """One of a few words."""
        value = self.scalar()
        if isinstance(value, str) and value in words:
            return value
        if not self.unreadable:
            self.fault(one_of(words), near=near_match(value, words) if isinstance(value, str) else None)
        return ""

    def flag(self) -> bool:
        """True or false."""
        value = self.scalar()
        if not isinstance(value, bool) and not self.unreadable:
            self.fault("true or false")
        return value is True

    def number(self) -> int | float:
        """A finite number."""
        value = self.scalar()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if not self.unreadable:
            self.fault("a number")
        return 0

    def double(self) -> float:
        """A number as an IEEE double."""
        try:
            return float(self.number())
        except OverflowError:
            self.fault("a number that fits an IEEE double", "a greater whole number")
            return 0.0

    def plain(self) -> Any:
        """Any JSON value. The keys of maps are sorted, so that one value is written in one way."""
        if isinstance(self.node, Listing):
            return [item.plain() for item in self.items()]
        if isinstance(self.node, Table):
            return {entry.key: view.plain() for entry, view in sorted(self.entries(), key=lambda pair: pair[0].key)}
        return self.scalar()


class Fields:
    """The known keys of a map."""

    def __init__(self, views: dict[str, View]) -> None:
        self._views = views

    def read(self, key: str, reader: Callable[[View], T], default: D) -> T | D:
        """What ``reader`` makes of the key's value; ``default`` if the key is left out."""
        view = self._views.get(key)
        return default if view is None else reader(view)

    def get(self, key: str) -> View | None:
        """The key's value, if it is there."""
        return self._views.get(key)


def fields(view: View, shape: Shape) -> Fields:
    """The keys of a map that has ``shape``; unknown, unsupported and missing ones are faults."""
    known: dict[str, View] = {}
    pairs = view.entries(f"a map with the keys {', '.join(shape.keys)}")
    for entry, child in pairs:
        if entry.key in shape.keys:
            known[entry.key] = child
        elif entry.key in shape.later:
            unsupported(child, entry, shape.keys)
        else:
            unknown_key(child, entry, shape.keys)
    if isinstance(view.node, Table):
        for name in shape.required:
            if name not in known:
                view.fault(f"the key '{name}': {shape.keys[name].help}", f"no '{name}'")
    return Fields(known)


def unknown_key(view: View, entry: Entry, known: Collection[str]) -> None:
    """Tell that nothing by this key is known."""
    view.fault(one_of(known), repr(shorten(entry.key)), near_match(entry.key, known), entry.line)


def unsupported(view: View, entry: Entry, known: Collection[str]) -> None:
    """Tell that the language has this key, but this version does not."""
    view.fault(one_of(known), f"'{entry.key}', which is not supported by this version yet", line=entry.line)


def describe(node: Node) -> str:
    """What stands there, for the text of a fault."""
    if isinstance(node, Listing):
        return "a list" if node.items else "an empty list"
    if isinstance(node, Table):
        return "a map with " + shorten(", ".join(entry.key for entry in node.entries)) if node.entries else "an empty map"
    if isinstance(node.value, Unreadable):
        return node.value.found
    if isinstance(node.value, str):
        return repr(shorten(node.value))
    if node.value is None:
        return "nothing"
    return str(node.value).lower() if isinstance(node.value, bool) else shorten(str(node.value))
