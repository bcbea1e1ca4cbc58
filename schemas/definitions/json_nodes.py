"""Reads JSON into nodes. YAML almost holds JSON, but not its tabs and not its pairs of surrogate escapes."""

from __future__ import annotations

import re
from bisect import bisect_right
from json import JSONDecodeError, JSONDecoder
from typing import Final

from schemas.definitions.nodes import Budget, Entry, Listing, Node, NotReadableError, Scalar, Table
from schemas.definitions.scalars import number_value, readable, shorten

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD: Final = re.compile(r"true|false|null")
_DECODER: Final = JSONDecoder()
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


def read_json(text: str) -> Node | None:
    """The value that ``text`` writes, or None if it is blank. Raises NotReadableError."""
    return _Reader(text).document()


class _Reader:
    """A position in the text that only moves forward."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        self._budget = Budget()

    def document(self) -> Node | None:
        """The one value of the text."""
        if self._peek() == "":
            return None
        node = self._value(0)
        if self._peek() != "":
            raise self._wrong("the end of the file")
        return node

    def _line(self) -> int:
        return bisect_right(self._line_ends, self._at - 1) + 1

    def _peek(self) -> str:
        match = _SPACE.match(self._text, self._at)
        self._at = self._at if match is None else match.end()
        return self._text[self._at : self._at + 1]

    def _wrong(self, expected: str) -> NotReadableError:
        found = self._text[self._at : self._at + 20].split("\n")[0]
        return NotReadableError(self._line(), repr(found) if found else "the end of the file", expected)

    def _take(self, mark: str) -> bool:
        if self._peek() != mark:
            return False
        self._at += 1
        return True

    def _need(self, mark: str) -> None:
        if not self._take(mark):
            raise self._wrong(f"{mark!r}")

    def _value(self, depth: int) -> Node:
        mark, line = self._peek(), self._line()
        self._budget.take(1, line, depth)
        if mark == "{":
            return self._table(line, depth)
        if mark == "[":
            return self._listing(line, depth)
        if mark == '"':
            return Scalar(line, readable(self._string()))
        return self._word(line)

    def _word(self, line: int) -> Node:
        if match := _NUMBER.match(self._text, self._at):
            self._at = match.end()
            return Scalar(line, number_value(match[0]))
        if match := _WORD.match(self._text, self._at):
            self._at = match.end()
            return Scalar(line, _WORDS[match[0]])
        raise self._wrong("a JSON value")

    def _string(self) -> str:
        try:
            text, self._at = _DECODER.raw_decode(self._text, self._at)
        except JSONDecodeError as error:
            raise NotReadableError(self._line(), shorten(error.msg), "a JSON string") from error
        return str(text)

    def _listing(self, line: int, depth: int) -> Node:
        self._need("[")
        items: list[Node] = []
        if not self._take("]"):
            items.append(self._value(depth + 1))
            while self._take(","):
                items.append(self._value(depth + 1))
            self._need("]")
        return Listing(line, tuple(items))

    def _table(self, line: int, depth: int) -> Node:
        self._need("{")
        entries: list[Entry] = []
        if not self._take("}"):
            entries.append(self._entry(depth))
            while self._take(","):
                entries.append(self._entry(depth))
            self._need("}")
        return Table(line, tuple(entries))

    def _entry(self, depth: int) -> Entry:
        if self._peek() != '"':
            raise self._wrong("a key in double quotes")
        line, key = self._line(), self._string()
        self._need(":")
        return Entry(line, key, self._value(depth + 1))
