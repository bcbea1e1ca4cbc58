"""Reads YAML 1.2 into nodes. The values are resolved here, not by the library, so that no word surprises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.reader import ReaderError

from schemas.definitions.nodes import Budget, Entry, Listing, Node, NotReadableError, Scalar, Table
from schemas.definitions.scalars import plain_value, readable, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE_DOCUMENT: Final = "one document"


def read_yaml(text: str) -> Node | None:
    """The one document of ``text``, or None if there is none. Raises NotReadableError."""
    try:
        return _Composer(YAML(typ="safe", pure=True).parse(text)).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise NotReadableError(line, shorten(error.problem or "something else"), "YAML 1.2") from error
    except ReaderError as error:
        raise NotReadableError(text.count("\n", 0, error.position) + 1, f"the character {error.character!r}", "YAML 1.2") from error


class _Composer:
    """Builds nodes from events, and never more of them than the budget allows."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._budget = Budget()

    def document(self) -> Node | None:
        """The only document."""
        first = self._next()
        while isinstance(first, StreamStartEvent | DocumentStartEvent):
            first = self._next()
        if isinstance(first, StreamEndEvent):
            return None
        node, _ = self._compose(first, 0)
        self._next()
        last = self._next()
        if not isinstance(last, StreamEndEvent):
            raise NotReadableError(_line(last), "a second document", _ONE_DOCUMENT)
        return node

    def _next(self) -> Any:
        return next(self._events)

    def _compose(self, event: Any, depth: int) -> tuple[Node, int]:
        """The node that begins with ``event``, and how many nodes it is."""
        line = _line(event)
        if isinstance(event, AliasEvent):
            return self._alias(event.anchor, line, depth)
        self._budget.take(1, line, depth)
        if event.ctag is not None:
            raise NotReadableError(line, shorten(f"the YAML tag {event.tag}"), "a value without a YAML tag")
        node: Node
        if isinstance(event, ScalarEvent):
            node, size = Scalar(line, plain_value(event.value) if event.implicit[0] else readable(event.value)), 1
        elif isinstance(event, SequenceStartEvent):
            node, size = self._listing(line, depth)
        else:
            node, size = self._table(line, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, size)
        return node, size

    def _alias(self, name: str, line: int, depth: int) -> tuple[Node, int]:
        known = self._anchors.get(name)
        if known is None:
            raise NotReadableError(line, f"the alias *{shorten(name)}", "an alias of an anchor that stands whole before it")
        self._budget.take(known[1], line, depth)
        return known

    def _listing(self, line: int, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        size = 1
        while not isinstance(event := self._next(), SequenceEndEvent):
            node, more = self._compose(event, depth + 1)
            items.append(node)
            size += more
        return Listing(line, tuple(items)), size

    def _table(self, line: int, depth: int) -> tuple[Node, int]:
        entries: list[Entry] = []
        size = 1
        while not isinstance(event := self._next(), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise NotReadableError(_line(event), f"{_kind(event)} as a key", "a text as a key")
            node, more = self._compose(self._next(), depth + 1)
            entries.append(Entry(_line(event), event.value, node))
            size += more
        return Table(line, tuple(entries)), size


def _kind(event: Any) -> str:
    if isinstance(event, AliasEvent):
        return "an alias"
    return "a map" if isinstance(event, MappingStartEvent) else "a list"


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
