"""JSON as RFC 8259 has it, without NaN, infinities, numbers too large for a double, whole numbers of more than 4 300
digits, or lone surrogates. Never recurses.

A number that is too great is looked over within a root key that no event has: nobody reads it there.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

_BLANK = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(
    r"(?:(?P<mark>[{}\[\],:])"
    r'|"(?P<text>[^"\\\x00-\x1f]*(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*)*)"'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?P<fraction>(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?))"
    r"|(?P<word>true|false|null))[ \t\n\r]*"
)
_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHORT = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_MOST_DIGITS = 4300  # the sign is counted as one


_HEADS = ("type", "event", "id", "userId", "anonymousId", "ids", "previousId", "timestamp", "receivedAt", "source", "protocol")
READ = frozenset((*_HEADS, "properties", "traits", "context", "tags"))


class NotJsonError(ValueError):
    """The text is not JSON."""


@dataclass(frozen=True)
class Document:
    """One JSON text: its value, and how deep its objects and arrays are nested (a scalar: 0, ``{}``: 1)."""

    value: Any
    depth: int


@dataclass
class _Reader:
    stack: list[Any] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    root: Any = None
    root_key: str | None = None
    depth: int = 0
    # What may come next: "value", "value]" (a value or the end of an empty array), "key", "key}", ":", ",", "end".
    expect: str = "value"

    def take(self, token: re.Match[str]) -> None:
        mark = token["mark"]
        if mark is None:
            self._scalar(token)
        elif mark in "{[":
            self._open({} if mark == "{" else [])
        elif mark in "}]":
            self._close(mark)
        elif mark == self.expect == ":":
            self.expect = "value"
        elif mark == self.expect == ",":
            self.expect = "key" if isinstance(self.stack[-1], dict) else "value"
        else:
            raise NotJsonError(f"unexpected {mark}")

    def _scalar(self, token: re.Match[str]) -> None:
        if self.expect in ("key", "key}") and token["text"] is not None:
            self.keys.append(_unescape(token["text"]))
            if len(self.stack) == 1:
                self.root_key = self.keys[-1]
            self.expect = ":"
            return
        if token["text"] is not None:
            self._put(_unescape(token["text"]))
        elif token["number"] is not None:
            self._put(self._number(token["number"], bool(token["fraction"])))
        else:
            self._put(_WORDS[token["word"]])
        self.expect = "," if self.stack else "end"

    def _number(self, text: str, fraction: bool) -> int | float:
        try:
            return _number(text, fraction)
        except NotJsonError:
            if self.root_key in (None, *READ):
                raise
            return 0

    def _open(self, container: dict[str, Any] | list[Any]) -> None:
        self._put(container)
        self.stack.append(container)
        self.depth = max(self.depth, len(self.stack))
        self.expect = "key}" if isinstance(container, dict) else "value]"

    def _close(self, mark: str) -> None:
        kind: type = dict if mark == "}" else list
        empty = "key}" if mark == "}" else "value]"
        if not self.stack or not isinstance(self.stack[-1], kind) or self.expect not in (",", empty):
            raise NotJsonError(f"unexpected {mark}")
        self.stack.pop()
        self.expect = "," if self.stack else "end"

    def _put(self, value: Any) -> None:
        if self.expect not in ("value", "value]"):
            raise NotJsonError("a value in the wrong place")
        if not self.stack:
            self.root = value
        elif isinstance(self.stack[-1], dict):
            self.stack[-1][self.keys.pop()] = value
        else:
            self.stack[-1].append(value)


def read_json(data: bytes) -> Document:
    """The document in ``data`` (UTF-8, no byte-order mark); of equal keys the last counts. Raises NotJsonError."""
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError as fault:
        raise NotJsonError("not UTF-8") from fault
    reader = _Reader()
    blank = _BLANK.match(text)
    at = blank.end() if blank else 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise NotJsonError(f"nothing that JSON knows at {at}")
        reader.take(token)
        at = token.end()
    if reader.expect != "end":
        raise NotJsonError("the text ends too early")
    return Document(reader.root, reader.depth)


def _number(text: str, fraction: bool) -> int | float:
    if fraction:
        value = float(text)
        if math.isinf(value):
            raise NotJsonError("a number beyond any double")
        return value
    if len(text) > _MOST_DIGITS:
        raise NotJsonError("a whole number of too many digits")
    return int(text)


def _unescape(text: str) -> str:
    result = _ESCAPE.sub(_unescaped, text) if "\\" in text else text
    if _SURROGATE.search(result):
        raise NotJsonError("half of a surrogate pair")
    return result


def _unescaped(found: re.Match[str]) -> str:
    high, low, code, short = found.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))
    if code:
        return chr(int(code, 16))
    if short not in _SHORT:
        raise NotJsonError(f"no such escape: {short}")
    return _SHORT[short]
